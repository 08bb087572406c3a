//! The keys of a `limit` phase: how far does it go?

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::traffic::{Choice, Traffic, Warmup, WhenFull, traffic_phase};
use super::{RateSpec, Spacing};
use crate::filter::Filter;
use crate::objective::ObjectiveEntry;
use crate::units::{HumanDuration, HumanRate, Nanos};

/// What is raised until an objective no longer holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Walk {
    /// Arrivals a second, open load.
    Rate(RateRange),
    /// Sessions at the same time, closed load.
    Sessions(SessionRange),
}

impl Default for Walk {
    fn default() -> Self {
        Self::Rate(RateRange::default())
    }
}

/// From which rate to which.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RateRange {
    /// The first rate that is tried.
    pub from: HumanRate,
    /// The highest that is tried; doubled until an objective fails unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<HumanRate>,
}

impl Default for RateRange {
    fn default() -> Self {
        Self { from: HumanRate::from(crate::units::Rate(100.0)), to: None }
    }
}

/// From how many sessions to how many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SessionRange {
    /// The first number that is tried.
    pub from: u32,
    /// The highest that is tried; doubled until an objective fails unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<u32>,
}

impl Default for SessionRange {
    fn default() -> Self {
        Self { from: 1, to: None }
    }
}

traffic_phase! {
    /// Keys of a `limit` phase: the highest load at which objectives hold, by bracketing and bisection with repeats.
    LimitPhase counted by queries {
        /// Answers wanted.
        k: usize = 10,
        /// What is raised.
        walk: Walk = Walk::default(),
        /// What must hold, such as `limit.response.p95 < 10ms`.
        hold: Vec<ObjectiveEntry> = Vec::new(),
        /// How often a level is tried at most; the majority decides. An odd number.
        repeats: u32 = 3,
        /// Width of the interval at which the search ends, as a share of the level.
        tolerance: f64 = 0.02,
        /// Trials after which the search ends in any case.
        most: u32 = 60,
        /// Searches of a trial in closed load, instead of `for`.
        #[serde(skip_serializing_if = "Option::is_none")]
        queries: Option<u64> = None,
        /// Rows that may be answered.
        #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
        filter: Option<Filter> = None,
    }
}
