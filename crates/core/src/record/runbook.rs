//! What the steps of a runbook came to.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::Settled;
use crate::form::{Form, Operation};
use crate::histogram::Histogram;
use crate::record::RecallRecord;
use crate::scenario::runbook::Step;
use crate::units::Nanos;

/// A runbook that was gone through, or a part of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunbookRecord {
    /// The search that was asked.
    pub form: Form,
    /// Queries asked at each search step.
    pub queries: u64,
    /// Steps that were planned.
    pub planned: u64,
    /// Steps that were done, in order.
    pub steps: Vec<StepRecord>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepRecord {
    /// Its number, from 1.
    pub number: u64,
    /// What was asked.
    pub step: Step,
    /// When it began, from the start of the phase.
    pub began: Nanos,
    /// From its first operation sent to the last one done; how long it waited for a step that waits.
    pub window: Nanos,
    /// Operations that were answered: calls of a batch of rows each, or searches.
    pub operations: u64,
    /// Operations that failed, by kind; `unsent` are those that were not even sent.
    pub failures: BTreeMap<String, u64>,
    /// Rows that were written or removed, as the engine acknowledged them.
    pub rows: u64,
    /// Time from sending to answer.
    pub service: Histogram,
    /// Time from the intended instant to the answer; only with a rate.
    pub response: Option<Histogram>,
    /// How long the engine took afterwards until rows were found and the index was complete; absent if it was not waited
    /// for.
    pub settle: Option<Settled>,
    /// Rows that the collection holds afterwards, by the log of what was acknowledged.
    pub held: u64,
    /// Rows whose write failed or timed out: nobody knows whether they are there. They count neither for nor against an
    /// answer.
    pub unsure: u64,
    /// What the answers of a search step were worth.
    pub answers: Option<AnswersRecord>,
}

/// Answers scored against what was in the collection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AnswersRecord {
    /// How right they were; absent where nothing could be found.
    pub recall: Option<RecallRecord>,
    /// Answered rows that were not there: removed, or never inserted. Over the answers that were scored.
    pub ghosts: u64,
    /// Answers that were not scored, because they hold a row of which nobody knows whether it is there.
    pub unscored: u64,
}

impl StepRecord {
    /// What was done, as a kind of operation.
    pub const fn operation(&self) -> Option<Operation> {
        match self.step {
            Step::Insert(_) | Step::Replace(_) => Some(Operation::Upsert),
            Step::Delete(_) => Some(Operation::Delete),
            Step::Search(_) => Some(Operation::Search),
            Step::Wait(_) => None,
        }
    }

    /// Operations that failed.
    pub fn failed(&self) -> u64 {
        self.failures.values().sum()
    }

    /// Rows written or removed a second, or searches a second.
    pub fn rate(&self) -> Option<f64> {
        let done = if self.step.writes() { self.rows } else { self.operations };
        (self.window.0 > 0 && self.operations > 0).then(|| done as f64 / self.window.as_secs_f64())
    }

    /// How right its answers were.
    pub fn recall(&self) -> Option<&RecallRecord> {
        self.answers.as_ref()?.recall.as_ref()
    }
}

impl RunbookRecord {
    /// The checkpoint with the lowest mean recall; the earliest of several.
    pub fn worst(&self) -> Option<&StepRecord> {
        let scored = self.steps.iter().filter_map(|step| Some((step, step.recall()?.mean)));
        scored.reduce(|worst, next| if next.1 < worst.1 { next } else { worst }).map(|(step, _)| step)
    }

    /// The last checkpoint.
    pub fn last(&self) -> Option<&StepRecord> {
        self.steps.iter().rev().find(|step| step.recall().is_some())
    }

    /// Whether every step was done, and every answer scored.
    pub fn is_whole(&self) -> bool {
        let scored = |step: &StepRecord| step.answers.is_some() || !matches!(step.step, Step::Search(_));
        self.steps.len() as u64 == self.planned && self.steps.iter().all(scored)
    }
}
