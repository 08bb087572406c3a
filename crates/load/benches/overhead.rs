//! What the harness adds to a real search: closed load of one session against a bare loop over the same session of the
//! same usearch index, with the same queries in the same order.
//!
//! Rounds of both alternate, so that a drift of the machine meets both alike; the ratio is that of each pair, and its
//! median is what counts. Bar: 1.03.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use std::hint::black_box;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use annvil_core::clock::Clock;
use annvil_core::engine::{Encoded, Engine, Schema};
use annvil_core::form::{Form, Params};
use annvil_core::label::Labels;
use annvil_core::metric::Metric;
use annvil_core::operation::{Batch, OpRef, Reply};
use annvil_core::plan::stream;
use annvil_core::scenario::{EmbeddedSpec, EngineSpec, Hnsw, Index, Variant};
use annvil_core::schedule::Arrivals;
use annvil_core::vector::Matrix;
use annvil_load::choice;
use annvil_load::claims::End;
use annvil_load::time::{SystemClock, runtime};
use annvil_load::work::{Task, Work};
use annvil_load::{Load, run};
use rand::RngExt;

const ROWS: usize = 5_000;
const DIM: usize = 384;
const QUERIES: u64 = 1_000;
const PAIRS: usize = 41;

fn open() -> (Arc<dyn Engine>, Matrix<f32>) {
    let variant = Variant {
        index: Index::Hnsw(Hnsw { m: 16, ef_construction: 64, ..Hnsw::default() }),
        ..Variant::default()
    };
    let context =
        annvil_engines::Context { clock: Arc::new(SystemClock::new()), scratch: std::env::temp_dir() };
    let engine: Arc<dyn Engine> =
        annvil_engines::open(&EngineSpec::Embedded(EmbeddedSpec {}), &variant, &context).unwrap().into();
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
    runtime().unwrap().block_on(async {
        engine.create(&schema).await.unwrap();
        let batch =
            Batch { ids: &ids, dim: DIM, vectors: &vectors, labels: &labels, label_rows: &rows, texts: &[] };
        engine.load(batch).await.unwrap();
        engine.settle(Instant::now() + Duration::from_mins(1), &|_| {}).await.unwrap();
        engine.apply(&Params::from([("ef_search".to_owned(), 64)])).await.unwrap();
    });
    let queries = (0..QUERIES as usize * DIM).map(|_| random.random::<f32>() - 0.5).collect();
    (engine, Matrix::new(queries, DIM).unwrap())
}

fn bare(engine: &Arc<dyn Engine>, encoded: &Arc<Encoded>, work: &Work) -> Duration {
    runtime().unwrap().block_on(async {
        let session = engine.session(Arc::clone(encoded)).await.unwrap();
        let mut reply = Reply::default();
        let began = Instant::now();
        for k in 0..QUERIES {
            let operation: OpRef<'_> = work.operation(0, k).op;
            session.call(operation, &mut reply).await.unwrap();
            black_box(&reply);
        }
        began.elapsed()
    })
}

fn harness(
    engine: &Arc<dyn Engine>,
    encoded: &Arc<Encoded>,
    clock: &Arc<dyn Clock>,
    work: &Arc<Work>,
) -> Duration {
    let load = Load {
        end: End { operations: Some(QUERIES), duration: None },
        seed: 1,
        ..Load::new(Arc::clone(engine), Arc::clone(encoded), Arc::clone(clock), Arc::clone(work))
    };
    run(load, Arrivals::Closed, &mut |_| ControlFlow::Continue(())).unwrap().window.into()
}

fn main() {
    let (engine, queries) = open();
    let encoded = engine.encode(&[Form::search("search", 10)], &queries, &Labels::empty(ROWS)).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let work = Arc::new(Work::of(Task::Search {
        form: 0,
        order: choice::in_turn(QUERIES as usize, &mut stream(1, "order")),
    }));
    let mut ratios: Vec<f64> = (0..PAIRS)
        .map(|pair| {
            // Who goes first alternates as well.
            let (with, without) = if pair % 2 == 0 {
                let with = harness(&engine, &encoded, &clock, &work);
                (with, bare(&engine, &encoded, &work))
            } else {
                let without = bare(&engine, &encoded, &work);
                (harness(&engine, &encoded, &clock, &work), without)
            };
            with.as_secs_f64() / without.as_secs_f64()
        })
        .collect();
    ratios.sort_unstable_by(f64::total_cmp);
    println!(
        "harness / bare loop, usearch {ROWS} x {DIM} f32, k 10, ef 64, {QUERIES} searches a round: median {:.4} of {PAIRS} pairs \
         (quartiles {:.4}, {:.4}); bar 1.03",
        ratios[PAIRS / 2],
        ratios[PAIRS / 4],
        ratios[PAIRS * 3 / 4],
    );
}
