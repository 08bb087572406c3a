//! Vectors of every element type, as one enum of dense row-major matrices.

use half::f16;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// A dense row-major matrix: `rows × stride` elements, one vector a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix<T> {
    data: Vec<T>,
    stride: usize,
}

impl<T> Matrix<T> {
    /// Wraps `data`, whose length must be a multiple of `stride` (the elements of one row, at least 1).
    ///
    /// Returns `None` if it is not.
    pub fn new(data: Vec<T>, stride: usize) -> Option<Self> {
        (stride > 0 && data.len().is_multiple_of(stride)).then_some(Self { data, stride })
    }

    /// Number of vectors.
    pub fn rows(&self) -> usize {
        self.data.len() / self.stride
    }

    /// Elements of one row (for bits: bytes).
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// The vector at `row`; panics past the end, as slices do.
    pub fn row(&self, row: usize) -> &[T] {
        &self.data[row * self.stride..(row + 1) * self.stride]
    }

    /// All elements, row after row.
    pub fn as_slice(&self) -> &[T] {
        &self.data
    }
}

/// Sparse vectors in compressed rows: row `i` owns `indices[offsets[i]..offsets[i + 1]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct SparseRows {
    /// Dimension of the space.
    pub dim: usize,
    /// Start of each row, and the end of the last.
    pub offsets: Vec<usize>,
    /// Dimension of each stored value, ascending within a row.
    pub indices: Vec<u32>,
    /// The stored values.
    pub values: Vec<f32>,
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
            Self::Sparse(rows) => rows.dim,
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
            Self::Sparse(rows) => rows.offsets.len().saturating_sub(1),
        }
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
                for at in rows.offsets[row]..rows.offsets[row + 1] {
                    out[rows.indices[at] as usize] = rows.values[at];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_needs_whole_rows() {
        assert!(Matrix::new(vec![1, 2, 3], 2).is_none());
        assert!(Matrix::<u8>::new(vec![], 0).is_none());
        let m = Matrix::new(vec![1, 2, 3, 4], 2).unwrap();
        assert_eq!((m.rows(), m.row(1)), (2, &[3, 4][..]));
    }

    #[test]
    fn every_element_type_widens_exactly() {
        let mut out = [0.0; 9];
        let bits = Vectors::Bits { packed: Matrix::new(vec![0b1010_0000, 0b1000_0000], 2).unwrap(), dim: 9 };
        bits.write_f32(0, &mut out);
        assert_eq!(out, [1., 0., 1., 0., 0., 0., 0., 0., 1.]);
        let sparse = Vectors::Sparse(SparseRows {
            dim: 3,
            offsets: vec![0, 0, 1],
            indices: vec![2],
            values: vec![0.5],
        });
        let mut out = [9.0; 3];
        sparse.write_f32(1, &mut out);
        assert_eq!((out, sparse.rows()), ([0., 0., 0.5], 2));
        let bytes = Vectors::I8(Matrix::new(vec![-128, 127], 2).unwrap());
        let mut out = [0.0; 2];
        bytes.write_f32(0, &mut out);
        assert_eq!((out, bytes.element().code_bytes(2)), ([-128., 127.], Some(2)));
    }
}
