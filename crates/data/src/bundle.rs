//! What a path holds: base vectors and whatever else of a data set came with them.

use annvil_core::dataset::Neighbours;
use annvil_core::filter::Filter;
use annvil_core::label::Labels;
use annvil_core::metric::Metric;
use annvil_core::vector::RowId;

use crate::format::Kept;
use crate::rows::Rows;

/// What a file or folder holds. Everything but the base may be missing.
pub struct Bundle {
    /// Name, for people.
    pub name: String,
    /// The base vectors.
    pub base: Rows,
    /// The queries.
    pub queries: Option<Rows>,
    /// Exact answers to the queries.
    pub truth: Option<Kept<Neighbours>>,
    /// Distances of these answers, one list a query, nearest first, as the format's makers define them.
    pub distances: Option<Vec<Vec<f64>>>,
    /// Labels of the base rows.
    pub labels: Option<Kept<Labels>>,
    /// Texts of the base rows.
    pub texts: Option<Kept<Vec<String>>>,
    /// Queries under filters, with their exact answers.
    pub filtered: Vec<FilteredAnswer>,
    /// The metric, if the format says it.
    pub metric: Option<Metric>,
    /// Licence and source, if the format says them.
    pub licence: Option<String>,
}

impl Bundle {
    /// A base alone.
    pub fn of(name: impl Into<String>, base: Rows) -> Self {
        Self {
            name: name.into(),
            base,
            queries: None,
            truth: None,
            distances: None,
            labels: None,
            texts: None,
            filtered: vec![],
            metric: None,
            licence: None,
        }
    }
}

/// A query under a filter, with its exact answer.
#[derive(Debug, Clone, PartialEq)]
pub struct FilteredAnswer {
    /// Number of the query.
    pub query: usize,
    /// The filter.
    pub filter: Filter,
    /// The nearest rows that satisfy it, nearest first.
    pub ids: Vec<RowId>,
}
