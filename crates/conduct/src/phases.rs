//! The phases, each in a file of its own.

use annvil_core::engine::EngineError;
use annvil_core::form::Params;
use annvil_core::record::PhaseResult;
use annvil_core::scenario::Phase;

use crate::block::{Outcome, Stage, Stop};
use crate::error::RunError;

mod abort;
mod churn;
mod held;
mod limit;
mod live;
mod load;
mod measure;
mod migration;
mod mixed;
mod persist;
mod restore;
mod runbook;
mod search;
mod settle;
mod traffic;
mod verify;

/// How a phase ended.
pub(crate) enum Ended {
    /// As planned.
    Whole(Outcome),
    /// With something to keep, but no phase follows.
    Early(Outcome, Stop),
}

/// Runs a phase at a point that was applied.
pub(crate) fn run(stage: &mut Stage<'_>, phase: &Phase, point: &Params) -> Result<Ended, Stop> {
    match phase {
        Phase::Load(keys) => load::run(stage, keys),
        Phase::Settle(_) => settle::run(stage).map(Ended::Whole),
        Phase::Verify(keys) => verify::run(stage, keys),
        Phase::Search(keys) => search::search(stage, keys, point),
        Phase::Mixed(keys) => mixed::run(stage, keys),
        Phase::Migration(keys) => migration::run(stage, keys, point),
        Phase::Runbook(keys) => runbook::run(stage, keys, point),
        Phase::Limit(keys) => limit::run(stage, keys, point),
        Phase::Fetch(keys) => search::fetch(stage, keys),
        Phase::Distance(keys) => search::distance(stage, keys),
        Phase::Persist(keys) => supported(persist::run(stage, keys)),
        Phase::Restore(keys) => supported(restore::run(stage, keys)),
        // Written out as plain phases when the scenario was read.
        Phase::Latency(_)
        | Phase::Throughput(_)
        | Phase::ConcurrencySweep(_)
        | Phase::Sustained(_)
        | Phase::Peak(_)
        | Phase::Stress(_)
        | Phase::Spike(_)
        | Phase::Soak(_) => Ok(unsupported("a shape that was not written out".to_owned())),
    }
}

/// What an engine can't do is an answer, not a failure.
fn supported(result: Result<Outcome, Stop>) -> Result<Ended, Stop> {
    match result {
        Ok(outcome) => Ok(Ended::Whole(outcome)),
        Err(Stop::Failed(RunError::Engine(EngineError::Unsupported { what, .. }))) => Ok(unsupported(what)),
        Err(stop) => Err(stop),
    }
}

fn unsupported(what: String) -> Ended {
    Ended::Whole(Outcome::new(PhaseResult::Unsupported { what }))
}
