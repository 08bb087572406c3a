//! The script of the stub engine.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::HumanDuration;

/// What the stub engine does besides answering.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StubSpec {
    /// Time that each call takes, beside finding its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<HumanDuration>,
    /// Intervals in which no call ends.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stalls: Vec<Stall>,
    /// Share of calls that fail, 0 to 1.
    pub errors: f64,
    /// Share of calls that are never answered, 0 to 1.
    pub timeouts: f64,
    /// Where answers come from.
    pub answers: Answers,
    /// A defect that verification must find.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// Seed of the failures; every session draws from a stream of its own.
    pub seed: u64,
}

/// An interval in which no call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stall {
    /// Start, from the opening of the first session.
    pub at: HumanDuration,
    /// Length.
    #[serde(rename = "for")]
    pub length: HumanDuration,
}

/// Where the stub's answers come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answers {
    /// A flat scan, promised to be exact.
    #[default]
    Exact,
    /// A flat scan that is only promised to be approximate.
    Approximate,
    /// None at all: calls cost nothing but their script.
    Empty,
}

/// A defect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Filters are ignored.
    DropsFilter,
    /// The first id is answered twice.
    RepeatsId,
    /// The first two answers change places, each with its own score.
    Misorders,
    /// One answer more than asked.
    TooMany,
    /// One answer less than asked.
    TooFew,
    /// The first score is off by a tenth.
    WrongScore,
    /// An id that is in no row.
    UnknownId,
    /// The nearest row is left out.
    MissesNearest,
    /// Upserts are acknowledged and lost.
    LosesUpserts,
    /// Deleted rows are still answered.
    ServesDeleted,
    /// The process panics in the middle of a search.
    Panics,
}
