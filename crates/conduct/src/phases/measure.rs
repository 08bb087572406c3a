//! Operations timed through the one runner, in one part or several, answers scored after the clock has stopped.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use annvil_core::engine::{Encoded, Engine, EngineError};
use annvil_core::form::{Form, Operation, Params};
use annvil_core::operation::{OpError, Reply};
use annvil_core::record::{FormRecord, LoadRecord, Offered, OpenRecord, PhaseResult, RecallRecord, Share};
use annvil_core::scenario::Traffic;
use annvil_core::units::Nanos;
use annvil_load::claims::Offers;
use annvil_load::recall::Judge;
use annvil_load::validity::{self, Asked};
use annvil_load::warm::WarmUp;
use annvil_load::work::Work;
use annvil_load::{Load, Measured, Users, limited};

use super::Ended;
use super::abort::Abort;
use super::churn::Churn;
use super::live::Live;
use super::traffic::{Timing, drain, sessions, warm_up};
use crate::block::{Outcome, Stage, Stop};
use crate::event::Event;

/// A phase of load, ready to be measured.
pub(super) struct Measurement {
    /// One form for each task of the work.
    pub(super) forms: Vec<Form>,
    pub(super) work: Arc<Work>,
    pub(super) users: Vec<Users>,
    pub(super) traffic: Traffic,
    /// Operations after which it ends, with the defaults filled in.
    pub(super) operations: Option<u64>,
    pub(super) batch: u64,
    pub(super) engine: Arc<dyn Engine>,
    pub(super) encoded: Arc<Encoded>,
    /// Time that encoding took.
    pub(super) encoding: Nanos,
    /// Where rows come and go.
    pub(super) churn: Option<Churn>,
}

/// What was measured, before it is judged.
pub(super) struct Taken {
    pub(super) measured: Measured,
    pub(super) asked: Asked,
    pub(super) timing: Timing,
    pub(super) in_flight: usize,
}

/// Runs a phase of load and draws up its record.
pub(super) fn measure(stage: &mut Stage<'_>, mut what: Measurement, point: &Params) -> Result<Ended, Stop> {
    let timing = Timing::new(&what.traffic, what.operations, arrivals_seed(stage, 0))?;
    stage.tell(&Event::PhaseStarted {
        name: stage.current.clone(),
        kind: what.forms.first().map_or("mixed", |form| form.operation.name()).to_owned(),
        point: point.clone(),
        total: what.operations,
        duration: timing.duration,
    });
    if let Some(why) = refused(stage, &what)? {
        return Ok(super::unsupported(why));
    }
    let mut churn = what.churn.take();
    stage.sampler.begin();
    let taken = take(stage, &what, timing, churn.as_mut());
    let resources = stage.sampler.end();
    let taken = taken?;
    // A run that was stopped has no later phases; what an engine can't put back is no reason to lose what was measured.
    let stopped = taken.measured.stopped.is_some();
    let back = match churn.as_ref().filter(|_| !stopped) {
        Some(churn) => churn.put_back(stage, &what, &taken.measured),
        None => Ok(()),
    };
    let mut ended = record(stage, what, taken, churn);
    match &mut ended {
        Ended::Whole(outcome) | Ended::Early(outcome, _) => outcome.resources = Some(resources),
    }
    Ok(match (ended, back) {
        (Ended::Whole(outcome), Err(stop)) => Ended::Early(outcome, stop),
        (ended, _) => ended,
    })
}

/// Seed of the arrivals of the phase that runs now, for the time that it is repeated. Blocks repeat the same arrivals: what
/// differs between them is the build.
pub(super) fn arrivals_seed(stage: &Stage<'_>, repeat: usize) -> u64 {
    use rand::RngExt;
    stage.job.plan.random(&format!("arrivals {repeat} of {}", stage.current)).random()
}

/// Runs the load, in as many parts as there are checkpoints.
pub(super) fn take(
    stage: &mut Stage<'_>,
    what: &Measurement,
    timing: Timing,
    mut churn: Option<&mut Churn>,
) -> Result<Taken, Stop> {
    let mode = what.engine.mode();
    let sessions = sessions(&what.traffic, mode)?;
    let parts = churn.as_ref().map_or(1, |churn| churn.parts());
    let mut whole: Option<Measured> = None;
    let mut length = Nanos::ZERO;
    let mut in_flight = 0;
    let asked = Asked {
        sessions,
        mode,
        steady: what.traffic.ramp.0 == 0 && what.users.iter().all(|users| users.think.0 == 0) && parts == 1,
        allow_drops: what.traffic.allow_drops,
    };
    let abort = Abort::new(stage.job.plan, stage.variant, stage.current, &what.forms, what.traffic.is_open());
    for part in 0..parts {
        let (arrivals, end) = timing.part(part, parts);
        let mut users = what.users.clone();
        if let Some(whole) = &whole {
            users.iter_mut().zip(&whole.numbers).for_each(|(users, next)| users.first = *next);
        }
        let load = Load {
            users,
            sessions,
            max_in_flight: what.traffic.max_in_flight,
            when_full: what.traffic.when_full,
            drain: drain(end.duration),
            ramp: if part == 0 { what.traffic.ramp } else { Nanos::ZERO },
            end,
            warmup: if part == 0 { warm_up(what.traffic.warmup) } else { WarmUp::Operations(0) },
            batch: what.batch,
            timeout: stage.job.plan.operation_timeout.nanos(),
            seed: stage.job.plan.seed,
            cancel: stage.job.cancel.clone(),
            ..Load::new(
                Arc::clone(&what.engine),
                Arc::clone(&what.encoded),
                Arc::clone(&stage.clock),
                Arc::clone(&what.work),
            )
        };
        in_flight = load.in_flight();
        let prober = churn.as_ref().map(|churn| churn.probe(stage, what)).transpose()?.flatten();
        let done_before =
            whole.as_ref().map_or(0, |whole| whole.tasks.iter().map(|task| task.total.operations).sum());
        let mut live = Live::new(&what.forms, &timing, length, done_before);
        let (sink, sampler) = (&mut stage.sink, &stage.sampler);
        let (pools, runtime, engine) = (&mut stage.pools, &stage.runtime, &stage.engine);
        let measured = annvil_load::run(load, arrivals, &mut |tick| {
            sink.event(&live.progress(tick));
            pools.ask(runtime, engine.pools());
            if let Some(mut second) = live.second(tick) {
                second.resources = sampler.latest();
                sink.event(&Event::Second(Box::new(second)));
            }
            tick.totals
                .and_then(|totals| abort.missed(totals))
                .map_or(ControlFlow::Continue(()), ControlFlow::Break)
        })?;
        if let (Some(churn), Some(prober)) = (churn.as_deref_mut(), prober) {
            churn.probed(prober.finish()?);
        }
        let stop = measured.stopped.is_some() || measured.ended.is_some();
        // A backlog is worked off after the end of its part.
        let took = end.duration.unwrap_or_default().max(measured.window);
        match &mut whole {
            None => whole = Some(measured),
            Some(whole) => whole.append(measured, length),
        }
        length = length.saturating_add(took);
        if let (Some(churn), Some(whole)) = (churn.as_deref_mut(), &whole) {
            churn.checkpoint(stage, what, whole, length)?;
        }
        if stop {
            break;
        }
    }
    let Some(measured) = whole else {
        return Err(EngineError::failed("the runner", "measure", "there was no part").into());
    };
    Ok(Taken { measured, asked, timing, in_flight })
}

/// Scores what was kept and draws up the record.
fn record(stage: &mut Stage<'_>, what: Measurement, taken: Taken, churn: Option<Churn>) -> Ended {
    let Taken { measured, asked, timing, in_flight } = taken;
    let validity = validity::phase(&measured, asked);
    let scoring = stage.clock.now();
    // Where rows come and go, what was right when an answer was given can't be known afterwards.
    let scored = churn.as_ref().is_none_or(|churn| !churn.writes());
    let recalls: Vec<Option<RecallRecord>> = what
        .forms
        .iter()
        .zip(&measured.tasks)
        .map(|(form, task)| if scored { score(stage, form, task) } else { None })
        .collect();
    let share = |what: &str, time: Nanos| Share { what: what.to_owned(), time };
    let breakdown = vec![
        share("encoding", what.encoding),
        share("opening sessions", measured.connecting),
        share("warm-up", measured.warming),
        share("measuring", measured.window),
        share("scoring", stage.clock.now().saturating_sub(scoring)),
    ];
    let load = LoadRecord {
        sessions: asked.sessions,
        threads: measured.threads,
        in_flight: measured.in_flight,
        open: measured.offers.as_ref().map(|offers| OpenRecord {
            offered: offers.offered,
            // A phase that ended early offered no more than until then.
            duration: timing.duration.unwrap_or(measured.window).min(last_due(offers)),
            max_in_flight: in_flight as u64,
            dropped: offers.dropped,
            unsent: offers.unsent,
            late: measured.late,
            seconds: offers
                .seconds
                .iter()
                .map(|(offered, dropped)| Offered { offered: *offered, dropped: *dropped })
                .collect(),
        }),
        warm: measured.flat,
        waited: measured
            .waited
            .filter(|_| measured.window.0 > 0)
            .map(|waited| waited.0 as f64 / (measured.window.0 as f64 * measured.threads.max(1) as f64)),
    };
    let warmup = share(&warmed(&measured), measured.warming);
    let (stopped, ended, window) = (measured.stopped, measured.ended, measured.window);
    let forms = what
        .forms
        .into_iter()
        .zip(measured.tasks)
        .zip(recalls)
        .map(|((form, task), recall)| FormRecord {
            promise: (form.operation == Operation::Search).then(|| what.engine.promise(&form)),
            form,
            sessions: asked.sessions,
            batch: what.batch,
            operations: task.total.operations,
            failures: kinds(task.total.failures),
            window,
            warmup: warmup.clone(),
            service: task.total.service,
            response: task.total.response,
            queue_wait: task.total.queue_wait,
            sched_lag: Some(task.total.sched_lag),
            failed: task.total.failed,
            recall,
            intervals: task.intervals,
        })
        .collect();
    let (checkpoints, freshness) = churn.map(Churn::finish).unwrap_or_default();
    let freshness = freshness.map(Box::new);
    let result = PhaseResult::Measured { load, forms, checkpoints, freshness, ended };
    let outcome = Outcome { result, breakdown, validity, resources: None };
    match stopped {
        None => Ended::Whole(outcome),
        Some(reason) => Ended::Early(outcome, Stop::Interrupted(reason)),
    }
}

/// The end of the last second in which something was due.
fn last_due(offers: &Offers) -> Nanos {
    Nanos::from_secs(offers.seconds.len() as u64)
}

/// The warm-up in words.
fn warmed(measured: &Measured) -> String {
    let flat = match measured.flat {
        None => "",
        Some(true) => ", flat",
        Some(false) => ", not yet flat",
    };
    format!("{} operations{flat}", measured.warmed)
}

/// Why the engine can't do such operations, if it says so of the first of a kind.
fn refused(stage: &Stage<'_>, what: &Measurement) -> Result<Option<String>, Stop> {
    let timeout = stage.job.plan.operation_timeout.nanos();
    let first = stage.runtime.block_on(async {
        let session = what.engine.session(Arc::clone(&what.encoded)).await?;
        // Writes would change the collection before anything is logged; what they can't do shows as failures.
        for task in what.work.tasks().iter().filter(|task| !task.writes()) {
            let operation = task.operation(0);
            let result = limited(&*session, operation, &mut Reply::default(), &*stage.clock, timeout).await;
            // Whatever else goes wrong shows in the measurement.
            if let Err(OpError::Unsupported(why)) = result {
                return Ok(Some(why));
            }
        }
        Ok::<_, EngineError>(None)
    })?;
    Ok(first)
}

fn kinds(failures: [u64; OpError::KINDS.len()]) -> BTreeMap<String, u64> {
    let named = OpError::KINDS.iter().zip(failures);
    named.filter(|(_, n)| *n > 0).map(|(kind, n)| ((*kind).to_owned(), n)).collect()
}

pub(super) fn score(
    stage: &Stage<'_>,
    form: &Form,
    task: &annvil_load::measured::Task,
) -> Option<RecallRecord> {
    if form.operation != Operation::Search {
        return None;
    }
    let inputs = stage.job.inputs;
    let truth = inputs.truth(form)?;
    Judge { truth, k: form.k, distance: &|query, id| inputs.distance(query, id) }.record(&task.answers)
}
