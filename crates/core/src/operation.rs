//! One call: what a session is asked and what it answers.

use crate::label::Labels;
use crate::vector::RowId;

/// Rows on their way into an engine: vectors with ids, labels and texts side by side.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// Ids, one a row.
    pub ids: &'a [RowId],
    /// Dimensions of a vector.
    pub dim: usize,
    /// 32-bit vectors, `ids.len() × dim`, row after row.
    pub vectors: &'a [f32],
    /// The label table of the data set.
    pub labels: &'a Labels,
    /// Rows of `labels` that belong to `ids`, in the same order.
    pub label_rows: &'a [usize],
    /// Texts, one a row, or none at all.
    pub texts: &'a [&'a str],
}

impl<'a> Batch<'a> {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The vector of the `i`-th row.
    pub fn vector(&self, i: usize) -> &'a [f32] {
        &self.vectors[i * self.dim..(i + 1) * self.dim]
    }
}

/// An operation as it is handed to a session. Forms and queries were encoded before, so these are small numbers.
#[derive(Debug, Clone, Copy)]
pub enum OpRef<'a> {
    /// Search by an encoded form with an encoded query.
    Search {
        /// Index into the forms given to [`crate::engine::Engine::encode`].
        form: usize,
        /// Row of the queries given to it.
        query: usize,
    },
    /// Fetch one row.
    Fetch {
        /// The row.
        id: RowId,
    },
    /// Distance of an encoded query to a stored row.
    Distance {
        /// Row of the queries.
        query: usize,
        /// The stored row.
        id: RowId,
    },
    /// Insert or replace rows; acknowledged rows must be found by the next search.
    Upsert {
        /// The rows.
        rows: Batch<'a>,
    },
    /// Remove rows.
    Delete {
        /// Their ids.
        ids: &'a [RowId],
    },
}

/// An answer. The caller owns it and uses it again, so that no call allocates for its result.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reply {
    /// Ids found, nearest first (search); the id, if present (fetch).
    pub ids: Vec<RowId>,
    /// Their distances in the data set's metric, if the form has scores (search); the distance (distance).
    pub scores: Vec<f32>,
    /// The stored vector, widened (fetch).
    pub vector: Vec<f32>,
    /// Rows written or removed (upsert, delete).
    pub affected: u64,
}

impl Reply {
    /// Empties the answer, keeping its memory.
    pub fn clear(&mut self) {
        self.ids.clear();
        self.scores.clear();
        self.vector.clear();
        self.affected = 0;
    }
}

/// Why a call failed; counted by kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpError {
    /// No answer within the operation's time limit.
    #[error("timed out")]
    Timeout,
    /// The target could not be reached or closed the connection.
    #[error("refused: {0}")]
    Refused(String),
    /// The target said that it has too much to do.
    #[error("throttled: {0}")]
    Throttled(String),
    /// The target answered, but not what was asked.
    #[error("wrong answer: {0}")]
    Wrong(String),
    /// The engine can't do this. An ordinary answer, shown as such.
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl OpError {
    /// The kinds, in the order in which they are listed.
    pub const KINDS: [&'static str; 6] = ["timeout", "refused", "throttled", "wrong", "unsupported", "other"];

    /// The kind under which the failure is counted.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Refused(_) => "refused",
            Self::Throttled(_) => "throttled",
            Self::Wrong(_) => "wrong",
            Self::Unsupported(_) => "unsupported",
            Self::Other(_) => "other",
        }
    }
}
