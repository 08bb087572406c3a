//! Checks of the write path, on a collection of its own.

use std::time::{Duration, Instant};

use annvil_core::engine::{Engine, EngineError, Schema, Session};
use annvil_core::form::{Form, Scores};
use annvil_core::label::Labels;
use annvil_core::metric::Metric;
use annvil_core::operation::{Batch, OpError, OpRef, Reply};
use annvil_core::record::Check;
use annvil_core::vector::{Matrix, RowId};

use super::patience::{Patience, Patient};
use super::{Checks, beyond};
use crate::recall::no_farther;

/// Rows that are written: a piece of the data set.
pub struct Sample<'a> {
    /// Dimensions.
    pub dim: usize,
    /// Metric.
    pub metric: Metric,
    /// Vectors, row after row; row `i` has id `i`.
    pub vectors: &'a [f32],
    /// Labels of the data set.
    pub labels: &'a Labels,
    /// Texts of the rows, or none.
    pub texts: &'a [&'a str],
}

/// Rows searched for at once by a search for a written row.
const K: usize = 10;

/// Share of written rows that an approximate index must find.
const FOUND: f64 = 0.95;

impl Sample<'_> {
    fn rows(&self) -> usize {
        self.vectors.len() / self.dim
    }

    /// A tenth of the rows, not the first: row 0 is replaced.
    fn deleted(&self) -> Vec<RowId> {
        let tenth = self.rows() as u64 / 10;
        (tenth..2 * tenth).collect()
    }

    fn vector(&self, row: usize) -> &[f32] {
        &self.vectors[row * self.dim..(row + 1) * self.dim]
    }
}

/// Writes into an empty collection and checks that what was acknowledged is so. `engine` must hold nothing else.
pub async fn verify_writes(
    engine: &dyn Engine,
    sample: &Sample<'_>,
    patience: Patience<'_>,
) -> Result<Vec<Check>, EngineError> {
    let rows = sample.rows();
    let first = rows * 9 / 10;
    let schema = Schema {
        dim: sample.dim,
        metric: sample.metric,
        rows,
        sessions: 1,
        build_threads: 1,
        labels: sample.labels.schema(),
    };
    engine.create(&schema).await?;
    let ids: Vec<RowId> = (0..first as u64).collect();
    let places: Vec<usize> = (0..first).collect();
    let texts: Vec<&str> = sample.texts.iter().take(first).copied().collect();
    let batch = Batch {
        ids: &ids,
        dim: sample.dim,
        vectors: &sample.vectors[..first * sample.dim],
        labels: sample.labels,
        label_rows: &places,
        texts: &texts,
    };
    engine.load(batch).await?;
    engine.settle(Instant::now() + Duration::from_mins(1), &|_| {}).await?;

    let form = Form::search("writes", K);
    let promise = engine.promise(&form);
    let Some(queries) = Matrix::new(sample.vectors.to_vec(), sample.dim) else {
        return Err(EngineError::failed("verify", "make queries", "the sample is not rectangular"));
    };
    let encoded = engine.encode(&[form], &queries, sample.labels)?;
    let session = engine.session(encoded).await?;
    let session = Patient { session: &*session, patience };
    let mut writes = Writes {
        session: &session,
        sample,
        exact: promise.exact,
        scores: promise.scores,
        first_is_last: false,
        checks: Checks::new("writes"),
        reply: Reply::default(),
    };
    writes.fetched(first).await;
    writes.distances(first).await;
    writes.upserts(first).await;
    writes.replaces().await;
    writes.refuses().await;
    writes.deletes().await;
    writes.count(engine, rows).await?;
    Ok(writes.checks.list)
}

struct Writes<'a> {
    session: &'a dyn Session,
    sample: &'a Sample<'a>,
    exact: bool,
    scores: Scores,
    /// Whether row 0 has been replaced by a copy of the last row.
    first_is_last: bool,
    checks: Checks,
    reply: Reply,
}

/// What a call came to: done, not supported, or failed.
enum Done {
    Yes,
    Unsupported(String),
    Failed(String),
}

impl From<Result<(), OpError>> for Done {
    fn from(result: Result<(), OpError>) -> Self {
        match result {
            Ok(()) => Self::Yes,
            Err(OpError::Unsupported(what)) => Self::Unsupported(what),
            Err(error) => Self::Failed(error.to_string()),
        }
    }
}

impl Writes<'_> {
    /// Notes a check that could not be made; `true` if it could.
    fn possible(&mut self, name: &str, done: Done) -> bool {
        match done {
            Done::Yes => true,
            Done::Unsupported(what) => {
                self.checks.put(name, true, format!("unsupported: {what}"));
                false
            }
            Done::Failed(message) => {
                self.checks.put(name, false, message);
                false
            }
        }
    }

    fn scored(&self) -> bool {
        self.scores != Scores::None
    }

    /// Whether a stored vector is another than the one that was written. Stored in fewer bits it may be off by a
    /// hundredth of its length; under the cosine metric only its direction counts, and one bit a dimension keeps no more
    /// than the half-space of each.
    fn differs(&self, stored: &[f32], row: usize) -> bool {
        let written = self.sample.vector(row);
        if stored.len() != written.len() {
            return true;
        }
        if !self.scored() {
            return beyond(Metric::Cosine.distance(stored, written), 0.5);
        }
        if self.sample.metric == Metric::Cosine {
            return beyond(Metric::Cosine.distance(stored, written), 1e-2);
        }
        let length = Metric::L2.distance(written, &vec![0.0; written.len()]);
        beyond(Metric::L2.distance(stored, written), 1e-2 * length + 1e-6)
    }

    /// Whether a search for the vector of `row` must answer the row: fewer than K others are as near. Rows that occur more
    /// than K times, and rows that are not their own nearest under the inner product, need not be answered.
    fn must_be_found(&self, row: usize) -> bool {
        let query = self.sample.vector(row);
        let own = self.sample.metric.distance(query, query);
        let others = (0..self.sample.rows()).filter(|other| *other != row).filter(|other| {
            let other = if *other == 0 && self.first_is_last { self.sample.rows() - 1 } else { *other };
            no_farther(self.sample.metric.distance(query, self.sample.vector(other)), own)
        });
        others.take(K).count() < K
    }

    async fn fetch(&mut self, id: RowId) -> Done {
        self.session.call(OpRef::Fetch { id }, &mut self.reply).await.into()
    }

    async fn fetched(&mut self, rows: usize) {
        const NAME: &str = "fetch returns the row that was written";
        for row in 0..rows {
            let done = self.fetch(row as u64).await;
            if !self.possible(NAME, done) {
                return;
            }
            if self.reply.ids != [row as u64] || self.differs(&self.reply.vector, row) {
                self.checks.put(NAME, false, format!("row {row} is missing or another vector"));
                return;
            }
        }
        let done = self.fetch(u64::MAX - 7).await;
        if self.possible(NAME, done) {
            let empty = self.reply.ids.is_empty();
            let found = if empty {
                format!("{rows} checked")
            } else {
                "a row that is not there was found".to_owned()
            };
            self.checks.put(NAME, empty, found);
        }
    }

    async fn distances(&mut self, rows: usize) {
        const NAME: &str = "distance is the distance";
        for row in 0..rows.min(200) {
            let (query, id) = ((row * 7) % rows, row as u64);
            let done = self.session.call(OpRef::Distance { query, id }, &mut self.reply).await.into();
            if !self.possible(NAME, done) {
                return;
            }
            let truth = self.sample.metric.distance(self.sample.vector(query), self.sample.vector(row));
            let promised = if let Scores::Within(error) = self.scores { error } else { 0.0 };
            let limit = promised + 2e-5 * (1.0 + truth.abs());
            let got = self.reply.scores.first().copied().unwrap_or(f32::NAN);
            if self.scored() && beyond((f64::from(got) - truth).abs(), limit) {
                self.checks.put(NAME, false, format!("query {query}, row {row}: {got}, it is {truth:.6}"));
                return;
            }
        }
        let detail = if self.scored() {
            format!("{} checked", rows.min(200))
        } else {
            "answered; the engine promises no distances".to_owned()
        };
        self.checks.put(NAME, true, detail);
    }

    /// Whether a search for the vector of `row` answers `id`.
    async fn finds(&mut self, row: usize, id: RowId) -> Result<bool, String> {
        match self.session.call(OpRef::Search { form: 0, query: row }, &mut self.reply).await {
            Ok(()) => Ok(self.reply.ids.contains(&id)),
            Err(error) => Err(error.to_string()),
        }
    }

    async fn upserts(&mut self, first: usize) {
        const NAME: &str = "an acknowledged upsert is found";
        let places: Vec<usize> = (first..self.sample.rows()).collect();
        let ids: Vec<RowId> = places.iter().map(|row| *row as u64).collect();
        let done = self.upsert(&ids, &places).await;
        if !self.possible(NAME, done) {
            return;
        }
        let (mut found, mut expected) = (0, 0);
        for row in &places {
            if !self.must_be_found(*row) {
                continue;
            }
            expected += 1;
            match self.finds(*row, *row as u64).await {
                Ok(yes) => found += i32::from(yes),
                Err(message) => return self.checks.put(NAME, false, message),
            }
        }
        let share = if expected == 0 { 1.0 } else { f64::from(found) / f64::from(expected) };
        // Without distances several rows may look the same; then only the fetch below tells.
        let needed = if self.exact { 1.0 } else { FOUND };
        let passed = share >= needed || !self.scored();
        self.checks.put(NAME, passed, format!("{found} of {expected}"));
        self.written_is_fetched(&places).await;
    }

    async fn written_is_fetched(&mut self, places: &[usize]) {
        const NAME: &str = "an acknowledged upsert is fetched";
        for row in places {
            let done = self.fetch(*row as u64).await;
            if !self.possible(NAME, done) {
                return;
            }
            if self.reply.ids.is_empty() || self.differs(&self.reply.vector, *row) {
                return self.checks.put(NAME, false, format!("row {row} was acknowledged and is not there"));
            }
        }
        self.checks.put(NAME, true, format!("{} checked", places.len()));
    }

    async fn upsert(&mut self, ids: &[RowId], places: &[usize]) -> Done {
        let vectors: Vec<f32> =
            places.iter().flat_map(|row| self.sample.vector(*row).iter().copied()).collect();
        let texts: Vec<&str> = places.iter().filter_map(|row| self.sample.texts.get(*row).copied()).collect();
        let rows = Batch {
            ids,
            dim: self.sample.dim,
            vectors: &vectors,
            labels: self.sample.labels,
            label_rows: places,
            texts: &texts,
        };
        self.session.call(OpRef::Upsert { rows }, &mut self.reply).await.into()
    }

    async fn replaces(&mut self) {
        const NAME: &str = "an upsert replaces the row of its id";
        // Row 0 takes the vector of the last row.
        let last = self.sample.rows() - 1;
        let done = self.upsert(&[0], &[last]).await;
        if !self.possible(NAME, done) {
            return;
        }
        let done = self.fetch(0).await;
        if !self.possible(NAME, done) {
            return;
        }
        let new = !self.differs(&self.reply.vector, last);
        self.first_is_last = true;
        // Row 0 now has the vector of the last row, so the search is for both.
        let expected = self.must_be_found(last);
        match self.finds(last, 0).await {
            Ok(found) => {
                let found = found || !self.scored() || !expected;
                self.checks.put(
                    NAME,
                    new && found,
                    if new && found { "1 checked" } else { "the old row is still there" },
                );
            }
            Err(message) => self.checks.put(NAME, false, message),
        }
    }

    async fn refuses(&mut self) {
        const NAME: &str = "a vector of another dimension is refused";
        let short = vec![0.5; self.sample.dim - 1];
        let rows = Batch {
            ids: &[u64::MAX - 9],
            dim: self.sample.dim - 1,
            vectors: &short,
            labels: self.sample.labels,
            label_rows: &[0],
            texts: &self.sample.texts[..self.sample.texts.len().min(1)],
        };
        let refused = match self.session.call(OpRef::Upsert { rows }, &mut self.reply).await {
            Ok(()) => false,
            Err(OpError::Unsupported(what)) => {
                return self.checks.put(NAME, true, format!("unsupported: {what}"));
            }
            Err(_) => true,
        };
        self.checks.put(NAME, refused, if refused { "1 checked" } else { "it was accepted" });
    }

    async fn deletes(&mut self) {
        const NAME: &str = "a deleted row is gone";
        let ids = self.sample.deleted();
        let done = self.session.call(OpRef::Delete { ids: &ids }, &mut self.reply).await.into();
        if !self.possible(NAME, done) {
            return;
        }
        for id in &ids {
            match self.finds(*id as usize, *id).await {
                Ok(true) => return self.checks.put(NAME, false, format!("a search still answers row {id}")),
                Ok(false) => {}
                Err(message) => return self.checks.put(NAME, false, message),
            }
            if matches!(self.fetch(*id).await, Done::Yes) && !self.reply.ids.is_empty() {
                return self.checks.put(NAME, false, format!("row {id} is still fetched"));
            }
        }
        self.checks.put(NAME, true, format!("{} checked", ids.len()));
    }

    async fn count(&mut self, engine: &dyn Engine, rows: usize) -> Result<(), EngineError> {
        let deleted = self.checks.list.iter().any(|check| {
            check.name == "a deleted row is gone" && check.passed && !check.detail.starts_with("unsupported")
        });
        let expected = (rows - if deleted { self.sample.deleted().len() } else { 0 }) as u64;
        match engine.usage().await?.rows {
            Some(count) => {
                self.checks.put(
                    "the number of rows is right",
                    count == expected,
                    format!("{count}, expected {expected}"),
                );
            }
            None => self.checks.put("the number of rows is right", true, "unknown to the engine"),
        }
        Ok(())
    }
}
