//! What a gate came to, in a word.

use annvil_core::gate::{GateReport, Rule};

/// What a gate came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Passed,
    /// Objectives and limits hold; there was nothing to compare with.
    Uncompared,
    Regressed,
    /// No figure regressed, but a limit or an objective is missed, or the variant answered wrongly.
    Missed,
    Inconclusive,
    Invalid,
    Failed,
    Refused,
    Interrupted,
}

impl State {
    /// As the exit code says it: it has the precedence of what happened.
    pub(crate) fn of(report: &GateReport) -> Self {
        let regressed =
            report.fired.iter().any(|fired| matches!(fired.rule, Rule::Statistics | Rule::Relative));
        match report.exit_code {
            0 if report.comparison.is_none() => Self::Uncompared,
            0 => Self::Passed,
            1 if regressed => Self::Regressed,
            1 => Self::Missed,
            2 => Self::Refused,
            3 => Self::Inconclusive,
            4 => Self::Invalid,
            130 => Self::Interrupted,
            _ => Self::Failed,
        }
    }

    /// The word of files.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Passed | Self::Uncompared => "passed",
            Self::Regressed => "regressed",
            Self::Missed => "missed",
            Self::Inconclusive => "inconclusive",
            Self::Invalid => "invalid",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Interrupted => "interrupted",
        }
    }

    /// The word of titles.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Passed => "no regression",
            Self::Uncompared => "limits hold, nothing compared",
            Self::Regressed => "REGRESSED",
            Self::Missed => "limit missed",
            Self::Inconclusive => "can't tell",
            Self::Invalid => "invalid: can't be judged",
            Self::Failed => "failed",
            Self::Refused => "baseline refused",
            Self::Interrupted => "interrupted",
        }
    }
}
