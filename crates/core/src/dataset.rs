//! What a data set offers: base vectors, queries, labels, texts and, perhaps, shipped answers.

mod spec;
mod synth;

use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::label::Labels;
use crate::metric::Metric;
use crate::vector::{Element, Matrix, RowId, Vectors};

pub use self::spec::{DataFiles, DataSpec};
pub use self::synth::{
    ClusterSpec, Count, LabelSpec, NearDuplicates, OtherQueries, SynthKind, SynthSpec, TenantSpec,
    read_recipe,
};

/// What is known about a data set before its vectors are read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DatasetInfo {
    /// Name, for people.
    pub name: String,
    /// Number of base vectors.
    pub rows: usize,
    /// Dimensions of a vector.
    pub dim: usize,
    /// Element type in which the base vectors are stored.
    pub element: Element,
    /// The metric that the vectors are meant for.
    pub metric: Metric,
    /// Number of queries.
    pub queries: usize,
    /// SHA-256 over vectors, queries, labels and texts, in hexadecimal: two sets with the same hash are the same.
    pub content_hash: String,
    /// Licence and source, if known.
    pub licence: Option<String>,
}

/// The queries of a data set: 32-bit rows of its dimension.
pub type Queries = Matrix<f32>;

/// Exact answers: for each query the ids of its nearest rows, nearest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbours {
    /// One list a query; lists may be shorter than asked where fewer rows match.
    pub ids: Vec<Vec<RowId>>,
}

/// A data set, opened. Row `i` of the base has id `i`.
pub trait Dataset: Send + Sync {
    /// Name, shape, metric, hash.
    fn info(&self) -> &DatasetInfo;

    /// The base vectors as they are stored (memory-mapped data is copied only row by row).
    fn base(&self) -> &Vectors;

    /// The queries.
    fn queries(&self) -> &Queries;

    /// Labels of the base rows; a table without columns if the set has none.
    fn labels(&self) -> &Labels;

    /// A text that belongs to the row, if the set has texts.
    fn text(&self, row: usize) -> Option<&str>;

    /// Answers that came with the set. They are a check: recall is scored against answers computed from the rows.
    fn shipped_truth(&self) -> Option<&Neighbours>;

    /// Widens rows of the base to 32-bit floats, row after row; `out` is cleared first.
    fn read_f32(&self, rows: Range<usize>, out: &mut Vec<f32>) {
        let dim = self.info().dim;
        out.clear();
        out.resize(rows.len() * dim, 0.0);
        for (row, chunk) in rows.zip(out.chunks_exact_mut(dim)) {
            self.base().write_f32(row, chunk);
        }
    }
}
