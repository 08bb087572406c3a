//! Vectors that grow block by block, within the memory that is free.

use std::ops::Range;

use annvil_core::vector::{Element, Matrix, SparseRows, Vectors};
use half::f16;

use crate::error::FormatError;

/// Collects vectors of one element type.
pub struct Builder {
    dim: usize,
    values: Values,
    /// Bytes that may still be asked for, looked up now and then.
    room: usize,
}

enum Values {
    F32(Vec<f32>),
    F16(Vec<f16>),
    U8(Vec<u8>),
    I8(Vec<i8>),
    Bits(Vec<u8>),
    Sparse { offsets: Vec<i64>, indices: Vec<u32>, values: Vec<f32> },
}

impl Builder {
    /// No rows yet.
    pub fn new(element: Element, dim: usize) -> Self {
        let values = match element {
            Element::F32 => Values::F32(vec![]),
            Element::F16 => Values::F16(vec![]),
            Element::U8 => Values::U8(vec![]),
            Element::I8 => Values::I8(vec![]),
            Element::B1 => Values::Bits(vec![]),
            Element::Sparse => Values::Sparse { offsets: vec![0], indices: vec![], values: vec![] },
        };
        Self { dim, values, room: 0 }
    }

    /// Makes sure that `rows` rows fit into the memory that is free. Nothing is allocated on a promise alone.
    pub fn reserve(&mut self, rows: usize) -> Result<(), FormatError> {
        let row = self.element().code_bytes(self.dim).unwrap_or(0);
        let bytes = rows.saturating_mul(row);
        let free = free_memory();
        if bytes > free {
            let gb = |bytes: usize| bytes as f64 / 1e9;
            let message = format!(
                "{rows} rows of {} {} values take {:.1} GB of memory, and {:.1} GB are free",
                self.dim,
                self.element(),
                gb(bytes),
                gb(free)
            );
            let help = "`annvil data convert` writes a folder that is mapped instead of read, or use `rows` for a part";
            return Err(FormatError::new(message, help));
        }
        Ok(())
    }

    /// Appends rows of vectors of the same element type and dimensions.
    pub fn extend(&mut self, vectors: &Vectors, rows: Range<usize>) -> Result<(), FormatError> {
        let bytes = vectors.element().code_bytes(vectors.dim()).unwrap_or(0) * rows.len();
        if bytes > self.room {
            self.reserve(rows.len())?;
            self.room = free_memory().min(1 << 30);
        }
        self.room = self.room.saturating_sub(bytes);
        let same = self.dim == vectors.dim();
        match (&mut self.values, vectors) {
            (Values::F32(out), Vectors::F32(m)) if same => append(out, m, rows),
            (Values::F16(out), Vectors::F16(m)) if same => append(out, m, rows),
            (Values::U8(out), Vectors::U8(m)) if same => append(out, m, rows),
            (Values::I8(out), Vectors::I8(m)) if same => append(out, m, rows),
            (Values::Bits(out), Vectors::Bits { packed, .. }) if same => append(out, packed, rows),
            (Values::Sparse { offsets, indices, values }, Vectors::Sparse(m)) if same => {
                for row in rows {
                    let (theirs, stored) = m.row(row);
                    indices.extend_from_slice(theirs);
                    values.extend_from_slice(stored);
                    offsets.push((values.len() as u64).cast_signed());
                }
            }
            _ => {
                let message = format!(
                    "rows of {} {} values after rows of {} {} values",
                    vectors.dim(),
                    vectors.element(),
                    self.dim,
                    self.element()
                );
                return Err(FormatError::new(message, "all vectors of a set must have one shape"));
            }
        }
        Ok(())
    }

    /// The vectors.
    pub fn finish(self) -> Result<Vectors, FormatError> {
        let dim = self.dim;
        let damaged = || FormatError::new(format!("no whole rows of {dim}"), "copy the file again");
        Ok(match self.values {
            Values::F32(values) => Vectors::F32(Matrix::new(values, dim).ok_or_else(damaged)?),
            Values::F16(values) => Vectors::F16(Matrix::new(values, dim).ok_or_else(damaged)?),
            Values::U8(values) => Vectors::U8(Matrix::new(values, dim).ok_or_else(damaged)?),
            Values::I8(values) => Vectors::I8(Matrix::new(values, dim).ok_or_else(damaged)?),
            Values::Bits(values) => {
                Vectors::Bits { packed: Matrix::new(values, dim.div_ceil(8)).ok_or_else(damaged)?, dim }
            }
            Values::Sparse { offsets, indices, values } => {
                Vectors::Sparse(SparseRows::new(dim, offsets, indices, values).ok_or_else(damaged)?)
            }
        })
    }

    fn element(&self) -> Element {
        match self.values {
            Values::F32(_) => Element::F32,
            Values::F16(_) => Element::F16,
            Values::U8(_) => Element::U8,
            Values::I8(_) => Element::I8,
            Values::Bits(_) => Element::B1,
            Values::Sparse { .. } => Element::Sparse,
        }
    }
}

fn append<T: bytemuck::Pod>(out: &mut Vec<T>, matrix: &Matrix<T>, rows: Range<usize>) {
    match matrix.contiguous(rows.clone()) {
        Some(values) => out.extend_from_slice(values),
        None => rows.for_each(|row| out.extend_from_slice(matrix.row(row))),
    }
}

/// Bytes that the kernel would give without swapping; everything where it does not say.
pub(crate) fn free_memory() -> usize {
    let known = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
        line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok()
    });
    known.map_or(usize::MAX, |kilobytes| kilobytes.saturating_mul(1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_type_grows() {
        let f = |v: Vec<f32>| Matrix::new(v, 2).unwrap();
        let all = [
            Vectors::F32(f(vec![1.0, 2.0, 3.0, 4.0])),
            Vectors::F16(Matrix::new([1.0, 2.0, 3.0, 4.0].map(f16::from_f32).to_vec(), 2).unwrap()),
            Vectors::U8(Matrix::new(vec![1, 2, 3, 4], 2).unwrap()),
            Vectors::I8(Matrix::new(vec![1, -2, 3, 4], 2).unwrap()),
            Vectors::Bits { packed: Matrix::new(vec![1, 2, 3, 4], 2).unwrap(), dim: 12 },
            Vectors::Sparse(SparseRows::new(9, vec![0, 1, 3], vec![8, 0, 3], vec![1.0, 2.0, 3.0]).unwrap()),
        ];
        for vectors in &all {
            let mut builder = Builder::new(vectors.element(), vectors.dim());
            builder.extend(vectors, 0..1).unwrap();
            builder.extend(vectors, 1..2).unwrap();
            assert_eq!(builder.finish().unwrap(), *vectors);
        }
        let error = Builder::new(Element::F32, 3).extend(&all[0], 0..1).unwrap_err();
        assert!(error.message.contains("2 f32 values after rows of 3"), "{error}");
        let error = Builder::new(Element::F32, 1 << 20).reserve(1 << 40).unwrap_err();
        assert!(error.message.contains("GB of memory"), "{error}");
    }
}
