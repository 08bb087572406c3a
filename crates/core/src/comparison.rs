//! Two groups of runs held against each other: what became of each figure, and how sure that is. Plain data, written as
//! JSON by `annvil compare --json` and rendered by the reports.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::figures::Provenance;
use crate::key::MetricKey;
use crate::quantity::{Better, Unit};

/// Version of the schema of comparisons and gate reports.
pub const SCHEMA: u32 = 1;

/// What became of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// Worse by more than the margin.
    Regressed,
    /// Not decided by what was measured.
    Inconclusive,
    /// Better by more than the margin.
    Improved,
    /// Within the margin on either side.
    Equivalent,
}

/// How a change is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// As a share of the first side's value: 0.1 is 10 % more.
    Ratio,
    /// As a difference: of recall and other shares, where 0.01 is one point.
    Difference,
}

impl Scale {
    /// How changes of a quantity are counted: those of shares as differences, all others as ratios.
    pub fn of(unit: Unit) -> Self {
        match unit {
            Unit::Share => Self::Difference,
            Unit::Time | Unit::PerSecond | Unit::Bytes | Unit::Ratio | Unit::Count => Self::Ratio,
        }
    }
}

/// One side of a comparison.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SideRecord {
    /// What it is called.
    pub name: String,
    /// Its runs.
    pub runs: Vec<Provenance>,
    /// Blocks of these runs: the samples.
    pub blocks: usize,
    /// Sessions of these runs.
    pub sessions: usize,
}

/// Two groups of runs, figure by figure. Changes are from `a` to `b`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// Version of this schema.
    pub schema: u32,
    /// What `b` is held against: the baseline.
    pub a: SideRecord,
    /// The candidate.
    pub b: SideRecord,
    /// Whether samples of both sides alternated on one machine.
    pub interleaved: bool,
    /// What a reader must know: another machine, another plan, no A/A figures.
    pub remarks: Vec<String>,
    /// Every figure that is judged, in the order of their keys.
    pub metrics: Vec<MetricComparison>,
    /// Figures that only one side has.
    pub unmatched: Vec<Unmatched>,
    /// Speeds at the same recall, where sides have a sweep and their recall differs.
    pub equal_recall: Vec<EqualRecall>,
    /// The largest of the smallest detectable changes of figures that are counted as ratios and not decided; if all are
    /// decided, the one in the middle of them. A share. None if there is none.
    pub detectable: Option<f64>,
    /// What A/A found on this machine, if it was measured.
    pub aa: Option<AaSummary>,
    /// What it comes to.
    pub sentence: String,
}

/// One figure on both sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MetricComparison {
    /// The figure. Its variant and point are those of `b` where they differ.
    pub key: MetricKey,
    /// The same figure of side `a`, where it has another variant or point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_a: Option<MetricKey>,
    /// Its mean on side `a` in base units: geometric for ratios.
    pub a: f64,
    /// The same on side `b`.
    pub b: f64,
    /// How the change is counted.
    pub scale: Scale,
    /// The change from `a` to `b`: a share or a difference. None if nothing can be said.
    pub change: Option<Change>,
    /// The margin within which a change does not matter: a share or a difference.
    pub margin: f64,
    /// What became of it.
    pub verdict: Verdict,
    /// The smallest change that this comparison finds four times in five.
    pub detectable: Option<f64>,
    /// Further runs a side until it would be decided.
    pub more_runs: Option<u32>,
    /// Whether the margin is wider than asked for, because this machine scatters so much (A/A).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub widened: bool,
    /// Samples on each side that the interval is made of.
    pub samples: (usize, usize),
    /// How the interval was made, in words: `paired t on log ratios`.
    pub method: String,
    /// What a reader must know of this figure alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

impl MetricComparison {
    /// The change in the bad direction: positive is worse. A share or a difference.
    pub fn worse_by(&self) -> Option<f64> {
        let change = self.change?.estimate;
        Some(match self.key.quantity.better() {
            Better::Lower => change,
            Better::Higher => -change,
        })
    }
}

/// A change with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// The estimate.
    pub estimate: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// Confidence of the interval, such as 0.95.
    pub confidence: f64,
}

/// A figure that only one side has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Unmatched {
    /// The figure.
    pub key: MetricKey,
    /// Whether side `a` has it; otherwise `b`.
    pub in_a: bool,
}

/// Speeds at one recall, read off the frontiers of two sweeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EqualRecall {
    /// The variant.
    pub variant: String,
    /// The phase and form, such as `search`.
    pub phase: String,
    /// Which figure is compared: its key with an empty point.
    pub key: MetricKey,
    /// The recall at which both are read, 0 to 1.
    pub recall: f64,
    /// The figure on side `a`, in base units.
    pub a: f64,
    /// The same on side `b`.
    pub b: f64,
    /// The change, if there are samples enough.
    pub change: Option<Change>,
    /// What became of it.
    pub verdict: Verdict,
}

/// What comparing a variant with itself has shown on a machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AaSummary {
    /// When it was measured, RFC 3339.
    pub measured: String,
    /// Blocks that it took.
    pub blocks: usize,
    /// Comparisons of the same with the same.
    pub comparisons: usize,
    /// How many of them said REGRESSED.
    pub false_alarms: usize,
    /// The smallest detectable change in the middle of all figures: a share.
    pub detectable: Option<f64>,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Regressed => "REGRESSED",
            Self::Inconclusive => "INCONCLUSIVE",
            Self::Improved => "IMPROVED",
            Self::Equivalent => "EQUIVALENT",
        })
    }
}
