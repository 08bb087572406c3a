//! Plain little-endian values within a file, used where they lie.

use annvil_core::vector::Matrix;
use bytemuck::Pod;

use crate::map::Bytes;

/// Where the rows are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// Byte at which the first value of the first row begins.
    pub(crate) start: usize,
    pub(crate) rows: usize,
    /// Values of a row.
    pub(crate) stride: usize,
    /// Bytes between two rows.
    pub(crate) gap: usize,
}

/// The rows, without copying them where they are aligned for their type, as all usual files are once mapped.
/// `None` if they are not all there.
pub(crate) fn matrix<T: Pod>(bytes: &Bytes, layout: Layout) -> Option<Matrix<T>> {
    let Layout { start, rows, stride, gap } = layout;
    let size = size_of::<T>();
    if gap.is_multiple_of(size) {
        let shared = Matrix::shared(bytes.clone(), start, rows, stride, stride.checked_add(gap / size)?);
        if shared.is_some() {
            return shared;
        }
    }
    let bytes = bytes.bytes();
    let row_bytes = stride.checked_mul(size)?;
    // The whole extent is looked at before anything is allocated.
    let extent = rows.checked_mul(row_bytes.checked_add(gap)?)?;
    if bytes.len() < start.checked_add(extent.saturating_sub(gap))? {
        return None;
    }
    let mut values = Vec::with_capacity(rows * stride);
    for row in 0..rows {
        let at = start + row * (row_bytes + gap);
        values.extend(bytes[at..at + row_bytes].chunks_exact(size).map(bytemuck::pod_read_unaligned::<T>));
    }
    Matrix::new(values, stride)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::still;

    #[test]
    fn misaligned_rows_are_copied() {
        static BYTES: [u8; 13] = [9, 1, 0, 2, 0, 7, 3, 0, 4, 0, 7, 0, 0];
        let layout = Layout { start: 1, rows: 2, stride: 2, gap: 1 };
        let matrix = matrix::<u16>(&still(&BYTES), layout).unwrap();
        assert_eq!((matrix.row(0), matrix.row(1)), (&[1, 2][..], &[3, 4][..]));
        assert!(super::matrix::<u16>(&still(&BYTES), Layout { rows: 3, ..layout }).is_none());
        assert!(super::matrix::<u16>(&still(&BYTES), Layout { rows: usize::MAX, ..layout }).is_none());
    }
}
