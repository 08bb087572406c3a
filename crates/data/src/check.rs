//! Checks that hold for every data set before anything is measured with it.

use annvil_core::dataset::Neighbours;
use annvil_core::metric::Metric;
use annvil_core::vector::{Element, Vectors};

use crate::error::FormatError;
use crate::rows::BLOCK_BYTES;

/// No value is NaN or infinite, and no vector is zero where the metric asks for its direction.
pub(crate) fn vectors(vectors: &Vectors, metric: Metric) -> Result<(), FormatError> {
    let mut row = vec![0.0; if vectors.element() == Element::Sparse { 0 } else { vectors.dim() }];
    let (mut zeros, mut first_zero) = (0, 0);
    // Whole numbers are finite, and only a direction needs them looked at.
    let whole = matches!(vectors.element(), Element::U8 | Element::I8 | Element::B1);
    if whole && metric != Metric::Cosine {
        return Ok(());
    }
    for block in vectors.blocks(BLOCK_BYTES) {
        for number in block.clone() {
            let row = if let Vectors::Sparse(rows) = vectors {
                // Only what is stored: whole rows of a space this wide would take hours.
                rows.row(number).1
            } else {
                vectors.write_f32(number, &mut row);
                &row
            };
            if let Some(dim) = row.iter().position(|x| !x.is_finite()) {
                return Err(FormatError::new(
                    format!("row {number}, dimension {dim}, is {}", row[dim]),
                    "vectors need finite values within 32 bits; find out where it was computed",
                ));
            }
            if row.iter().all(|x| *x == 0.0) {
                first_zero = if zeros == 0 { number } else { first_zero };
                zeros += 1;
            }
        }
        vectors.release(block);
    }
    if metric != Metric::Cosine || zeros == 0 {
        return Ok(());
    }
    let message =
        format!("row {first_zero} is a zero vector, which has no direction ({zeros} such rows in all)");
    Err(FormatError::new(message, "remove these rows from all files, or use metric l2"))
}

/// Every answer names rows of the base.
pub(crate) fn truth(truth: &Neighbours, rows: usize) -> Result<(), FormatError> {
    for (query, ids) in truth.ids.iter().enumerate() {
        if let Some(id) = ids.iter().find(|id| **id >= rows as u64) {
            let message = format!("query {query}: row number {id}, and the base has rows 0 to {}", rows - 1);
            return Err(FormatError::new(message, "the answers belong to another base, or count from 1"));
        }
    }
    Ok(())
}
