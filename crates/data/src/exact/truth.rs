//! The true answers, in double precision.

use annvil_core::dataset::{Dataset, Queries};
use annvil_core::filter::Filter;
use annvil_core::metric::Metric;
use annvil_core::truth::Truth;
use annvil_core::vector::Vectors;

use super::admission::{Admission, Admit, Bitmap};
use super::request::Request;
use crate::error::DataError;

/// The `k` nearest rows of each query of a data set, among those that the filter selects.
pub fn truth(
    dataset: &dyn Dataset,
    k: usize,
    filter: Option<&Filter>,
    threads: usize,
) -> Result<Truth, DataError> {
    let (base, labels) = (dataset.base(), dataset.labels());
    let predicate = filter.map(|filter| filter.compile(labels)).transpose()?;
    let selected = predicate.map(|predicate| Bitmap::new(base.rows(), |row| predicate.matches(labels, row)));
    let mut request = Request::new(base, dataset.queries(), dataset.info().metric, k);
    request.threads = threads;
    if let Some(selected) = &selected {
        request.admission = Admission::Rows(selected);
    }
    Ok(complete(&request))
}

/// The `k` nearest rows of each query, among those that are admitted, computed from the rows that are given.
///
/// Recall is scored against these, so every distance is summed in double precision, equal to the last bit to
/// [`crate::precise::distance`], and the result is the same on every machine and for every number of threads.
///
/// # Panics
/// If the dimensions of base and queries differ.
pub fn answers(
    base: &Vectors,
    queries: &Queries,
    metric: Metric,
    k: usize,
    admit: Option<Admit<'_>>,
    threads: usize,
) -> Truth {
    let mut request = Request::new(base, queries, metric, k);
    request.threads = threads;
    if let Some(admit) = admit {
        request.admission = Admission::Predicate(admit);
    }
    complete(&request)
}

/// Without a callback nothing stops a search.
fn complete(request: &Request<'_>) -> Truth {
    Request { report: None, ..request.clone() }.run().unwrap_or_default()
}
