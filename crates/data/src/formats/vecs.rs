//! `.fvecs`, `.bvecs` and `.ivecs`: rows of 32-bit floats, bytes or 32-bit integers, each after its dimension as a 32-bit
//! integer.
//!
//! The format of <http://corpus-texmex.irisa.fr>, little-endian. All rows must have the dimension of the first.

use std::io::{self, Write};
use std::ops::Range;

use annvil_core::dataset::Neighbours;
use annvil_core::vector::Vectors;

use super::raw::{self, Layout};
use crate::error::FormatError;
use crate::format::{Kept, check_dimensions, check_shape, neighbours};
use crate::map::Bytes;
use crate::rows::RowWriter;

/// Bytes of the dimension before each row.
const HEAD: usize = 4;

/// Bytes that are looked at between two returns of mapped memory: a file may be larger than memory.
const RELEASE_BYTES: usize = 16 << 20;

/// Reads `.fvecs`. The rows stay where they are.
pub fn floats(bytes: &Bytes) -> Result<Vectors, FormatError> {
    let layout = File::parse(bytes.bytes(), 4, |done| bytes.release(done))?.layout();
    raw::matrix(bytes, layout).map(Vectors::F32).ok_or_else(damaged)
}

/// Reads `.bvecs`: unsigned bytes. The rows stay where they are.
pub fn bytes(bytes: &Bytes) -> Result<Vectors, FormatError> {
    let layout = File::parse(bytes.bytes(), 1, |done| bytes.release(done))?.layout();
    raw::matrix(bytes, layout).map(Vectors::U8).ok_or_else(damaged)
}

/// Reads row numbers from `.ivecs`; −1 at the end of a row is padding. At most `limit` rows are kept.
pub fn ids(bytes: &[u8], limit: Option<usize>) -> Result<Kept<Neighbours>, FormatError> {
    let file = File::parse(bytes, 4, |_| {})?;
    let numbers: Vec<i64> = bytes
        .chunks_exact(HEAD + 4 * file.dim)
        .take(limit.unwrap_or(usize::MAX))
        .flat_map(|row| row[HEAD..].as_chunks::<4>().0)
        .map(|word| i64::from(i32::from_le_bytes(*word)))
        .collect();
    Ok(Kept { content: neighbours(numbers.chunks_exact(file.dim))?, total: file.total })
}

fn damaged() -> FormatError {
    FormatError::new("the rows are not all there", "copy the file again")
}

/// A file whose rows have been checked: `total` rows of `dim` values, each after its dimension.
struct File {
    dim: usize,
    total: usize,
}

impl File {
    /// `size`: bytes of a value. `release` is told which bytes have been looked at.
    fn parse(bytes: &[u8], size: usize, release: impl Fn(Range<usize>)) -> Result<Self, FormatError> {
        let Some(first) = bytes.first_chunk::<HEAD>() else {
            let message =
                format!("cut off in the dimension of row 0: expected 4 bytes, found {}", bytes.len());
            return Err(FormatError::new(message, "the file is empty or damaged: copy it again"));
        };
        let dim = dimension(*first, 0, 0)?;
        let (mut total, mut at, mut released) = (0, 0, 0);
        while at < bytes.len() {
            let Some(word) = bytes[at..].first_chunk::<HEAD>() else {
                let found = bytes.len() - at;
                let message = format!(
                    "cut off in the dimension of row {total}, byte {at}: expected 4 bytes, found {found}"
                );
                return Err(FormatError::new(message, "copy the file again"));
            };
            // Only a dimension that differs needs a closer look: this loop goes over every row of a large file.
            if word != first {
                let here = dimension(*word, total, at)?;
                let message =
                    format!("row {total}, byte {at}, has {here} dimensions; the rows before have {dim}");
                return Err(FormatError::new(
                    message,
                    "all vectors must have one dimension; the file is damaged or mixed",
                ));
            }
            let (expected, found) = (size * dim, bytes.len() - at - HEAD);
            if found < expected {
                let message = format!(
                    "cut off in row {total}, byte {at}: expected {expected} bytes after the dimension, found {found}"
                );
                return Err(FormatError::new(message, "copy the file again"));
            }
            at += HEAD + expected;
            total += 1;
            if at - released >= RELEASE_BYTES {
                release(released..at);
                released = at;
            }
        }
        check_shape(total, dim)?;
        Ok(Self { dim, total })
    }

    fn layout(&self) -> Layout {
        Layout { start: HEAD, rows: self.total, stride: self.dim, gap: HEAD }
    }
}

/// Writes `.fvecs` or `.bvecs`, whichever the element type asks for.
pub struct Writer<W>(W);

impl<W: Write> Writer<W> {
    /// Rows go to `out`.
    pub fn new(out: W) -> Self {
        Self(out)
    }
}

impl<W: Write> RowWriter for Writer<W> {
    fn push(&mut self, vectors: &Vectors, rows: Range<usize>) -> io::Result<()> {
        let head = (vectors.dim() as u32).to_le_bytes();
        for row in rows {
            self.0.write_all(&head)?;
            match vectors {
                Vectors::F32(m) => self.0.write_all(bytemuck::cast_slice(m.row(row)))?,
                Vectors::U8(m) => self.0.write_all(m.row(row))?,
                other => return Err(super::cannot_hold(".fvecs and .bvecs files", other.element())),
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.0.flush()
    }
}

/// Writes `.ivecs`: row numbers, −1 where an answer is shorter than the longest.
pub fn write_ids(truth: &Neighbours, mut out: impl Write) -> io::Result<()> {
    let width = super::longest(truth);
    for row in &truth.ids {
        out.write_all(&(width as u32).to_le_bytes())?;
        super::write_short_ids(&mut out, row, width)?;
    }
    out.flush()
}

fn dimension(word: [u8; 4], row: usize, byte: usize) -> Result<usize, FormatError> {
    // A negative dimension is absurd in the same way as one that is too large.
    let dim = u32::from_le_bytes(word);
    check_dimensions(dim.into(), &format!(" in row {row}, byte {byte}"))?;
    Ok(dim as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::still;
    use annvil_core::vector::Matrix;
    use proptest::prelude::*;

    fn file(rows: &[Vec<f32>]) -> Vec<u8> {
        let row = |row: &Vec<f32>| {
            let values = row.iter().flat_map(|x| x.to_le_bytes());
            (row.len() as u32).to_le_bytes().into_iter().chain(values).collect::<Vec<u8>>()
        };
        rows.iter().flat_map(row).collect()
    }

    /// Tests are short.
    fn leaked(bytes: &[u8]) -> Bytes {
        still(bytes.to_vec().leak())
    }

    fn numbers(rows: &[[i32; 3]]) -> Vec<u8> {
        let row = |row: &[i32; 3]| [3].iter().chain(row).flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
        rows.iter().flat_map(row).collect()
    }

    #[test]
    fn row_numbers_and_their_padding() {
        let read = ids(&numbers(&[[5, 0, 2], [1, -1, -1]]), None).unwrap();
        assert_eq!((read.content.ids, read.total), (vec![vec![5, 0, 2], vec![1]], 2));
        assert_eq!(ids(&numbers(&[[5, 0, 2], [1, 2, 3]]), Some(1)).unwrap().content.ids.len(), 1);
        for (rows, part) in [
            ([[1, 2, 3], [1, -1, 3]], "query 1: row number 3 after padding"),
            ([[1, -7, 3], [1; 3]], "query 0: row number -7 is negative"),
        ] {
            let error = ids(&numbers(&rows), None).unwrap_err();
            assert!(error.message.contains(part), "{error}");
        }
    }

    #[test]
    fn bad_files_are_told_apart() {
        let good = file(&[vec![1.0, 2.0], vec![3.0, 4.0], vec![5.0, 6.0]]);
        let mut mixed = good.clone();
        mixed[12] = 3;
        let mut zero = good.clone();
        zero[24] = 0;
        let mut negative = good.clone();
        negative[3] = 0x80;
        for (bytes, message) in [
            (vec![], "cut off in the dimension of row 0: expected 4 bytes, found 0"),
            (vec![1, 0], "cut off in the dimension of row 0: expected 4 bytes, found 2"),
            (good[..26].to_vec(), "cut off in the dimension of row 2, byte 24: expected 4 bytes, found 2"),
            (good[..28].to_vec(), "cut off in row 2, byte 24: expected 8 bytes after the dimension, found 0"),
            (good[..35].to_vec(), "cut off in row 2, byte 24: expected 8 bytes after the dimension, found 7"),
            (mixed, "row 1, byte 12, has 3 dimensions; the rows before have 2"),
            (zero, "0 dimensions in row 2, byte 24"),
            (negative, "2147483650 dimensions in row 0, byte 0"),
        ] {
            let error = floats(&leaked(&bytes)).unwrap_err();
            assert!(error.message.contains(message), "{error}");
        }
    }

    proptest! {
        #[test]
        fn rows_survive_a_round_trip(dim in 1..5_usize, values in prop::collection::vec(-1e9..1e9_f32, 4..40)) {
            let rows: Vec<Vec<f32>> = values.chunks_exact(dim).map(<[f32]>::to_vec).collect();
            let read = floats(&leaked(&file(&rows))).unwrap();
            prop_assert_eq!(read.rows(), rows.len());
            prop_assert_eq!(read, Vectors::F32(Matrix::new(rows.concat(), dim).unwrap()));
        }

        #[test]
        fn nothing_makes_the_reader_panic(mut bytes in prop::collection::vec(prop_oneof![3 => Just(0_u8), 2 => 0..4_u8, 1 => any::<u8>()], 0..80)) {
            let _ = floats(&leaked(&bytes));
            let _ = super::bytes(&leaked(&bytes));
            if let Some(first) = bytes.first_chunk_mut::<4>() {
                *first = [2, 0, 0, 0];
            }
            let _ = floats(&leaked(&bytes));
            let _ = ids(&bytes, None);
        }
    }
}
