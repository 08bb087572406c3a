//! What is asked for, and the way it is answered: block by block over the rows.

use std::ops::Range;

use annvil_core::dataset::Queries;
use annvil_core::metric::Metric;
use annvil_core::truth::{ExactAnswer, Truth};
use annvil_core::vector::{RowId, Vectors};

use super::admission::Admission;
use super::progress::{Progress, Report, Stopped};
use super::{Hit, fast, plain};

/// Fewer queries are not worth the preparation of the rows.
const FEW: usize = 4;

/// Bytes of what is remembered about all queries of one pass over the rows.
const PASS_BYTES: usize = 256 << 20;

/// A search for exact neighbours.
///
/// ```
/// use annvil_core::metric::Metric;
/// use annvil_core::vector::{Matrix, Vectors};
/// use annvil_data::exact::{Admission, Bitmap, Request};
///
/// let base = Vectors::U8(Matrix::new(vec![0, 0, 3, 4, 6, 8], 2).unwrap());
/// let queries = Matrix::new(vec![0.0, 0.0], 2).unwrap();
/// let later = Bitmap::new(3, |row| row > 0);
/// let mut request = Request::new(&base, &queries, Metric::L2, 1);
/// request.admission = Admission::Rows(&later);
/// let truth = request.run()?;
/// assert_eq!((&truth[0].ids[..], &truth[0].distances[..], truth[0].matches), (&[1][..], &[5.0][..], 2));
/// # Ok::<(), annvil_data::exact::Stopped>(())
/// ```
#[derive(Clone)]
pub struct Request<'a> {
    /// The rows, in memory or mapped.
    pub base: &'a Vectors,
    /// Those of the rows that are looked at; all by default.
    pub rows: Range<usize>,
    /// The queries, of the rows' dimension.
    pub queries: &'a Queries,
    /// The metric.
    pub metric: Metric,
    /// Neighbours wanted for each query.
    pub k: usize,
    /// The rows that count; all by default.
    pub admission: Admission<'a>,
    /// Threads that share the work; 1 by default.
    pub threads: usize,
    /// Told after each block of rows how many pairs are done, of how many; `false` ends the search.
    pub report: Option<Report<'a>>,
}

impl<'a> Request<'a> {
    /// The `k` nearest of all rows, on one thread.
    pub fn new(base: &'a Vectors, queries: &'a Queries, metric: Metric, k: usize) -> Self {
        let (rows, admission) = (0..base.rows(), Admission::All);
        Self { base, rows, queries, metric, k, admission, threads: 1, report: None }
    }

    /// Searches.
    ///
    /// Beside the answers, a thread uses a few megabytes, all threads together a block of about 8 MB of prepared rows, and
    /// every query of a pass room for about `3 k` candidates; there are as many passes as keep that below 256 MB,
    /// with 64 queries at least.
    ///
    /// # Panics
    /// If the dimensions of rows and queries differ, or the range of rows goes past the end.
    pub fn run(&self) -> Result<Truth, Stopped> {
        assert_eq!(self.base.dim(), self.queries.stride(), "base and queries of one dimension");
        assert!(self.rows.end <= self.base.rows(), "rows to {} of {}", self.rows.end, self.base.rows());
        let numbers = 0..self.queries.rows();
        let mut progress = Progress::new(self.rows.len() as u64 * self.queries.rows() as u64, self.report);
        let mut truth = vec![ExactAnswer::default(); self.queries.rows()];
        let quick = |number: &usize| fast::takes(self, *number);
        let (mut quick, mut slow): (Vec<usize>, Vec<usize>) = numbers.partition(quick);
        if quick.len() < FEW {
            slow.append(&mut quick);
            slow.sort_unstable();
        }
        let pass = (PASS_BYTES / fast::query_bytes(self.limit()).max(1)).max(64);
        for numbers in quick.chunks(pass) {
            fast::run(self, numbers, &mut progress, &mut truth)?;
        }
        for numbers in slow.chunks(pass) {
            plain::run(self, numbers, &mut progress, &mut truth)?;
        }
        Ok(truth)
    }

    /// Neighbours that there can be.
    pub(super) fn limit(&self) -> usize {
        self.k.min(self.rows.len())
    }
}

/// Hits, nearest first, as an answer.
pub(super) fn answer(hits: &[Hit], matches: usize) -> ExactAnswer {
    let ids: Vec<RowId> = hits.iter().map(|hit| hit.id).collect();
    ExactAnswer { ids, distances: hits.iter().map(|hit| hit.distance).collect(), matches }
}
