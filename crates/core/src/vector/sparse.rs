//! Sparse vectors in compressed rows.

use std::ops::Range;

use super::cells::Cells;

/// Sparse vectors in compressed rows: row `i` owns the stored values `offsets[i]..offsets[i + 1]`.
#[derive(Debug, Clone, PartialEq)]
pub struct SparseRows {
    dim: usize,
    offsets: Cells<i64>,
    indices: Cells<u32>,
    values: Cells<f32>,
}

impl SparseRows {
    /// Rows of a space of `dim` dimensions. `offsets` has the start of each row in `indices` and `values`, and the end
    /// of the last; `indices` name the dimension of each value.
    ///
    /// `None` if the offsets do not ascend within the values. Indices are looked at by [`SparseRows::bad_row`], because that
    /// reads all of them.
    pub fn new(
        dim: usize,
        offsets: impl Into<Cells<i64>>,
        indices: impl Into<Cells<u32>>,
        values: impl Into<Cells<f32>>,
    ) -> Option<Self> {
        let (offsets, indices, values) = (offsets.into(), indices.into(), values.into());
        let whole = indices.len() == values.len()
            && offsets.first() == Some(&0)
            && offsets.last().is_some_and(|end| usize::try_from(*end) == Ok(values.len()))
            && offsets.is_sorted();
        whole.then_some(Self { dim, offsets, indices, values })
    }

    /// Dimensions of the space.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Number of vectors.
    pub fn rows(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Stored values of all rows.
    pub fn stored(&self) -> usize {
        self.values.len()
    }

    /// The stored values of a row and their dimensions, which ascend; panics past the end, as slices do.
    #[inline]
    pub fn row(&self, row: usize) -> (&[u32], &[f32]) {
        let at = self.span(row..row + 1);
        (&self.indices[at.clone()], &self.values[at])
    }

    /// The first row whose dimensions do not ascend or do not exist.
    pub fn bad_row(&self) -> Option<usize> {
        (0..self.rows()).find(|row| {
            let (indices, _) = self.row(*row);
            !indices.is_sorted_by(|a, b| a < b)
                || indices.last().is_some_and(|last| *last as usize >= self.dim)
        })
    }

    /// The first `rows` rows.
    #[must_use]
    pub fn truncated(self, rows: usize) -> Self {
        if rows >= self.rows() {
            return self;
        }
        let end = self.span(0..rows).end;
        Self {
            dim: self.dim,
            offsets: self.offsets[..=rows].to_vec().into(),
            indices: self.indices[..end].to_vec().into(),
            values: self.values[..end].to_vec().into(),
        }
    }

    /// Copies rows.
    #[must_use]
    pub fn copy_rows(&self, rows: Range<usize>) -> Self {
        let at = self.span(rows.clone());
        let first = self.offsets[rows.start];
        Self {
            dim: self.dim,
            offsets: self.offsets[rows.start..=rows.end].iter().map(|x| x - first).collect::<Vec<_>>().into(),
            indices: self.indices[at.clone()].to_vec().into(),
            values: self.values[at].to_vec().into(),
        }
    }

    /// The rows are not needed soon: see [`super::Owner::release`].
    pub fn release(&self, rows: Range<usize>) {
        let at = self.span(rows);
        self.indices.release(at.clone());
        self.values.release(at);
    }

    /// Whether the rows are in memory of their own, and not in a mapped file.
    pub fn is_owned(&self) -> bool {
        self.values.is_owned()
    }

    fn span(&self, rows: Range<usize>) -> Range<usize> {
        self.offsets[rows.start] as usize..self.offsets[rows.end] as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_checked_and_copied() {
        assert!(SparseRows::new(3, vec![0, 2, 1], vec![0], vec![1.0]).is_none());
        assert!(SparseRows::new(3, vec![0, 2], vec![0], vec![1.0]).is_none());
        assert!(SparseRows::new(3, vec![], vec![], vec![]).is_none());
        let rows = SparseRows::new(3, vec![0, 1, 1, 3], vec![2, 0, 1], vec![0.5, 1.0, 2.0]).unwrap();
        assert_eq!((rows.rows(), rows.row(0), rows.row(1)), (3, (&[2][..], &[0.5][..]), (&[][..], &[][..])));
        assert_eq!(rows.copy_rows(1..3).row(1), (&[0, 1][..], &[1.0, 2.0][..]));
        assert_eq!(rows.clone().truncated(1).stored(), 1);
        assert_eq!(rows.bad_row(), None);
        let twice = SparseRows::new(3, vec![0, 2], vec![1, 1], vec![1.0, 2.0]).unwrap();
        assert_eq!(twice.bad_row(), Some(0));
    }
}
