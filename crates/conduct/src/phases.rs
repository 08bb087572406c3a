//! The phases, each in a file of its own.

use annvil_core::form::Params;
use annvil_core::scenario::Phase;

use crate::block::{Outcome, Stage, Stop};

mod load;
mod measure;
mod persist;
mod restore;
mod settle;
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
        Phase::Search(keys) => measure::search(stage, keys, point),
        Phase::Fetch(keys) => measure::fetch(stage, keys),
        Phase::Distance(keys) => measure::distance(stage, keys),
        Phase::Persist(keys) => persist::run(stage, keys).map(Ended::Whole),
        Phase::Restore(keys) => restore::run(stage, keys).map(Ended::Whole),
    }
}
