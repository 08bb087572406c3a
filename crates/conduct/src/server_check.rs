//! A server checked before it is relied on: what it has, and whether a small collection in it answers rightly.
//!
//! The collection is the first 1,000 rows of the data set in the box, in a schema that is made for it and removed afterwards,
//! however the check ends. A scan and every kind of index that the database has go through the same verification as in a
//! run: plans, answers, filters, writes.

use std::time::{Duration, Instant};

use annvil_core::dataset::DataSpec;
use annvil_core::document::Document;
use annvil_core::plan::Plan;
use annvil_core::record::{Block, Check, Failure, FailureKind, PhaseResult};
use annvil_core::scenario::{EngineSpec, Pooler, PostgresSpec, Scenario, read};
use annvil_core::secret::Secret;
use annvil_core::server::Advice;
use annvil_engines::probe::{Found, OwnSchema, Probe};
use annvil_load::cancel::Cancel;
use annvil_load::time::runtime;
use serde::Serialize;

use crate::block::{BlockJob, run_block};
use crate::error::RunError;
use crate::event::{Event, apply};
use crate::inputs::Inputs;
use crate::outcome::Outcome;

/// Rows of the collection.
pub const ROWS: usize = 1000;

/// No small collection takes as long.
const LIMIT: Duration = Duration::from_mins(5);

const SCENARIO: &str = "
data: {name: wordnet-10k, rows: 1000, queries_limit: 100}
engine: embedded
variants: {subject: {}}
build_threads: 1
phases:
  - verify: {queries: 50}
  - search: {name: ten, k: 10, warmup: 10}
  - search: {name: nouns, k: 10, queries: 50, warmup: 10, where: pos = 'n'}
";

/// A server that is checked.
pub struct ServerCheck {
    runtime: tokio::runtime::Runtime,
    probe: Probe,
    url: Secret,
    pooler: Pooler,
}

/// A variant that was checked.
#[derive(Debug, Clone, Serialize)]
pub struct Checked {
    /// `scan`, or the kind of index.
    pub name: String,
    /// Checks that passed.
    pub passed: usize,
    /// Checks that did not.
    pub failed: Vec<Check>,
    /// Mean recall of the ten nearest; unknown if it came to no search.
    pub recall: Option<f64>,
    /// Why it ended early, if it did.
    pub failure: Option<Failure>,
    /// Settings of the server that are worth a look.
    pub advice: Vec<Advice>,
}

impl ServerCheck {
    /// Connects and looks. Without a word on `pooler` one in transaction mode is assumed where it shows itself.
    pub fn open(url: &Secret, pooler: Option<Pooler>) -> Result<Self, RunError> {
        let runtime = runtime().map_err(RunError::Process)?;
        let probe = runtime.block_on(Probe::open(url, "the address"))?;
        let seen = if probe.found().pooled { Pooler::Transaction } else { Pooler::None };
        Ok(Self { runtime, probe, url: url.clone(), pooler: pooler.unwrap_or(seen) })
    }

    /// What the server is and has.
    pub fn found(&self) -> &Found {
        self.probe.found()
    }

    /// How it is reached.
    pub fn pooler(&self) -> Pooler {
        self.pooler
    }

    /// Verifies every variant, telling each as it is done. Nothing is left in the database, whatever happens; only where the
    /// server can't be reached any more, the error says what is left.
    pub fn verify(&self, cancel: &Cancel, told: &mut dyn FnMut(&Checked)) -> Result<Vec<Checked>, RunError> {
        let document = Document::parse("check", SCENARIO)?;
        let mut scenario: Scenario = read(&document)?;
        let spec: DataSpec = scenario.data.clone();
        let dataset = annvil_data::open(&spec)?;
        scenario.variants = self.found().variants().into_iter().collect();
        scenario.engine = EngineSpec::Postgres(Box::default());
        let plan = Plan::new("check", &scenario, dataset.info().clone(), 1);
        let inputs = Inputs::compute(dataset, &plan, 1)?;
        let scratch =
            tempfile::tempdir().map_err(|cause| RunError::scratch(&std::env::temp_dir(), &cause))?;
        let schema = self.runtime.block_on(self.probe.claim())?;
        let plan = Plan { engine: self.engine(&schema), ..plan };
        let mut all = Vec::new();
        for (name, _) in &scenario.variants {
            if cancel.reason().is_some() {
                break;
            }
            let job = BlockJob {
                plan: &plan,
                variant: name,
                block: 0,
                inputs: &inputs,
                scratch: scratch.path().to_owned(),
                cancel: cancel.clone(),
                deadline: Instant::now() + LIMIT,
                own_process: false,
            };
            let checked = checked(&job, self.pooler);
            told(&checked);
            all.push(checked);
        }
        self.runtime.block_on(self.probe.release(schema))?;
        Ok(all)
    }

    fn engine(&self, schema: &OwnSchema) -> EngineSpec {
        EngineSpec::Postgres(Box::new(PostgresSpec {
            url: Some(self.url.clone()),
            schema: schema.name().to_owned(),
            pooler: self.pooler,
            load_connections: 1,
            ..PostgresSpec::default()
        }))
    }
}

/// What checked variants came to.
pub fn outcome(all: &[Checked], cancel: &Cancel) -> Outcome {
    if cancel.reason().is_some() {
        return Outcome::Interrupted;
    }
    all.iter().fold(Outcome::Good, |worst, one| {
        worst.max(match one.failure.as_ref().map(|failure| failure.kind) {
            None if one.failed.is_empty() => Outcome::Good,
            // What can't be built or isn't used was promised by the server, not by whoever asks.
            None | Some(FailureKind::Verification | FailureKind::Configuration) => Outcome::Missed,
            Some(FailureKind::Engine) => Outcome::Failed,
            Some(FailureKind::Interrupted) => Outcome::Interrupted,
        })
    })
}

/// All advice, each setting once.
pub fn advice(all: &[Checked]) -> Vec<&Advice> {
    let mut advice: Vec<&Advice> = Vec::new();
    for one in all.iter().flat_map(|checked| &checked.advice) {
        if advice.iter().all(|known| known.setting != one.setting) {
            advice.push(one);
        }
    }
    advice
}

fn checked(job: &BlockJob<'_>, pooler: Pooler) -> Checked {
    let mut block = Block {
        block: 0,
        variant: job.variant.to_owned(),
        engine: None,
        phases: Vec::new(),
        memory: None,
        advice: Vec::new(),
        failure: None,
    };
    run_block(job, &mut |event: &Event| apply(&mut block, event));
    let checks = block.phases.iter().flat_map(|phase| match &phase.result {
        PhaseResult::Verify { checks, .. } => checks.as_slice(),
        _ => &[],
    });
    let (passed, failed): (Vec<&Check>, Vec<&Check>) = checks.partition(|check| check.passed);
    let recall = block.phases.iter().find_map(|phase| match &phase.result {
        PhaseResult::Measured { forms, .. } => forms.first()?.recall.as_ref().map(|recall| recall.mean),
        _ => None,
    });
    let mut failure = block.failure;
    if let Some(failure) = &mut failure
        && pooler == Pooler::None
        && (failure.message.contains("prepared statement") || failure.message.contains("26000"))
    {
        failure
            .message
            .push_str("\n  a pooler in transaction mode loses prepared statements: add --pooler transaction");
    }
    Checked {
        name: block.variant,
        passed: passed.len(),
        failed: failed.into_iter().cloned().collect(),
        recall,
        failure,
        advice: block.advice,
    }
}
