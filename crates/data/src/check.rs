//! Checks that hold for every data set before anything is measured with it.

use annvil_core::dataset::Neighbours;
use annvil_core::metric::Metric;
use annvil_core::vector::{Matrix, Vectors};

use crate::error::FormatError;

/// No value is NaN or infinite, and no vector is zero where the metric asks for its direction.
pub(crate) fn vectors(vectors: &Vectors, metric: Metric) -> Result<(), FormatError> {
    match vectors {
        Vectors::F32(m) => finite(m, |x| *x)?,
        Vectors::F16(m) => finite(m, |x| x.to_f32())?,
        // Whole numbers are finite. Sparse values have no file format here yet.
        Vectors::U8(_) | Vectors::I8(_) | Vectors::Bits { .. } | Vectors::Sparse(_) => {}
    }
    if metric == Metric::Cosine { directions(vectors) } else { Ok(()) }
}

fn finite<T>(matrix: &Matrix<T>, value: impl Fn(&T) -> f32) -> Result<(), FormatError> {
    match matrix.as_slice().iter().position(|x| !value(x).is_finite()) {
        None => Ok(()),
        Some(at) => {
            let (row, dim) = (at / matrix.stride(), at % matrix.stride());
            let message = format!("row {row}, dimension {dim}, is {}", value(&matrix.as_slice()[at]));
            Err(FormatError::new(
                message,
                "vectors need finite values within 32 bits; find out where it was computed",
            ))
        }
    }
}

fn directions(vectors: &Vectors) -> Result<(), FormatError> {
    let mut row = vec![0.0; vectors.dim()];
    let mut zero = (0..vectors.rows()).filter(|i| {
        vectors.write_f32(*i, &mut row);
        row.iter().all(|x| *x == 0.0)
    });
    let Some(first) = zero.next() else { return Ok(()) };
    let count = 1 + zero.count();
    let message = format!("row {first} is a zero vector, which has no direction ({count} such rows in all)");
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
