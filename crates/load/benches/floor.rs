//! What the harness costs: an operation of the null engine in closed and open load, clock readings and histograms
//! included.

#![allow(missing_docs, clippy::unwrap_used)]

use std::sync::Arc;

use annvil_core::engine::Engine;
use annvil_core::scenario::{EngineSpec, NullSpec, Variant};
use annvil_core::schedule::Poisson;
use annvil_core::units::Rate;
use annvil_load::floor::{closed_null, open_null};
use annvil_load::time::SystemClock;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

fn floor(criterion: &mut Criterion) {
    let context =
        annvil_engines::Context { clock: Arc::new(SystemClock::new()), scratch: std::env::temp_dir() };
    let null: Arc<dyn Engine> =
        annvil_engines::open(&EngineSpec::Null(NullSpec {}), &Variant::default(), &context).unwrap().into();
    let mut group = criterion.benchmark_group("null operation");
    for sessions in [1, 2] {
        group.bench_function(BenchmarkId::new("sessions", sessions), |bencher| {
            // Opening sessions and warming up stay outside the window.
            bencher.iter_custom(|iterations| closed_null(&null, sessions, iterations).unwrap().window.into());
        });
    }
    group.bench_function("open, all due at once", |bencher| {
        bencher.iter_custom(|iterations| {
            let due = Box::new(Poisson::new(Rate(1e12), iterations, 1));
            open_null(&null, iterations, due).unwrap().window.into()
        });
    });
    group.finish();
}

criterion_group!(benches, floor);
criterion_main!(benches);
