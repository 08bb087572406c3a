//! Groups of runs with figures made up: a session a run, values around a level with a known scatter.

use annvil_core::figures::{Figures, Group, Provenance};
use annvil_core::key::MetricKey;
use annvil_core::quantity::{Quantity, Stat};

pub(crate) const RECALL: Quantity = Quantity::Recall { k: 10 };

pub(crate) fn key(variant: &str, quantity: Quantity, stat: Stat) -> MetricKey {
    at(variant, "", quantity, stat)
}

pub(crate) fn at(variant: &str, point: &str, quantity: Quantity, stat: Stat) -> MetricKey {
    let own = |text: &str| text.to_owned();
    MetricKey {
        variant: own(variant),
        point: own(point),
        phase: own("search"),
        form: own("search"),
        quantity,
        stat,
    }
}

pub(crate) fn provenance(run: &str) -> Provenance {
    Provenance {
        run: run.to_owned(),
        session: run.to_owned(),
        tool: "annvil".to_owned(),
        scenario: "made".to_owned(),
        plan_hash: Some("11112222".to_owned()),
        fingerprint: Some("aaaa".to_owned()),
        machine: Some("2 cores".to_owned()),
        started: "2026-11-21T10:00:00+00:00".to_owned(),
        complete: true,
        ..Provenance::default()
    }
}

/// Runs with the figures that `fill` gives for each.
pub(crate) fn group(name: &str, runs: usize, fill: impl Fn(usize, &mut Figures)) -> Group {
    let mut group = Group { name: name.to_owned(), ..Group::default() };
    for number in 0..runs {
        let run = format!("{name}-{number}");
        let mut figures = Figures { run: run.clone(), session: run.clone(), ..Figures::default() };
        fill(number, &mut figures);
        group.runs.push(provenance(&run));
        group.figures.push(figures);
    }
    group
}

/// The `number`-th of values that scatter around a level by about 1 %, always the same.
pub(crate) fn around(level: f64, number: usize) -> f64 {
    const SCATTER: [f64; 6] = [0.3, -1.1, 0.9, -0.4, 1.2, -0.8];
    level * (1.0 + 0.01 * SCATTER[number % SCATTER.len()])
}

/// A latency of so many nanoseconds and its counterpart, the rate.
pub(crate) fn speeds(figures: &mut Figures, number: usize, nanoseconds: f64) {
    for stat in [Stat::P50, Stat::P95] {
        figures.values.insert(key("hnsw", Quantity::Service, stat), around(nanoseconds, number));
    }
    figures
        .values
        .insert(key("hnsw", Quantity::Throughput, Stat::Value), around(1e9 / nanoseconds, number + 1));
}

/// Recall of 200 queries, of which every `lost`-th lost a tenth (none if it is 0).
pub(crate) fn recalls(figures: &mut Figures, variant: &str, lost: u32) {
    let queries: Vec<(u32, f32)> = (0..200)
        .map(|query| {
            let right = if query % 7 == 0 { 0.8 } else { 1.0 };
            let loses = lost > 0 && query % lost == 0;
            (query, if loses { right - 0.1 } else { right })
        })
        .collect();
    let mean = queries.iter().map(|(_, recall)| f64::from(*recall)).sum::<f64>() / 200.0;
    let key = key(variant, RECALL, Stat::Mean);
    figures.values.insert(key.clone(), mean);
    figures.by_query.insert(key, queries);
}
