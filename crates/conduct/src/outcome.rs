//! What a run came to, as the process's exit code.

use annvil_core::objective::Grade;
use annvil_core::record::{FailureKind, PhaseRecord, RunRecord, Status};

/// How a run ended, in the order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Everything was measured and every objective met.
    Good,
    /// The smallest change that could be detected is larger than it must be.
    Inconclusive,
    /// An objective was missed or unknown, or answers were wrong.
    Missed,
    /// The measurement means nothing.
    Invalid,
    /// An engine or the machine failed.
    Failed,
    /// The configuration can't work.
    Usage,
    /// Stopped by the user or the time limit.
    Interrupted,
}

impl Outcome {
    /// The exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Missed => 1,
            Self::Usage => 2,
            Self::Inconclusive => 3,
            Self::Invalid => 4,
            Self::Failed => 5,
            Self::Interrupted => 130,
        }
    }

    /// What a record came to.
    pub fn of(record: &RunRecord) -> Self {
        let mut outcome = Self::Good;
        if matches!(record.status, Status::Interrupted | Status::Running) {
            outcome = Self::Interrupted;
        }
        for block in &record.blocks {
            if let Some(failure) = &block.failure {
                outcome = outcome.max(match failure.kind {
                    FailureKind::Configuration => Self::Usage,
                    FailureKind::Engine => Self::Failed,
                    FailureKind::Verification => Self::Missed,
                    FailureKind::Interrupted => Self::Interrupted,
                });
            }
            if block.phases.iter().any(PhaseRecord::ended_early) {
                outcome = outcome.max(Self::Missed);
            }
        }
        if !record.invalid().is_empty() {
            outcome = outcome.max(Self::Invalid);
        }
        let judged = record.objectives.iter().flat_map(|objective| &objective.judged);
        if judged.into_iter().any(|judged| !matches!(judged.grade, Grade::Met | Grade::Near)) {
            outcome = outcome.max(Self::Missed);
        }
        outcome
    }
}
