//! A dense row-major matrix, in memory or mapped.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytemuck::Pod;

use super::cells::{Cells, Owner};

/// A dense row-major matrix: one vector a row, of `stride` elements.
///
/// Rows of a mapped file may have something else between them, such as the dimension that `.fvecs` writes before each.
#[derive(Clone)]
pub struct Matrix<T> {
    cells: Cells<T>,
    stride: usize,
    /// Elements from the start of a row to that of the next; the last row may end without the gap.
    pitch: usize,
    rows: usize,
}

impl<T: Pod> Matrix<T> {
    /// Wraps `data`, whose length must be a multiple of `stride` (the elements of one row, at least 1).
    ///
    /// Returns `None` if it is not.
    pub fn new(data: Vec<T>, stride: usize) -> Option<Self> {
        let rows = data.len().checked_div(stride)?;
        (data.len() == rows * stride).then(|| Self { cells: data.into(), stride, pitch: stride, rows })
    }

    /// Rows that lie in the memory of `owner`: the first begins at byte `start`, each next one `pitch` elements later.
    ///
    /// `None` if they are not all there or not aligned for their type, or if they overlap.
    pub fn shared(
        owner: Arc<dyn Owner>,
        start: usize,
        rows: usize,
        stride: usize,
        pitch: usize,
    ) -> Option<Self> {
        if stride == 0 || pitch < stride {
            return None;
        }
        let count = match rows {
            0 => 0,
            _ => (rows - 1).checked_mul(pitch)?.checked_add(stride)?,
        };
        Some(Self { cells: Cells::shared(owner, start, count)?, stride, pitch, rows })
    }

    /// The first `rows` rows, or all if there are not so many; mapped rows are not copied.
    #[must_use]
    pub fn truncated(self, rows: usize) -> Self {
        let rows = rows.min(self.rows);
        Self { rows, ..self }
    }

    /// The first `rows` rows, or all if there are not so many. Rows of its own memory are copied, and only those.
    #[must_use]
    pub fn first(&self, rows: usize) -> Self {
        let rows = rows.min(self.rows);
        let copied = || Self::new(self.copy_rows(0..rows), self.stride);
        self.is_owned().then(copied).flatten().unwrap_or_else(|| self.clone().truncated(rows))
    }

    /// Number of vectors.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Elements of one row (for bits: bytes).
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// The vector at `row`.
    ///
    /// # Panics
    /// Past the end, as slices do.
    #[inline]
    pub fn row(&self, row: usize) -> &[T] {
        assert!(row < self.rows, "row {row} of {}", self.rows);
        &self.cells[row * self.pitch..row * self.pitch + self.stride]
    }

    /// All vectors, in order.
    pub fn iter(&self) -> impl Iterator<Item = &[T]> {
        let end = self.rows.saturating_sub(1) * self.pitch + self.stride;
        let cells = &self.cells[..if self.rows == 0 { 0 } else { end }];
        cells.chunks(self.pitch).map(|row| &row[..self.stride])
    }

    /// Rows one after the other without anything between, if they lie so.
    ///
    /// # Panics
    /// Past the end, as slices do.
    pub fn contiguous(&self, rows: Range<usize>) -> Option<&[T]> {
        assert!(rows.end <= self.rows, "rows to {} of {}", rows.end, self.rows);
        (self.pitch == self.stride).then(|| &self.cells[rows.start * self.stride..rows.end * self.stride])
    }

    /// Copies rows, one after the other.
    pub fn copy_rows(&self, rows: Range<usize>) -> Vec<T> {
        if let Some(values) = self.contiguous(rows.clone()) {
            return values.to_vec();
        }
        let mut values = Vec::with_capacity(rows.len() * self.stride);
        rows.for_each(|row| values.extend_from_slice(self.row(row)));
        values
    }

    /// The rows are not needed soon: see [`Owner::release`].
    pub fn release(&self, rows: Range<usize>) {
        self.cells.release(rows.start * self.pitch..rows.end * self.pitch);
    }

    /// Whether the rows are in memory of their own, and not in a mapped file.
    pub fn is_owned(&self) -> bool {
        self.cells.is_owned()
    }
}

impl<T: Pod + PartialEq> PartialEq for Matrix<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.stride, self.rows) == (other.stride, other.rows) && self.iter().eq(other.iter())
    }
}

impl<T: Pod> fmt::Debug for Matrix<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} × {} values", self.rows, self.stride)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Words(Vec<u32>);

    impl Owner for Words {
        fn bytes(&self) -> &[u8] {
            bytemuck::cast_slice(&self.0)
        }
    }

    #[test]
    fn a_matrix_needs_whole_rows() {
        assert!(Matrix::new(vec![1, 2, 3], 2).is_none());
        assert!(Matrix::<u8>::new(vec![], 0).is_none());
        let m = Matrix::new(vec![1, 2, 3, 4], 2).unwrap();
        assert_eq!((m.rows(), m.row(1), m.is_owned()), (2, &[3, 4][..], true));
        assert_eq!(Matrix::<u8>::new(vec![], 3).unwrap().iter().count(), 0);
    }

    #[test]
    fn rows_of_a_file_may_have_gaps() {
        let owner = || Arc::new(Words(vec![2, 10, 11, 2, 20, 21]));
        let m = Matrix::<u32>::shared(owner(), 4, 2, 2, 3).unwrap();
        assert_eq!((m.row(0), m.row(1), m.contiguous(0..1)), (&[10, 11][..], &[20, 21][..], None));
        assert_eq!(m, Matrix::new(vec![10, 11, 20, 21], 2).unwrap());
        assert_eq!(m.copy_rows(0..2), [10, 11, 20, 21]);
        assert_eq!(m.clone().truncated(1).iter().collect::<Vec<_>>(), [[10, 11]]);
        assert_eq!((m.first(1).rows(), m.first(1).row(0), m.first(1).is_owned()), (1, &[10, 11][..], false));
        let own = Matrix::new(vec![1, 2, 3, 4], 2).unwrap();
        assert_eq!((own.first(1), own.first(9)), (Matrix::new(vec![1, 2], 2).unwrap(), own.clone()));
        assert!(Matrix::<u32>::shared(owner(), 4, 3, 2, 3).is_none(), "three rows are not there");
        assert!(Matrix::<u32>::shared(owner(), 4, 1, 3, 2).is_none(), "rows that overlap");
    }
}
