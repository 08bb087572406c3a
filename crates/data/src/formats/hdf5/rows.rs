//! Vectors, row numbers and distances out of a matrix of an HDF5 file.

use annvil_core::dataset::Neighbours;
use annvil_core::vector::{Element, Matrix, Vectors};
use half::f16;

use super::table::Table;
use super::types::Kind;
use crate::binarise::packed;
use crate::error::FormatError;
use crate::format::{Kept, neighbours};
use crate::formats::raw::{self, Layout};
use crate::rows::{RowReader, Rows, Shape};

/// The vectors: where they lie, if they can be used so, or else a block at a time. 64-bit floats are rounded to 32 bits;
/// booleans become bits.
pub(super) fn vectors(table: Table) -> Result<Rows, FormatError> {
    let element = match table.kind {
        Kind::F32 | Kind::F64 => Element::F32,
        Kind::F16 => Element::F16,
        Kind::Int { size: 1, signed: true } => Element::I8,
        Kind::Int { size: 1, signed: false } => Element::U8,
        Kind::Bool => Element::B1,
        ref other => {
            let message = format!("{} are not read as vectors", other.name());
            return Err(FormatError::new(message, "store them as 32-bit floats, or bytes if they fit"));
        }
    };
    if let (Some(start), false) = (table.plain(), matches!(table.kind, Kind::F64 | Kind::Bool)) {
        let layout = Layout { start, rows: table.rows, stride: table.dim, gap: 0 };
        let bytes = table.file().bytes();
        let vectors = match element {
            Element::F16 => raw::matrix(bytes, layout).map(Vectors::F16),
            Element::I8 => raw::matrix(bytes, layout).map(Vectors::I8),
            Element::U8 => raw::matrix(bytes, layout).map(Vectors::U8),
            _ => raw::matrix(bytes, layout).map(Vectors::F32),
        };
        return vectors
            .map(Rows::Ready)
            .ok_or_else(|| FormatError::new("the rows are not all there", "copy the file again"));
    }
    Ok(Rows::Streamed(Box::new(Reader { table, element, next: 0 })))
}

struct Reader {
    table: Table,
    element: Element,
    next: usize,
}

impl RowReader for Reader {
    fn shape(&self) -> Shape {
        Shape { element: self.element, dim: self.table.dim, rows: Some(self.table.rows) }
    }

    fn next(&mut self) -> Result<Option<Vectors>, FormatError> {
        if self.next >= self.table.rows {
            return Ok(None);
        }
        let (bytes, rows) = self.table.block(self.next)?;
        self.next += rows;
        let dim = self.table.dim;
        let words = || bytes.as_chunks::<4>().0.iter().map(|word| f32::from_le_bytes(*word));
        Ok(match self.table.kind {
            Kind::F32 => Matrix::new(words().collect(), dim).map(Vectors::F32),
            Kind::F64 => {
                let values = bytes.as_chunks::<8>().0.iter().map(|word| f64::from_le_bytes(*word) as f32);
                Matrix::new(values.collect(), dim).map(Vectors::F32)
            }
            Kind::F16 => {
                let values = bytes.as_chunks::<2>().0.iter().map(|word| f16::from_le_bytes(*word));
                Matrix::new(values.collect(), dim).map(Vectors::F16)
            }
            Kind::Int { signed: true, .. } => {
                Matrix::new(bytes.iter().map(|byte| byte.cast_signed()).collect(), dim).map(Vectors::I8)
            }
            Kind::Bool => {
                let packed = bytes.chunks_exact(dim).flat_map(|row| packed(row, |byte| *byte != 0)).collect();
                Matrix::new(packed, dim.div_ceil(8)).map(|packed| Vectors::Bits { packed, dim })
            }
            _ => Matrix::new(bytes, dim).map(Vectors::U8),
        })
    }
}

/// Row numbers of answers; −1 at the end of a row is padding.
pub(super) fn ids(table: &Table) -> Result<Kept<Neighbours>, FormatError> {
    let Kind::Int { size, signed } = table.kind else {
        let message = format!("row numbers are not read from {}", table.kind.name());
        return Err(FormatError::new(message, "store them as 32-bit or 64-bit integers"));
    };
    let mut content = Neighbours { ids: vec![] };
    let mut next = 0;
    while next < table.rows {
        let (bytes, rows) = table.block(next)?;
        next += rows;
        let numbers: Vec<i64> = bytes.chunks_exact(size).map(|value| number(value, signed)).collect();
        content.ids.extend(neighbours(numbers.chunks_exact(table.dim))?.ids);
    }
    Ok(Kept { content, total: table.rows })
}

/// A little-endian whole number. Beyond 63 bits there is no row; the check of ids names it.
fn number(value: &[u8], signed: bool) -> i64 {
    let fill = if signed && value.last().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
    let mut wide = [fill; 8];
    wide.iter_mut().zip(value).for_each(|(out, byte)| *out = *byte);
    if signed {
        i64::from_le_bytes(wide)
    } else {
        i64::try_from(u64::from_le_bytes(wide)).unwrap_or(i64::MAX)
    }
}

/// Distances of answers; `None` if they are no floats.
pub(super) fn distances(table: &Table) -> Result<Option<Vec<Vec<f64>>>, FormatError> {
    let mut lists = vec![];
    while lists.len() < table.rows {
        let (bytes, _) = table.block(lists.len())?;
        let values: Vec<f64> = match table.kind {
            Kind::F32 => {
                bytes.as_chunks::<4>().0.iter().map(|word| f32::from_le_bytes(*word).into()).collect()
            }
            Kind::F64 => bytes.as_chunks::<8>().0.iter().map(|word| f64::from_le_bytes(*word)).collect(),
            _ => return Ok(None),
        };
        lists.extend(values.chunks_exact(table.dim).map(<[f64]>::to_vec));
    }
    Ok(Some(lists))
}
