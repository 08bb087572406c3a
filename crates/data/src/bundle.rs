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
    /// Distances of these answers, one list a query, nearest first, as [`Metric::distance`] of the set's metric defines
    /// them; none where a format has others.
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

    /// Takes distances of the answers, without what fills up short ones. They are left if they do not belong to these answers.
    pub(crate) fn put_distances(&mut self, mut lists: Vec<Vec<f64>>) {
        let Some(truth) = &self.truth else { return };
        let ids = &truth.content.ids;
        let each = || lists.iter().zip(ids);
        if lists.len() == ids.len() && each().all(|(list, ids)| list.len() >= ids.len()) {
            lists.iter_mut().zip(ids).for_each(|(list, ids)| list.truncate(ids.len()));
            self.distances = Some(lists);
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
