//! The phases of a scenario, each with its keys and defaults.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::filter::Filter;
use crate::units::HumanDuration;

/// One timed step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Copy the rows in.
    Load(LoadPhase),
    /// Build the index and wait until it is complete.
    Settle(SettlePhase),
    /// Check answers, write path and scores before anything is timed.
    Verify(VerifyPhase),
    /// Search, closed load.
    Search(SearchPhase),
    /// Fetch rows by id.
    Fetch(FetchPhase),
    /// Distances of queries to stored rows.
    Distance(DistancePhase),
    /// Write the collection to disk.
    Persist(PersistPhase),
    /// Read it back and check that it answers as before.
    Restore(RestorePhase),
}

impl Phase {
    /// The kind, as it is written.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Load(_) => "load",
            Self::Settle(_) => "settle",
            Self::Verify(_) => "verify",
            Self::Search(_) => "search",
            Self::Fetch(_) => "fetch",
            Self::Distance(_) => "distance",
            Self::Persist(_) => "persist",
            Self::Restore(_) => "restore",
        }
    }

    /// The unique name: as written, or the kind.
    pub fn name(&self) -> &str {
        let written = match self {
            Self::Load(p) => &p.name,
            Self::Settle(p) => &p.name,
            Self::Verify(p) => &p.name,
            Self::Search(p) => &p.name,
            Self::Fetch(p) => &p.name,
            Self::Distance(p) => &p.name,
            Self::Persist(p) => &p.name,
            Self::Restore(p) => &p.name,
        };
        written.as_deref().unwrap_or(self.kind())
    }
}

/// At which points of a sweep a phase runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Points {
    /// At every point.
    #[default]
    All,
    /// Only at the variant's `report_at`.
    Report,
}

/// Keys of a `load` phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LoadPhase {
    /// Unique name; `load` unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Rows handed over at a time.
    pub batch: usize,
}

impl Default for LoadPhase {
    fn default() -> Self {
        Self { name: None, batch: 1000 }
    }
}

/// Keys of a `settle` phase.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SettlePhase {
    /// Unique name; `settle` unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Keys of a `verify` phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct VerifyPhase {
    /// Unique name; `verify` unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Queries asked of each form.
    pub queries: usize,
    /// Whether writes are checked too, in a collection of 1,000 rows of their own.
    pub writes: bool,
}

impl Default for VerifyPhase {
    fn default() -> Self {
        Self { name: None, queries: 200, writes: true }
    }
}

/// Keys of a `search` phase: closed load of one or more sessions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SearchPhase {
    /// Unique name; `search` unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Answers wanted.
    pub k: usize,
    /// Searches to do; every query of the data set once unless this or `for` is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queries: Option<u64>,
    /// How long to go on, cycling through the queries.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub duration: Option<HumanDuration>,
    /// Callers at the same time.
    pub sessions: usize,
    /// Searches before the clock starts; their figures are discarded.
    pub warmup: u64,
    /// Rows that may be answered, such as `lexname = 'noun.plant'`.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// Points of the sweep at which it runs.
    pub points: Points,
}

impl Default for SearchPhase {
    fn default() -> Self {
        Self {
            name: None,
            k: 10,
            queries: None,
            duration: None,
            sessions: 1,
            warmup: 100,
            filter: None,
            points: Points::All,
        }
    }
}

/// Keys of a `fetch` phase: rows by seeded random id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FetchPhase {
    /// Unique name; `fetch` unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Operations to do.
    pub operations: u64,
    /// Operations timed by one pair of clock readings: each counts with their mean.
    pub batch: u64,
    /// Callers at the same time.
    pub sessions: usize,
}

impl Default for FetchPhase {
    fn default() -> Self {
        Self { name: None, operations: 2_000_000, batch: 256, sessions: 1 }
    }
}

/// Keys of a `distance` phase: seeded random pairs of query and row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DistancePhase {
    /// Unique name; `distance` unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Operations to do.
    pub operations: u64,
    /// Operations timed by one pair of clock readings: each counts with their mean.
    pub batch: u64,
    /// Callers at the same time.
    pub sessions: usize,
}

impl Default for DistancePhase {
    fn default() -> Self {
        Self { name: None, operations: 2_000_000, batch: 256, sessions: 1 }
    }
}

/// Keys of a `persist` phase; each repeat ends when the bytes are on the disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PersistPhase {
    /// Unique name; `persist` unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How often; the median counts.
    pub repeats: u32,
}

impl Default for PersistPhase {
    fn default() -> Self {
        Self { name: None, repeats: 5 }
    }
}

/// Keys of a `restore` phase; each repeat ends when the queries are answered as they were before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RestorePhase {
    /// Unique name; `restore` unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Queries whose answers must be the same as before.
    pub queries: usize,
    /// How often; the median counts.
    pub repeats: u32,
}

impl Default for RestorePhase {
    fn default() -> Self {
        Self { name: None, queries: 100, repeats: 5 }
    }
}
