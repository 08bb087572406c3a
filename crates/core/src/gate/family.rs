//! Kinds of figures that are judged alike.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Amount;
use crate::key::MetricKey;
use crate::quantity::{Quantity, Stat, Unit};

/// Figures of a kind have one margin and one limit unless a rule says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Medians and means of latencies.
    Latency,
    /// Percentiles from the 90th on, and the maximum.
    Tail,
    /// Operations and rows a second.
    Throughput,
    /// Times of whole phases: loading, building, writing, reading back.
    Time,
    /// Bytes of any kind.
    Memory,
    /// Recall, MRR, nDCG.
    Recall,
    /// Shares of operations that were answered.
    Success,
    /// Everything else.
    Other,
}

impl Family {
    /// The family of a figure.
    pub fn of(key: &MetricKey) -> Self {
        match key.quantity {
            quantity if quantity.is_latency() => match key.stat {
                Stat::P90 | Stat::P95 | Stat::P99 | Stat::P999 | Stat::Max => Self::Tail,
                _ => Self::Latency,
            },
            Quantity::Throughput => Self::Throughput,
            Quantity::Time => Self::Time,
            Quantity::Recall { .. } | Quantity::Mrr | Quantity::Ndcg { .. } => Self::Recall,
            Quantity::Success => Self::Success,
            quantity if quantity.unit() == Unit::Bytes => Self::Memory,
            _ => Self::Other,
        }
    }

    /// The margin within which a change does not matter: a share, or a difference of shares.
    pub const fn margin(self) -> Amount {
        Amount(match self {
            Self::Latency | Self::Throughput | Self::Memory | Self::Other => 0.02,
            Self::Tail | Self::Time => 0.05,
            Self::Recall => 0.005,
            Self::Success => 0.001,
        })
    }

    /// How much worse it may become against the baseline; none if only the margin counts.
    pub const fn worse(self) -> Option<Amount> {
        match self {
            Self::Latency | Self::Tail => Some(Amount(0.20)),
            Self::Throughput => Some(Amount(0.15)),
            Self::Memory => Some(Amount(0.25)),
            Self::Time | Self::Recall | Self::Success | Self::Other => None,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Latency => "latency",
            Self::Tail => "tail",
            Self::Throughput => "throughput",
            Self::Time => "time",
            Self::Memory => "memory",
            Self::Recall => "recall",
            Self::Success => "success",
            Self::Other => "other",
        })
    }
}
