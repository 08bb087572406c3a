//! Search, fetch and distance: operations timed through the one runner, answers scored after the clock has stopped.

use std::collections::BTreeMap;
use std::sync::Arc;

use annvil_core::engine::{Encoded, EngineError};
use annvil_core::form::{Form, Operation, Params};
use annvil_core::operation::{OpError, Reply};
use annvil_core::record::{FormRecord, PhaseResult, RecallRecord, Share};
use annvil_core::scenario::{DistancePhase, FetchPhase, SearchPhase};
use annvil_core::schedule::Arrivals;
use annvil_core::units::Nanos;
use annvil_load::claims::End;
use annvil_load::recall::Judge;
use annvil_load::work::Work;
use annvil_load::{Load, Measured, limited, validity};

use super::Ended;
use crate::block::{Outcome, Stage, Stop};
use crate::event::Event;

/// What differs between the measured phases.
struct Measurement {
    form: Form,
    work: Work,
    sessions: usize,
    end: End,
    warmup: u64,
    batch: u64,
}

pub(super) fn search(stage: &mut Stage<'_>, keys: &SearchPhase, point: &Params) -> Result<Ended, Stop> {
    let form = crate::inputs::search_form(keys);
    let queries = stage.job.inputs.dataset().queries().rows();
    let mut random = stage.job.plan.random(&format!("queries of {}", stage.current));
    let duration = keys.duration.map(annvil_core::units::HumanDuration::nanos);
    let operations = match (keys.queries, duration) {
        (Some(queries), _) => Some(queries),
        (None, None) => Some(queries as u64),
        (None, Some(_)) => None,
    };
    let measurement = Measurement {
        work: Work::search(stage.form_index(&form), queries, &mut random),
        form,
        sessions: keys.sessions,
        end: End { operations, duration },
        warmup: keys.warmup,
        batch: 1,
    };
    measure(stage, measurement, point)
}

pub(super) fn fetch(stage: &mut Stage<'_>, keys: &FetchPhase) -> Result<Ended, Stop> {
    let rows = stage.job.inputs.dataset().info().rows;
    let mut random = stage.job.plan.random(&format!("rows of {}", stage.current));
    let work = Work::fetch(rows, &mut random);
    measure(stage, short(Operation::Fetch, work, keys.operations, keys.batch, keys.sessions), &Params::new())
}

pub(super) fn distance(stage: &mut Stage<'_>, keys: &DistancePhase) -> Result<Ended, Stop> {
    let dataset = stage.job.inputs.dataset();
    let (queries, rows) = (dataset.queries().rows(), dataset.info().rows);
    let mut random = stage.job.plan.random(&format!("pairs of {}", stage.current));
    let work = Work::distance(queries, rows, &mut random);
    measure(
        stage,
        short(Operation::Distance, work, keys.operations, keys.batch, keys.sessions),
        &Params::new(),
    )
}

/// A measurement of operations that are shorter than reading the clock.
fn short(operation: Operation, work: Work, operations: u64, batch: u64, sessions: usize) -> Measurement {
    Measurement {
        form: Form::of(operation.name(), operation, 1),
        work,
        sessions,
        end: End { operations: Some(operations), duration: None },
        // A tenth, but no more than it takes to have everything in reach.
        warmup: (operations / 10).min(10_000),
        batch,
    }
}

fn measure(stage: &mut Stage<'_>, what: Measurement, point: &Params) -> Result<Ended, Stop> {
    stage.tell(&Event::PhaseStarted {
        name: stage.current.clone(),
        kind: what.form.operation.name().to_owned(),
        point: point.clone(),
        total: what.end.operations,
        duration: what.end.duration,
    });
    let began = stage.clock.now();
    let encoded = stage.encoded()?;
    let encoding = stage.clock.now().saturating_sub(began);
    if let Some(why) = refused(stage, Arc::clone(&encoded), &what.work)? {
        return Ok(super::unsupported(why));
    }
    let load = Load {
        engine: Arc::clone(&stage.engine),
        encoded,
        clock: Arc::clone(&stage.clock),
        work: Arc::new(what.work),
        sessions: what.sessions,
        end: what.end,
        warmup: what.warmup,
        batch: what.batch,
        timeout: stage.job.plan.operation_timeout.nanos(),
        seed: stage.job.plan.seed,
        cancel: stage.job.cancel.clone(),
    };
    let sink = &mut stage.sink;
    let mut progress = |done, elapsed| sink.event(&Event::Progress { done, elapsed });
    let measured = annvil_load::run(load, Arrivals::Closed, &mut progress)?;

    let scoring = stage.clock.now();
    let recall = score(stage, &what.form, &measured);
    let scored = stage.clock.now().saturating_sub(scoring);
    let mode = stage.engine.mode();
    let validity = validity::closed_load(&measured, what.sessions, mode);
    let share = |what: &str, time: Nanos| Share { what: what.to_owned(), time };
    let breakdown = vec![
        share("encoding", encoding),
        share("opening sessions", measured.connecting),
        share("warm-up", measured.warming),
        share("measuring", measured.window),
        share("scoring", scored),
    ];
    let promise = (what.form.operation == Operation::Search).then(|| stage.engine.promise(&what.form));
    let stopped = measured.stopped;
    let total = measured.total;
    let record = FormRecord {
        form: what.form,
        promise,
        sessions: what.sessions,
        batch: what.batch,
        operations: total.operations,
        failures: kinds(total.failures),
        window: measured.window,
        warmup: share(&format!("{} operations", measured.warmed), measured.warming),
        service: total.service,
        response: total.response,
        queue_wait: total.queue_wait,
        sched_lag: Some(total.sched_lag),
        failed: total.failed,
        recall,
        intervals: measured.intervals,
    };
    let result = PhaseResult::Measured { forms: vec![record] };
    let outcome = Outcome { result, breakdown, validity };
    Ok(match stopped {
        None => Ended::Whole(outcome),
        Some(reason) => Ended::Early(outcome, Stop::Interrupted(reason)),
    })
}

/// Why the engine can't do such operations, if it says so of the first one.
fn refused(stage: &Stage<'_>, encoded: Arc<Encoded>, work: &Work) -> Result<Option<String>, Stop> {
    let timeout = stage.job.plan.operation_timeout.nanos();
    let first = stage.runtime.block_on(async {
        let session = stage.engine.session(encoded).await?;
        Ok::<_, EngineError>(
            limited(&*session, work.operation(0), &mut Reply::default(), &*stage.clock, timeout).await,
        )
    })?;
    Ok(match first {
        Err(OpError::Unsupported(why)) => Some(why),
        // Whatever else goes wrong shows in the measurement.
        _ => None,
    })
}

fn kinds(failures: [u64; OpError::KINDS.len()]) -> BTreeMap<String, u64> {
    let named = OpError::KINDS.iter().zip(failures);
    named.filter(|(_, n)| *n > 0).map(|(kind, n)| ((*kind).to_owned(), n)).collect()
}

fn score(stage: &Stage<'_>, form: &Form, measured: &Measured) -> Option<RecallRecord> {
    if form.operation != Operation::Search {
        return None;
    }
    let inputs = stage.job.inputs;
    let truth = inputs.truth(form)?;
    Judge { truth, k: form.k, distance: &|query, id| inputs.distance(query, id) }.record(&measured.answers)
}
