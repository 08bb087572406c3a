//! Truth that grows with its rows.

use annvil_core::truth::Truth;

use super::merge::merge;
use super::progress::Stopped;
use super::request::Request;

/// Adds the rows of `request.rows` to a truth over rows before them (or any other rows), as if all had been searched at once.
///
/// The known truth must be of the same queries, metric and admission, asked for with at least `request.k`.
///
/// # Panics
/// If the truth has another number of queries.
///
/// ```
/// use annvil_core::metric::Metric;
/// use annvil_core::vector::{Matrix, Vectors};
/// use annvil_data::exact::{Request, extend};
///
/// let base = Vectors::I8(Matrix::new(vec![5, 1, -2, 0], 1).unwrap());
/// let queries = Matrix::new(vec![0.0], 1).unwrap();
/// let mut request = Request::new(&base, &queries, Metric::L2, 2);
/// request.rows = 0..3;
/// let known = request.run()?;
/// assert_eq!(known[0].ids, [1, 2]);
/// request.rows = 3..4;
/// assert_eq!(extend(&known, &request)?[0].ids, [3, 1]);
/// # Ok::<(), annvil_data::exact::Stopped>(())
/// ```
pub fn extend(known: &Truth, request: &Request<'_>) -> Result<Truth, Stopped> {
    assert_eq!(known.len(), request.queries.rows(), "answers to all queries");
    let new = request.run()?;
    Ok(known.iter().zip(&new).map(|(known, new)| merge(known, new, request.k)).collect())
}
