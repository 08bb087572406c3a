//! Runbook: steps on a collection that begins empty, and answers scored against what is there at each search step.
//!
//! Nothing is computed between the steps that an engine could use to catch up: answers are kept, and scored after the last
//! step.

use std::collections::BTreeMap;
use std::sync::Arc;

use annvil_core::engine::{EngineError, Settled};
use annvil_core::form::Params;
use annvil_core::label::Labels;
use annvil_core::operation::OpError;
use annvil_core::record::{PhaseResult, RunbookRecord, Share, StepRecord, ValidityCheck};
use annvil_core::scenario::RunbookPhase;
use annvil_core::scenario::runbook::Step;
use annvil_core::units::Nanos;
use annvil_load::recorder::Part;

use super::Ended;
use crate::block::{Outcome, Stage, Stop, schema};
use crate::event::Event;

mod drive;
mod score;

use drive::{Done, Driver};

/// Longest sleep of a step that waits without a look at whether the run is to end.
const SLICE: Nanos = Nanos(50_000_000);

pub(super) fn run(stage: &mut Stage<'_>, keys: &RunbookPhase, point: &Params) -> Result<Ended, Stop> {
    let dataset = stage.job.inputs.dataset();
    let queries = keys.queries.unwrap_or(usize::MAX).min(dataset.queries().rows());
    stage.tell(&Event::PhaseStarted {
        name: stage.current.clone(),
        kind: "runbook".to_owned(),
        point: point.clone(),
        total: operations(keys, queries as u64),
        duration: None,
    });
    let form = crate::inputs::search_form(keys.k, keys.filter.as_ref());
    let began = stage.clock.now();
    // What was encoded before belongs to a collection that is gone.
    stage.encoded = None;
    stage.runtime.block_on(async {
        stage.engine.create(&schema(stage.job)).await?;
        stage.engine.apply(point).await
    })?;
    let encoded = stage.engine.encode(std::slice::from_ref(&form), dataset.queries(), dataset.labels())?;
    let preparing = stage.clock.now().saturating_sub(began);
    let labels: Arc<Labels> = dataset.labels().clone().into();
    let driver = Driver { form: form.clone(), encoded, labels, queries };
    let mut book = Book::new(stage.clock.now());
    stage.sampler.begin();
    let stop = steps(stage, keys, &driver, &mut book).err();
    let resources = stage.sampler.end();
    if let Some(what) = book.unsupported() {
        return Ok(super::unsupported(what));
    }
    let scoring = stage.clock.now();
    let scored = score::score(stage, keys, &form, (queries, stop.is_none()), &mut book).err();
    let stop = stop.or(scored);
    let share = |what: &str, time: Nanos| Share { what: what.to_owned(), time };
    let total = |of: &dyn Fn(&StepRecord) -> Nanos| Nanos(book.records().map(|step| of(step).0).sum());
    let breakdown = vec![
        share("emptying and encoding", preparing),
        share("steps", total(&|step| step.window)),
        share("settling", book.settling),
        share("scoring", stage.clock.now().saturating_sub(scoring)),
    ];
    let validity = book.validity();
    let result = PhaseResult::Runbook(Box::new(RunbookRecord {
        form,
        queries: queries as u64,
        planned: keys.steps.len() as u64,
        steps: book.done.into_iter().map(|done| done.record).collect(),
    }));
    let outcome = Outcome { result, breakdown, validity, resources: Some(resources) };
    Ok(match stop {
        None => Ended::Whole(outcome),
        Some(stop) => Ended::Early(outcome, stop),
    })
}

/// Operations that a runbook takes, if no step ends by time.
fn operations(keys: &RunbookPhase, queries: u64) -> Option<u64> {
    let of = |step: &Step| match step {
        Step::Search(search) => search.duration.is_none().then_some(queries),
        step => Some(step.rows().map_or(0, |rows| rows.len().div_ceil(step.batch() as u64))),
    };
    keys.steps.iter().map(of).sum()
}

/// What was done so far.
struct Book {
    began: Nanos,
    done: Vec<Done>,
    /// Operations taken on so far.
    operations: u64,
    settling: Nanos,
}

impl Book {
    fn new(began: Nanos) -> Self {
        Self { began, done: Vec::new(), operations: 0, settling: Nanos::ZERO }
    }

    fn records(&self) -> impl Iterator<Item = &StepRecord> {
        self.done.iter().map(|done| &done.record)
    }

    /// What the engine can't do, if all that it said of a kind of step is that it can't.
    fn unsupported(&self) -> Option<String> {
        let never = self.records().find(|step| {
            step.operations == 0
                && step.failed() > 0
                && step.failures.get("unsupported") == Some(&step.failed())
        })?;
        Some(format!("runbooks: it can't {}", never.step.kind()))
    }

    /// The checks of all steps: of each kind the first that does not hold, else the first.
    fn validity(&self) -> Vec<ValidityCheck> {
        let mut names: Vec<&str> = Vec::new();
        let mut checks: BTreeMap<&str, (u64, &ValidityCheck)> = BTreeMap::new();
        let all =
            self.done.iter().flat_map(|done| done.validity.iter().map(|check| (done.record.number, check)));
        for (number, check) in all {
            let worse = |known: &ValidityCheck| match check.valid {
                Some(false) => known.valid != Some(false),
                Some(true) => known.valid.is_none(),
                None => false,
            };
            match checks.get_mut(check.name.as_str()) {
                Some(known) if worse(known.1) => *known = (number, check),
                Some(_) => {}
                None => {
                    names.push(&check.name);
                    checks.insert(&check.name, (number, check));
                }
            }
        }
        let found = names.iter().filter_map(|name| checks.get(name));
        found
            .map(|(number, check)| ValidityCheck {
                figure: format!("step {number}: {}", check.figure),
                ..(*check).clone()
            })
            .collect()
    }
}

fn steps(stage: &mut Stage<'_>, keys: &RunbookPhase, driver: &Driver, book: &mut Book) -> Result<(), Stop> {
    for (index, step) in keys.steps.iter().enumerate() {
        stage.check_cancel()?;
        let began = stage.clock.now().saturating_sub(book.began);
        let number = index as u64 + 1;
        let mut done = match step {
            Step::Wait(length) => wait(stage, length.nanos())?,
            step => driver.step(stage, step, number, book)?,
        };
        (done.record.number, done.record.began) = (number, began);
        let stopped = done.stopped;
        if step.writes() && keys.settle && stopped.is_none() {
            let before = stage.clock.now();
            done.record.settle = Some(settle(stage)?);
            book.settling = book.settling.saturating_add(stage.clock.now().saturating_sub(before));
        }
        book.operations += done.record.operations + done.record.failed();
        if let Some(reason) = stopped {
            return Err(Stop::Interrupted(reason));
        }
        book.done.push(done);
        if book.unsupported().is_some() {
            return Ok(());
        }
    }
    Ok(())
}

fn settle(stage: &Stage<'_>) -> Result<Settled, EngineError> {
    stage.runtime.block_on(stage.engine.settle(stage.job.deadline, &|_| {}))
}

fn wait(stage: &Stage<'_>, length: Nanos) -> Result<Done, Stop> {
    let began = stage.clock.now();
    let until = began.saturating_add(length);
    while stage.clock.now() < until {
        stage.check_cancel()?;
        let next = until.min(stage.clock.now().saturating_add(SLICE));
        stage.runtime.block_on(stage.clock.sleep_until(next));
    }
    let part = Part::new(false);
    let window = stage.clock.now().saturating_sub(began);
    Ok(Done::of(&Step::Wait(annvil_core::units::HumanDuration(length)), part, window))
}

/// Failures by kind.
fn kinds(failures: [u64; OpError::KINDS.len()]) -> BTreeMap<String, u64> {
    let named = OpError::KINDS.iter().zip(failures);
    named.filter(|(_, n)| *n > 0).map(|(kind, n)| ((*kind).to_owned(), n)).collect()
}
