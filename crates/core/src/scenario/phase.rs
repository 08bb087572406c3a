//! The phases of a scenario, each with its keys and defaults.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::limit::LimitPhase;
use super::mix::{MigrationPhase, MixedPhase};
use super::runbook::RunbookPhase;
use super::shape;
use super::traffic::{Choice, Traffic, Warmup, WhenFull, traffic_phase};
use super::{RateSpec, Spacing};
use crate::filter::Filter;
use crate::units::{HumanDuration, Nanos};

/// One timed step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Copy the rows in.
    Load(LoadPhase),
    /// Build the index and wait until it is complete.
    Settle(SettlePhase),
    /// Check answers, write path and scores before anything is timed.
    Verify(VerifyPhase),
    /// Search: closed load, or open load at a rate.
    Search(SearchPhase),
    /// Weighted operations at the same time, writes among them.
    Mixed(MixedPhase),
    /// Searches move from one variant to another, both watched.
    Migration(MigrationPhase),
    /// Steps that fill, change and search a collection that begins empty.
    Runbook(RunbookPhase),
    /// The highest load at which objectives hold.
    Limit(LimitPhase),
    /// Fetch rows by id.
    Fetch(FetchPhase),
    /// Distances of queries to stored rows.
    Distance(DistancePhase),
    /// Write the collection to disk.
    Persist(PersistPhase),
    /// Read it back and check that it answers as before.
    Restore(RestorePhase),
    /// Shape: one session, one search at a time. Stands for a `search` phase.
    Latency(shape::Latency),
    /// Shape: many sessions, then batches of rows. Stands for a `search` and a `mixed` phase.
    Throughput(shape::Throughput),
    /// Shape: more and more sessions. Stands for a `search` phase for each number.
    ConcurrencySweep(shape::ConcurrencySweep),
    /// Shape: many connections for minutes. Stands for a `search` phase.
    Sustained(shape::Sustained),
    /// Shape: arrivals rise to a day's peak, stay there and fall. Stands for a `search` phase.
    Peak(shape::Peak),
    /// Shape: sessions rise to thousands and stay. Stands for a `search` phase.
    Stress(shape::Stress),
    /// Shape: arrivals jump and fall back. Stands for a `search` phase.
    Spike(shape::Spike),
    /// Shape: steady arrivals for an hour. Stands for a `search` phase.
    Soak(shape::Soak),
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
            Self::Mixed(_) => "mixed",
            Self::Migration(_) => "migration",
            Self::Runbook(_) => "runbook",
            Self::Limit(_) => "limit",
            Self::Latency(_) => "latency",
            Self::Throughput(_) => "throughput",
            Self::ConcurrencySweep(_) => "concurrency-sweep",
            Self::Sustained(_) => "sustained",
            Self::Peak(_) => "peak",
            Self::Stress(_) => "stress",
            Self::Spike(_) => "spike",
            Self::Soak(_) => "soak",
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
            Self::Mixed(p) => &p.name,
            Self::Migration(p) => &p.name,
            Self::Runbook(p) => &p.name,
            Self::Limit(p) => &p.name,
            Self::Latency(p) => &p.name,
            Self::Throughput(p) => &p.name,
            Self::ConcurrencySweep(p) => &p.name,
            Self::Sustained(p) => &p.name,
            Self::Peak(p) => &p.name,
            Self::Stress(p) => &p.name,
            Self::Spike(p) => &p.name,
            Self::Soak(p) => &p.name,
        };
        written.as_deref().unwrap_or(self.kind())
    }

    /// How the operations of a phase of load come; `None` for other phases.
    pub fn traffic(&self) -> Option<Traffic> {
        match self {
            Self::Search(p) => Some(p.traffic()),
            Self::Mixed(p) => Some(p.traffic()),
            Self::Migration(p) => Some(p.traffic()),
            Self::Limit(p) => Some(p.traffic()),
            _ => None,
        }
    }

    /// Makes the paths of recorded traces and choices start from the scenario's folder.
    pub fn relative_to(&mut self, folder: &Path) {
        match self {
            Self::Search(p) => p.relative_to(folder),
            Self::Mixed(p) => p.relative_to(folder),
            Self::Migration(p) => p.relative_to(folder),
            Self::Runbook(p) => p.relative_to(folder),
            Self::Limit(p) => p.relative_to(folder),
            _ => {}
        }
    }

    /// The shape that the phase is a part of.
    pub fn shape(&self) -> Option<&str> {
        match self {
            Self::Search(p) => p.shape.as_deref(),
            Self::Mixed(p) => p.shape.as_deref(),
            Self::Migration(p) => p.shape.as_deref(),
            _ => None,
        }
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

traffic_phase! {
    /// Keys of a `search` phase: closed load of one or more sessions, or open load where `rate` is set.
    SearchPhase counted by queries {
        /// Answers wanted.
        k: usize = 10,
        /// Searches to do; every query of the data set once unless this, `for` or a rate is set.
        #[serde(skip_serializing_if = "Option::is_none")]
        queries: Option<u64> = None,
        /// Rows that may be answered, such as `lexname = 'noun.plant'`.
        #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
        filter: Option<Filter> = None,
        /// Points of the sweep at which it runs.
        points: Points = Points::All,
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
