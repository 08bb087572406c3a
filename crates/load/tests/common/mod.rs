//! A stub engine measured in virtual time.

#![allow(clippy::unwrap_used, dead_code, reason = "each test file uses its own part")]

use std::sync::Arc;

use annvil_core::clock::Clock;
use annvil_core::engine::Engine;
use annvil_core::form::Form;
use annvil_core::histogram::Histogram;
use annvil_core::label::Labels;
use annvil_core::quantity::Stat;
use annvil_core::scenario::{EngineSpec, StubSpec, Variant};
use annvil_core::schedule::Arrivals;
use annvil_core::vector::Matrix;
use annvil_load::simulate::VirtualClock;
use annvil_load::work::{Task, Work};
use annvil_load::{Load, Measured, simulate_slots};

/// Searches on a stub, as `change` says.
pub(crate) fn measure(spec: StubSpec, arrivals: Arrivals, change: impl FnOnce(&mut Load)) -> Measured {
    let clock = Arc::new(VirtualClock::new());
    let context = annvil_engines::Context {
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        scratch: std::env::temp_dir(),
    };
    let engine: Arc<dyn Engine> =
        annvil_engines::open(&EngineSpec::Stub(spec), &Variant::default(), &context).unwrap().into();
    let queries = Matrix::new(vec![0.0; 4], 1).unwrap();
    let encoded = engine.encode(&[Form::search("search", 10)], &queries, &Labels::empty(0)).unwrap();
    let work = Work::of(Task::Search { form: 0, order: vec![0, 1, 2, 3] });
    let mut load =
        Load::new(Arc::clone(&engine), Arc::clone(&encoded), Arc::clone(&clock) as Arc<dyn Clock>, work);
    load.seed = 1;
    change(&mut load);
    clock
        .run(async {
            let session = engine.session(encoded).await.unwrap();
            simulate_slots(&load, arrivals, &*session).await
        })
        .unwrap()
}

/// A statistic in milliseconds.
pub(crate) fn milliseconds(histogram: &Histogram, stat: Stat) -> f64 {
    histogram.stat(stat).unwrap() / 1e6
}

/// Within 1 %.
#[track_caller]
pub(crate) fn near(value: f64, expected: f64) {
    within(value, expected, 0.01);
}

/// Within a share of what is expected.
#[track_caller]
pub(crate) fn within(value: f64, expected: f64, share: f64) {
    assert!((value / expected - 1.0).abs() < share, "{value} instead of {expected}");
}
