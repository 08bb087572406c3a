//! How many operations a second a phase of open load sends, and how that changes: its `rate:` value.
//!
//! ```yaml
//! rate: 500/s
//! rate: {ramp: {from: 10/s, to: 1000/s}}
//! rate: {stages: [{for: 10s, to: 100/s}, {for: 30s, to: 100/s}], from: 0/s}
//! rate: {trace: offsets.txt}
//! ```

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{HumanDuration, HumanRate, Nanos, Rate};

mod curve;
mod text;

/// The rate of a phase over time.
#[derive(Debug, Clone, PartialEq)]
pub enum RateSpec {
    /// The same all the time.
    Hold(HumanRate),
    /// From one rate to another in a straight line.
    Ramp(RampRate),
    /// From one rate to another in equal steps.
    Step(StepRate),
    /// One rate, and a higher one for a while.
    Spike(SpikeRate),
    /// Up and down about a mean.
    Sine(SineRate),
    /// Up to a rate, then on with it.
    Soak(SoakRate),
    /// Straight lines from target to target, with lengths of their own.
    Stages(StagesRate),
    /// Recorded instants from a file.
    Trace(PathBuf),
}

/// From one rate to another in a straight line, over the whole phase.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RampRate {
    /// The rate at the beginning.
    pub from: HumanRate,
    /// The rate at the end.
    pub to: HumanRate,
}

/// From one rate to another in steps of equal height and length; both are held for a step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepRate {
    /// The rate of the first step.
    pub from: HumanRate,
    /// The rate of the last step.
    pub to: HumanRate,
    /// How many rates there are, from 2 to 10,000.
    #[schemars(range(min = 2, max = 10_000))]
    pub steps: u32,
}

/// One rate, and another for a while.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpikeRate {
    /// The rate before and after.
    pub base: HumanRate,
    /// The rate of the spike.
    pub peak: HumanRate,
    /// When the spike begins.
    pub at: HumanDuration,
    /// How long the spike lasts; it must end within the phase.
    pub lasts: HumanDuration,
}

/// Up and down about a mean, upwards first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SineRate {
    /// The rate about which it swings.
    pub mean: HumanRate,
    /// How far it swings, at most the mean.
    pub amplitude: HumanRate,
    /// How long a swing takes.
    pub period: HumanDuration,
}

/// Up to a rate in a straight line, then on with it to the end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SoakRate {
    /// The rate to go on with.
    pub rate: HumanRate,
    /// How long it takes to get there from nothing; at most the length of the phase.
    pub ramp: HumanDuration,
}

/// Straight lines from target to target.
#[derive(Debug, Clone, PartialEq)]
pub struct StagesRate {
    /// The stages, in order.
    pub stages: Vec<RateStage>,
    /// The rate at the beginning.
    pub from: HumanRate,
}

/// One straight line. One of no length is a jump.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateStage {
    /// How long it is.
    #[serde(rename = "for")]
    pub length: HumanDuration,
    /// The rate at its end.
    pub to: HumanRate,
}

impl RateSpec {
    /// The same rate all the time; this and the other rates here are per second.
    pub const fn hold(rate: f64) -> Self {
        Self::Hold(HumanRate(Rate(rate)))
    }

    /// `base`, and `peak` from `at` on for as long as it `lasts`.
    pub const fn spike(base: f64, peak: f64, at: Nanos, lasts: Nanos) -> Self {
        Self::Spike(SpikeRate {
            base: HumanRate(Rate(base)),
            peak: HumanRate(Rate(peak)),
            at: HumanDuration(at),
            lasts: HumanDuration(lasts),
        })
    }

    /// Straight lines that begin at `from`, each with its length in nanoseconds and the rate at its end.
    pub fn stages(from: f64, stages: &[(u64, f64)]) -> Self {
        let stage = |(length, to): &(u64, f64)| RateStage {
            length: HumanDuration(Nanos(*length)),
            to: HumanRate(Rate(*to)),
        };
        Self::Stages(StagesRate { stages: stages.iter().map(stage).collect(), from: HumanRate(Rate(from)) })
    }

    /// The file of recorded instants, if it is one, as it is written.
    pub fn trace(&self) -> Option<&Path> {
        match self {
            Self::Trace(path) => Some(path),
            _ => None,
        }
    }

    /// The same shape with every rate multiplied by `factor`; `None` for a trace, which has instants and no rates.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Option<Self> {
        let scale = |rate: HumanRate| HumanRate(Rate(rate.per_second() * factor));
        Some(match self {
            Self::Hold(rate) => Self::Hold(scale(*rate)),
            Self::Ramp(ramp) => Self::Ramp(RampRate { from: scale(ramp.from), to: scale(ramp.to) }),
            Self::Step(step) => Self::Step(StepRate { from: scale(step.from), to: scale(step.to), ..*step }),
            Self::Spike(spike) => {
                Self::Spike(SpikeRate { base: scale(spike.base), peak: scale(spike.peak), ..*spike })
            }
            Self::Sine(sine) => {
                Self::Sine(SineRate { mean: scale(sine.mean), amplitude: scale(sine.amplitude), ..*sine })
            }
            Self::Soak(soak) => Self::Soak(SoakRate { rate: scale(soak.rate), ..*soak }),
            Self::Stages(StagesRate { stages, from }) => Self::Stages(StagesRate {
                stages: stages.iter().map(|stage| RateStage { to: scale(stage.to), ..*stage }).collect(),
                from: scale(*from),
            }),
            Self::Trace(_) => return None,
        })
    }
}
