//! `.csr`: sparse rows, as the sparse track of the big-ann benchmarks keeps them.
//!
//! Little-endian: the numbers of rows, dimensions and stored values as 64-bit integers; `rows + 1` offsets as 64-bit
//! integers; the dimension of each value as a 32-bit integer; the values as 32-bit floats.

use std::io::{self, Write};

use annvil_core::vector::{Cells, SparseRows, Vectors};

use crate::error::FormatError;
use crate::format::check_shape;
use crate::map::Bytes;

/// Bytes of the head.
const HEAD: usize = 24;

/// A row is widened where it is compared with dense ones, so its space is bounded: this many floats are 64 MiB. Learned
/// sparse vectors have some 30,000 dimensions.
const MOST_DIMENSIONS: usize = 1 << 24;

/// Reads sparse rows; they stay where they are.
pub fn vectors(bytes: &Bytes) -> Result<Vectors, FormatError> {
    let all = bytes.bytes();
    let number = |at: usize| {
        let word = all.get(at..at + 8)?.first_chunk::<8>()?;
        usize::try_from(i64::from_le_bytes(*word)).ok()
    };
    let (Some(rows), Some(dim), Some(stored)) = (number(0), number(8), number(16)) else {
        let message = format!("no head of three counts in {} bytes", all.len());
        return Err(FormatError::new(message, "the file is cut off or has another format"));
    };
    check_shape(rows, 1)?;
    if dim == 0 || dim > MOST_DIMENSIONS {
        let help = format!("1 to {MOST_DIMENSIONS} are possible; the file is damaged or has another format");
        return Err(FormatError::new(format!("sparse vectors of {dim} dimensions"), help));
    }
    let damaged = || {
        let message = format!(
            "{rows} sparse rows with {stored} values need {} bytes; there are {}",
            (HEAD + 8).saturating_add(rows.saturating_mul(8)).saturating_add(stored.saturating_mul(8)),
            all.len()
        );
        FormatError::new(message, "the file is cut off or damaged: copy it again")
    };
    let offsets = HEAD;
    let indices =
        rows.checked_add(1).and_then(|n| n.checked_mul(8)?.checked_add(offsets)).ok_or_else(damaged)?;
    let values = stored.checked_mul(4).and_then(|n| n.checked_add(indices)).ok_or_else(damaged)?;
    if stored.checked_mul(4).and_then(|n| n.checked_add(values)) != Some(all.len()) {
        return Err(damaged());
    }
    let cells = (
        Cells::<i64>::shared(bytes.clone(), offsets, rows + 1),
        Cells::<u32>::shared(bytes.clone(), indices, stored),
        Cells::<f32>::shared(bytes.clone(), values, stored),
    );
    let sparse = match cells {
        (Some(offsets), Some(indices), Some(values)) => SparseRows::new(dim, offsets, indices, values),
        // Not aligned: only where bytes were not mapped.
        _ => SparseRows::new(
            dim,
            copied::<i64>(&all[offsets..indices]),
            copied::<u32>(&all[indices..values]),
            copied::<f32>(&all[values..]),
        ),
    };
    let sparse = sparse.ok_or_else(|| {
        FormatError::new(
            "the offsets of the rows do not ascend to the number of values",
            "the file is damaged: copy it again",
        )
    })?;
    if let Some(row) = sparse.bad_row() {
        let message = format!("row {row}: its dimensions do not ascend, or go beyond {}", dim - 1);
        return Err(FormatError::new(message, "sort the indices of each row and name each once"));
    }
    Ok(Vectors::Sparse(sparse))
}

fn copied<T: bytemuck::Pod>(bytes: &[u8]) -> Vec<T> {
    bytes.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned).collect()
}

/// Writes sparse rows.
pub fn write(rows: &SparseRows, mut out: impl Write) -> io::Result<()> {
    for count in [rows.rows(), rows.dim(), rows.stored()] {
        out.write_all(&(count as u64).to_le_bytes())?;
    }
    let mut offset = 0_u64;
    out.write_all(&offset.to_le_bytes())?;
    for row in 0..rows.rows() {
        offset += rows.row(row).0.len() as u64;
        out.write_all(&offset.to_le_bytes())?;
    }
    for row in 0..rows.rows() {
        out.write_all(bytemuck::cast_slice(rows.row(row).0))?;
    }
    for row in 0..rows.rows() {
        out.write_all(bytemuck::cast_slice(rows.row(row).1))?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::still;
    use proptest::prelude::*;

    fn example() -> SparseRows {
        SparseRows::new(9, vec![0, 1, 1, 3], vec![8, 0, 3], vec![1.0, 2.0, 3.0]).unwrap()
    }

    fn file() -> Vec<u8> {
        let mut file = vec![];
        write(&example(), &mut file).unwrap();
        file
    }

    #[test]
    fn rows_survive_a_round_trip() {
        assert_eq!(vectors(&still(file().leak())).unwrap(), Vectors::Sparse(example()));
    }

    #[test]
    fn bad_files_are_told_apart() {
        let changed = |at: usize, to: u8| {
            let mut file = file();
            file[at] = to;
            file
        };
        for (bytes, part) in [
            (vec![1; 9], "no head"),
            (file()[..70].to_vec(), "3 sparse rows with 3 values need 80 bytes; there are 70"),
            (changed(32, 9), "offsets"),
            (changed(60, 200), "row 2"),
            (changed(7, 0x80), "no head"),
            (changed(11, 1), "sparse vectors of 16777225 dimensions; 1 to 16777216 are possible"),
            (changed(8, 0), "sparse vectors of 0 dimensions"),
        ] {
            let error = vectors(&still(bytes.leak())).unwrap_err();
            assert!(error.to_string().contains(part), "{error}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_the_reader_panic(at in 0..80_usize, byte in any::<u8>(), length in 0..=80_usize) {
            let mut file = file();
            file[at] = byte;
            file.truncate(length);
            let _ = vectors(&still(file.leak()));
        }
    }
}
