//! Vectors of every element type, as one enum of matrices, in memory or mapped.

mod cells;
mod matrix;
mod sparse;

use std::ops::Range;

use half::f16;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::cells::{Cells, Owner};
pub use self::matrix::Matrix;
pub use self::sparse::SparseRows;

/// The number that identifies a row of a data set; engines store and return it.
pub type RowId = u64;

/// The element type of a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Element {
    /// 32-bit IEEE float.
    F32,
    /// 16-bit IEEE float.
    F16,
    /// Unsigned byte.
    U8,
    /// Signed byte.
    I8,
    /// One bit a dimension, packed, most significant bit first.
    B1,
    /// Sparse: pairs of index and 32-bit float.
    Sparse,
}

impl Element {
    /// The name used in scenarios and records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::U8 => "u8",
            Self::I8 => "i8",
            Self::B1 => "b1",
            Self::Sparse => "sparse",
        }
    }

    /// Bytes that the bare codes of one dense vector of `dim` dimensions take; `None` for sparse vectors.
    pub const fn code_bytes(self, dim: usize) -> Option<usize> {
        match self {
            Self::F32 => Some(4 * dim),
            Self::F16 => Some(2 * dim),
            Self::U8 | Self::I8 => Some(dim),
            Self::B1 => Some(dim.div_ceil(8)),
            Self::Sparse => None,
        }
    }
}

impl std::fmt::Display for Element {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of vectors of one element type.
#[derive(Debug, Clone, PartialEq)]
pub enum Vectors {
    /// 32-bit floats.
    F32(Matrix<f32>),
    /// 16-bit floats.
    F16(Matrix<f16>),
    /// Unsigned bytes.
    U8(Matrix<u8>),
    /// Signed bytes.
    I8(Matrix<i8>),
    /// Packed bits with their dimension (a row takes `dim / 8` bytes, rounded up).
    Bits {
        /// The packed rows.
        packed: Matrix<u8>,
        /// Dimensions of a vector.
        dim: usize,
    },
    /// Sparse rows.
    Sparse(SparseRows),
}

impl Vectors {
    /// Element type.
    pub fn element(&self) -> Element {
        match self {
            Self::F32(_) => Element::F32,
            Self::F16(_) => Element::F16,
            Self::U8(_) => Element::U8,
            Self::I8(_) => Element::I8,
            Self::Bits { .. } => Element::B1,
            Self::Sparse(_) => Element::Sparse,
        }
    }

    /// Dimensions of a vector.
    pub fn dim(&self) -> usize {
        match self {
            Self::F32(m) => m.stride(),
            Self::F16(m) => m.stride(),
            Self::U8(m) => m.stride(),
            Self::I8(m) => m.stride(),
            Self::Bits { dim, .. } => *dim,
            Self::Sparse(rows) => rows.dim(),
        }
    }

    /// Number of vectors.
    pub fn rows(&self) -> usize {
        match self {
            Self::F32(m) => m.rows(),
            Self::F16(m) => m.rows(),
            Self::U8(m) => m.rows(),
            Self::I8(m) => m.rows(),
            Self::Bits { packed, .. } => packed.rows(),
            Self::Sparse(rows) => rows.rows(),
        }
    }

    /// The first `rows` rows, or all if there are not so many.
    #[must_use]
    pub fn truncated(self, rows: usize) -> Self {
        match self {
            Self::F32(m) => Self::F32(m.truncated(rows)),
            Self::F16(m) => Self::F16(m.truncated(rows)),
            Self::U8(m) => Self::U8(m.truncated(rows)),
            Self::I8(m) => Self::I8(m.truncated(rows)),
            Self::Bits { packed, dim } => Self::Bits { packed: packed.truncated(rows), dim },
            Self::Sparse(m) => Self::Sparse(m.truncated(rows)),
        }
    }

    /// A set of the first `rows` rows, or all if there are not so many; rows of mapped files are not copied.
    #[must_use]
    pub fn first(&self, rows: usize) -> Self {
        match self {
            Self::F32(m) => Self::F32(m.first(rows)),
            Self::F16(m) => Self::F16(m.first(rows)),
            Self::U8(m) => Self::U8(m.first(rows)),
            Self::I8(m) => Self::I8(m.first(rows)),
            Self::Bits { packed, dim } => Self::Bits { packed: packed.first(rows), dim: *dim },
            Self::Sparse(m) => Self::Sparse(m.clone().truncated(rows)),
        }
    }

    /// Says that the rows are not needed soon. What was mapped gives its memory back and is read again when it is asked
    /// for; nothing else changes. Whoever goes over a large set calls it behind every block.
    pub fn release(&self, rows: Range<usize>) {
        match self {
            Self::F32(m) => m.release(rows),
            Self::F16(m) => m.release(rows),
            Self::U8(m) => m.release(rows),
            Self::I8(m) => m.release(rows),
            Self::Bits { packed, .. } => packed.release(rows),
            Self::Sparse(m) => m.release(rows),
        }
    }

    /// Whether the rows are in memory of their own, and not in a mapped file.
    pub fn is_owned(&self) -> bool {
        match self {
            Self::F32(m) => m.is_owned(),
            Self::F16(m) => m.is_owned(),
            Self::U8(m) => m.is_owned(),
            Self::I8(m) => m.is_owned(),
            Self::Bits { packed, .. } => packed.is_owned(),
            Self::Sparse(m) => m.is_owned(),
        }
    }

    /// Ranges of rows that together are all of them, each of about `bytes` bytes.
    pub fn blocks(&self, bytes: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let rows = self.rows();
        let row = self.element().code_bytes(self.dim()).unwrap_or(256).max(1);
        let height = (bytes / row).max(1);
        (0..rows.div_ceil(height)).map(move |block| block * height..((block + 1) * height).min(rows))
    }

    /// All rows as 32-bit floats, in memory.
    pub fn to_f32(&self) -> Matrix<f32> {
        let dim = self.dim();
        let mut values = vec![0.0; self.rows() * dim];
        for (row, out) in values.chunks_exact_mut(dim.max(1)).enumerate() {
            self.write_f32(row, out);
        }
        Matrix::new(values, dim.max(1)).unwrap_or_else(|| unreachable!("whole rows"))
    }

    /// Writes row `row` as 32-bit floats into `out` (length [`Vectors::dim`]): bits become 0 and 1, sparse rows are
    /// filled with zeros. Exact for every element type.
    pub fn write_f32(&self, row: usize, out: &mut [f32]) {
        match self {
            Self::F32(m) => out.copy_from_slice(m.row(row)),
            Self::F16(m) => out.iter_mut().zip(m.row(row)).for_each(|(o, v)| *o = v.to_f32()),
            Self::U8(m) => out.iter_mut().zip(m.row(row)).for_each(|(o, v)| *o = f32::from(*v)),
            Self::I8(m) => out.iter_mut().zip(m.row(row)).for_each(|(o, v)| *o = f32::from(*v)),
            Self::Bits { packed, .. } => {
                let bytes = packed.row(row);
                for (i, o) in out.iter_mut().enumerate() {
                    *o = f32::from((bytes[i / 8] >> (7 - i % 8)) & 1);
                }
            }
            Self::Sparse(rows) => {
                out.fill(0.0);
                let (indices, values) = rows.row(row);
                for (at, value) in indices.iter().zip(values) {
                    out[*at as usize] = *value;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_type_widens_exactly() {
        let mut out = [0.0; 9];
        let bits = Vectors::Bits { packed: Matrix::new(vec![0b1010_0000, 0b1000_0000], 2).unwrap(), dim: 9 };
        bits.write_f32(0, &mut out);
        assert_eq!(out, [1., 0., 1., 0., 0., 0., 0., 0., 1.]);
        let sparse = Vectors::Sparse(SparseRows::new(3, vec![0, 0, 1], vec![2], vec![0.5]).unwrap());
        let mut out = [9.0; 3];
        sparse.write_f32(1, &mut out);
        assert_eq!((out, sparse.rows()), ([0., 0., 0.5], 2));
        let bytes = Vectors::I8(Matrix::new(vec![-128, 127], 2).unwrap());
        let mut out = [0.0; 2];
        bytes.write_f32(0, &mut out);
        assert_eq!((out, bytes.element().code_bytes(2)), ([-128., 127.], Some(2)));
    }
}
