//! What the harness costs: an operation of the null engine, and searches through the harness against a bare loop over
//! the same index.
//!
//! The second pair of figures is a ratio in one run: `harness/usearch` over `bare/usearch`. The bare loop calls the same
//! session with the same queries and keeps nothing.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use annvil_core::clock::Clock;
use annvil_core::engine::{Engine, Schema};
use annvil_core::form::{Form, Params};
use annvil_core::label::Labels;
use annvil_core::metric::Metric;
use annvil_core::operation::{Batch, OpRef, Reply};
use annvil_core::plan::stream;
use annvil_core::scenario::{EmbeddedSpec, EngineSpec, Hnsw, Index, NullSpec, Variant};
use annvil_core::schedule::Arrivals;
use annvil_core::units::Nanos;
use annvil_core::vector::Matrix;
use annvil_load::cancel::Cancel;
use annvil_load::claims::End;
use annvil_load::floor::closed_null;
use annvil_load::time::{SystemClock, runtime};
use annvil_load::work::Work;
use annvil_load::{Load, run};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use rand::RngExt;

const ROWS: usize = 5_000;
const DIM: usize = 384;
const QUERIES: usize = 1_000;

fn open(spec: &EngineSpec, variant: &Variant) -> Arc<dyn Engine> {
    let context =
        annvil_engines::Context { clock: Arc::new(SystemClock::new()), scratch: std::env::temp_dir() };
    annvil_engines::open(spec, variant, &context).unwrap().into()
}

fn floor(criterion: &mut Criterion) {
    let null = open(&EngineSpec::Null(NullSpec {}), &Variant::default());
    let mut group = criterion.benchmark_group("floor");
    for sessions in [1, 2] {
        group.bench_function(BenchmarkId::new("null operation", sessions), |bencher| {
            bencher.iter_custom(|iterations| {
                // Rounds of a fixed size: opening sessions and warming up stay outside the clock.
                let measured = closed_null(&null, sessions, 200_000).unwrap();
                Duration::from_secs_f64(measured.window.as_secs_f64() / 200_000.0 * iterations as f64)
            });
        });
    }
    group.finish();
}

fn index() -> (Arc<dyn Engine>, Matrix<f32>) {
    let variant = Variant { index: Index::Hnsw(Hnsw { m: 16, ef_construction: 64 }), ..Variant::default() };
    let engine = open(&EngineSpec::Embedded(EmbeddedSpec {}), &variant);
    let mut random = stream(1, "vectors");
    let vectors: Vec<f32> = (0..ROWS * DIM).map(|_| random.random::<f32>() - 0.5).collect();
    let ids: Vec<u64> = (0..ROWS as u64).collect();
    let rows: Vec<usize> = (0..ROWS).collect();
    let labels = Labels::empty(ROWS);
    let schema = Schema {
        dim: DIM,
        metric: Metric::Cosine,
        rows: ROWS,
        sessions: 1,
        build_threads: 2,
        labels: labels.schema(),
    };
    let runtime = runtime().unwrap();
    runtime.block_on(async {
        engine.create(&schema).await.unwrap();
        let batch =
            Batch { ids: &ids, dim: DIM, vectors: &vectors, labels: &labels, label_rows: &rows, texts: &[] };
        engine.load(batch).await.unwrap();
        engine.settle(Instant::now() + Duration::from_mins(1), &|_| {}).await.unwrap();
        engine.apply(&Params::from([("ef_search".to_owned(), 64)])).await.unwrap();
    });
    let queries = (0..QUERIES * DIM).map(|_| random.random::<f32>() - 0.5).collect();
    (engine, Matrix::new(queries, DIM).unwrap())
}

fn overhead(criterion: &mut Criterion) {
    let (engine, queries) = index();
    let encoded = engine.encode(&[Form::search("search", 10)], &queries, &Labels::empty(ROWS)).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let mut group = criterion.benchmark_group("usearch");
    group.sample_size(20).measurement_time(Duration::from_secs(10));
    group.bench_function("bare", |bencher| {
        let runtime = runtime().unwrap();
        runtime.block_on(async {
            let session = engine.session(Arc::clone(&encoded)).await.unwrap();
            let mut reply = Reply::default();
            let mut query = 0;
            bencher.iter(|| {
                query = (query + 1) % QUERIES;
                let call = session.call(OpRef::Search { form: 0, query }, &mut reply);
                futures_util::FutureExt::now_or_never(call).unwrap().unwrap();
                black_box(&reply);
            });
        });
    });
    group.bench_function("harness", |bencher| {
        bencher.iter_custom(|iterations| {
            let load = Load {
                engine: Arc::clone(&engine),
                encoded: Arc::clone(&encoded),
                clock: Arc::clone(&clock),
                work: Arc::new(Work::search(0, QUERIES, &mut stream(1, "order"))),
                sessions: 1,
                end: End { operations: Some(iterations), duration: None },
                warmup: 0,
                batch: 1,
                timeout: Nanos(30_000_000_000),
                seed: 1,
                cancel: Cancel::new(),
            };
            run(load, Arrivals::Closed, &mut |_, _| {}).unwrap().window.into()
        });
    });
    group.finish();
}

criterion_group!(benches, floor, overhead);
criterion_main!(benches);
