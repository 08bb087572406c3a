//! What a phase of load was asked and what became of it, besides the figures of its forms.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::histogram::Histogram;
use crate::record::RecallRecord;
use crate::units::Nanos;

/// How operations came.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoadRecord {
    /// Callers at the same time; connections in open load.
    pub sessions: usize,
    /// Threads that drove them.
    pub threads: usize,
    /// Mean number of operations in flight, integrated over time.
    pub in_flight: f64,
    /// The schedule and what became of it; absent in closed load.
    pub open: Option<OpenRecord>,
    /// Whether service times were flat at the end of the warm-up; absent if that was not waited for.
    pub warm: Option<bool>,
    /// Share of the threads' time in which they were ready to run and waited for a processor, 0 to 1 (Linux).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited: Option<f64>,
}

/// A schedule and what became of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OpenRecord {
    /// Arrivals that were due.
    pub offered: u64,
    /// Length of the schedule.
    pub duration: Nanos,
    /// Operations that could be in flight.
    pub max_in_flight: u64,
    /// Arrivals left out because every place was taken.
    pub dropped: u64,
    /// Arrivals that still waited when the phase was given up.
    pub unsent: u64,
    /// Arrivals that the harness released after the end of the schedule.
    pub late: u64,
    /// Arrivals of each second, by the instant at which they were due.
    pub seconds: Vec<Offered>,
}

impl OpenRecord {
    /// Mean rate of the schedule, per second.
    pub fn rate(&self) -> f64 {
        self.offered as f64 / self.duration.as_secs_f64().max(f64::MIN_POSITIVE)
    }
}

/// Arrivals of a second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Offered {
    /// Due.
    pub offered: u32,
    /// Dropped.
    pub dropped: u32,
}

/// Answers scored against what the collection held at a moment of a phase that changes it. The load pauses meanwhile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CheckpointRecord {
    /// When, from the start of the phase, pauses left out.
    pub at: Nanos,
    /// Rows that the collection should hold, by the log of what was acknowledged.
    pub rows: u64,
    /// Rows inserted so far.
    pub inserted: u64,
    /// Inserted rows that were replaced so far.
    pub replaced: u64,
    /// Rows removed so far.
    pub deleted: u64,
    /// Rows whose write failed or timed out: they count neither for nor against an answer.
    pub unsure: u64,
    /// Queries asked.
    pub queries: u64,
    /// Queries that failed.
    pub failed: u64,
    /// How right the answers were.
    pub recall: Option<RecallRecord>,
    /// Answered rows that had been removed, over all queries.
    pub ghosts: u64,
    /// Inserted rows that should have been among the answers and were not, over all queries.
    pub missed_new: u64,
}

/// How long acknowledged rows took to be found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FreshnessRecord {
    /// Rows upserted and searched for.
    pub probes: u64,
    /// Rows that were not found within the limit.
    pub lost: u64,
    /// Upserts and searches of the probing session that failed.
    pub failed: u64,
    /// How long a row was searched for.
    pub limit: Nanos,
    /// From the acknowledgement of a row to the end of the first search that found it.
    pub time: Histogram,
}

/// What `limit` found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LimitRecord {
    /// Whether levels are arrivals a second; otherwise they are sessions.
    pub rates: bool,
    /// Highest level at which the objectives held, as the middle of the interval.
    pub estimate: Option<f64>,
    /// Highest level that held.
    pub low: Option<f64>,
    /// Lowest level that did not.
    pub high: Option<f64>,
    /// What the answer is worth, in words.
    pub answer: String,
    /// Whether no level held that lies above one which did not.
    pub consistent: bool,
    /// Level beyond which latency rises faster than load, if there is one among the trials.
    pub knee: Option<f64>,
    /// Every trial in the order in which it was made.
    pub trials: Vec<TrialRecord>,
}

/// One level tried once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrialRecord {
    /// The level.
    pub level: f64,
    /// Whether every objective held; absent if the trial was invalid.
    pub met: Option<bool>,
    /// Operations answered a second.
    pub throughput: f64,
    /// Percentiles of the response time in open load, of the service time in closed load.
    pub p50: Option<Nanos>,
    /// 95th percentile.
    pub p95: Option<Nanos>,
    /// 99th percentile.
    pub p99: Option<Nanos>,
    /// Share of the operations that were answered.
    pub success: f64,
    /// Mean recall.
    pub recall: Option<f64>,
    /// What was missed, or why the trial was invalid, in words.
    pub why: Vec<String>,
}
