//! Recall as it is reported against an independent brute force in double precision over the same rows.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use annvil_conduct::event::Event;
use annvil_conduct::{Overrides, Run, prepare};
use annvil_core::dataset::DataSpec;
use annvil_core::engine::Schema;
use annvil_core::form::Form;
use annvil_core::operation::{Batch, OpRef, Reply};
use annvil_core::record::PhaseResult;
use annvil_core::scenario::{EmbeddedSpec, EngineSpec, Hnsw, Index, Storage, Variant};
use annvil_load::time::{SystemClock, runtime};

const ROWS: usize = 3000;
const K: usize = 10;

/// The ids of the nearest rows by definition: sums in `f64`, a full sort, ties by id. Written without the crate's own
/// exact search.
fn brute_force(rows: &[f32], dim: usize, query: &[f32]) -> Vec<u64> {
    let norm = |v: &[f32]| v.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
    let query_norm = norm(query);
    let mut all: Vec<(f64, u64)> = rows
        .chunks_exact(dim)
        .enumerate()
        .map(|(id, row)| {
            let dot: f64 = row.iter().zip(query).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            (1.0 - dot / (norm(row) * query_norm), id as u64)
        })
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    all.into_iter().take(K).map(|(_, id)| id).collect()
}

#[test]
fn reported_recall_is_brute_force_recall() {
    let scenario = format!(
        "
data: {{name: wordnet-10k, rows: {ROWS}}}
engine: embedded
build_threads: 1
variants: {{hnsw: {{storage: i8, index: {{hnsw: {{m: 8, ef_construction: 32}}}}, search: {{ef_search: 20}}}}}}
phases: [verify: {{writes: false}}, search: {{k: {K}}}]
"
    );
    let output = tempfile::tempdir().unwrap();
    let prepared = prepare("recall.yaml", &scenario, &Overrides::default(), 1).unwrap();
    let record = Run::new(prepared, output.path()).begin().unwrap().measure(&mut |_: &Event| {}).unwrap();
    let reported = record.blocks[0]
        .phases
        .iter()
        .find_map(|phase| match &phase.result {
            PhaseResult::Measured { forms, .. } => forms[0].recall.as_ref().map(|recall| recall.mean),
            _ => None,
        })
        .unwrap();

    // The same index, built again by hand; one thread builds the same graph.
    let dataset = annvil_data::open(&DataSpec::Named {
        name: "wordnet-10k".to_owned(),
        rows: Some(ROWS),
        queries_limit: None,
    })
    .unwrap();
    let dim = dataset.info().dim;
    let mut rows = Vec::new();
    dataset.read_f32(0..ROWS, &mut rows);
    let variant = Variant {
        storage: Storage::I8,
        index: Index::Hnsw(Hnsw { m: 8, ef_construction: 32, ..Hnsw::default() }),
        ..Variant::default()
    };
    let scratch = tempfile::tempdir().unwrap();
    let context =
        annvil_engines::Context { clock: Arc::new(SystemClock::new()), scratch: scratch.path().to_owned() };
    let engine = annvil_engines::open(&EngineSpec::Embedded(EmbeddedSpec {}), &variant, &context).unwrap();
    let expected = runtime().unwrap().block_on(async {
        let schema = Schema {
            dim,
            metric: dataset.info().metric,
            rows: ROWS,
            sessions: 1,
            build_threads: 1,
            labels: dataset.labels().schema(),
        };
        engine.create(&schema).await.unwrap();
        let ids: Vec<u64> = (0..ROWS as u64).collect();
        let places: Vec<usize> = (0..ROWS).collect();
        let batch = Batch {
            ids: &ids,
            dim,
            vectors: &rows,
            labels: dataset.labels(),
            label_rows: &places,
            texts: &[],
        };
        engine.load(batch).await.unwrap();
        engine.settle(Instant::now() + Duration::from_mins(1), &|_| {}).await.unwrap();
        engine.apply(&[("ef_search".to_owned(), 20)].into()).await.unwrap();
        let encoded =
            engine.encode(&[Form::search("search", K)], dataset.queries(), dataset.labels()).unwrap();
        let session = engine.session(encoded).await.unwrap();
        let mut reply = Reply::default();
        let mut hits = 0;
        for query in 0..dataset.queries().rows() {
            session.call(OpRef::Search { form: 0, query }, &mut reply).await.unwrap();
            let exact = brute_force(&rows, dim, dataset.queries().row(query));
            hits += reply.ids.iter().filter(|id| exact.contains(id)).count();
        }
        hits as f64 / (dataset.queries().rows() * K) as f64
    });
    assert!(reported < 0.99, "too easy to tell anything: {reported}");
    assert!((reported - expected).abs() < 5e-5, "reported {reported}, brute force {expected}");
}
