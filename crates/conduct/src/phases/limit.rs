//! Limit: the highest load at which objectives hold, by bracketing and bisection with repeats.

use annvil_core::engine::{EngineError, Mode};
use annvil_core::form::{Form, Params};
use annvil_core::histogram::BEYOND;
use annvil_core::objective::{Grade, ObjectiveEntry};
use annvil_core::quantity::{Quantity, Stat, format_value};
use annvil_core::record::{LimitRecord, PhaseResult, RecallRecord, TrialRecord};
use annvil_core::scenario::{LimitPhase, RateSpec, Traffic, Walk, Warmup};
use annvil_core::units::{HumanDuration, HumanRate, Nanos, count, rate_text};
use annvil_load::Measured;
use annvil_load::recorder::Part;
use annvil_load::validity;
use annvil_stats::bracket::{Answer, Bounded, Ended as Found, Search, SearchSpec};
use annvil_stats::knee::knee;

use super::Ended;
use super::measure::{Measurement, Taken, score, take};
use super::search::searches;
use super::traffic::{MOST_BLOCKING, Timing};
use crate::block::{Outcome, Stage, Stop};
use crate::event::Event;

/// Share of a trial's length for which a backlog may be worked off after its end.
const BACKLOG: f64 = 0.1;

/// Length of a trial where none is written.
const TRIAL: Nanos = Nanos::from_secs(2);

pub(super) fn run(stage: &mut Stage<'_>, keys: &LimitPhase, point: &Params) -> Result<Ended, Stop> {
    let form = crate::inputs::search_form(keys.k, keys.filter.as_ref());
    let trial = Traffic {
        duration: keys.traffic().duration.or(Some(TRIAL)).filter(|_| keys.queries.is_none()),
        ..keys.traffic()
    };
    let mut search =
        Search::new(spec(keys, stage.engine.mode())).map_err(|error| EngineError::Configuration {
            what: format!("the levels of `{}`: {error}", stage.current),
            help: String::new(),
        })?;
    stage.tell(&Event::PhaseStarted {
        name: stage.current.clone(),
        kind: "limit".to_owned(),
        point: point.clone(),
        total: None,
        duration: None,
    });
    let began = stage.clock.now();
    let mut trials: Vec<TrialRecord> = Vec::new();
    let mut stop = None;
    stage.sampler.begin();
    while let Some(level) = search.next() {
        let what = searches(stage, form.clone(), at_level(&trial, keys, level, trials.is_empty()))?;
        let taken = match one(stage, &what, trials.len()) {
            Ok(taken) => taken,
            // What was found until then is kept.
            Err(failed) => {
                stop = Some(failed);
                break;
            }
        };
        if let Some(reason) = taken.measured.stopped {
            stop = Some(Stop::Interrupted(reason));
            break;
        }
        let record = judge(stage, keys, &form, level, &taken);
        match record.met {
            Some(met) => search.report(met),
            None => search.report_invalid(),
        }
        trials.push(record);
        let elapsed = stage.clock.now().saturating_sub(began);
        stage.tell(&Event::Trial {
            level,
            met: trials.last().and_then(|trial| trial.met),
            rates: rates(keys),
        });
        stage.tell(&Event::Progress { done: trials.len() as u64, elapsed });
    }
    let resources = stage.sampler.end();
    let answer = search.answer();
    let result = PhaseResult::Limit(LimitRecord {
        rates: rates(keys),
        estimate: answer.estimate,
        low: answer.low,
        high: answer.high,
        answer: words(&answer, rates(keys)),
        consistent: answer.consistent,
        knee: bend(&trials),
        trials,
    });
    let outcome = Outcome { resources: Some(resources), ..Outcome::new(result) };
    Ok(match stop {
        None => Ended::Whole(outcome),
        Some(stop) => Ended::Early(outcome, stop),
    })
}

fn rates(keys: &LimitPhase) -> bool {
    matches!(keys.walk, Walk::Rate(_))
}

fn spec(keys: &LimitPhase, mode: Mode) -> SearchSpec {
    let (from, to, whole) = match &keys.walk {
        Walk::Rate(range) => (range.from.per_second(), range.to.map(HumanRate::per_second), false),
        Walk::Sessions(range) => {
            // In-process engines end somewhere.
            let most = (mode == Mode::Blocking).then_some(MOST_BLOCKING as u32);
            let to = range.to.into_iter().chain(most).min();
            (f64::from(range.from), to.map(f64::from), true)
        }
    };
    let (repeats, max_trials) = (keys.repeats, keys.most);
    SearchSpec { from, to, whole, repeats, max_trials, tolerance: keys.tolerance, ..SearchSpec::default() }
}

/// The load of a trial: long enough for every percentile that must hold to be known. Only the first has all of the
/// warm-up: nothing cools down between trials.
fn at_level(trial: &Traffic, keys: &LimitPhase, level: f64, first: bool) -> Traffic {
    let mut traffic = trial.clone();
    match keys.walk {
        Walk::Rate(_) => {
            traffic.rate = Some(RateSpec::hold(level));
            let needed = keys.hold.iter().map(|entry| readings(entry.objective.stat)).fold(0.0, f64::max);
            let least = Nanos((needed / level * 1e9) as u64);
            traffic.duration = traffic.duration.map(|duration| duration.max(least));
        }
        Walk::Sessions(_) => traffic.sessions = level as usize,
    }
    if !first {
        traffic.warmup = match traffic.warmup {
            Warmup::Steady(most) => Warmup::Steady(most.min(HumanDuration::from_millis(200))),
            operations @ Warmup::Operations(_) => operations,
        };
    }
    traffic
}

/// Operations that a statistic needs, with some to spare for those that fail.
fn readings(stat: Stat) -> f64 {
    stat.quantile().map_or(1.0, |quantile| 1.2 * BEYOND / (1.0 - quantile).min(quantile))
}

/// Trials of one level are repeats, not replays: each has arrivals of its own.
fn one(stage: &mut Stage<'_>, what: &Measurement, number: usize) -> Result<Taken, Stop> {
    let seed = super::measure::arrivals_seed(stage, number);
    let timing = Timing::new(&what.traffic, what.operations, seed)?;
    take(stage, what, timing, None)
}

/// Whether the objectives held in a trial. What could not measure decides nothing.
fn judge(stage: &Stage<'_>, keys: &LimitPhase, form: &Form, level: f64, taken: &Taken) -> TrialRecord {
    let measured = &taken.measured;
    let total = measured.total();
    let recall = measured.tasks.first().and_then(|task| score(stage, form, task));
    let success = success(&total, measured);
    let (mut why, mut invalid) = (Vec::new(), Vec::new());
    for entry in keys.hold.iter().filter(|entry| entry.binds(&stage.variant.name)) {
        match held(entry, &total, measured, success, recall.as_ref()) {
            Held::Yes => {}
            Held::No(what) => why.push(what),
            Held::Unknown(what) => invalid.push(what),
        }
    }
    let unsent = measured.offers.as_ref().map_or(0, |offers| offers.unsent);
    if unsent > 0 {
        why.push(format!("{} arrivals were never sent", count(unsent)));
    }
    // A target that can't keep up leaves a backlog behind, even where answers are only late and all of them come.
    why.extend(backlog(measured, taken));
    let checks = validity::phase(measured, taken.asked)
        .into_iter()
        .filter(|check| check.valid == Some(false))
        .map(|check| format!("invalid: {}: {}", check.name, check.figure));
    invalid.extend(checks);
    let met = if invalid.is_empty() { Some(why.is_empty()) } else { None };
    why.extend(invalid);
    let latency = total.response.as_ref().unwrap_or(&total.service);
    let stat = |stat| latency.stat(stat).map(|value| Nanos(value as u64));
    TrialRecord {
        level,
        met,
        throughput: total.operations as f64 / measured.window.as_secs_f64().max(f64::MIN_POSITIVE),
        p50: stat(Stat::P50),
        p95: stat(Stat::P95),
        p99: stat(Stat::P99),
        success,
        recall: recall.map(|recall| recall.mean),
        why,
    }
}

/// Arrivals that were answered long after the schedule's end, as a share of its length, if that is much.
fn backlog(measured: &Measured, taken: &Taken) -> Option<String> {
    let duration = taken.timing.duration.filter(|_| measured.offers.is_some())?;
    let over = measured.window.saturating_sub(duration);
    let service = measured.total().service.stat(Stat::Max).unwrap_or(0.0);
    let allowed = (BACKLOG * duration.0 as f64).max(2.0 * service);
    (over.0 as f64 > allowed).then(|| format!("the backlog took another {over} after {duration}"))
}

fn success(total: &Part, measured: &Measured) -> f64 {
    let lost = measured.offers.as_ref().map_or(0, |offers| offers.dropped + offers.unsent);
    let all = total.operations + total.failed() + lost;
    total.operations as f64 / all.max(1) as f64
}

/// Whether an objective held; if not, or if nobody knows, with its figure in words.
enum Held {
    Yes,
    No(String),
    Unknown(String),
}

fn held(
    entry: &ObjectiveEntry,
    total: &Part,
    measured: &Measured,
    success: f64,
    recall: Option<&RecallRecord>,
) -> Held {
    let objective = &entry.objective;
    let stat = objective.stat;
    let value = match objective.quantity {
        Quantity::Service => total.service.stat(stat),
        Quantity::Response => total.response.as_ref().unwrap_or(&total.service).stat(stat),
        Quantity::QueueWait => total.queue_wait.as_ref().and_then(|wait| wait.stat(stat)),
        Quantity::SchedLag => total.sched_lag.stat(stat),
        Quantity::Success => Some(success),
        Quantity::Throughput => Some(total.operations as f64 / measured.window.as_secs_f64()),
        Quantity::Recall { .. } => recall.map(|recall| match stat {
            Stat::P10 => recall.p10,
            Stat::Low => recall.mean - recall.half_width,
            _ => recall.mean,
        }),
        Quantity::Mrr => recall.map(|recall| recall.mrr),
        Quantity::Ndcg { .. } => recall.map(|recall| recall.ndcg),
        _ => None,
    };
    let Some(value) = value else {
        return Held::Unknown(format!("`{objective}`: unknown, too few operations"));
    };
    match objective.judge(value, None, None).grade {
        Grade::Met | Grade::Near => Held::Yes,
        _ => Held::No(format!("`{objective}`: {}", format_value(objective.quantity, value))),
    }
}

/// The level beyond which latency rises faster than load.
fn bend(trials: &[TrialRecord]) -> Option<f64> {
    let points: Vec<(f64, f64)> =
        trials.iter().filter_map(|trial| Some((trial.level, trial.p95.or(trial.p50)?.0 as f64))).collect();
    let at = knee(&points)?;
    points.get(at).map(|(level, _)| *level)
}

fn words(answer: &Answer, rates: bool) -> String {
    let level = |level: Option<f64>| match level {
        Some(level) if rates => rate_text(level),
        Some(level) => format!("{level} session{}", if level == 1.0 { "" } else { "s" }),
        None => "nothing".to_owned(),
    };
    let mut text = match answer.bounded {
        Bounded::Both => format!("holds up to {}, no longer at {}", level(answer.low), level(answer.high)),
        Bounded::BelowFrom => {
            format!("does not hold at {} already, the lowest that was tried", level(answer.high))
        }
        Bounded::AboveTo => format!("holds at {} still, the highest that was tried", level(answer.low)),
        Bounded::Neither => "nothing is known: no level could be measured".to_owned(),
    };
    if !answer.consistent {
        text.push_str("; trials contradict each other, so the interval is wide");
    }
    match answer.ended {
        Found::OutOfTrials => text.push_str("; it ran out of trials"),
        Found::Unmeasured => {
            text.push_str(&format!("; {} and more could not be measured here", level(answer.unmeasured)));
        }
        Found::NotYet => text.push_str("; it was stopped before it was found"),
        Found::Found => {}
    }
    text
}
