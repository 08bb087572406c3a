//! The client itself was held up: its threads waited for a processor, or sent late.

use annvil_core::gate::Cause;
use annvil_core::quantity::{Quantity, Stat};

use super::{Place, cause, shown};

/// Share of their time that the client's threads must wait more than before.
const WAITED: f64 = 0.05;

/// Part of the longer service time that the longer waiting must be.
const PART: f64 = 0.25;

/// Nanoseconds of scheduling lag below which nothing is said, and times by which it must rise.
const LAG: f64 = 100_000.0;
const TIMES: f64 = 3.0;

pub(super) fn ask(place: &Place<'_>) -> Option<Cause> {
    if !place.is_slower() {
        return None;
    }
    // A server that takes more than before takes it from the client where both are on one machine.
    if place.here(Quantity::ServerCpu).is_some_and(|cpu| cpu.b > 1.1 * cpu.a) {
        return None;
    }
    let service = place.evidence(Quantity::Service, Stat::Mean, true).into_iter().next();
    let slower = service.map_or(0.0, |service| 1.0 - service.a / service.b);
    let waited = place
        .here(Quantity::CpuWait)
        .filter(|waited| waited.b - waited.a >= WAITED && waited.b - waited.a >= PART * slower);
    let lag = place
        .evidence(Quantity::SchedLag, Stat::P99, true)
        .into_iter()
        .find(|lag| lag.b >= LAG && lag.b >= TIMES * lag.a);
    let mut parts = Vec::new();
    let mut evidence = Vec::new();
    if let Some(waited) = waited {
        let (was, is) = shown(&waited);
        parts.push(format!("its threads waited for a processor {is} of their time, {was} before"));
        evidence.push(waited);
    }
    if let Some(lag) = lag {
        let (was, is) = shown(&lag);
        parts.push(format!("its p99 delay before sending rose from {was} to {is}"));
        evidence.push(lag);
    }
    if evidence.is_empty() {
        return None;
    }
    Some(cause(
        "client-bound",
        format!("The client was held up during {}: {}.", place.phase, parts.join(", and ")),
        "See what else runs on the client's machine, or give it more cores; the server may be as fast as before.",
        evidence,
    ))
}
