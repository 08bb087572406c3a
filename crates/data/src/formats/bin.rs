//! `.fbin`, `.u8bin`, `.i8bin` and `.ibin`: the number of rows and of dimensions as 32-bit integers, then all values.
//!
//! The format of the big-ann benchmarks, <https://big-ann-benchmarks.com>, little-endian. Their files of true answers
//! have the same head, then all row numbers, then all distances as 32-bit floats; `.ibin` files often end after the
//! row numbers.

use std::io::{self, Seek, SeekFrom, Write};
use std::ops::Range;

use annvil_core::dataset::Neighbours;
use annvil_core::vector::{Element, Vectors};

use super::raw::{self, Layout};
use crate::error::FormatError;
use crate::format::{Kept, check_dimensions, neighbours};
use crate::map::Bytes;
use crate::rows::RowWriter;

/// Bytes of the head.
const HEAD: usize = 8;

/// Reads rows of an element type; they stay where they are.
pub fn vectors(bytes: &Bytes, element: Element) -> Result<Vectors, FormatError> {
    let size = element.code_bytes(1).filter(|_| element != Element::B1).ok_or_else(|| {
        FormatError::new(format!("there is no such file of {element} values"), "use .fbin, .u8bin or .i8bin")
    })?;
    let (rows, dim) = head(bytes.bytes())?;
    let (expected, found) = (values(rows, dim, size), (bytes.bytes().len() - HEAD) as u64);
    if expected != found {
        // The slices of a billion-row set keep the row count of the whole in some mirrors' copies.
        let whole = found / (dim * size) as u64;
        let message = format!(
            "the head promises {rows} rows of {dim}, {expected} bytes; there are {found}, which would be {whole} rows"
        );
        return Err(FormatError::new(
            message,
            "the download is incomplete, or the file was cut without a new head: fetch it again",
        ));
    }
    let layout = Layout { start: HEAD, rows, stride: dim, gap: 0 };
    let vectors = match element {
        Element::F32 => raw::matrix(bytes, layout).map(Vectors::F32),
        Element::F16 => raw::matrix(bytes, layout).map(Vectors::F16),
        Element::U8 => raw::matrix(bytes, layout).map(Vectors::U8),
        _ => raw::matrix(bytes, layout).map(Vectors::I8),
    };
    vectors.ok_or_else(|| FormatError::new("the rows are not all there", "copy the file again"))
}

/// Reads row numbers, with or without distances behind them. At most `limit` rows are kept.
pub fn ids(bytes: &[u8], limit: Option<usize>) -> Result<Kept<Neighbours>, FormatError> {
    let (rows, k) = head(bytes)?;
    let (expected, found) = (values(rows, k, 4), (bytes.len() - HEAD) as u64);
    if found != expected && found != 2 * expected {
        let message = format!(
            "{rows} answers of {k} take {expected} bytes, or {} with distances; there are {found}",
            2 * expected
        );
        return Err(FormatError::new(message, "copy the file again; answers of range searches are not read"));
    }
    let kept = limit.unwrap_or(usize::MAX).min(rows);
    let numbers: Vec<i64> = bytes[HEAD..]
        .as_chunks::<4>()
        .0
        .iter()
        .take(kept * k)
        .map(|word| i64::from(i32::from_le_bytes(*word)))
        .collect();
    Ok(Kept { content: neighbours(numbers.chunks_exact(k))?, total: rows })
}

fn head(bytes: &[u8]) -> Result<(usize, usize), FormatError> {
    let word = |at: usize| bytes.get(at..at + 4)?.first_chunk().map(|word| u32::from_le_bytes(*word));
    let (Some(rows), Some(dim)) = (word(0), word(4)) else {
        let message = format!("cut off in the head: expected 8 bytes, found {}", bytes.len());
        return Err(FormatError::new(message, "the file is empty or damaged: copy it again"));
    };
    check_dimensions(dim.into(), "")?;
    if rows == 0 {
        return Err(FormatError::new("there are no rows", "give a file with at least one vector"));
    }
    Ok((rows as usize, dim as usize))
}

/// Bytes of all values; no product of two 32-bit numbers and a small one exceeds 64 bits.
fn values(rows: usize, dim: usize, size: usize) -> u64 {
    (rows * dim) as u64 * size as u64
}

/// Writes rows as they come; the number of rows is filled in at the end.
pub struct Writer<W> {
    out: W,
    dim: usize,
    rows: usize,
}

impl<W: Write + Seek> Writer<W> {
    /// Rows of `dim` dimensions go to `out`, from its start.
    pub fn new(mut out: W, dim: usize) -> io::Result<Self> {
        out.write_all(&[0; HEAD])?;
        Ok(Self { out, dim, rows: 0 })
    }
}

impl<W: Write + Seek> RowWriter for Writer<W> {
    fn push(&mut self, vectors: &Vectors, rows: Range<usize>) -> io::Result<()> {
        self.rows += rows.len();
        super::write_rows(&mut self.out, vectors, rows)
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        let rows = u32::try_from(self.rows).map_err(|_| io::Error::other("more than 2^32 rows"))?;
        self.out.seek(SeekFrom::Start(0))?;
        self.out.write_all(&rows.to_le_bytes())?;
        self.out.write_all(&(self.dim as u32).to_le_bytes())?;
        self.out.flush()
    }
}

/// Writes row numbers as an `.ibin` file without distances, −1 where an answer is shorter than the longest.
pub fn write_ids(truth: &Neighbours, mut out: impl Write) -> io::Result<()> {
    let width = super::longest(truth);
    out.write_all(&(truth.ids.len() as u32).to_le_bytes())?;
    out.write_all(&(width as u32).to_le_bytes())?;
    for row in &truth.ids {
        super::write_short_ids(&mut out, row, width)?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::still;
    use annvil_core::vector::Matrix;
    use proptest::prelude::*;
    use std::io::Cursor;

    fn written(vectors: &Vectors) -> Vec<u8> {
        let mut file = Cursor::new(vec![]);
        let mut writer = Box::new(Writer::new(&mut file, vectors.dim()).unwrap());
        writer.push(vectors, 0..vectors.rows()).unwrap();
        writer.finish().unwrap();
        file.into_inner()
    }

    #[test]
    fn rows_survive_a_round_trip() {
        for vectors in [
            Vectors::F32(Matrix::new(vec![1.5, -2.0, 3.0, 4.0], 2).unwrap()),
            Vectors::U8(Matrix::new(vec![1, 255, 3], 3).unwrap()),
            Vectors::I8(Matrix::new(vec![-1, 127, 3], 1).unwrap()),
        ] {
            let bytes = still(written(&vectors).leak());
            assert_eq!(super::vectors(&bytes, vectors.element()).unwrap(), vectors);
        }
        let truth = Neighbours { ids: vec![vec![3, 1], vec![2]] };
        let mut file = vec![];
        write_ids(&truth, &mut file).unwrap();
        assert_eq!(ids(&file, None).unwrap().content, truth);
        file.extend([0; 16]); // distances
        assert_eq!(
            ids(&file, Some(1)).unwrap(),
            Kept { content: Neighbours { ids: vec![vec![3, 1]] }, total: 2 }
        );
    }

    #[test]
    fn bad_files_are_told_apart() {
        let good = written(&Vectors::U8(Matrix::new(vec![1, 2, 3, 4], 2).unwrap()));
        for (bytes, part) in [
            (&good[..5], "cut off in the head: expected 8 bytes, found 5"),
            (&good[..11], "promises 2 rows of 2, 4 bytes; there are 3, which would be 1 rows"),
            (&[0, 0, 0, 0, 2, 0, 0, 0], "no rows"),
            (&[1, 0, 0, 0, 0, 0, 0, 0], "0 dimensions"),
        ] {
            let error = vectors(&still(bytes.to_vec().leak()), Element::U8).unwrap_err();
            assert!(error.message.contains(part), "{error}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_the_reader_panic(bytes in prop::collection::vec(prop_oneof![3 => Just(0_u8), 2 => 0..4_u8, 1 => any::<u8>()], 0..60)) {
            let _ = ids(&bytes, Some(3));
            let bytes = still(bytes.leak());
            for element in [Element::F32, Element::U8, Element::I8, Element::B1] {
                let _ = vectors(&bytes, element);
            }
        }
    }
}
