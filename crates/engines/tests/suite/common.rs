//! Small collections, a clock that is moved by hand, and calls without ceremony.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::{Duration, Instant};

use annvil_core::clock::{Clock, LocalFuture};
use annvil_core::dataset::Queries;
use annvil_core::engine::{Engine, Result, Schema, Session};
use annvil_core::form::Form;
use annvil_core::label::{Column, LabelType, LabelValue, Labels};
use annvil_core::metric::Metric;
use annvil_core::operation::{Batch, OpError, OpRef, Reply};
use annvil_core::scenario::{EngineSpec, Hnsw, Index, Rerank, Storage, Variant};
use annvil_core::units::Nanos;
use annvil_core::vector::{Matrix, RowId};
use annvil_engines::{Context, open};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Time that stands still until somebody sleeps; then it is at once as late as he wanted.
#[derive(Default)]
pub(crate) struct Leap(AtomicU64);

impl Clock for Leap {
    fn now(&self) -> Nanos {
        Nanos(self.0.load(Ordering::SeqCst))
    }

    fn sleep_until(&self, instant: Nanos) -> LocalFuture<'_, ()> {
        Box::pin(async move {
            self.0.fetch_max(instant.0, Ordering::SeqCst);
        })
    }
}

/// Runs a future that never waits for anything; `None` if it does.
pub(crate) fn try_now<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut TaskContext::from_waker(Waker::noop())) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    }
}

/// As [`try_now`], where waiting is a mistake.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    try_now(future).expect("an in-process engine never waits")
}

/// Rows with labels and texts.
pub(crate) struct Rows {
    pub(crate) ids: Vec<RowId>,
    pub(crate) dim: usize,
    pub(crate) vectors: Vec<f32>,
    pub(crate) labels: Labels,
    pub(crate) texts: Vec<String>,
}

/// `count` random rows from `first` on, with components up to `scale`.
pub(crate) fn rows(count: usize, dim: usize, scale: f32, seed: u64) -> Rows {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let vectors = (0..count * dim).map(|_| scale * (random.random::<f32>() - 0.5)).collect();
    let mut labels = Labels::with_schema(&BTreeMap::new());
    let mut columns = BTreeMap::from([
        ("group".to_owned(), Column::new(LabelType::Text)),
        ("count".to_owned(), Column::new(LabelType::Int)),
        ("tags".to_owned(), Column::new(LabelType::TextList)),
    ]);
    for row in 0..i64::try_from(count).unwrap() {
        for (name, column) in &mut columns {
            let value = match name.as_str() {
                "group" => (row % 11 != 0).then(|| LabelValue::Text(format!("g{}", row % 4))),
                "count" => Some(LabelValue::Int(row - 50)),
                _ => Some(LabelValue::TextList((0..row % 3).map(|tag| format!("t{tag}")).collect())),
            };
            column.push(value).unwrap();
        }
    }
    if count > 0 {
        labels = Labels::new(columns).unwrap();
    }
    Rows {
        ids: (0..count as u64).collect(),
        dim,
        vectors,
        labels,
        texts: (0..count).map(|row| format!("the text of row {row}")).collect(),
    }
}

impl Rows {
    pub(crate) fn vector(&self, row: usize) -> &[f32] {
        &self.vectors[row * self.dim..(row + 1) * self.dim]
    }

    /// Hands rows of a range to `then` as a batch.
    pub(crate) fn batch<R>(&self, range: std::ops::Range<usize>, then: impl FnOnce(Batch<'_>) -> R) -> R {
        let texts: Vec<&str> = self.texts[range.clone()].iter().map(String::as_str).collect();
        let label_rows: Vec<usize> = range.clone().collect();
        then(Batch {
            ids: &self.ids[range.clone()],
            dim: self.dim,
            vectors: &self.vectors[range.start * self.dim..range.end * self.dim],
            labels: &self.labels,
            label_rows: &label_rows,
            texts: &texts,
        })
    }

    pub(crate) fn schema(&self, metric: Metric) -> Schema {
        Schema {
            dim: self.dim,
            metric,
            rows: self.ids.len(),
            sessions: 2,
            // Several threads build another graph every time, and a worse one where they are interrupted.
            build_threads: 1,
            labels: self.labels.schema(),
        }
    }
}

/// Queries in a matrix.
pub(crate) fn queries(count: usize, dim: usize, scale: f32, seed: u64) -> Queries {
    Matrix::new(rows(count, dim, scale, seed).vectors, dim).unwrap()
}

/// A variant with an HNSW index.
pub(crate) fn hnsw(storage: Storage, rerank: Option<usize>) -> Variant {
    Variant {
        storage,
        index: Index::Hnsw(Hnsw { m: 16, ef_construction: 128, ..Hnsw::default() }),
        rerank: rerank.map(|candidates| Rerank { candidates }),
        ..Variant::default()
    }
}

pub(crate) fn embedded() -> EngineSpec {
    EngineSpec::Embedded(annvil_core::scenario::EmbeddedSpec {})
}

/// Opens an embedded engine.
pub(crate) fn engine(variant: &Variant, scratch: &Path) -> Box<dyn Engine> {
    let context = Context { clock: Arc::new(Leap::default()), scratch: scratch.to_owned() };
    open(&embedded(), variant, &context).unwrap()
}

/// Creates, loads in two batches and settles.
pub(crate) fn fill(engine: &dyn Engine, rows: &Rows, schema: &Schema) -> Result<()> {
    now(engine.create(schema))?;
    let half = rows.ids.len() / 2;
    rows.batch(0..half, |batch| now(engine.load(batch)))?;
    rows.batch(half..rows.ids.len(), |batch| now(engine.load(batch)))?;
    now(engine.settle(Instant::now() + Duration::from_mins(1), &|_| ())).map(|_| ())
}

/// Opens a session for forms and queries.
pub(crate) fn session(engine: &dyn Engine, forms: &[Form], queries: &Queries) -> Box<dyn Session> {
    let encoded = engine.encode(forms, queries, &Labels::default()).unwrap();
    now(engine.session(encoded)).unwrap()
}

/// One call.
pub(crate) fn call(session: &dyn Session, op: OpRef<'_>) -> std::result::Result<Reply, OpError> {
    let mut reply = Reply { ids: vec![9; 3], scores: vec![9.0; 3], vector: vec![9.0; 3], affected: 9 };
    now(session.call(op, &mut reply)).map(|()| reply)
}

/// A search that succeeds.
pub(crate) fn search(session: &dyn Session, form: usize, query: usize) -> Reply {
    call(session, OpRef::Search { form, query }).unwrap()
}

/// Exact answers among the rows that `admit` admits: ids and distances, nearest first.
pub(crate) fn truth(
    rows: &Rows,
    metric: Metric,
    query: &[f32],
    k: usize,
    admit: impl Fn(usize) -> bool,
) -> Vec<(RowId, f64)> {
    let mut all: Vec<(RowId, f64)> = (0..rows.ids.len())
        .filter(|row| admit(*row))
        .map(|row| (rows.ids[row], metric.distance(query, rows.vector(row))))
        .collect();
    all.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    all.truncate(k);
    all
}

/// How many of the true answers are there.
pub(crate) fn hits(found: &[RowId], truth: &[(RowId, f64)]) -> usize {
    truth.iter().filter(|(id, _)| found.contains(id)).count()
}
