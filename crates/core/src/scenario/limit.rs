//! The keys of a `limit` phase: how far does it go?

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::traffic::{Choice, Traffic, Warmup, WhenFull, traffic_phase};
use super::{RateSpec, Spacing};
use crate::filter::Filter;
use crate::objective::{Objective, ObjectiveEntry, Target};
use crate::quantity::Quantity;
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

impl LimitPhase {
    /// Why a trial of this phase can't tell whether an objective holds, and what to write; `None` if it can. The phase
    /// that the objective names is not looked at.
    pub fn cannot_judge(&self, objective: &Objective) -> Option<(String, String)> {
        let closed = matches!(self.walk, Walk::Sessions(_));
        let quantity = objective.quantity;
        match quantity {
            Quantity::Response | Quantity::QueueWait if closed => Some((
                format!("there is no {quantity} where sessions are raised: each waits for its last answer"),
                "ask for service, or raise a rate: `walk: {rate: {from: 100/s}}`".to_owned(),
            )),
            Quantity::Recall { k } | Quantity::Ndcg { k } if k as usize != self.k => {
                Some((format!("the searches of this phase have k {}", self.k), String::new()))
            }
            Quantity::Service
            | Quantity::Response
            | Quantity::QueueWait
            | Quantity::Success
            | Quantity::Throughput
            | Quantity::Recall { .. }
            | Quantity::Mrr
            | Quantity::Ndcg { .. } => {
                let targets = std::iter::once(&objective.target).chain(&objective.critical);
                let relative = targets.into_iter().any(|target| matches!(target, Target::Relative { .. }));
                relative.then(|| {
                    (
                        "the limit of one variant can't hang on what another reached".to_owned(),
                        "write a value, such as `limit.response.p95 < 10ms`".to_owned(),
                    )
                })
            }
            _ => Some((
                format!("a trial has no {quantity}"),
                "service, response, queue_wait, success, throughput, recall, mrr and ndcg are judged"
                    .to_owned(),
            )),
        }
    }
}
