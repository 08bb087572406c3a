//! The run record: what was planned, where it ran, what was measured, what follows. Stored as `run.json`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::{EngineInfo, Promise, Settled, Usage};
use crate::form::{Form, Params};
use crate::histogram::Histogram;
use crate::objective::{Grade, ObjectiveEntry};
use crate::plan::Plan;
use crate::server::{Advice, PlanRecord, ServerFigures};
use crate::units::{Bytes, Nanos};

mod environment;
mod load;
mod metrics;
mod origin;
mod resources;
mod runbook;

pub use environment::{Build, Environment, Floor};
pub use load::{
    CheckpointRecord, FreshnessRecord, LimitRecord, LoadRecord, Offered, OpenRecord, TrialRecord,
};
pub use metrics::{Metric as MetricValue, median, metrics};
pub use origin::Origin;
pub use resources::{ResourceFigures, ResourceRecord, ResourceSample, SubjectRecord};
pub use runbook::{AnswersRecord, RunbookRecord, StepRecord};

/// Version of the record's schema. A reader refuses what is newer and says so.
pub const SCHEMA: u32 = 2;

/// One execution of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunRecord {
    /// Version of this schema.
    pub schema: u32,
    /// Name of the run, also of its folder.
    pub id: String,
    /// Annvil itself.
    pub build: Build,
    /// How far it came.
    pub status: Status,
    /// Start, RFC 3339.
    pub started: String,
    /// Wall time of the run so far, in seconds.
    pub seconds: f64,
    /// What was planned.
    pub plan: Plan,
    /// Hash of the plan.
    pub plan_hash: String,
    /// The machine.
    pub environment: Environment,
    /// Which change of the user's own project was measured.
    #[serde(default, skip_serializing_if = "Origin::is_empty")]
    pub origin: Origin,
    /// What the harness itself costs here.
    pub floor: Option<Floor>,
    /// What was measured: one entry for each build of each variant.
    pub blocks: Vec<Block>,
    /// Objectives and what became of them.
    pub objectives: Vec<ObjectiveResult>,
}

impl RunRecord {
    /// Why it cannot be judged: every check of validity that does not hold, in words. Empty if it can.
    pub fn invalid(&self) -> Vec<String> {
        let phases =
            self.blocks.iter().flat_map(|block| block.phases.iter().map(move |phase| (block, phase)));
        phases
            .flat_map(|(block, phase)| {
                let wrong = phase.validity.iter().filter(|check| check.valid == Some(false));
                wrong.map(move |check| {
                    format!("{} {}: {}: {}", block.variant, phase.name, check.name, check.figure)
                })
            })
            .collect()
    }
}

/// How far a run came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Still measuring, or ended without a word: the process was killed.
    Running,
    /// Everything planned was done.
    Complete,
    /// Stopped by the user or by the time limit; what is there is good.
    Interrupted,
    /// An engine or the infrastructure failed.
    Failed,
}

/// A fresh build of one variant and what was measured on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Block {
    /// Number of the block, from 0.
    pub block: u32,
    /// Name of the variant.
    pub variant: String,
    /// What the engine says of itself.
    pub engine: Option<EngineInfo>,
    /// Phases in the order in which they ran.
    pub phases: Vec<PhaseRecord>,
    /// Memory and disk after settling.
    pub memory: Option<MemoryRecord>,
    /// Settings of the server that are worth a look.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<Advice>,
    /// Why the variant ended early: an engine that failed, a verification that was not passed.
    pub failure: Option<Failure>,
}

/// Why a block ended early.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// Phase in which it happened; empty before the first.
    pub phase: String,
    /// What kind of failure it was.
    pub kind: FailureKind,
    /// What happened, in words.
    pub message: String,
}

/// Kinds of failure, which decide the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The configuration can't work on this engine.
    Configuration,
    /// The engine, the process or the machine failed.
    Engine,
    /// Answers were wrong.
    Verification,
    /// Stopped by the user or the time limit.
    Interrupted,
}

/// Memory and disk of a variant, measured in a process that holds nothing else.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MemoryRecord {
    /// What the engine says.
    pub usage: Usage,
    /// Anonymous resident memory of the process before the collection was created.
    pub resident_before: Option<Bytes>,
    /// The same after settling.
    pub resident_after: Option<Bytes>,
    /// Highest resident memory of the process, everything included.
    pub peak: Option<Bytes>,
    /// Whether the variant had a process of its own. Only then is `resident` the variant's.
    pub own_process: bool,
}

impl MemoryRecord {
    /// Growth of resident memory from before creation to after settling.
    pub fn resident(&self) -> Option<Bytes> {
        Some(Bytes(self.resident_after?.0.saturating_sub(self.resident_before?.0)))
    }
}

/// One phase at one point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PhaseRecord {
    /// Unique name of the phase.
    pub name: String,
    /// Kind of the phase.
    pub kind: String,
    /// Point of the sweep; empty where nothing is swept.
    pub point: Params,
    /// When it began, from the start of the block.
    pub began: Nanos,
    /// Wall time from its beginning to its end, everything included.
    pub time: Nanos,
    /// Where that time went, in order.
    pub breakdown: Vec<Share>,
    /// What was measured.
    pub result: PhaseResult,
    /// Checks of whether the measurement means anything.
    pub validity: Vec<ValidityCheck>,
    /// What the phase used of the machine, while something was timed.
    pub resources: Option<ResourceRecord>,
    /// What the server counted meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<Box<ServerFigures>>,
}

impl PhaseRecord {
    /// Whether it ended before its time, though the run went on.
    pub fn ended_early(&self) -> bool {
        match &self.result {
            PhaseResult::Measured { ended, .. } => ended.is_some(),
            PhaseResult::Runbook(book) => !book.is_whole(),
            _ => false,
        }
    }
}

/// A part of a phase's time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Share {
    /// What was done.
    pub what: String,
    /// How long it took.
    pub time: Nanos,
}

/// What a phase measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhaseResult {
    /// Rows were copied in.
    Load {
        /// Rows.
        rows: u64,
        /// Batches handed over.
        batches: u64,
        /// Time inside the engine.
        time: Nanos,
    },
    /// The index was built.
    Settle(Settled),
    /// Answers were checked.
    Verify {
        /// Every check and what it found.
        checks: Vec<Check>,
        /// How the system answers each form, if it has plans.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        plans: Vec<PlanRecord>,
    },
    /// Operations were timed.
    Measured {
        /// How they came.
        load: LoadRecord,
        /// One entry a form.
        forms: Vec<FormRecord>,
        /// Answers scored while the collection changed.
        checkpoints: Vec<CheckpointRecord>,
        /// How long acknowledged rows took to be found.
        freshness: Option<Box<FreshnessRecord>>,
        /// Why the phase ended early, if it did.
        ended: Option<String>,
    },
    /// The highest load was sought.
    Limit(LimitRecord),
    /// A runbook was gone through.
    Runbook(Box<RunbookRecord>),
    /// The collection was written.
    Persist {
        /// Rows.
        rows: u64,
        /// Bytes on disk.
        bytes: Bytes,
        /// Time of each repeat, until the bytes were on the disk.
        times: Vec<Nanos>,
    },
    /// The engine can't do this: an ordinary answer, shown as such.
    Unsupported {
        /// What it can't do, in its words.
        what: String,
    },
    /// The collection was read back.
    Restore {
        /// Rows.
        rows: u64,
        /// Queries that were answered as before within the time.
        queries: u64,
        /// The first repeat, with the file's pages dropped from the page cache as far as rights allow.
        cold: Option<Nanos>,
        /// Time of each warm repeat.
        times: Vec<Nanos>,
        /// How the pages were dropped, or why they were not.
        cache: String,
    },
}

/// One check of verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// Form, or `writes`.
    pub form: String,
    /// What was checked.
    pub name: String,
    /// Whether it holds.
    pub passed: bool,
    /// What was found; for a failure with an example.
    pub detail: String,
}

/// What was measured of one form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FormRecord {
    /// The form.
    pub form: Form,
    /// What the engine promised for its answers.
    pub promise: Option<Promise>,
    /// Callers at the same time.
    pub sessions: usize,
    /// Operations timed by one pair of clock readings; 1 is each by itself.
    pub batch: u64,
    /// Operations that were answered.
    pub operations: u64,
    /// Operations that failed, by kind.
    pub failures: BTreeMap<String, u64>,
    /// From the first operation sent to the last one done.
    pub window: Nanos,
    /// Operations done before the window, and the time they took.
    pub warmup: Share,
    /// Time from sending to answer.
    pub service: Histogram,
    /// Time from the intended instant to the answer; absent in closed load, where it says nothing.
    pub response: Option<Histogram>,
    /// Time until a session was free; absent in closed load.
    pub queue_wait: Option<Histogram>,
    /// Delay that the harness added between a session being free, or the intended instant, and sending.
    pub sched_lag: Option<Histogram>,
    /// Latencies of failed operations.
    pub failed: Option<Histogram>,
    /// How right the answers were; absent without truth.
    pub recall: Option<RecallRecord>,
    /// One entry a second.
    pub intervals: Vec<Interval>,
}

/// How right the answers of a form were.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecallRecord {
    /// Answers wanted.
    pub k: usize,
    /// Answers scored.
    pub scored: u64,
    /// Mean recall over distinct queries.
    pub mean: f64,
    /// Half the width of the mean's 95 % interval.
    pub half_width: f64,
    /// Recall that a tenth of the queries don't reach.
    pub p10: f64,
    /// Distinct queries scored: the sample of the interval.
    pub queries: u64,
    /// Mean reciprocal rank of the true nearest row.
    pub mrr: f64,
    /// Normalised discounted cumulative gain against the exact order.
    pub ndcg: f64,
    /// Answers with fewer rows than exist and were asked.
    pub short_answers: u64,
    /// Recall of each query, for paired comparisons: row of the queries and its mean recall.
    pub by_query: Vec<(u32, f32)>,
}

impl RecallRecord {
    /// Share of the queries whose recall is below `level`.
    pub fn share_below(&self, level: f64) -> f64 {
        let below = self.by_query.iter().filter(|(_, recall)| f64::from(*recall) < level).count();
        below as f64 / self.by_query.len().max(1) as f64
    }
}

/// One second of a phase.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interval {
    /// End, from the start of the window.
    pub at: Nanos,
    /// Operations answered.
    pub operations: u64,
    /// Operations failed.
    pub failures: u64,
    /// Median service time; absent without samples.
    pub p50: Option<Nanos>,
    /// 99th percentile of the service time; absent with too few samples.
    pub p99: Option<Nanos>,
    /// Median response time; open load only.
    pub response_p50: Option<Nanos>,
    /// 99th percentile of the response time; open load only.
    pub response_p99: Option<Nanos>,
}

/// One check of whether a measurement means anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ValidityCheck {
    /// What is checked.
    pub name: String,
    /// Whether it holds; unknown where it can't be read here.
    pub valid: Option<bool>,
    /// The figure and its limit, in words.
    pub figure: String,
}

/// An objective for one variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ObjectiveResult {
    /// The objective.
    pub objective: ObjectiveEntry,
    /// Every figure that it binds.
    pub judged: Vec<Judged>,
}

/// One figure against its objective.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Judged {
    /// The figure.
    pub key: crate::key::MetricKey,
    /// Its value in base units (nanoseconds, per second, share, bytes); absent if it was not measured.
    pub value: Option<f64>,
    /// What it is held against, in the same unit.
    pub target: Option<f64>,
    /// Distance to the target as a share of it, positive when met.
    pub margin: Option<f64>,
    /// Met, near, missed, critical, unknown.
    pub grade: Grade,
}
