//! Figures, not verdicts: `cargo test --release -p annvil-engines -- --ignored --nocapture`.
#![allow(clippy::print_stdout, clippy::too_many_lines)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use annvil_core::dataset::DataSpec;
use annvil_core::engine::Schema;
use annvil_core::form::{Form, Operation};
use annvil_core::metric::Metric;
use annvil_core::operation::{Batch, OpRef, Reply};
use annvil_core::scenario::{Storage, Variant};
use tempfile::TempDir;

use super::common::*;

/// Nanoseconds of one call, the best of five rounds.
fn nanoseconds(count: usize, mut call: impl FnMut(usize)) -> f64 {
    let round = |call: &mut dyn FnMut(usize)| {
        let start = Instant::now();
        (0..count).for_each(call);
        start.elapsed().as_nanos() as f64 / count as f64
    };
    (0..5).map(|_| round(&mut call)).fold(f64::INFINITY, f64::min)
}

fn milliseconds(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e3
}

#[test]
#[ignore = "measures"]
fn figures_at_2000_rows_of_wordnet() {
    let spec = DataSpec::Named { name: "wordnet-10k".into(), rows: Some(2000), queries_limit: None };
    let set = annvil_data::open(&spec).unwrap();
    let (count, dim) = (set.info().rows, set.info().dim);
    let mut vectors = vec![];
    set.read_f32(0..count, &mut vectors);
    let texts: Vec<&str> = (0..count).map(|row| set.text(row).unwrap_or_default()).collect();
    let ids: Vec<u64> = (0..count as u64).collect();
    let label_rows: Vec<usize> = (0..count).collect();
    let labels = set.labels();
    let rows = Batch { ids: &ids, dim, vectors: &vectors, labels, label_rows: &label_rows, texts: &texts };
    let schema = Schema {
        dim,
        metric: Metric::Cosine,
        rows: count,
        sessions: 1,
        build_threads: 2,
        labels: labels.schema(),
    };
    let mut exact: Vec<Vec<u64>> = vec![];
    for (name, variant) in [
        ("flat", Variant::default()),
        ("f32", hnsw(Storage::F32, None)),
        ("f16", hnsw(Storage::F16, None)),
        ("i8", hnsw(Storage::I8, None)),
        ("b1 rerank 100", hnsw(Storage::B1, Some(100))),
    ] {
        let (scratch, folder) = (TempDir::new().unwrap(), TempDir::new_in("/work").unwrap());
        let engine = engine(&variant, scratch.path());
        let start = Instant::now();
        now(engine.create(&schema)).unwrap();
        now(engine.load(rows)).unwrap();
        let load = start.elapsed();
        now(engine.settle(Instant::now() + Duration::from_mins(1), &|_| ())).unwrap();
        println!("{name}: load {load:?}, with settle {:?}", start.elapsed());
        let forms = [
            Form::search("search", 10),
            Form::of("distance", Operation::Distance, 0),
            Form::search("nouns", 10).filtered("pos = 'n'".parse().unwrap()),
        ];
        let queries = set.queries();
        let asked = session(engine.as_ref(), &forms, queries);
        let mut reply = Reply::default();
        let mut call = |op: OpRef<'_>| {
            now(asked.call(op, &mut reply)).unwrap();
            black_box(&reply);
        };
        let pick = |i: usize| (i * 7919 % count) as u64;
        println!("  fetch {:.0} ns", nanoseconds(500_000, |i| call(OpRef::Fetch { id: pick(i) })));
        println!(
            "  distance {:.0} ns",
            nanoseconds(500_000, |i| call(OpRef::Distance { query: i % queries.rows(), id: pick(i) }))
        );
        println!(
            "  search {:.1} µs, filtered {:.1} µs",
            nanoseconds(1000, |i| call(OpRef::Search { form: 0, query: i % queries.rows() })) / 1e3,
            nanoseconds(1000, |i| call(OpRef::Search { form: 2, query: i % queries.rows() })) / 1e3,
        );
        if exact.is_empty() {
            // The flat scan comes first.
            exact = (0..queries.rows()).map(|query| search(asked.as_ref(), 0, query).ids).collect();
        }
        let found: usize = (0..queries.rows())
            .map(|query| {
                let ids = search(asked.as_ref(), 0, query).ids;
                exact[query].iter().filter(|id| ids.contains(id)).count()
            })
            .sum();
        println!("  recall@10 {:.4}", found as f64 / (10 * queries.rows()) as f64);
        let mut times: Vec<Duration> = (0..15)
            .map(|_| {
                let start = Instant::now();
                now(engine.persist(folder.path())).unwrap();
                start.elapsed()
            })
            .collect();
        let bytes = now(engine.persist(folder.path())).unwrap().0;
        println!(
            "  persist {:.2} ms, {:.1} bytes a row",
            milliseconds(&mut times),
            bytes as f64 / count as f64
        );
        let (mut opened, mut answered): (Vec<Duration>, Vec<Duration>) = (0..15)
            .map(|_| {
                let start = Instant::now();
                now(engine.restore(folder.path())).unwrap();
                let restored = start.elapsed();
                for query in 0..100 {
                    now(asked.call(OpRef::Search { form: 0, query }, &mut reply)).unwrap();
                }
                (restored, start.elapsed())
            })
            .unzip();
        println!(
            "  restore {:.2} ms, with 100 queries {:.2} ms",
            milliseconds(&mut opened),
            milliseconds(&mut answered)
        );
        let start = Instant::now();
        search(asked.as_ref(), 2, 0);
        println!("  first filtered search after a restore {:?}", start.elapsed());
        let start = Instant::now();
        now(asked.call(OpRef::Delete { ids: &[0] }, &mut reply)).unwrap();
        println!("  first write after a restore {:?}; {:?}", start.elapsed(), now(engine.usage()).unwrap());
    }
}
