//! Mixed load: several kinds of operations in one phase, and who asks for them.

use std::path::Path;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::traffic::{Choice, Traffic, Warmup, WhenFull, traffic_phase};
use super::{RateSpec, Spacing};
use crate::filter::Filter;
use crate::form::Operation;
use crate::units::{HumanDuration, HumanRate, Nanos};

/// Weights of the kinds of operations, such as `{search: 80, upsert: 15, fetch: 4, delete: 1}`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Mix {
    /// Searches.
    #[serde(skip_serializing_if = "is_zero")]
    pub search: u32,
    /// Rows inserted or replaced.
    #[serde(skip_serializing_if = "is_zero")]
    pub upsert: u32,
    /// Rows fetched by id.
    #[serde(skip_serializing_if = "is_zero")]
    pub fetch: u32,
    /// Rows removed.
    #[serde(skip_serializing_if = "is_zero")]
    pub delete: u32,
    /// Distances of a query to a stored row.
    #[serde(skip_serializing_if = "is_zero")]
    pub distance: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(weight: &u32) -> bool {
    *weight == 0
}

impl Mix {
    /// The kinds that occur, each with its weight, in a fixed order.
    pub fn weights(&self) -> Vec<(Operation, u32)> {
        [
            (Operation::Search, self.search),
            (Operation::Upsert, self.upsert),
            (Operation::Fetch, self.fetch),
            (Operation::Delete, self.delete),
            (Operation::Distance, self.distance),
        ]
        .into_iter()
        .filter(|(_, weight)| *weight > 0)
        .collect()
    }

    /// Whether it changes the collection.
    pub fn writes(&self) -> bool {
        self.upsert > 0 || self.delete > 0
    }
}

/// A class of users: its own mix and think time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserClass {
    /// Its share: of the sessions in closed load, of the arrivals in open load.
    #[serde(default = "one")]
    pub weight: u32,
    /// What its users do.
    pub mix: Mix,
    /// Closed load: time between an answer and the user's next operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub think: Option<HumanDuration>,
}

fn one() -> u32 {
    1
}

traffic_phase! {
    /// Keys of a `mixed` phase: weighted operations at the same time, writes among them.
    ///
    /// Upserts add rows that resemble rows of the data set and later replace them; deletes remove rows of the data set,
    /// each once. Which rows follows from the seed, so that what the collection holds is known exactly at any checkpoint.
    MixedPhase counted by operations {
        /// Answers wanted by searches.
        k: usize = 10,
        /// Weights of the operations.
        mix: Mix = Mix::default(),
        /// Classes of users with their own mix and think time, by name, instead of `mix`.
        #[serde(skip_serializing_if = "IndexMap::is_empty")]
        classes: IndexMap<String, UserClass> = IndexMap::new(),
        /// Operations to do.
        #[serde(skip_serializing_if = "Option::is_none")]
        operations: Option<u64> = None,
        /// Rows of one upsert.
        batch: usize = 1,
        /// Rows that searches may answer, such as `lexname = 'noun.plant'`.
        #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
        filter: Option<Filter> = None,
        /// How often the load pauses and answers are scored against what is in the collection then, evenly spread, the
        /// last time at the end.
        checkpoints: u32 = 0,
        /// Rows a second that are upserted by a session of its own and searched for until they are found.
        #[serde(skip_serializing_if = "Option::is_none")]
        freshness: Option<HumanRate> = None,
    }
}

impl MixedPhase {
    /// The classes of users: those that are written, or one without a name that has the phase's mix.
    pub fn users(&self) -> Vec<(&str, UserClass)> {
        if self.classes.is_empty() {
            return vec![("", UserClass { weight: 1, mix: self.mix, think: self.think })];
        }
        self.classes.iter().map(|(name, class)| (name.as_str(), class.clone())).collect()
    }

    /// Whether it changes the collection.
    pub fn writes(&self) -> bool {
        self.users().iter().any(|(_, class)| class.mix.writes())
    }
}

traffic_phase! {
    /// Keys of a `migration` phase: searches move from one variant to another in steps, both watched at the same time.
    ///
    /// It is measured with every variant but the one that it moves from; each share is a phase of its own.
    MigrationPhase counted by queries {
        /// Answers wanted.
        k: usize = 10,
        /// The variant that searches move from; the baseline unless set.
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<String> = None,
        /// Share of the searches that have moved, in per cent, one step after another.
        shares: Vec<u32> = vec![10, 50, 100],
        /// Searches to do in each step.
        #[serde(skip_serializing_if = "Option::is_none")]
        queries: Option<u64> = None,
        /// Rows that may be answered.
        #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
        filter: Option<Filter> = None,
    }
}

impl MigrationPhase {
    /// Whether its rate says how long it lasts.
    pub(super) fn has_own_length(&self) -> bool {
        matches!(self.rate, Some(RateSpec::Stages(_) | RateSpec::Trace(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_weight_does_not_occur() {
        let mix: Mix = serde_saphyr::from_str("{search: 80, delete: 1}").unwrap();
        assert_eq!(mix.weights(), [(Operation::Search, 80), (Operation::Delete, 1)]);
        assert!(mix.writes());
        assert!(serde_saphyr::from_str::<Mix>("{serach: 80}").is_err());
    }

    #[test]
    fn without_classes_there_is_one_that_has_no_name() {
        let phase: MixedPhase = serde_saphyr::from_str("{mix: {search: 1}, think: 5ms}").unwrap();
        let users = phase.users();
        assert_eq!((users.len(), users[0].0, users[0].1.think), (1, "", phase.think));
    }
}
