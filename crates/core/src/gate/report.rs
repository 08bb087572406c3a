//! What a gate came to.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Amount;
use crate::comparison::{Comparison, MetricComparison, Scale};
use crate::key::MetricKey;
use crate::record::{ObjectiveResult, Origin};

/// What a gate found, as `gate.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GateReport {
    /// Version of this schema.
    pub schema: u32,
    /// Name of the scenario, or of the other tool's results.
    pub name: String,
    /// When it was decided, RFC 3339.
    pub decided: String,
    /// The change that was judged.
    #[serde(default, skip_serializing_if = "Origin::is_empty")]
    pub origin: Origin,
    /// The candidate against the baseline; none without a baseline, or if it was refused.
    pub comparison: Option<Comparison>,
    /// The candidate's own objectives.
    pub objectives: Vec<ObjectiveResult>,
    /// Everything that speaks against the change, worst first.
    pub fired: Vec<Fired>,
    /// What probably caused it, each with a figure of both sides.
    pub causes: Vec<Cause>,
    /// Regressions that somebody accepted, with the reason.
    pub acknowledged: Vec<Acknowledged>,
    /// Largest smallest detectable change that is allowed.
    pub must_detect: Amount,
    /// Why the candidate cannot be judged; empty if it can.
    pub invalid: Vec<String>,
    /// What failed in the candidate; empty if nothing did.
    pub failed: Vec<String>,
    /// Why the baseline was refused.
    pub refused: Option<String>,
    /// What it comes to, in a sentence.
    pub sentence: String,
    /// The exit code.
    pub exit_code: u8,
}

impl GateReport {
    /// The worst severity of what fired.
    pub fn severity(&self) -> Option<Severity> {
        self.fired.iter().map(|fired| fired.severity).max()
    }
}

/// Something that speaks against a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fired {
    /// The figure.
    pub key: MetricKey,
    /// Which rule fired.
    pub rule: Rule,
    /// How bad it is.
    pub severity: Severity,
    /// The candidate's value, in base units; none if it was not measured.
    pub value: Option<f64>,
    /// What it is held against, in base units.
    pub limit: Option<f64>,
    /// What happened, in words.
    pub words: String,
}

/// Which rule fired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The interval lies wholly beyond the margin.
    Statistics,
    /// Worse than the baseline by more than is allowed.
    Relative,
    /// A limit of the candidate's own value.
    Absolute,
    /// An objective of the scenario.
    Objective,
}

/// How bad a regression is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth a look.
    Minor,
    /// Users may feel it.
    Moderate,
    /// Users feel it.
    Severe,
    /// Broken, or as good as.
    Critical,
}

/// From where on a regression is moderate, severe, critical.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SeverityBands {
    /// Of figures counted as shares of the baseline: moderate, severe, critical from here on.
    pub ratio: (Amount, Amount, Amount),
    /// The same of recall and other shares, in points.
    pub points: (Amount, Amount, Amount),
}

impl Default for SeverityBands {
    fn default() -> Self {
        Self {
            ratio: (Amount(0.10), Amount(0.25), Amount(0.50)),
            points: (Amount(0.01), Amount(0.03), Amount(0.10)),
        }
    }
}

impl SeverityBands {
    /// How bad it is that a figure became worse by so much.
    pub fn of(&self, scale: Scale, worse_by: f64) -> Severity {
        let (moderate, severe, critical) = match scale {
            Scale::Ratio => self.ratio,
            Scale::Difference => self.points,
        };
        if worse_by >= critical.0 {
            Severity::Critical
        } else if worse_by >= severe.0 {
            Severity::Severe
        } else if worse_by >= moderate.0 {
            Severity::Moderate
        } else {
            Severity::Minor
        }
    }

    /// The same of a compared figure.
    pub fn of_metric(&self, metric: &MetricComparison) -> Severity {
        self.of(metric.scale, metric.worse_by().unwrap_or(0.0))
    }
}

/// A probable cause, from figures measured on both sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cause {
    /// Short name: `index-not-used`, `cache-misses`, `client-bound`, `recall-traded`, ...
    pub name: String,
    /// What happened, in a sentence with the figures.
    pub sentence: String,
    /// What to try.
    pub advice: String,
    /// The figures it rests on.
    pub evidence: Vec<Evidence>,
}

/// A figure that was measured on both sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// The figure.
    pub key: MetricKey,
    /// Its mean on the baseline's side, in base units.
    pub a: f64,
    /// Its mean on the candidate's side.
    pub b: f64,
}

/// A regression that somebody accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Acknowledged {
    /// The figure.
    pub key: MetricKey,
    /// Why it is accepted.
    pub reason: String,
    /// Who accepted it.
    pub who: String,
    /// When, RFC 3339.
    pub when: String,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Minor => "minor",
            Self::Moderate => "moderate",
            Self::Severe => "severe",
            Self::Critical => "critical",
        })
    }
}
