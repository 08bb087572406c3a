//! The form: one kind of operation with everything that changes what is asked of the engine.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::filter::Filter;

/// Search parameters of an engine by name, such as `ef_search: 64`. Ordered, because they are printed and hashed.
pub type Params = BTreeMap<String, u64>;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// The nearest rows to a query vector.
    Search,
    /// One row by its id.
    Fetch,
    /// The distance of a query vector to one stored row.
    Distance,
    /// Insert or replace rows.
    Upsert,
    /// Remove rows by id.
    Delete,
}

impl Operation {
    /// The name used in scenarios and records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Fetch => "fetch",
            Self::Distance => "distance",
            Self::Upsert => "upsert",
            Self::Delete => "delete",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How far the scores that come with an answer may differ from the true distances.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scores {
    /// Distances in the data set's metric, right to rounding of 32-bit floats.
    Exact,
    /// Distances that may be off by this much, because rows are stored in fewer bits.
    Within(f64),
    /// Not comparable with distances (Hamming counts, ranks), or absent.
    None,
}

/// One kind of operation: verified, timed, scored and judged on its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Form {
    /// Name within its phase.
    pub name: String,
    /// What is asked.
    pub operation: Operation,
    /// Number of answers wanted by a search.
    pub k: usize,
    /// Rows that may be answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// Search parameters that belong to this form rather than to the point of a sweep.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: Params,
    /// Where it is routed: a shard, a tenant, a protocol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routing: Option<String>,
}

impl Form {
    /// A plain search for `k` rows.
    pub fn search(name: impl Into<String>, k: usize) -> Self {
        Self::of(name, Operation::Search, k)
    }

    /// An operation without filter, parameters or routing.
    pub fn of(name: impl Into<String>, operation: Operation, k: usize) -> Self {
        Self { name: name.into(), operation, k, filter: None, params: Params::new(), routing: None }
    }

    /// The same form, restricted to rows that the filter selects.
    #[must_use]
    pub fn filtered(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }
}
