//! Exact answers: what recall is measured against.

use serde::{Deserialize, Serialize};

use crate::vector::RowId;

/// The exact answer to one query.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ExactAnswer {
    /// The nearest rows, nearest first; equal distances in order of id.
    pub ids: Vec<RowId>,
    /// Their distances, ascending, in the data set's metric.
    pub distances: Vec<f64>,
    /// How many rows there were to choose from (those that the filter selects).
    pub matches: usize,
}

impl ExactAnswer {
    /// How many answers a search for `k` can give.
    pub fn possible(&self, k: usize) -> usize {
        k.min(self.matches)
    }

    /// Distance of the `k`-th nearest row, or of the last if fewer match; `None` if no row matches.
    pub fn reach(&self, k: usize) -> Option<f64> {
        let last = self.possible(k).checked_sub(1)?;
        self.distances.get(last).copied()
    }
}

/// Exact answers to all queries of a data set under one filter.
pub type Truth = Vec<ExactAnswer>;
