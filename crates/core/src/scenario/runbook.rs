//! Runbooks: steps that fill, change and search a collection that begins empty, as in the streaming track of the
//! `big-ann-benchmarks` (Simhadri et al., the competition of 2023).

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::filter::Filter;
use crate::units::{HumanDuration, HumanRate};

mod file;
mod range;
mod rows;
mod walk;

pub use file::{RunbookFile, read_runbook};
pub use range::RowRange;
pub use rows::RowSet;
pub use walk::{StepFault, StepPart, Walked, walk};

/// Rows of one call where the runbook does not say.
pub const BATCH: usize = 100;

/// Keys of a `runbook` phase: steps applied to a collection that begins empty. At every `search` step recall is scored
/// against the exact answers over the rows that are there then. Only further runbooks may follow it, because nothing of
/// what was loaded before is left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RunbookPhase {
    /// Unique name; `runbook` unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Answers wanted by searches.
    pub k: usize,
    /// Queries asked at each search step, the first ones of the data set; all of them unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queries: Option<usize>,
    /// Rows that searches may answer, such as `lexname = 'noun.plant'`.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// Whether to wait after each step that writes until the index is complete.
    pub settle: bool,
    /// The steps, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// A file with the steps instead: a list of them, or a runbook of the big-ann-benchmarks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// Which data set's steps of a file that has several; the one that has the data set's name unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
}

impl Default for RunbookPhase {
    fn default() -> Self {
        Self {
            name: None,
            k: 10,
            queries: None,
            filter: None,
            settle: true,
            steps: Vec::new(),
            file: None,
            set: None,
        }
    }
}

impl RunbookPhase {
    /// Makes the file's path start from the scenario's folder.
    pub(super) fn relative_to(&mut self, folder: &Path) {
        if let Some(path) = &mut self.file {
            *path = folder.join(&*path);
        }
    }

    /// Sessions that its steps open at the same time.
    pub fn sessions(&self) -> usize {
        self.steps.iter().map(Step::sessions).max().unwrap_or(1)
    }

    /// Whether operations of a step are due by a rate.
    pub fn is_open(&self) -> bool {
        self.steps.iter().any(|step| step.rate().is_some())
    }
}

/// One step of a runbook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Rows that are not there are written.
    Insert(WriteStep),
    /// Rows that are there are removed.
    Delete(WriteStep),
    /// Rows that are there get the vectors and labels of other rows of the data set, and keep their ids.
    Replace(ReplaceStep),
    /// Queries are asked and scored against what is there now.
    Search(SearchStep),
    /// Nothing is done for so long.
    Wait(HumanDuration),
}

/// Keys of an `insert` or `delete` step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteStep {
    /// The rows, by their numbers in the data set, which are their ids: `0..5000` are the first 5,000.
    pub rows: RowRange,
    /// Rows a second; as fast as they go unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<HumanRate>,
    /// Rows of one call.
    #[serde(default = "batch")]
    pub batch: usize,
    /// Callers at the same time.
    #[serde(default = "one")]
    pub sessions: usize,
}

/// Keys of a `replace` step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplaceStep {
    /// The rows that are replaced, by their ids.
    pub rows: RowRange,
    /// As many rows of the data set, whose vectors and labels they get.
    pub with: RowRange,
    /// Rows a second; as fast as they go unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<HumanRate>,
    /// Rows of one call.
    #[serde(default = "batch")]
    pub batch: usize,
    /// Callers at the same time.
    #[serde(default = "one")]
    pub sessions: usize,
}

/// Keys of a `search` step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SearchStep {
    /// Callers at the same time; connections where a rate is set.
    pub sessions: usize,
    /// Searches a second, whether or not earlier ones were answered; one after the other in each session unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<HumanRate>,
    /// How long to go on, the queries in turn; every query once unless set.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub duration: Option<HumanDuration>,
}

impl Default for SearchStep {
    fn default() -> Self {
        Self { sessions: 1, rate: None, duration: None }
    }
}

fn batch() -> usize {
    BATCH
}

fn one() -> usize {
    1
}

impl WriteStep {
    /// Writes these rows as fast as they go, in batches of the usual size, by one caller.
    pub const fn of(rows: RowRange) -> Self {
        Self { rows, rate: None, batch: BATCH, sessions: 1 }
    }
}

impl Step {
    /// Its name, as it is written.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Insert(_) => "insert",
            Self::Delete(_) => "delete",
            Self::Replace(_) => "replace",
            Self::Search(_) => "search",
            Self::Wait(_) => "wait",
        }
    }

    /// Whether it changes the collection.
    pub const fn writes(&self) -> bool {
        matches!(self, Self::Insert(_) | Self::Delete(_) | Self::Replace(_))
    }

    /// The ids that it writes or removes.
    pub const fn rows(&self) -> Option<RowRange> {
        match self {
            Self::Insert(step) | Self::Delete(step) => Some(step.rows),
            Self::Replace(step) => Some(step.rows),
            Self::Search(_) | Self::Wait(_) => None,
        }
    }

    /// Rows of one call; 1 where there are none.
    pub const fn batch(&self) -> usize {
        match self {
            Self::Insert(step) | Self::Delete(step) => step.batch,
            Self::Replace(step) => step.batch,
            Self::Search(_) | Self::Wait(_) => 1,
        }
    }

    /// Callers at the same time.
    pub const fn sessions(&self) -> usize {
        match self {
            Self::Insert(step) | Self::Delete(step) => step.sessions,
            Self::Replace(step) => step.sessions,
            Self::Search(step) => step.sessions,
            Self::Wait(_) => 1,
        }
    }

    /// Rows a second that it writes, or searches a second.
    pub const fn rate(&self) -> Option<HumanRate> {
        match self {
            Self::Insert(step) | Self::Delete(step) => step.rate,
            Self::Replace(step) => step.rate,
            Self::Search(step) => step.rate,
            Self::Wait(_) => None,
        }
    }
}

/// What is done to what, such as `replace 0..100 with 500..600`.
impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Insert(step) | Self::Delete(step) => write!(f, "{} {}", self.kind(), step.rows),
            Self::Replace(step) => write!(f, "replace {} with {}", step.rows, step.with),
            Self::Search(_) => f.write_str("search"),
            Self::Wait(length) => write!(f, "wait {}", length.nanos()),
        }
    }
}
