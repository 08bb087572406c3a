//! The server needs more processor time for each operation.

use annvil_core::gate::{Cause, Evidence};
use annvil_core::quantity::Quantity;

use super::{Place, cause, shown};

/// Share by which the processor time of an operation must have grown.
const GROWN: f64 = 0.10;

pub(super) fn ask(place: &Place<'_>) -> Option<Cause> {
    if !place.is_slower() {
        return None;
    }
    let cpu = place.here(Quantity::ServerCpu)?;
    let rates = place.evidence(Quantity::Throughput, annvil_core::quantity::Stat::Value, true);
    let rate = |of: fn(&Evidence) -> f64| rates.iter().map(of).sum::<f64>();
    let (before, after) = (cpu.a / rate(|rate| rate.a), cpu.b / rate(|rate| rate.b));
    if !before.is_finite() || !after.is_finite() || before <= 0.0 || after < (1.0 + GROWN) * before {
        return None;
    }
    let time = |seconds: f64| annvil_core::quantity::format_value(Quantity::Service, seconds * 1e9);
    let (was, is) = shown(&cpu);
    let mut evidence = vec![cpu];
    evidence.extend(rates);
    Some(cause(
        "server-bound",
        format!(
            "The server needs {} of processor time for an operation during {}, {} before ({is} busy, {was} before).",
            time(after),
            place.phase,
            time(before)
        ),
        "It does more work for each answer: see its plans, its version and its settings.",
        evidence,
    ))
}
