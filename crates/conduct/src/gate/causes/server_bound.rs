//! The server needs more processor time for each operation.

use annvil_core::gate::{Cause, Evidence};
use annvil_core::quantity::{Quantity, Stat, format_value};

use super::{Place, cause, shown};

/// Share by which the processor time of an operation must have grown.
const GROWN: f64 = 0.10;

/// Part of the longer mean service time that the further processor time must explain. Whoever waits for something else in
/// between finds its caches cold: with calls that slept 4 ms pgvector needed twice the processor time for each.
const PART: f64 = 0.25;

/// Share of the cores that were busy before from which on the server counts as busy as it was.
const BUSY: f64 = 0.9;

pub(super) fn ask(place: &Place<'_>) -> Option<Cause> {
    if !place.is_slower() {
        return None;
    }
    let cpu = place.here(Quantity::ServerCpu)?;
    let rates = place.evidence(Quantity::Throughput, Stat::Value, true);
    let rate = |of: fn(&Evidence) -> f64| rates.iter().map(of).sum::<f64>();
    let (before, after) = (cpu.a / rate(|rate| rate.a), cpu.b / rate(|rate| rate.b));
    if !before.is_finite() || !after.is_finite() || before <= 0.0 || after < (1.0 + GROWN) * before {
        return None;
    }
    if explained(place, &cpu, &rates, (after - before) * 1e9).is_some_and(|part| part < PART) {
        return None;
    }
    let time = |seconds: f64| format_value(Quantity::Service, seconds * 1e9);
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

/// Part of the longer service time that so many more nanoseconds of processor time explain; `None` if service times are
/// unknown or did not become longer.
fn explained(place: &Place<'_>, cpu: &Evidence, rates: &[Evidence], more: f64) -> Option<f64> {
    let services = place.evidence(Quantity::Service, Stat::Mean, true);
    let forms: Vec<(&Evidence, &Evidence)> = rates
        .iter()
        .filter_map(|rate| Some((rate, services.iter().find(|service| service.key.form == rate.key.form)?)))
        .collect();
    let (all_before, all_after) =
        forms.iter().fold((0.0, 0.0), |sum, (rate, _)| (sum.0 + rate.a, sum.1 + rate.b));
    // Rate times service time: calls under way.
    let (way_before, way_after) = forms
        .iter()
        .fold((0.0, 0.0), |sum, (rate, service)| (sum.0 + rate.a * service.a, sum.1 + rate.b * service.b));
    let longer = way_after / all_after - way_before / all_before;
    // Where more calls are under way than cores work, each waits for the work of others too, unless the server has become idle.
    let busy = cpu.b >= BUSY * cpu.a;
    let queue = if busy { (way_after / 1e9 / cpu.b).max(1.0) } else { 1.0 };
    (longer > 0.0).then(|| more * queue / longer)
}
