//! Runs that tests put into stores.

use std::collections::BTreeMap;

use annvil_core::figures::{Figures, Provenance};
use annvil_core::key::MetricKey;
use annvil_core::quantity::{Quantity, Stat};
use annvil_core::record::Origin;

pub(crate) fn key(variant: &str, quantity: Quantity, stat: Stat) -> MetricKey {
    MetricKey {
        variant: variant.to_owned(),
        point: "ef_search=64".to_owned(),
        phase: "search".to_owned(),
        form: "search".to_owned(),
        quantity,
        stat,
    }
}

pub(crate) fn p50() -> MetricKey {
    key("hnsw f16", Quantity::Service, Stat::P50)
}

pub(crate) fn recall() -> MetricKey {
    key("hnsw f16", Quantity::Recall { k: 10 }, Stat::Mean)
}

/// A run that began at a minute of a day, of branch main.
pub(crate) fn about(name: &str, minute: u32) -> Provenance {
    Provenance {
        run: name.to_owned(),
        session: name.to_owned(),
        tool: "annvil".to_owned(),
        scenario: "quick".to_owned(),
        plan_hash: Some("3f9a81c0".to_owned()),
        fingerprint: Some("c0ffee".to_owned()),
        machine: Some("2 cores".to_owned()),
        started: format!("2026-11-21T{:02}:{:02}:00+02:00", minute / 60, minute % 60),
        origin: Origin {
            commit: Some(format!("{:07x}abc", 0x1a2_0000 + minute)),
            branch: Some("main".to_owned()),
            ..Origin::default()
        },
        complete: true,
        ..Provenance::default()
    }
}

/// A block with some figures around `value` nanoseconds.
pub(crate) fn block(run: &str, block: u32, value: f64) -> Figures {
    let mut values = BTreeMap::from([(p50(), value), (recall(), 0.95)]);
    for (at, stat) in [Stat::Mean, Stat::P90, Stat::P95, Stat::P99].into_iter().enumerate() {
        values.insert(key("hnsw f16", Quantity::Response, stat), value * (at + 2) as f64);
    }
    Figures {
        run: run.to_owned(),
        session: run.to_owned(),
        block,
        values,
        by_query: BTreeMap::from([(recall(), vec![(0, 1.0), (7, 0.9), (3, 0.3), (40_000, 0.0)])]),
    }
}
