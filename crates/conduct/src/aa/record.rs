//! What a session of A/A leaves behind as `aa.json`.

use annvil_core::comparison::AaSummary;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::estimate::AaFigure;
use crate::ab::Ended;

/// Name of the record in the session's folder.
pub const RECORD: &str = "aa.json";

/// A session of blocks of the same thing. It is written anew after every block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AaReport {
    /// Version of this schema.
    pub schema: u32,
    /// Name of the session, also of its folder.
    pub id: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Hash of the scenario's plan, by which comparisons find this.
    pub plan_hash: String,
    /// Digest of the machine.
    pub fingerprint: String,
    /// The machine, in words.
    pub machine: String,
    /// Start, RFC 3339.
    pub started: String,
    /// Wall time so far, in seconds.
    pub seconds: f64,
    /// Seconds that it may take.
    pub budget: f64,
    /// Blocks in the order in which they were measured.
    pub blocks: Vec<AaBlock>,
    /// Variants that did not fit into the time; they were measured once.
    pub left_out: Vec<String>,
    /// Sessions of this machine and plan that are known, this one included.
    pub sessions: usize,
    /// What it showed of each figure.
    pub figures: Vec<AaFigure>,
    /// Balanced interleaved splits of the blocks that were compared.
    pub splits: usize,
    /// How many of them raised any alarm.
    pub alarmed: usize,
    /// In general; none without enough blocks.
    pub summary: Option<AaSummary>,
    /// Why it ended; none while it goes on.
    pub ended: Option<Ended>,
    /// What failed, or why blocks can't be judged; empty if neither.
    pub reasons: Vec<String>,
    /// The exit code; none while it goes on.
    pub exit_code: Option<u8>,
}

/// A block of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AaBlock {
    /// Name of its run.
    pub run: String,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Whether its figures count.
    pub counts: bool,
    /// Why they do not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invalid: Vec<String>,
}
