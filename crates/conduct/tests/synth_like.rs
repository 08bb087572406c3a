//! Rows that are drawn like a real set are about as hard to search as that set; uniform ones are not.
//!
//! The fit knows nothing of HNSW. Its seed is fixed, that of the defaults; the seeds of the rows are any. Prints recall
//! at each `ef` and the intrinsic dimension of all sets.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use annvil_core::dataset::{Count, Queries, SynthKind};
use annvil_core::engine::Schema;
use annvil_core::form::Form;
use annvil_core::label::Labels;
use annvil_core::metric::Metric;
use annvil_core::operation::{Batch, OpRef, Reply};
use annvil_core::scenario::{EmbeddedSpec, EngineSpec, Hnsw, Index, Storage, Variant};
use annvil_core::vector::Vectors;
use annvil_data::synth::{FitOptions, Generator, Model, Recipe, fit_vectors};
use annvil_data::{boxed, exact, intrinsic, open};
use annvil_load::time::{SystemClock, runtime};

const K: usize = 10;
const EF: [u64; 4] = [16, 32, 64, 128];
const THREADS: usize = 2;

/// What a set is like to an index.
struct Figures {
    recall: [f64; 4],
    dimension: f64,
}

/// A set to look at.
struct Set {
    base: Vectors,
    queries: Queries,
    metric: Metric,
}

impl Set {
    fn drawn(generator: &Generator) -> Self {
        Self {
            base: generator.block(0..generator.rows(), THREADS).unwrap(),
            queries: generator.queries(0..generator.recipe().queries.0).unwrap(),
            metric: generator.metric(),
        }
    }

    /// Recall of HNSW with m 16 and `ef_construction` 128, and the intrinsic dimension of 2,000 rows.
    fn figures(&self, name: &str) -> Figures {
        let found = intrinsic::estimate(&self.base, self.metric, 2000, 5, THREADS).unwrap();
        let figures = Figures { recall: self.recall(), dimension: found.mle.unwrap() };
        println!(
            "{name:24} recall@{K} {:.3} {:.3} {:.3} {:.3}   dimension {:.1} (two-nn {:.1})   contrast {:.2}   hubness {:.2}",
            figures.recall[0],
            figures.recall[1],
            figures.recall[2],
            figures.recall[3],
            figures.dimension,
            found.two_nn.unwrap(),
            found.contrast.unwrap(),
            found.hubness.unwrap(),
        );
        figures
    }

    fn recall(&self) -> [f64; 4] {
        let (dim, rows) = (self.base.dim(), self.base.rows());
        let truth = exact::answers(&self.base, &self.queries, self.metric, K, None, THREADS);
        let variant = Variant {
            storage: Storage::F16,
            index: Index::Hnsw(Hnsw { m: 16, ef_construction: 128, ..Hnsw::default() }),
            ..Variant::default()
        };
        let scratch = tempfile::tempdir().unwrap();
        let context = annvil_engines::Context {
            clock: Arc::new(SystemClock::new()),
            scratch: scratch.path().to_owned(),
        };
        let engine =
            annvil_engines::open(&EngineSpec::Embedded(EmbeddedSpec {}), &variant, &context).unwrap();
        let mut values = vec![0.0; rows * dim];
        for (row, out) in values.chunks_exact_mut(dim).enumerate() {
            self.base.write_f32(row, out);
        }
        let labels = Labels::empty(rows);
        runtime().unwrap().block_on(async {
            let schema = Schema {
                dim,
                metric: self.metric,
                rows,
                sessions: 1,
                build_threads: THREADS,
                labels: labels.schema(),
            };
            engine.create(&schema).await.unwrap();
            let ids: Vec<u64> = (0..rows as u64).collect();
            let places: Vec<usize> = (0..rows).collect();
            let batch =
                Batch { ids: &ids, dim, vectors: &values, labels: &labels, label_rows: &places, texts: &[] };
            engine.load(batch).await.unwrap();
            engine.settle(Instant::now() + Duration::from_mins(5), &|_| {}).await.unwrap();
            let encoded = engine.encode(&[Form::search("search", K)], &self.queries, &labels).unwrap();
            let mut recall = [0.0; EF.len()];
            for (ef, recall) in EF.into_iter().zip(&mut recall) {
                engine.apply(&[("ef_search".to_owned(), ef)].into()).await.unwrap();
                let session = engine.session(Arc::clone(&encoded)).await.unwrap();
                let mut reply = Reply::default();
                let mut hits = 0;
                for (query, exact) in truth.iter().enumerate() {
                    session.call(OpRef::Search { form: 0, query }, &mut reply).await.unwrap();
                    hits += reply.ids.iter().filter(|id| exact.ids.contains(id)).count();
                }
                *recall = hits as f64 / (truth.len() * K) as f64;
            }
            recall
        })
    }
}

fn fitted(name: &str, set: &Set, seed: u64) -> Model {
    let options = FitOptions { seed, threads: THREADS, ..FitOptions::default() };
    let start = Instant::now();
    let model = fit_vectors(name, &set.base, Some(&set.queries), set.metric, &options).unwrap();
    println!("fitted in {:.1} s: {:?}", start.elapsed().as_secs_f64(), model.texture);
    println!("  wanted  {:?}\n  reached {:?}", model.fit.wanted, model.fit.reached);
    println!(
        "  queries {:?}, spread {:.2}, shift {}",
        model.fit.queries,
        model.queries.spread,
        !model.queries.shift.is_empty()
    );
    model
}

fn like(model: Model, set: &Set, seed: u64) -> Set {
    let recipe = Recipe {
        rows: Count(set.base.rows()),
        queries: Count(set.queries.rows()),
        seed,
        ..Recipe::default()
    };
    Set::drawn(&Generator::like(&recipe, model).unwrap())
}

fn uniform(set: &Set) -> Set {
    let recipe = Recipe {
        rows: Count(set.base.rows()),
        queries: Count(set.queries.rows()),
        dim: Some(set.base.dim()),
        metric: Some(set.metric),
        kind: SynthKind::Uniform,
        ..Recipe::default()
    };
    Set::drawn(&Generator::new(&recipe).unwrap())
}

#[test]
fn rows_like_wordnet_are_as_hard_to_search_as_wordnet() {
    let dataset = open(&boxed::wordnet_10k()).unwrap();
    let real = Set {
        base: dataset.base().clone(),
        queries: dataset.queries().clone(),
        metric: dataset.info().metric,
    };
    let expected = real.figures("wordnet-10k");
    let model = fitted("wordnet-10k", &real, 1);
    for seed in [2, 11] {
        let found = like(model.clone(), &real, seed).figures(&format!("like it, seed {seed}"));
        for ((ef, real), like) in EF.into_iter().zip(expected.recall).zip(found.recall) {
            assert!(
                (real - like).abs() <= 0.02,
                "seed {seed}, ef {ef}: {real:.3} on the real set, {like:.3} on the drawn one"
            );
        }
        let ratio = found.dimension / expected.dimension;
        assert!((0.85..=1.15).contains(&ratio), "{:.1} and {:.1}", expected.dimension, found.dimension);
    }
    let uniform = uniform(&real).figures("uniform");
    // The reason for all this: uniform rows say nothing of recall on real ones.
    assert!(expected.recall[0] - uniform.recall[0] > 0.5 && uniform.dimension > 3.0 * expected.dimension);
}

/// `ANNVIL_LIKE_BASE=… ANNVIL_LIKE_QUERIES=… ANNVIL_LIKE_METRIC=cosine cargo test … -- --ignored --nocapture`
#[test]
#[ignore = "for sets of one's own: needs ANNVIL_LIKE_BASE, ANNVIL_LIKE_QUERIES and ANNVIL_LIKE_METRIC"]
fn rows_like_a_set_of_ones_own() {
    let file = |name: &str| std::env::var(name).unwrap();
    let spec: annvil_core::dataset::DataSpec = serde_json::from_value(serde_json::json!({
        "base": file("ANNVIL_LIKE_BASE"),
        "queries": file("ANNVIL_LIKE_QUERIES"),
        "metric": file("ANNVIL_LIKE_METRIC"),
    }))
    .unwrap();
    let dataset = open(&spec).unwrap();
    let real = Set {
        base: dataset.base().clone(),
        queries: dataset.queries().clone(),
        metric: dataset.info().metric,
    };
    real.figures("the set");
    for seed in 1..=3 {
        let model = fitted("the set", &real, seed);
        like(model, &real, 10 + seed).figures(&format!("like it, seed {seed}"));
    }
    uniform(&real).figures("uniform");
}
