//! `.fvecs` and `.ivecs`: rows of 32-bit floats or integers, each after its dimension as a 32-bit integer.
//!
//! The format of <http://corpus-texmex.irisa.fr>, little-endian. All rows must have the dimension of the first.

use annvil_core::dataset::Neighbours;
use annvil_core::vector::{Matrix, Vectors};

use crate::error::FormatError;
use crate::format::{Kept, check_dimensions, check_shape, neighbours};

/// Reads `.fvecs`. At most `limit` rows are kept.
pub fn vectors(bytes: &[u8], limit: Option<usize>) -> Result<Kept<Vectors>, FormatError> {
    let file = File::parse(bytes)?;
    let values = file.rows(limit).flatten().map(|word| f32::from_le_bytes(*word)).collect();
    let matrix = Matrix::new(values, file.dim)
        .ok_or_else(|| FormatError::new(format!("no whole rows of {}", file.dim), "copy the file again"))?;
    Ok(Kept { content: Vectors::F32(matrix), total: file.total })
}

/// Reads row numbers from `.ivecs`; −1 at the end of a row is padding. At most `limit` rows are kept.
pub fn ids(bytes: &[u8], limit: Option<usize>) -> Result<Kept<Neighbours>, FormatError> {
    let file = File::parse(bytes)?;
    let numbers: Vec<i64> =
        file.rows(limit).flatten().map(|word| i64::from(i32::from_le_bytes(*word))).collect();
    Ok(Kept { content: neighbours(numbers.chunks_exact(file.dim))?, total: file.total })
}

/// A file whose rows have been checked: `total` records of `1 + dim` words.
struct File<'a> {
    words: &'a [[u8; 4]],
    dim: usize,
    total: usize,
}

impl<'a> File<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let (words, rest) = bytes.as_chunks::<4>();
        let Some(first) = words.first() else {
            let message =
                format!("cut off in the dimension of row 0: expected 4 bytes, found {}", rest.len());
            return Err(FormatError::new(message, "the file is empty or damaged: copy it again"));
        };
        let dim = dimension(*first, 0, 0)?;
        let mut total = 0;
        let mut at = 0;
        while at < words.len() || !rest.is_empty() {
            let byte = 4 * at;
            let Some(word) = words.get(at) else {
                let found = rest.len();
                let message = format!(
                    "cut off in the dimension of row {total}, byte {byte}: expected 4 bytes, found {found}"
                );
                return Err(FormatError::new(message, "copy the file again"));
            };
            let here = dimension(*word, total, byte)?;
            if here != dim {
                let message =
                    format!("row {total}, byte {byte}, has {here} dimensions; the rows before have {dim}");
                return Err(FormatError::new(
                    message,
                    "all vectors must have one dimension; the file is damaged or mixed",
                ));
            }
            let (expected, found) = (4 * dim, bytes.len() - byte - 4);
            if found < expected {
                let message = format!(
                    "cut off in row {total}, byte {byte}: expected {expected} bytes after the dimension, found {found}"
                );
                return Err(FormatError::new(message, "copy the file again"));
            }
            at += 1 + dim;
            total += 1;
        }
        check_shape(total, dim)?;
        Ok(Self { words, dim, total })
    }

    fn rows(&self, limit: Option<usize>) -> impl Iterator<Item = &'a [[u8; 4]]> {
        let rows = self.words.chunks_exact(1 + self.dim).map(|record| &record[1..]);
        rows.take(limit.unwrap_or(usize::MAX))
    }
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
    use proptest::prelude::*;

    fn file(rows: &[Vec<f32>]) -> Vec<u8> {
        let row = |row: &Vec<f32>| {
            let values = row.iter().flat_map(|x| x.to_le_bytes());
            (row.len() as u32).to_le_bytes().into_iter().chain(values).collect::<Vec<u8>>()
        };
        rows.iter().flat_map(row).collect()
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
            let error = vectors(&bytes, None).unwrap_err();
            assert!(error.message.contains(message), "{error}");
        }
    }

    proptest! {
        #[test]
        fn rows_survive_a_round_trip(dim in 1..5_usize, values in prop::collection::vec(-1e9..1e9_f32, 4..40)) {
            let rows: Vec<Vec<f32>> = values.chunks_exact(dim).map(<[f32]>::to_vec).collect();
            let read = vectors(&file(&rows), None).unwrap();
            prop_assert_eq!(read.total, rows.len());
            prop_assert_eq!(read.content, Vectors::F32(Matrix::new(rows.concat(), dim).unwrap()));
        }

        #[test]
        fn nothing_makes_the_reader_panic(mut bytes in prop::collection::vec(prop_oneof![3 => Just(0_u8), 2 => 0..4_u8, 1 => any::<u8>()], 0..80)) {
            let _ = vectors(&bytes, None);
            if let Some(first) = bytes.first_chunk_mut::<4>() {
                *first = [2, 0, 0, 0];
            }
            let _ = vectors(&bytes, Some(2));
            let _ = ids(&bytes, None);
        }
    }
}
