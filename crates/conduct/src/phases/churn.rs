//! What is done beside a load that changes the collection: answers scored at checkpoints against what is there then,
//! fresh rows searched for, and at the end everything put back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use annvil_core::dataset::Queries;
use annvil_core::engine::{EngineError, Session};
use annvil_core::form::Form;
use annvil_core::operation::{Batch, OpError, OpRef, Reply};
use annvil_core::record::{CheckpointRecord, FreshnessRecord};
use annvil_core::units::{Nanos, Rate};
use annvil_core::vector::RowId;
use annvil_data::DataError;
use annvil_load::Measured;
use annvil_load::churn::{Holdings, NewRows};
use annvil_load::fresh::{Probed, Prober, Probing};
use annvil_load::limited;
use annvil_load::recall::Judge;
use annvil_load::recorder::Answer;
use annvil_load::work::Task;

use super::held::Held;
use super::measure::Measurement;
use crate::block::{Stage, Stop};

/// Queries asked at a checkpoint.
const QUERIES: usize = 200;

/// How long a fresh row is searched for.
const LIMIT: Nanos = Nanos::from_secs(2);

/// How often a write that puts something back is tried.
const TRIES: usize = 20;

/// Rows of one call that puts rows back.
const BATCH: usize = 100;

/// What measures freshness.
pub(super) struct Fresh {
    pub(super) rows: Arc<NewRows>,
    /// Index of the form that searches for them.
    pub(super) form: usize,
    /// Number of the query that is the first row's vector.
    pub(super) first_query: usize,
    pub(super) rate: Rate,
}

/// What goes on beside the load.
pub(super) struct Churn {
    search: Form,
    queries: Queries,
    checkpoints: u32,
    writes: bool,
    fresh: Option<Fresh>,
    probed: Probed,
    records: Vec<CheckpointRecord>,
}

impl Churn {
    pub(super) fn new(
        search: Form,
        queries: Queries,
        checkpoints: u32,
        writes: bool,
        fresh: Option<Fresh>,
    ) -> Self {
        Self { search, queries, checkpoints, writes, fresh, probed: Probed::default(), records: Vec::new() }
    }

    /// Parts in which the phase is measured.
    pub(super) fn parts(&self) -> u64 {
        u64::from(self.checkpoints.max(1))
    }

    /// Whether rows come and go.
    pub(super) fn writes(&self) -> bool {
        self.writes || self.fresh.is_some()
    }

    /// Begins to measure freshness, if that is asked.
    pub(super) fn probe(&self, stage: &Stage<'_>, what: &Measurement) -> Result<Option<Prober>, Stop> {
        let Some(fresh) = &self.fresh else { return Ok(None) };
        Ok(Some(Prober::start(Probing {
            engine: Arc::clone(&what.engine),
            encoded: Arc::clone(&what.encoded),
            clock: Arc::clone(&stage.clock),
            rows: Arc::clone(&fresh.rows),
            form: fresh.form,
            first_query: fresh.first_query,
            rate: fresh.rate,
            limit: LIMIT,
            timeout: stage.job.plan.operation_timeout.nanos(),
            first: self.probed.next,
        })?))
    }

    /// Takes what a part's probing found.
    pub(super) fn probed(&mut self, found: Probed) {
        self.probed.time.add(&found.time);
        self.probed.probes += found.probes;
        self.probed.lost += found.lost;
        self.probed.failed += found.failed;
        self.probed.next = found.next;
        self.probed.unsure.extend(found.unsure);
    }

    /// What the collection should hold after what was measured so far.
    fn held<'a>(&'a self, stage: &'a Stage<'_>, what: &'a Measurement, measured: &Measured) -> Held<'a> {
        let Holdings { deleted, new, replaced, mut unsure } =
            Holdings::after(&what.work, &measured.numbers, &measured.unsure);
        let mut rows: BTreeMap<RowId, (&NewRows, usize)> = BTreeMap::new();
        for (id, (task, index)) in new {
            if let Task::Upsert { rows: pool } = &what.work.tasks()[task] {
                rows.insert(id, (pool, index));
            }
        }
        if let Some(fresh) = &self.fresh {
            for number in 0..self.probed.next {
                let failed = self.probed.unsure.contains(&number);
                for (id, index) in fresh.rows.written(number) {
                    if failed {
                        unsure.insert(id);
                    } else {
                        unsure.remove(&id);
                        rows.insert(id, (&fresh.rows, index));
                    }
                }
            }
        }
        Held { inputs: stage.job.inputs, queries: &self.queries, deleted, new: rows, replaced, unsure }
    }

    /// Scores answers against what is in the collection now; the load stands still.
    pub(super) fn checkpoint(
        &mut self,
        stage: &mut Stage<'_>,
        what: &Measurement,
        measured: &Measured,
        at: Nanos,
    ) -> Result<(), Stop> {
        if self.checkpoints == 0 {
            return Ok(());
        }
        let held = self.held(stage, what, measured);
        let asked = QUERIES.min(stage.job.inputs.dataset().queries().rows());
        let truth = held.truth(&self.search, asked).map_err(DataError::from)?;
        let (answers, failed) = ask(stage, what, asked)?;
        let (mut ghosts, mut missed_new) = (0, 0);
        let mut sure = Vec::with_capacity(answers.len());
        for answer in answers {
            // A row that may or may not be there may have taken the place of another: such an answer can't be scored.
            if answer.ids.iter().any(|id| held.unsure.contains(id)) {
                continue;
            }
            let found: BTreeSet<RowId> = answer.ids.iter().copied().collect();
            ghosts += answer.ids.iter().filter(|id| held.deleted.contains(id)).count() as u64;
            let wanted = truth[answer.query as usize].ids.iter().filter(|id| held.new.contains_key(id));
            missed_new += wanted.filter(|id| !found.contains(id)).count() as u64;
            sure.push(answer);
        }
        let distance = |query: u32, id: RowId| held.distance(query as usize, id);
        let recall = Judge { truth: &truth, k: self.search.k, distance: &distance }.record(&sure);
        let record = CheckpointRecord {
            at,
            rows: held.rows(),
            inserted: held.new.len() as u64,
            replaced: held.replaced,
            deleted: held.deleted.len() as u64,
            unsure: held.unsure.len() as u64,
            queries: asked as u64,
            failed,
            recall,
            ghosts,
            missed_new,
        };
        self.records.push(record);
        Ok(())
    }

    /// Puts the collection back as it was before the phase, so that later phases find the rows that their exact answers
    /// were computed from. Time that nobody measures.
    pub(super) fn put_back(
        &self,
        stage: &Stage<'_>,
        what: &Measurement,
        measured: &Measured,
    ) -> Result<(), Stop> {
        if !self.writes() {
            return Ok(());
        }
        let held = self.held(stage, what, measured);
        let dataset = stage.job.inputs.dataset();
        let (dim, rows) = (dataset.info().dim, dataset.info().rows as u64);
        let (lost, unsure_new): (Vec<RowId>, Vec<RowId>) = held.unsure.iter().partition(|id| **id < rows);
        let gone: Vec<RowId> = held.deleted.iter().copied().chain(lost).collect();
        let new: Vec<RowId> = held.new.keys().copied().chain(unsure_new).collect();
        stage.runtime.block_on(async {
            let session = stage.engine.session(Arc::clone(&what.encoded)).await?;
            for ids in new.chunks(BATCH) {
                insist(stage, &*session, OpRef::Delete { ids }).await?;
            }
            for ids in gone.chunks(BATCH) {
                let label_rows: Vec<usize> = ids.iter().map(|id| *id as usize).collect();
                let mut vectors = vec![0.0; ids.len() * dim];
                for (row, vector) in label_rows.iter().zip(vectors.chunks_exact_mut(dim)) {
                    dataset.base().write_f32(*row, vector);
                }
                let texts: Vec<&str> = label_rows.iter().filter_map(|row| dataset.text(*row)).collect();
                let rows = Batch {
                    ids,
                    dim,
                    vectors: &vectors,
                    labels: dataset.labels(),
                    label_rows: &label_rows,
                    texts: &texts,
                };
                insist(stage, &*session, OpRef::Upsert { rows }).await?;
            }
            Ok::<_, EngineError>(())
        })?;
        Ok(())
    }

    /// What was found at checkpoints and of freshness.
    pub(super) fn finish(self) -> (Vec<CheckpointRecord>, Option<FreshnessRecord>) {
        let Probed { time, probes, lost, failed, .. } = self.probed;
        let freshness =
            self.fresh.is_some().then_some(FreshnessRecord { probes, lost, failed, limit: LIMIT, time });
        (self.records, freshness)
    }
}

/// Asks the first queries on a session of its own. Gives the answers, and how many queries failed.
fn ask(stage: &Stage<'_>, what: &Measurement, asked: usize) -> Result<(Vec<Answer>, u64), Stop> {
    let timeout = stage.job.plan.operation_timeout.nanos();
    let answers = stage.runtime.block_on(async {
        let session = what.engine.session(Arc::clone(&what.encoded)).await?;
        let mut reply = Reply::default();
        let mut answers = Vec::with_capacity(asked);
        for query in 0..asked {
            if stage.job.cancel.reason().is_some() {
                break;
            }
            let search = OpRef::Search { form: 0, query };
            if limited(&*session, search, &mut reply, &*stage.clock, timeout).await.is_ok() {
                answers.push(Answer { query: query as u32, ids: reply.ids.clone() });
            }
        }
        Ok::<_, EngineError>(answers)
    })?;
    let failed = asked - answers.len();
    Ok((answers, failed as u64))
}

/// A write that must succeed: engines under test may be told to fail now and then.
async fn insist(stage: &Stage<'_>, session: &dyn Session, write: OpRef<'_>) -> Result<(), EngineError> {
    let timeout = stage.job.plan.operation_timeout.nanos();
    let mut last = OpError::Timeout;
    for _ in 0..TRIES {
        match limited(session, write, &mut Reply::default(), &*stage.clock, timeout).await {
            Ok(()) => return Ok(()),
            Err(error) => last = error,
        }
    }
    let name = stage.job.plan.engine.name();
    Err(EngineError::failed(name, "put the collection back as it was before the phase", last))
}
