//! From the keys of a phase of load to what the runner is given: arrivals, end, sessions.

use std::path::Path;

use annvil_core::engine::{EngineError, Mode};
use annvil_core::scenario::{Choice, RateSpec, Traffic, Warmup};
use annvil_core::schedule::{Arrivals, Curve, Limit, Paced, Schedule, Trace, Window, parse_trace};
use annvil_core::units::{Nanos, Rate};
use annvil_load::choice;
use annvil_load::claims::End;
use annvil_load::warm::WarmUp;
use rand::Rng;

use crate::error::RunError;

/// Sessions of an in-process engine: each has a thread of its own, with histograms of its own.
pub(super) const MOST_BLOCKING: usize = 256;

/// Least time for which arrivals that still wait after the end of a schedule are sent.
const DRAIN: Nanos = Nanos::from_secs(30);

/// When the operations of a phase are due.
pub(super) enum Due {
    /// After the last answer.
    Closed,
    /// By a curve.
    Curve(Box<Curve>),
    /// At recorded instants.
    Trace(std::sync::Arc<[Nanos]>),
}

/// When a phase's operations are due, how long it lasts, and in how many parts it is measured.
pub(super) struct Timing {
    due: Due,
    seed: u64,
    spacing: annvil_core::scenario::Spacing,
    /// Length of the phase, if time ends it.
    pub(super) duration: Option<Nanos>,
    operations: Option<u64>,
}

impl Timing {
    /// Reads a trace where there is one. `purpose` names the seeded stream of the arrivals.
    pub(super) fn new(traffic: &Traffic, operations: Option<u64>, seed: u64) -> Result<Self, RunError> {
        let due = match &traffic.rate {
            None => Due::Closed,
            Some(RateSpec::Trace(path)) => Due::Trace(read_trace(path)?),
            Some(rate) => Due::Curve(Box::new(
                rate.curve(traffic.duration)
                    .map_err(|what| EngineError::Configuration { what, help: String::new() })?,
            )),
        };
        let duration = match &due {
            Due::Closed => traffic.duration,
            Due::Curve(curve) => Some(curve.duration()),
            // The last arrival belongs to the phase.
            Due::Trace(offsets) => {
                let last = offsets.last().map(|last| last.saturating_add(Nanos(1)));
                traffic.duration.or(last)
            }
        };
        Ok(Self { due, seed, spacing: traffic.arrivals, duration, operations })
    }

    /// Arrivals and end of part `part` of `parts`.
    pub(super) fn part(&self, part: u64, parts: u64) -> (Arrivals, End) {
        let share = |whole: u64| whole * (part + 1) / parts - whole * part / parts;
        let duration = self.duration.map(|duration| Nanos(share(duration.0)));
        let schedule: Box<dyn Schedule> = match &self.due {
            Due::Closed => {
                return (Arrivals::Closed, End { operations: self.operations.map(share), duration });
            }
            Due::Curve(curve) => Box::new(Paced::new((**curve).clone(), self.spacing, self.seed)),
            Due::Trace(offsets) => Box::new(Trace::new(offsets.clone())),
        };
        // What is left of a schedule after so many operations, cut into parts: not so many operations of each part.
        let schedule: Box<dyn Schedule> = match self.operations {
            Some(operations) => Box::new(Limit::new(schedule, operations)),
            None => schedule,
        };
        let at = |part: u64| self.duration.map(|duration| Nanos(duration.0 * part / parts));
        let (from, until) = (at(part).unwrap_or_default(), at(part + 1).unwrap_or(Nanos(u64::MAX)));
        let schedule: Box<dyn Schedule> =
            if parts == 1 { schedule } else { Box::new(Window::new(schedule, from, until)) };
        (Arrivals::Open(schedule), End { operations: None, duration })
    }

    /// The rate wanted at an instant; unknown for traces.
    pub(super) fn rate_at(&self, at: Nanos) -> Option<Rate> {
        match &self.due {
            Due::Curve(curve) => Some(curve.rate_at(at)),
            _ => None,
        }
    }
}

fn read_trace(path: &Path) -> Result<std::sync::Arc<[Nanos]>, RunError> {
    let what = |cause: &dyn std::fmt::Display| format!("the trace {}: {cause}", path.display());
    let wrong = |what| EngineError::Configuration {
        what,
        help: "a trace is a text file with one instant a line, in seconds or with a unit, such as 12.5ms"
            .to_owned(),
    };
    let text = std::fs::read_to_string(path).map_err(|cause| wrong(what(&cause)))?;
    Ok(parse_trace(&text).map_err(|cause| wrong(what(&cause)))?)
}

/// How long arrivals that still wait are sent after the end: as long as the phase lasts, but not less than half a minute.
pub(super) fn drain(duration: Option<Nanos>) -> Nanos {
    duration.unwrap_or_default().max(DRAIN)
}

/// Sessions that an engine is driven with. In-process engines have one operation in flight a session, on a thread each.
pub(super) fn sessions(traffic: &Traffic, mode: Mode) -> Result<usize, EngineError> {
    if mode != Mode::Blocking {
        return Ok(traffic.sessions);
    }
    if traffic.sessions > MOST_BLOCKING {
        return Err(EngineError::Configuration {
            what: format!(
                "{} sessions on an in-process engine: each would be a thread of its own, and they would share the \
                 processors with the searches that they wait for",
                traffic.sessions
            ),
            help: format!(
                "use at most {MOST_BLOCKING}, or measure an engine that is reached over a connection, such as `stub: {{over: tcp}}`"
            ),
        });
    }
    match traffic.max_in_flight {
        Some(most) if most > traffic.sessions => Err(EngineError::Configuration {
            what: format!(
                "`max_in_flight` is {most}, but an in-process engine does one operation at a time in each of {} sessions",
                traffic.sessions
            ),
            help: format!("write `sessions: {most}`, or leave `max_in_flight` out"),
        }),
        Some(most) => Ok(most),
        None => Ok(traffic.sessions),
    }
}

/// The warm-up as the runner takes it.
pub(super) fn warm_up(warmup: Warmup) -> WarmUp {
    match warmup {
        Warmup::Operations(n) => WarmUp::Operations(n),
        Warmup::Steady(most) => WarmUp::Steady(most.nanos()),
    }
}

/// Which of `n` things are chosen, in order.
pub(super) fn choose(by: &Choice, n: usize, random: &mut impl Rng) -> Result<Vec<u32>, RunError> {
    Ok(match by {
        Choice::InTurn => choice::in_turn(n, random),
        Choice::Uniform => choice::uniform(n, random),
        Choice::Zipf(exponent) => choice::zipf(n, *exponent, random),
        Choice::Recorded(path) => recorded(path, n)?,
    })
}

fn recorded(path: &Path, n: usize) -> Result<Vec<u32>, RunError> {
    let wrong = |what: String| EngineError::Configuration {
        what: format!("the recorded choice {}: {what}", path.display()),
        help: "it is a text file with one row number a line, counted from 0".to_owned(),
    };
    let text = std::fs::read_to_string(path).map_err(|cause| wrong(cause.to_string()))?;
    let mut rows = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        match line.parse::<u32>() {
            Ok(row) if (row as usize) < n => rows.push(row),
            Ok(row) => {
                return Err(
                    wrong(format!("line {}: there is no row {row}, only {n} rows", number + 1)).into()
                );
            }
            Err(_) => return Err(wrong(format!("line {}: `{line}` is no row number", number + 1)).into()),
        }
    }
    if rows.is_empty() {
        return Err(wrong("it is empty".to_owned()).into());
    }
    Ok(rows)
}
