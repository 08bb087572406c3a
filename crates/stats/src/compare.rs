//! One metric on two sides: how much it changed, how sure that is, and what it comes to.
//!
//! The sample is a run, never a request. What the runs have in common decides how the error of the change is found:
//!
//! | the runs | the error |
//! |---|---|
//! | interleaved pairs | paired t on the differences; the average of a session's pairs where there are three sessions or more |
//! | three sessions or more on both sides | Welch on the sessions' means |
//! | three or more on one side, fewer on the other | the variance between sessions, pooled: a prediction for the short side |
//! | fewer on both | Welch on blocks (the other side's variance where one has a single block), and the variance between sessions added |
//! | a single block on both | the variance between sessions alone, which must have been measured |
//!
//! In the first two, from ten samples a side, the studentised hierarchical bootstrap takes the place of t; see
//! [`crate::bootstrap`]. The variances add up by Satterthwaite ("An approximate distribution of estimates of variance
//! components", Biometrics Bulletin 2, 1946).
//!
//! Ratios are estimated on logarithms, so that exchanging the sides turns the answer around exactly: the margin of 2 % reaches
//! from 1/1.02 to 1.02, and where `a` is better than `b`, `b` is as much worse than `a`.

mod design;
mod estimate;
mod verdict;

#[cfg(test)]
mod tests;

pub use annvil_core::comparison::{Scale, Verdict};
use annvil_core::quantity::Better;
pub use estimate::compare;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;
pub use verdict::{verdict, verdicts};

/// The values of one metric on one side.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Side {
    /// For each session (one machine, one hour) the values of its blocks, in base units: finite, and above zero for
    /// [`Scale::Ratio`]. Empty sessions are passed over.
    pub sessions: Vec<Vec<f64>>,
}

impl Side {
    /// Blocks that ran in one session.
    pub fn session(blocks: &[f64]) -> Self {
        Self { sessions: vec![blocks.to_vec()] }
    }

    /// Sessions of one block each.
    pub fn runs(values: &[f64]) -> Self {
        Self { sessions: values.iter().map(|value| vec![*value]).collect() }
    }
}

/// Which direction is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worse {
    /// Higher is worse: latency, memory.
    Higher,
    /// Lower is worse: throughput, recall.
    Lower,
}

impl From<Better> for Worse {
    fn from(better: Better) -> Self {
        match better {
            Better::Lower => Self::Higher,
            Better::Higher => Self::Lower,
        }
    }
}

/// How a metric is compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spec {
    /// How changes are counted.
    pub scale: Scale,
    /// Which direction is bad.
    pub worse: Worse,
    /// The change that does not matter: a share for [`Scale::Ratio`], in the metric's unit for [`Scale::Difference`]; from 0.
    pub margin: f64,
    /// Confidence of the interval, above one half and below 1.
    pub confidence: f64,
    /// Whether the i-th value of `a` belongs with the i-th of `b`: they ran interleaved. Both sides then have the same shape.
    pub paired: bool,
    /// What A/A has shown of sessions on this machine. `None` takes [`Between::assumed`] where it is needed.
    pub between: Option<Between>,
    /// In how many hours, apart from each other, the sessions of each side lie. Those of one hour share what the machine was
    /// like then: where A/A has measured it, `between` is added for each hour. `None` takes every session for an hour of its own.
    pub hours: Option<(usize, usize)>,
    /// Seed of the bootstrap.
    pub seed: u64,
}

impl Spec {
    /// 2 % (or half a point) at 95 %, unpaired, nothing known of sessions.
    pub fn new(scale: Scale, worse: Worse) -> Self {
        let margin = match scale {
            Scale::Ratio => 0.02,
            Scale::Difference => 0.005,
        };
        Self { scale, worse, margin, confidence: 0.95, paired: false, between: None, hours: None, seed: 0 }
    }
}

/// How far the true mean of one session lies from that of its machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Between {
    /// Its standard deviation on the scale of the comparison: of the logarithm for [`Scale::Ratio`] (0.02 is about 2 %),
    /// in the metric's unit for [`Scale::Difference`].
    pub sd: f64,
    /// Degrees of freedom that it was measured with; [`usize::MAX`] if it is taken as known.
    pub freedom: usize,
}

/// How an interval was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The values of each side are equal to the last digit: nothing is uncertain.
    Exact,
    /// Paired t.
    Paired,
    /// Welch's t.
    Welch,
    /// t with the scatter of one side for both, because the other has too few.
    Pooled,
    /// Welch's t on blocks, with the variance between sessions added.
    Between,
    /// The variance between sessions alone.
    BetweenAlone,
    /// Studentised hierarchical bootstrap.
    Bootstrap,
    /// Studentised hierarchical bootstrap of paired differences.
    PairedBootstrap,
    /// Nothing is known of the scatter.
    Unknown,
}

impl Method {
    /// As it is told on a scale, such as `paired t on log ratios`.
    pub fn words(self, scale: Scale) -> String {
        let of = match scale {
            Scale::Ratio => "log ratios",
            Scale::Difference => "differences",
        };
        match self {
            Self::Exact => "exact: the values of each side are equal".into(),
            Self::Paired => format!("paired t on {of}"),
            Self::Welch => format!("Welch's t on {of}"),
            Self::Pooled => format!("t on {of}, with the scatter of the side that has several runs"),
            Self::Between => format!("Welch's t on {of}, with the variance between sessions added"),
            Self::BetweenAlone => format!("t on {of}, with the variance between sessions"),
            Self::Bootstrap => format!("studentised bootstrap of {of}"),
            Self::PairedBootstrap => format!("paired studentised bootstrap of {of}"),
            Self::Unknown => "none: one run a side, and no figure of how runs differ".into(),
        }
    }
}

/// How much a metric changed from `a` to `b`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Mean of side `a` in base units: geometric for ratios.
    pub a: f64,
    /// Mean of side `b`.
    pub b: f64,
    /// The change: b/a − 1 for ratios, b − a for differences.
    pub effect: f64,
    /// Lower end of its interval at the confidence asked for. −1 (ratios) or −∞ if nothing is known.
    pub low: f64,
    /// Upper end; ∞ if nothing is known.
    pub high: f64,
    /// Lower end of the interval for equivalence, which leaves out twice as much: 90 % at a confidence of 95 %.
    pub low90: f64,
    /// Upper end of the interval for equivalence.
    pub high90: f64,
    /// One-sided p of "not worse by more than the margin"; 1 if nothing is known.
    pub p: f64,
    /// One-sided p of "not better by more than the margin".
    pub p_better: f64,
    /// How the interval was made.
    pub method: Method,
    /// Samples on each side: sessions where these are the sample, pairs, or blocks.
    pub runs: (usize, usize),
    /// Standard error of the change, on logarithms for ratios; ∞ if nothing is known.
    pub error: f64,
    /// Degrees of freedom of the standard error; ∞ if it is taken as known.
    pub freedom: f64,
    /// The smallest change for the worse that would be told REGRESSED four times in five, as a positive share or difference.
    /// `None` if nothing is known.
    pub detectable: Option<f64>,
    /// Further runs a side after which it would be decided four times in five, if the change is as estimated. Sessions where
    /// sessions are what differs. `None` if it is decided, or if a thousand would not do: the change is too close to the margin.
    pub more_runs: Option<u32>,
}

/// Why two sides cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum CompareError {
    /// A side has no values.
    #[error("side {0} has no values")]
    Empty(char),
    /// A value is no finite number.
    #[error("side {side} has the value {value}; values must be finite")]
    NotFinite {
        /// `a` or `b`.
        side: char,
        /// The value.
        value: f64,
    },
    /// A value has no logarithm.
    #[error("side {side} has the value {value}; ratios need values above 0, or compare differences")]
    NotPositive {
        /// `a` or `b`.
        side: char,
        /// The value.
        value: f64,
    },
    /// Pairs are incomplete.
    #[error("pairs need the same blocks in the same sessions on both sides; a has {a} blocks, b has {b}")]
    Unpaired {
        /// Blocks of side `a`.
        a: usize,
        /// Blocks of side `b`.
        b: usize,
    },
    /// The margin is no size.
    #[error("the margin is {0}; give a number from 0")]
    Margin(f64),
    /// The confidence is no share above one half.
    #[error("the confidence is {0}; give a share between 0.5 and 1, such as 0.95")]
    Confidence(f64),
}
