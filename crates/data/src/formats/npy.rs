//! NumPy's `.npy` files: one dense array after a header in Python's notation.
//!
//! The format is described in NumPy's documentation, `numpy.lib.format`, versions 1 to 3. Read are little-endian
//! matrices in C order; a message says how to convert others.

mod header;
mod write;

use annvil_core::dataset::Neighbours;
use annvil_core::vector::{Element, Matrix, Vectors};

use self::header::{Array, unknown_type};
use super::raw::{self, Layout};
use crate::error::FormatError;
use crate::format::{Kept, neighbours};
use crate::map::Bytes;
use crate::rows::{BLOCK_BYTES, RowReader, Rows, Shape};

pub use self::write::{Writer, write_distances, write_ids};

/// Reads a matrix of vectors: `f4`, `f2`, `u1` or `i1`, which stay where they are, or `f8`, which is rounded to 32 bits.
pub fn vectors(bytes: &Bytes) -> Result<Rows, FormatError> {
    let array = Array::parse(bytes.bytes())?;
    let start = bytes.bytes().len() - array.data.len();
    let layout = Layout { start, rows: array.rows, stride: array.dim, gap: 0 };
    let vectors = match array.kind {
        "f4" => raw::matrix(bytes, layout).map(Vectors::F32),
        "f2" => raw::matrix(bytes, layout).map(Vectors::F16),
        "u1" => raw::matrix(bytes, layout).map(Vectors::U8),
        "i1" => raw::matrix(bytes, layout).map(Vectors::I8),
        "f8" => return Ok(Rows::Streamed(Box::new(Doubles { bytes: bytes.clone(), layout, next: 0 }))),
        kind => {
            return Err(unknown_type(
                kind,
                "vectors are read as f4, f2, f8, u1 or i1: save `a.astype('<f4')`",
            ));
        }
    };
    vectors
        .map(Rows::Ready)
        .ok_or_else(|| FormatError::new(format!("no whole rows of {}", array.dim), "save the array again"))
}

/// 64-bit floats, rounded to 32 bits on their way.
struct Doubles {
    bytes: Bytes,
    layout: Layout,
    next: usize,
}

impl RowReader for Doubles {
    fn shape(&self) -> Shape {
        Shape { element: Element::F32, dim: self.layout.stride, rows: Some(self.layout.rows) }
    }

    fn next(&mut self) -> Result<Option<Vectors>, FormatError> {
        let Layout { start, rows, stride, .. } = self.layout;
        let row_bytes = size_of::<f64>() * stride;
        let height = (BLOCK_BYTES / row_bytes).max(1).min(rows - self.next);
        if height == 0 {
            return Ok(None);
        }
        let at = start + self.next * row_bytes;
        let block = at..at + height * row_bytes;
        let values = self.bytes.bytes()[block.clone()].as_chunks::<8>().0;
        let values = values.iter().map(|value| f64::from_le_bytes(*value) as f32).collect();
        self.bytes.release(block);
        self.next += height;
        Ok(Matrix::new(values, stride).map(Vectors::F32))
    }
}

/// Reads a matrix of row numbers: `i4`, `i8`, `u4` or `u8`; −1 at the end of a row is padding. At most `limit` rows
/// are kept.
pub fn ids(bytes: &[u8], limit: Option<usize>) -> Result<Kept<Neighbours>, FormatError> {
    let array = Array::parse(bytes)?;
    let total = array.rows;
    let rows = limit.map_or(total, |limit| limit.min(total));
    let numbers: Vec<i64> = match array.kind {
        "i4" => array.values(rows, |bytes| i64::from(i32::from_le_bytes(bytes))),
        "u4" => array.values(rows, |bytes| i64::from(u32::from_le_bytes(bytes))),
        "i8" => array.values(rows, i64::from_le_bytes),
        // Beyond 63 bits there is no row; the check of ids names it.
        "u8" => array.values(rows, |bytes| i64::try_from(u64::from_le_bytes(bytes)).unwrap_or(i64::MAX)),
        kind => {
            return Err(unknown_type(
                kind,
                "row numbers are read as i4, i8, u4 or u8: save `a.astype('<i4')`",
            ));
        }
    };
    Ok(Kept { content: neighbours(numbers.chunks_exact(array.dim))?, total })
}

/// Reads a matrix of distances, `f8` as [`write_distances`] writes them, or `f4`.
pub fn distances(bytes: &[u8]) -> Result<Vec<Vec<f64>>, FormatError> {
    let array = Array::parse(bytes)?;
    let values: Vec<f64> = match array.kind {
        "f8" => array.values(array.rows, f64::from_le_bytes),
        "f4" => array.values(array.rows, |bytes| f32::from_le_bytes(bytes).into()),
        kind => {
            return Err(unknown_type(kind, "distances are read as f8 or f4: save `a.astype('<f8')`"));
        }
    };
    Ok(values.chunks_exact(array.dim).map(<[f64]>::to_vec).collect())
}

#[cfg(test)]
mod tests {
    use super::header::MAGIC;
    use super::*;
    use crate::map::still;
    use half::f16;
    use proptest::prelude::*;

    pub(super) fn file(version: u8, header: &str, data: &[u8]) -> Vec<u8> {
        let length = header.len() as u32;
        let length =
            if version == 1 { length.to_le_bytes()[..2].to_vec() } else { length.to_le_bytes().to_vec() };
        [MAGIC, &[version, 0], &length, header.as_bytes(), data].concat()
    }

    /// Tests are short.
    fn read(bytes: &[u8]) -> Result<Vectors, FormatError> {
        vectors(&still(bytes.to_vec().leak()))?.collect(None).map(|kept| kept.content)
    }

    fn header(descr: &str, shape: &str) -> String {
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n")
    }

    fn bytes_of(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|x| x.to_le_bytes()).collect()
    }

    #[test]
    fn every_element_type_and_version() {
        let f32s = |vectors: &Vectors| {
            let mut row = vec![0.0; vectors.dim()];
            vectors.write_f32(1, &mut row);
            row
        };
        let f16s: Vec<u8> =
            [1.0, 2.0, -0.5, 4.0].iter().flat_map(|x| f16::from_f32(*x).to_le_bytes()).collect();
        let f64s: Vec<u8> = [1.0_f64, 2.0, -0.5, 4.0].iter().flat_map(|x| x.to_le_bytes()).collect();
        for (version, descr, data) in
            [(1, "<f4", bytes_of(&[1.0, 2.0, -0.5, 4.0])), (2, "<f2", f16s), (3, "<f8", f64s)]
        {
            let read = read(&file(version, &header(descr, "(2, 2)"), &data)).unwrap();
            assert_eq!((f32s(&read), read.rows()), (vec![-0.5, 4.0], 2), "{descr}");
        }
        for (descr, row) in [("|u1", vec![255.0, 0.0]), ("|i1", vec![-1.0, 0.0])] {
            let read = read(&file(1, &header(descr, "(2, 2)"), &[1, 2, 255, 0])).unwrap();
            assert_eq!(f32s(&read), row);
        }
        let numbers: Vec<u8> = [7_i64, 3, 5, -1].iter().flat_map(|x| x.to_le_bytes()).collect();
        let read = ids(&file(1, &header("<i8", "(2, 2)"), &numbers), None).unwrap();
        assert_eq!(read.content.ids, [vec![7, 3], vec![5]]);
    }

    #[test]
    fn a_single_column_may_be_called_fortran_order() {
        let text = "{\"descr\": \"<f4\", \"fortran_order\": True, \"shape\": (2, 1)}";
        assert_eq!(read(&file(1, text, &bytes_of(&[1.0, 2.0]))).unwrap().rows(), 2);
    }

    #[test]
    fn bad_files_are_told_apart() {
        let data = bytes_of(&[1.0; 6]);
        let good = file(1, &header("<f4", "(3, 2)"), &data);
        let fortran = header("<f4", "(3, 2)").replace("False", "True");
        let structured = "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3, 2)}";
        for (bytes, message, help) in [
            (b"\x93NUMPX".to_vec(), "first six bytes", "numpy.save"),
            (b"\x93NUMPY".to_vec(), "cut off in the header, after 6 bytes", "copy"),
            (good[..20].to_vec(), "cut off in the header, after 20 bytes", "copy"),
            (file(9, "", &[]), "version 9", "NumPy"),
            (file(1, &fortran, &data), "Fortran order", "ascontiguousarray"),
            (file(1, &header(">f4", "(3, 2)"), &data), "big-endian (`>f4`)", "'<f4'"),
            (file(1, &header("<f4", "(6,)"), &data), "1 dimension(s), shape [6]", "reshape"),
            (file(1, &header("<f4", "(1, 3, 2)"), &data), "3 dimension(s)", "reshape"),
            (file(1, &header("<c8", "(3, 2)"), &data), "type `<c8`", "'<f4'"),
            (file(1, &header("<i4", "(3, 2)"), &data), "type `i4`", "f4, f2"),
            (file(1, structured, &data), "structured", "plain array"),
            (file(1, &header("<f4", "(3, x)"), &data), "no readable `shape`", "numpy.save"),
            (file(1, "{}", &data), "no readable `descr`", "numpy.save"),
            (file(1, &header("<f4", "(0, 2)"), &[]), "no rows", "at least one"),
            (file(1, &header("<f4", "(2, 0)"), &[]), "0 dimensions", "damaged"),
            (file(1, &header("<f4", "(2, 99999999)"), &[]), "99999999 dimensions", "damaged"),
            (
                good[..good.len() - 5].to_vec(),
                "cut off in row 2: 3 × 2 elements of `f4` take 24 bytes after the header, found 19",
                "copy",
            ),
            (
                [good.clone(), vec![0; 3]].concat(),
                "3 trailing bytes: 3 × 2 elements of `f4` take 24 bytes",
                "one array",
            ),
        ] {
            let error = read(&bytes).unwrap_err();
            assert!(error.message.contains(message) && error.help.contains(help), "{error}");
        }
        let error = ids(&good, None).unwrap_err();
        assert!(error.message.contains("type `f4`"), "{error}");
    }

    proptest! {
        #[test]
        fn arrays_survive_a_round_trip(rows in 1..6_usize, dim in 1..6_usize, seed in any::<u32>()) {
            let values: Vec<f32> = (0..rows * dim).map(|i| (seed.wrapping_mul(i as u32 + 1) >> 8) as f32 / 77.0).collect();
            let read = read(&file(1, &header("<f4", &format!("({rows}, {dim})")), &bytes_of(&values))).unwrap();
            prop_assert_eq!(read, Vectors::F32(Matrix::new(values, dim).unwrap()));
        }

        #[test]
        fn nothing_makes_the_reader_panic(
            descr in "[<>|=]?[a-z]?[0-9]{0,2}", shape in "\\(?[0-9]{0,20},? ?[0-9]{0,20},?\\)?",
            data in prop::collection::vec(any::<u8>(), 0..40), at in any::<prop::sample::Index>(), byte in any::<u8>(), version in 0..4_u8,
        ) {
            let mut bytes = file(version, &header(&descr, &shape), &data);
            let _ = read(&bytes);
            let _ = ids(&bytes, Some(1));
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = read(&bytes);
            let _ = read(&bytes[..at]);
        }
    }
}
