//! One block: an ordinary run with a folder of its own, and whether it can be used.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use annvil_core::figures::{Group, Provenance};
use annvil_core::record::{Build, FailureKind, Origin, RunRecord, Status};

use super::AbError;
use super::program::Program;
use super::stop::Stop;
use crate::event::Event;
use crate::outcome::Outcome;
use crate::prepare::Prepared;
use crate::reports;
use crate::run::{Isolation, Run};
use crate::shared::Shared;

/// How blocks are measured, the same for all of a session.
#[derive(Clone)]
pub struct Setting {
    /// Where variants are run.
    pub isolation: Isolation,
    /// What is written of Annvil itself.
    pub build: Build,
    /// Which change of the user's project is measured.
    pub origin: Origin,
    /// What stops the session.
    pub stop: Stop,
}

/// Who measures a block.
pub(crate) enum Measurer {
    /// This program.
    Here(Box<Prepared>),
    /// Another one.
    Program(Program),
    /// A test, which is told the name of the block.
    #[cfg(test)]
    Scripted(Box<dyn Fn(&str) -> State>),
}

/// A block that was measured, or not.
pub(crate) struct Measured {
    /// Name of its run.
    pub(crate) run: String,
    /// How long it took, in seconds.
    pub(crate) seconds: f64,
    /// How much of that each variant took, as far as it came.
    pub(crate) costs: Vec<Cost>,
    /// What became of it.
    pub(crate) state: State,
}

/// How long the phases of a variant took.
#[derive(Debug, Clone)]
pub(crate) struct Cost {
    /// The variant.
    pub(crate) variant: String,
    /// Seconds.
    pub(crate) seconds: f64,
}

/// What became of a block.
pub(crate) enum State {
    /// Its figures can be used. They belong to the session.
    Good(Group),
    /// It can't be judged, for these reasons.
    Invalid(Vec<String>),
    /// It was stopped before its end.
    Stopped,
    /// It failed, and so would the next.
    Failed(Outcome, String),
}

impl Measurer {
    /// Measures a block; its run's folder is made below `output` and called `name`, its figures belong to `session`.
    /// `None` if the session was stopped before.
    pub(crate) fn measure(
        &self,
        setting: &Setting,
        shared: &Shared,
        (output, name, session): (&Path, &str, &str),
    ) -> Result<Option<Measured>, AbError> {
        let Some(cancel) = setting.stop.next() else { return Ok(None) };
        let start = Instant::now();
        let record = match self {
            Self::Here(prepared) => {
                let again = Prepared { plan: prepared.plan.clone(), dataset: Arc::clone(&prepared.dataset) };
                let run = Run::new(again, output)
                    .isolated(setting.isolation.clone())
                    .built_by(setting.build.clone())
                    .of_change(setting.origin.clone())
                    .stopped_by(cancel)
                    .sharing(shared.clone())
                    .called(name);
                let begun = run.begin()?;
                let folder = begun.folder().clone();
                let record = begun.measure(&mut |event: &Event| log(name, event))?;
                reports::write(&folder, &record, &[])?;
                record
            }
            Self::Program(program) => program.measure(output, &cancel)?,
            #[cfg(test)]
            Self::Scripted(script) => {
                let (run, costs) = (name.to_owned(), Vec::new());
                return Ok(Some(Measured { run, seconds: 0.0, costs, state: script(name) }));
            }
        };
        let state = state(&record, setting.stop.is_raised(), session);
        let costs = record.blocks.iter().map(|block| Cost {
            variant: block.variant.clone(),
            seconds: block.phases.iter().map(|phase| phase.time.as_secs_f64()).sum(),
        });
        let seconds = start.elapsed().as_secs_f64();
        Ok(Some(Measured { run: record.id.clone(), seconds, costs: costs.collect(), state }))
    }
}

/// What became of the block whose record this is.
fn state(record: &RunRecord, stopped: bool, session: &str) -> State {
    for block in &record.blocks {
        let Some(failure) = &block.failure else { continue };
        let outcome = match failure.kind {
            FailureKind::Configuration => Outcome::Usage,
            FailureKind::Engine => Outcome::Failed,
            FailureKind::Verification => Outcome::Missed,
            FailureKind::Interrupted => continue,
        };
        if !stopped {
            return State::Failed(
                outcome,
                format!("{}: {}: {}", block.variant, failure.phase, failure.message),
            );
        }
    }
    match record.status {
        _ if stopped && record.status != Status::Complete => State::Stopped,
        Status::Complete if !record.invalid().is_empty() => State::Invalid(record.invalid()),
        Status::Complete => State::Good(of_session(record, session)),
        Status::Interrupted | Status::Running => {
            let limit = record.plan.time_limit;
            State::Failed(
                Outcome::Interrupted,
                format!("a block did not end within its `time_limit` of {limit}"),
            )
        }
        Status::Failed => State::Failed(Outcome::Failed, "a block failed".to_owned()),
    }
}

/// The figures of a run, as a part of a session.
pub(crate) fn of_session(record: &RunRecord, session: &str) -> Group {
    let mut group = Group::of(record);
    for Provenance { session: own, .. } in &mut group.runs {
        session.clone_into(own);
    }
    for figures in &mut group.figures {
        session.clone_into(&mut figures.session);
    }
    group
}

/// Phases and failures go to the log; what people see is a line a block.
fn log(name: &str, event: &Event) {
    match event {
        Event::BlockStarted { variant, .. } => tracing::info!("{name}: {variant}"),
        Event::PhaseDone(phase) => tracing::info!("{name}: phase {} took {}", phase.name, phase.time),
        Event::BlockFailed(failure) => tracing::warn!("{name}: {}: {}", failure.phase, failure.message),
        _ => {}
    }
}
