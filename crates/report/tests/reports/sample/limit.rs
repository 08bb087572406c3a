//! A search for the highest load with plausible trials.

use annvil_core::record::{LimitRecord, PhaseResult, TrialRecord};
use annvil_core::units::{Nanos, Rate};

/// A walk to what two sessions can do.
pub(crate) fn limit(p50: f64) -> PhaseResult {
    let capacity = 0.93e9 / p50;
    let from = 500.0;
    let mut levels = vec![from];
    while levels.last().is_some_and(|level| *level < capacity) {
        levels.push(levels.last().unwrap() * 2.0);
    }
    let wait = |level: f64| {
        let load = (level / capacity).min(0.999);
        p50 * 0.5 * load / (1.001 - load)
    };
    let holds = |level: f64| p50 + wait(level) * 3.0 * 1.08 < 2e6;
    let mut low = levels.iter().copied().filter(|level| holds(*level)).fold(from, f64::max);
    let mut high = levels.iter().copied().find(|level| !holds(*level)).unwrap();
    for _ in 0..4 {
        let middle = f64::midpoint(low, high);
        levels.push(middle);
        if holds(middle) { low = middle } else { high = middle }
    }
    let mut trials = Vec::new();
    for (nth, level) in levels.iter().enumerate() {
        for repeat in 0..2 {
            let wait = wait(*level) * (1.0 + f64::from(repeat) * 0.08);
            let met = holds(*level);
            let invalid = nth == 1 && repeat == 1;
            let why = match (invalid, met) {
                (true, _) => vec!["invalid: scheduling lag: p99 1.78 ms, limit 250 µs".to_owned()],
                (_, true) => Vec::new(),
                _ => vec![format!("`limit.response.p95 < 2ms`: {}", Nanos((p50 + wait * 3.0) as u64))],
            };
            trials.push(TrialRecord {
                level: *level,
                met: (!invalid).then_some(met),
                throughput: level.min(capacity),
                p50: Some(Nanos((p50 + wait) as u64)),
                p95: Some(Nanos((p50 + wait * 3.0) as u64)),
                p99: (*level > 2000.0).then_some(Nanos((p50 + wait * 4.2) as u64)),
                success: if met { 1.0 } else { 0.9995 },
                recall: Some(0.9951),
                why,
            });
        }
    }
    PhaseResult::Limit(LimitRecord {
        rates: true,
        estimate: Some(f64::midpoint(low, high)),
        low: Some(low),
        high: Some(high),
        answer: format!("holds up to {}, no longer at {}", Rate(low), Rate(high)),
        consistent: true,
        knee: Some(low),
        trials,
    })
}
