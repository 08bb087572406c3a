//! The suite that every engine must pass, whatever it is: answers, filters, writes, persistence, bad input.
//!
//! It runs a plan of its own through the same code as every run, on 2,000 rows of the data set in the box, and then asks
//! for what must be refused. An engine's own tests say only what is particular to it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use annvil_core::dataset::DataSpec;
use annvil_core::engine::{Engine, EngineError, Schema};
use annvil_core::operation::Batch;
use annvil_core::plan::Plan;
use annvil_core::record::{Block, Check, PhaseResult};
use annvil_core::scenario::{EngineSpec, Scenario, Variant, read};
use annvil_core::vector::RowId;
use annvil_engines::Context;
use annvil_load::cancel::Cancel;
use annvil_load::time::{SystemClock, runtime};

use crate::block::{BlockJob, run_block};
use crate::error::RunError;
use crate::event::{Event, apply};
use crate::inputs::Inputs;

/// Forms that tell engines apart: one answer and many; filters that select much, little, one row in a thousand, nothing,
/// by every kind of comparison.
const SCENARIO: &str = "
data: {name: wordnet-10k, rows: 2000, queries_limit: 200}
engine: embedded
variants: {subject: {}}
build_threads: 2
phases:
  - verify: {queries: 100}
  - search: {name: one, k: 1}
  - search: {name: ten, k: 10}
  - search: {name: hundred, k: 100}
  - search: {name: nouns, k: 10, where: pos = 'n'}
  - search: {name: plants, k: 10, where: lexname = 'noun.plant'}
  - search: {name: several, k: 10, where: \"lexname in ('verb.social', 'noun.food') and tag_count >= 1\"}
  - search: {name: law, k: 10, where: domain contains 'law'}
  - search: {name: nothing, k: 10, where: pos = 'no such part of speech'}
  - search: {name: others, k: 10, where: not (pos = 'n') and n_lemmas between 2 and 3}
  - search: {name: sessions, k: 10, sessions: 4}
  - fetch: {operations: 5000}
  - distance: {operations: 5000}
  - persist: {repeats: 2}
  - restore: {repeats: 2}
";

/// What the suite found.
#[derive(Debug)]
pub struct Conformance {
    /// The block as it would stand in a record.
    pub block: Block,
    /// Bad input that must be refused.
    pub refusals: Vec<Check>,
}

impl Conformance {
    /// Everything that does not hold, in words; empty for an engine that conforms.
    pub fn failures(&self) -> Vec<String> {
        let checks = self.block.phases.iter().flat_map(|phase| match &phase.result {
            PhaseResult::Verify { checks, .. } => checks.as_slice(),
            _ => &[],
        });
        let mut failures: Vec<String> = checks
            .chain(&self.refusals)
            .filter(|check| !check.passed)
            .map(|check| format!("{}: {}: {}", check.form, check.name, check.detail))
            .collect();
        failures.extend(
            self.block.failure.iter().map(|failure| format!("{}: {}", failure.phase, failure.message)),
        );
        for phase in &self.block.phases {
            let PhaseResult::Measured { forms, .. } = &phase.result else { continue };
            failures.extend(
                forms
                    .iter()
                    .filter(|form| !form.failures.is_empty())
                    .map(|form| format!("{}: operations failed: {:?}", phase.name, form.failures)),
            );
        }
        failures
    }
}

/// Puts a variant of an engine through the suite.
pub fn conformance(engine: &EngineSpec, variant: &Variant) -> Result<Conformance, RunError> {
    let document = annvil_core::document::Document::parse("conformance", SCENARIO)?;
    let mut scenario: Scenario = read(&document)?;
    scenario.engine = engine.clone();
    scenario.variants.insert("subject".to_owned(), variant.clone());
    let spec: DataSpec = scenario.data.clone();
    let dataset = annvil_data::open(&spec)?;
    let plan = Plan::new("conformance", &scenario, dataset.info().clone(), 2);
    let inputs = Inputs::compute(dataset, &plan, 2)?;
    let scratch = tempfile::tempdir().map_err(|cause| RunError::scratch(&std::env::temp_dir(), &cause))?;
    let job = BlockJob {
        plan: &plan,
        variant: "subject",
        block: 0,
        inputs: &inputs,
        scratch: scratch.path().to_owned(),
        cancel: Cancel::new(),
        deadline: Instant::now() + Duration::from_mins(10),
        own_process: false,
    };
    let mut block = Block {
        block: 0,
        variant: "subject".to_owned(),
        engine: None,
        phases: Vec::new(),
        memory: None,
        advice: Vec::new(),
        failure: None,
    };
    run_block(&job, &mut |event: &Event| apply(&mut block, event));

    let bad = scratch.path().join("bad");
    std::fs::create_dir_all(&bad).map_err(|cause| RunError::scratch(&bad, &cause))?;
    let context = Context { clock: Arc::new(SystemClock::new()), scratch: bad };
    let subject = annvil_engines::open(engine, variant, &context)?;
    let runtime = runtime().map_err(RunError::Process)?;
    let refusals = runtime.block_on(refusals(&*subject, &inputs))?;
    Ok(Conformance { block, refusals })
}

/// Vectors of another dimension and vectors that are no numbers must not get in, and what was in must stay.
async fn refusals(engine: &dyn Engine, inputs: &Inputs) -> Result<Vec<Check>, EngineError> {
    let dataset = inputs.dataset();
    let info = dataset.info();
    let schema = Schema {
        dim: info.dim,
        metric: info.metric,
        rows: 10,
        sessions: 1,
        build_threads: 1,
        labels: dataset.labels().schema(),
    };
    engine.create(&schema).await?;
    let mut good = Vec::new();
    dataset.read_f32(0..10, &mut good);
    let ids: Vec<RowId> = (0..10).collect();
    let rows: Vec<usize> = (0..10).collect();
    let batch = Batch {
        ids: &ids,
        dim: info.dim,
        vectors: &good,
        labels: dataset.labels(),
        label_rows: &rows,
        texts: &[],
    };
    engine.load(batch).await?;
    let mut not_a_number = good.clone();
    not_a_number[info.dim + 3] = f32::NAN;
    let later: Vec<RowId> = (10..20).collect();
    let wrong = [
        ("a vector of another dimension is not loaded", info.dim - 1, &good[..10 * (info.dim - 1)]),
        ("a vector with NaN is not loaded", info.dim, &not_a_number[..]),
    ];
    let mut checks = Vec::new();
    for (name, dim, vectors) in wrong {
        let batch =
            Batch { ids: &later, dim, vectors, labels: dataset.labels(), label_rows: &rows, texts: &[] };
        let (passed, detail) = match engine.load(batch).await {
            Ok(()) => (false, "it was accepted".to_owned()),
            Err(error) => (true, error.to_string()),
        };
        checks.push(Check { form: "load".to_owned(), name: name.to_owned(), passed, detail });
    }
    engine.settle(Instant::now() + Duration::from_mins(1), &|_| {}).await?;
    let rows = engine.usage().await?.rows;
    checks.push(Check {
        form: "load".to_owned(),
        name: "what was refused left nothing behind".to_owned(),
        passed: rows.is_none_or(|rows| rows == 10),
        detail: rows.map_or_else(|| "unknown to the engine".to_owned(), |rows| format!("{rows} rows of 10")),
    });
    engine.destroy().await?;
    Ok(checks)
}
