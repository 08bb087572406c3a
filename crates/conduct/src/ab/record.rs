//! What a session leaves behind as `ab.json`: its order, its sides, its looks and what it came to.

use annvil_core::comparison::Comparison;
use annvil_core::record::Origin;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::looks::Ended;
use super::order::Which;

/// Name of the record in the session's folder.
pub const RECORD: &str = "ab.json";

/// A session of interleaved blocks of two sides. It is written anew after every block and every look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AbRecord {
    /// Version of this schema.
    pub schema: u32,
    /// Name of the session, also of its folder.
    pub id: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Start, RFC 3339.
    pub started: String,
    /// Wall time so far, in seconds.
    pub seconds: f64,
    /// Change of the user's own project that was checked out.
    #[serde(default, skip_serializing_if = "Origin::is_empty")]
    pub origin: Origin,
    /// Seed of the order.
    pub seed: u64,
    /// Seconds that it may take; none if only rounds bound it.
    pub budget: Option<f64>,
    /// Pairs that are planned at most.
    pub rounds: usize,
    /// What `b` is held against.
    pub a: SideNote,
    /// The candidate.
    pub b: SideNote,
    /// Blocks in the order in which they were measured.
    pub blocks: Vec<BlockNote>,
    /// Looks in their order.
    pub looks: Vec<Look>,
    /// Why it ended; none while it goes on, or if it was killed.
    pub ended: Option<Ended>,
    /// What failed, or why it can't be judged; empty if neither.
    pub reasons: Vec<String>,
    /// What it came to; none without enough blocks.
    pub comparison: Option<Comparison>,
    /// The exit code; none while it goes on.
    pub exit_code: Option<u8>,
}

impl AbRecord {
    /// Names of the runs of a side that count: of every pair that both sides have, in the order of the pairs.
    pub fn counted(&self, side: Which) -> Vec<&str> {
        let of = |side: Which, pair: usize| {
            let counts = |block: &&BlockNote| block.counts && block.side == side && block.pair == pair;
            self.blocks.iter().find(counts).map(|block| block.run.as_str())
        };
        let last = self.blocks.iter().map(|block| block.pair).max().unwrap_or(0);
        (1..=last).filter_map(|pair| of(side.other(), pair).and(of(side, pair))).collect()
    }
}

/// A side of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SideNote {
    /// What it is called: what differs from the scenario.
    pub name: String,
    /// Folder of its runs below the session's.
    pub folder: String,
}

/// A block of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BlockNote {
    /// The side.
    pub side: Which,
    /// Number of the pair, from 1.
    pub pair: usize,
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

/// A look at what is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Look {
    /// Pairs that it saw.
    pub pairs: usize,
    /// Pairs that are planned.
    pub of: usize,
    /// Two-sided level at which it may decide.
    pub level: f64,
    /// Figures that are judged.
    pub judged: usize,
    /// How many of them are decided.
    pub decided: usize,
    /// How many of them look worse.
    pub regressed: usize,
    /// How many of those have not been confirmed yet.
    pub unconfirmed: usize,
}
