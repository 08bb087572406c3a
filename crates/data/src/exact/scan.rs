//! The flat scan: every row is compared with the query, in single precision, as fast as memory delivers it.

use annvil_core::metric::Metric;
use annvil_core::vector::{Matrix, RowId};
use pulp::{Arch, Simd, WithSimd};

use super::{Hit, Top};
use crate::distance::{instructions, jaccard};
use crate::kernel::{AbsoluteDifference, BothPositive, Product, SquaredDifference, Term, Unequal, sums};

/// Rows that are compared with the query at the same time.
const TOGETHER: usize = 4;

/// Rows in memory, searched exactly.
///
/// Row numbers are given in the order of [`ExactScan::push`]. A row that is no longer wanted is left out by the
/// predicate of [`ExactScan::search_where`].
///
/// ```
/// use annvil_core::metric::Metric;
/// use annvil_data::exact::ExactScan;
///
/// let mut scan = ExactScan::new(2, Metric::L2);
/// for row in [[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]] {
///     scan.push(&row);
/// }
/// let mut found = vec![];
/// scan.search(&[0.0, 0.0], 2, &mut found);
/// assert_eq!(found.iter().map(|hit| (hit.id, hit.distance)).collect::<Vec<_>>(), [(0, 0.0), (2, 1.0)]);
/// scan.search_where(&[0.0, 0.0], 2, |row| row != 0, &mut found);
/// assert_eq!(found.iter().map(|hit| (hit.id, hit.distance)).collect::<Vec<_>>(), [(2, 1.0), (1, 5.0)]);
/// ```
#[derive(Debug, Clone)]
pub struct ExactScan {
    data: Vec<f32>,
    /// What the metric has to know of each row alone: for cosine one over its length, for Jaccard the number of its dimensions
    /// above 0; empty otherwise.
    alone: Vec<f32>,
    dim: usize,
    metric: Metric,
    arch: Arch,
}

impl ExactScan {
    /// No rows yet, of `dim` dimensions (at least 1).
    pub fn new(dim: usize, metric: Metric) -> Self {
        Self { data: vec![], alone: vec![], dim: dim.max(1), metric, arch: Arch::new() }
    }

    /// All rows of a matrix.
    pub fn from_matrix(rows: &Matrix<f32>, metric: Metric) -> Self {
        let mut scan = Self::new(rows.stride(), metric);
        scan.reserve(rows.rows());
        for row in 0..rows.rows() {
            scan.push(rows.row(row));
        }
        scan
    }

    /// Makes room for more rows.
    pub fn reserve(&mut self, rows: usize) {
        self.data.reserve_exact(rows * self.dim);
        if known_alone(self.metric) {
            self.alone.reserve_exact(rows);
        }
    }

    /// Appends a row and returns its number.
    ///
    /// # Panics
    /// If it has not the dimensions of the others.
    pub fn push(&mut self, row: &[f32]) -> usize {
        assert_eq!(row.len(), self.dim, "a row of {} dimensions", self.dim);
        self.data.extend_from_slice(row);
        if known_alone(self.metric) {
            self.alone.push(alone(self.metric, row));
        }
        self.rows() - 1
    }

    /// Replaces a row.
    ///
    /// # Panics
    /// If there is none of that number, or if the dimensions differ.
    pub fn replace(&mut self, row: usize, vector: &[f32]) {
        self.data[row * self.dim..(row + 1) * self.dim].copy_from_slice(vector);
        if known_alone(self.metric) {
            self.alone[row] = alone(self.metric, vector);
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.data.len() / self.dim
    }

    /// Dimensions of a row.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The metric.
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// A row; panics past the end, as slices do.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.data[row * self.dim..(row + 1) * self.dim]
    }

    /// Bytes that the rows and what is kept beside them take.
    pub fn bytes(&self) -> usize {
        size_of::<f32>() * (self.data.capacity() + self.alone.capacity())
    }

    /// The instructions in use: `avx512`, `avx2`, `neon` or `scalar`.
    pub fn instructions(&self) -> &'static str {
        instructions(self.arch)
    }

    /// The `k` rows nearest to the query, nearest first, equal distances by number; fewer if there are fewer.
    /// `out` is overwritten; kept from query to query, it is the only memory that the search uses.
    ///
    /// # Panics
    /// If the query has other dimensions than the rows.
    pub fn search(&self, query: &[f32], k: usize, out: &mut Vec<Hit>) {
        self.search_where(query, k, |_| true, out);
    }

    /// As [`ExactScan::search`], among the rows that the predicate admits; others are not even read.
    ///
    /// # Panics
    /// If the query has other dimensions than the rows.
    pub fn search_where(&self, query: &[f32], k: usize, admit: impl Fn(usize) -> bool, out: &mut Vec<Hit>) {
        assert_eq!(query.len(), self.dim, "a query of {} dimensions", self.dim);
        let mut top = Top::new(k.min(self.rows()), std::mem::take(out));
        self.arch.dispatch(Search { scan: self, query, admit, top: &mut top });
        *out = top.into_sorted();
        if self.metric == Metric::L2 {
            for hit in out.iter_mut() {
                hit.distance = f64::from((hit.distance as f32).sqrt());
            }
            // Different squares may have the same root; those too are in order of their numbers.
            out.sort_unstable();
        }
    }
}

fn known_alone(metric: Metric) -> bool {
    matches!(metric, Metric::Cosine | Metric::Jaccard)
}

fn alone(metric: Metric, row: &[f32]) -> f32 {
    if metric == Metric::Jaccard {
        return row.iter().filter(|x| **x > 0.0).count() as f32;
    }
    let square: f64 = row.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
    if square == 0.0 { 0.0 } else { (1.0 / square.sqrt()) as f32 }
}

struct Search<'a, F> {
    scan: &'a ExactScan,
    query: &'a [f32],
    admit: F,
    top: &'a mut Top,
}

impl<F: Fn(usize) -> bool> WithSimd for Search<'_, F> {
    type Output = ();

    #[allow(clippy::inline_always)] // see `kernel`
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.scan.metric {
            Metric::InnerProduct => self.run::<Product, S>(simd, |dot, _| 1.0 - dot),
            Metric::L2 => self.run::<SquaredDifference, S>(simd, |square, _| square),
            Metric::L1 => self.run::<AbsoluteDifference, S>(simd, |sum, _| sum),
            Metric::Hamming => self.run::<Unequal, S>(simd, |count, _| count),
            Metric::Cosine => {
                let inverse_norms = &self.scan.alone;
                let ours = alone(Metric::Cosine, self.query);
                self.run::<Product, S>(simd, |dot, row| 1.0 - dot * ours * inverse_norms[row]);
            }
            Metric::Jaccard => {
                let sizes = &self.scan.alone;
                let ours = alone(Metric::Jaccard, self.query);
                self.run::<BothPositive, S>(simd, |both, row| jaccard(both, ours, sizes[row]));
            }
        }
    }
}

impl<F: Fn(usize) -> bool> Search<'_, F> {
    #[allow(clippy::inline_always)] // see `kernel`
    #[inline(always)]
    fn run<T: Term, S: Simd>(self, simd: S, score: impl Fn(f32, usize) -> f32) {
        let Self { scan, query, admit, top } = self;
        let mut waiting = [0; TOGETHER];
        let mut count = 0;
        for row in 0..scan.rows() {
            if !admit(row) {
                continue;
            }
            waiting[count] = row;
            count += 1;
            if count == TOGETHER {
                count = 0;
                let found = sums::<T, S, TOGETHER>(simd, query, waiting.map(|row| scan.row(row)));
                for (row, sum) in waiting.into_iter().zip(found) {
                    top.offer(row as RowId, f64::from(score(sum, row)));
                }
            }
        }
        for row in &waiting[..count] {
            let [sum] = sums::<T, S, 1>(simd, query, [scan.row(*row)]);
            top.offer(*row as RowId, f64::from(score(sum, *row)));
        }
    }
}
