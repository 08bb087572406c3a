//! Verify: every form at every point against exact answers, and the write path on a collection of its own.

use std::sync::Arc;

use annvil_core::engine::EngineError;
use annvil_core::filter::Predicate;
use annvil_core::form::Params;
use annvil_core::record::{Check, PhaseResult, Share};
use annvil_core::scenario::{VerifyPhase, point_name};
use annvil_core::server::{Explained, PlanRecord};
use annvil_core::units::Nanos;
use annvil_core::vector::RowId;
use annvil_data::DataError;
use annvil_engines::Context;
use annvil_load::verify::{ANSWERED, Expected, Patience, Sample, verify_answers, verify_writes};

use super::Ended;
use crate::asking::{REMOVAL, within};
use crate::block::{Outcome, Stage, Stop};
use crate::error::RunError;
use crate::event::Event;

/// Name of the check of the plan that the system chose.
const PLANNED: &str = "the plan is what the variant claims";

/// Rows of the collection on which writes are checked.
const WRITTEN: usize = 1000;

pub(super) fn run(stage: &mut Stage<'_>, keys: &VerifyPhase) -> Result<Ended, Stop> {
    stage.tell(&Event::PhaseStarted {
        name: stage.current.clone(),
        kind: "verify".to_owned(),
        point: Params::new(),
        total: None,
        duration: None,
    });
    let began = stage.clock.now();
    let mut plans = Vec::new();
    let mut checks = answers(stage, keys, &mut plans)?;
    let answered = stage.clock.now();
    let whole = checks.iter().all(|check| check.passed);
    if keys.writes && whole && !stage.job.plan.engine.is_existing() {
        checks.extend(writes(stage)?);
    }
    let written = stage.clock.now();
    // A check that was stopped half-way found nothing.
    stage.check_cancel()?;
    let failed = checks.iter().find(|check| !check.passed);
    let stop = failed.map(|check| match check.name.as_str() {
        ANSWERED => {
            Stop::from(EngineError::failed(stage.job.plan.engine.name(), "answer queries", &check.detail))
        }
        PLANNED => Stop::Verification(format!(
            "refused: variant `{}` does not use its index ({}): {}",
            stage.variant.name,
            check.form,
            sentences(&check.detail)
        )),
        _ => Stop::Verification(describe(check)),
    });
    let elapsed = written.saturating_sub(began);
    stage.tell(&Event::Progress { done: checks.len() as u64, elapsed });
    let outcome = Outcome {
        breakdown: vec![
            share("answers", answered.saturating_sub(began)),
            share("writes", written.saturating_sub(answered)),
        ],
        ..Outcome::new(PhaseResult::Verify { checks, plans })
    };
    Ok(match stop {
        None => Ended::Whole(outcome),
        Some(stop) => Ended::Early(outcome, stop),
    })
}

pub(super) fn patience<'a>(stage: &'a Stage<'_>) -> Patience<'a> {
    Patience {
        clock: &*stage.clock,
        timeout: stage.job.plan.operation_timeout.nanos(),
        cancel: &stage.job.cancel,
    }
}

fn share(what: &str, time: Nanos) -> Share {
    Share { what: what.to_owned(), time }
}

/// A reason and what to try, each on a line of its own, as sentences on one line.
fn sentences(lines: &str) -> String {
    let lines: Vec<&str> = lines.lines().map(|line| line.trim().trim_end_matches('.')).collect();
    lines.join(". ")
}

fn describe(check: &Check) -> String {
    format!("{}: `{}` does not hold: {}", check.form, check.name, check.detail)
}

fn answers(
    stage: &mut Stage<'_>,
    keys: &VerifyPhase,
    plans: &mut Vec<PlanRecord>,
) -> Result<Vec<Check>, Stop> {
    let inputs = stage.job.inputs;
    let dataset = inputs.dataset();
    let queries = keys.queries.min(dataset.queries().rows());
    let encoded = stage.encoded()?;
    let mut checks = Vec::new();
    for point in &stage.variant.points {
        stage.check_cancel()?;
        stage.runtime.block_on(stage.engine.apply(point))?;
        let session = stage.runtime.block_on(stage.engine.session(Arc::clone(&encoded)))?;
        for (index, form) in stage.forms.iter().enumerate() {
            let Some(truth) = inputs.truth(form) else { continue };
            let predicate: Option<Predicate> = form
                .filter
                .as_ref()
                .map(|filter| filter.compile(dataset.labels()))
                .transpose()
                .map_err(DataError::from)?;
            let rows = dataset.info().rows as u64;
            let selected = |id: RowId| {
                (id < rows).then(|| {
                    predicate
                        .as_ref()
                        .is_none_or(|predicate| predicate.matches(dataset.labels(), id as usize))
                })
            };
            let mut named = form.clone();
            if stage.variant.points.len() > 1 {
                named.name = format!("{} [{}]", form.name, point_name(point));
            }
            if let Some(explained) = stage.runtime.block_on(stage.engine.explain(&*encoded, index, 0))? {
                checks.push(planned(&named.name, &explained));
                plans.push(PlanRecord { form: named.name.clone(), plan: explained.plan });
                if explained.refused.is_some() {
                    // What is slow without its index need not be searched a hundred times to be refused.
                    return Ok(checks);
                }
            }
            let expected = Expected {
                form: &named,
                index,
                promise: stage.engine.promise(form),
                truth,
                selected: &selected,
                distance: &|query, id| inputs.distance(query, id),
            };
            checks.extend(stage.runtime.block_on(verify_answers(
                &*session,
                queries,
                &expected,
                patience(stage),
            )));
        }
    }
    stage.runtime.block_on(stage.engine.apply(&stage.variant.report_at))?;
    Ok(checks)
}

/// The plan that the system chose, as a check.
fn planned(form: &str, explained: &Explained) -> Check {
    Check {
        form: form.to_owned(),
        name: PLANNED.to_owned(),
        passed: explained.refused.is_none(),
        detail: explained.refused.clone().unwrap_or_else(|| "as claimed".to_owned()),
    }
}

/// Writes are checked on an engine of its own, so that nothing of the measured collection changes.
fn writes(stage: &mut Stage<'_>) -> Result<Vec<Check>, Stop> {
    let dataset = stage.job.inputs.dataset();
    let info = dataset.info();
    let scratch = stage.job.scratch.join("writes");
    std::fs::create_dir_all(&scratch).map_err(|cause| RunError::scratch(&scratch, &cause))?;
    let context = Context { clock: Arc::clone(&stage.clock), scratch: scratch.clone() };
    let engine = annvil_engines::open(&stage.job.plan.engine, &stage.variant.configuration, &context)?;
    stage.runtime.block_on(engine.apply(&stage.variant.report_at))?;
    let rows = info.rows.min(WRITTEN);
    let mut vectors = Vec::new();
    dataset.read_f32(0..rows, &mut vectors);
    let texts: Vec<&str> = (0..rows).filter_map(|row| dataset.text(row)).collect();
    let sample = Sample {
        dim: info.dim,
        metric: info.metric,
        vectors: &vectors,
        labels: dataset.labels(),
        texts: &texts,
    };
    // A server keeps what is not removed, also where the check did not come to its end.
    let checks = stage.runtime.block_on(verify_writes(&*engine, &sample, patience(stage)));
    let removal = (stage.job.plan.engine.name(), "remove the collection on which writes were checked");
    let removed = within(REMOVAL, &stage.runtime, removal, engine.destroy());
    let checks = checks?;
    removed?;
    drop(engine);
    // Left-over working files are removed with the run's scratch folder.
    let _ = std::fs::remove_dir_all(&scratch);
    Ok(checks)
}
