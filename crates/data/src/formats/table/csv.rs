//! CSV: comma-separated values, with semicolons or tabs as well.
//!
//! The vector is a column of text such as `[0.1, 0.2]`, `0.1 0.2` or `{0.1,0.2}`, or one column a dimension: numbered ones,
//! such as `0,1,2`, `v1,v2` or `dim_0,dim_1`, or all columns of a file that has numbers only and no head line. A first line
//! of `0,1,2,…` is a head, as pandas writes it. A column named `text` holds texts; `id`, or a column without a name, is
//! left out if it numbers the rows from 0. All other columns are labels. CSV has no types, so they are found from all values
//! of a column: whole numbers, numbers, true and false, lists such as `["a", "b"]`, otherwise texts. An empty field is a
//! missing value, and blanks around a field are no part of it.

mod kinds;
mod layout;

use std::io::Read;

use annvil_core::vector::{Element, Matrix, Vectors};
use csv::{ByteRecord, Reader, ReaderBuilder};

use self::kinds::Kind;
pub(crate) use self::kinds::changed;
use self::layout::{Layout, Source};
use super::list::{number, numbers};
use super::objects::other_length;
use super::{Columns, Trail, at};
use crate::bundle::Bundle;
use crate::error::FormatError;
use crate::format::{check_dimensions, check_shape};
use crate::map::Bytes;
use crate::rows::{BLOCK_BYTES, RowReader, Rows, Shape};

/// Opens CSV: vectors, and the labels and texts beside them. The delimiter is found from the first line unless given.
pub fn open(name: &str, bytes: &Bytes, delimiter: Option<u8>) -> Result<Bundle, FormatError> {
    let delimiter = delimiter.unwrap_or_else(|| layout::delimiter(bytes.bytes()));
    let mut records = Records::new(bytes, delimiter);
    let Some(first) = records.next()? else {
        return Err(FormatError::new("there are no rows", "give a file with at least one vector"));
    };
    let layout = if Layout::has_head(first)? {
        let head = first.clone();
        let first = records.next()?.ok_or_else(|| {
            FormatError::new("there is a head line and no row", "give a file with at least one vector")
        })?;
        Layout::with_head(&head, first)?
    } else {
        Layout::without_head(first)?
    };
    check_dimensions(layout.dim as u64, "")?;
    let mut sides = (None, None, None);
    if layout.has_sides() {
        let columns = beside(bytes, delimiter, &layout)?;
        check_shape(columns.rows(), layout.dim)?;
        let rows = columns.rows();
        let (labels, texts) = columns.finish()?;
        sides = (Some(rows), labels, texts);
    }
    let shape = Shape { element: Element::F32, dim: layout.dim, rows: sides.0 };
    let records = Records::after_head(bytes, delimiter, &layout)?;
    let mut bundle = Bundle::of(name, Rows::Streamed(Box::new(Table { records, layout, shape })));
    bundle.labels = sides.1;
    bundle.texts = sides.2;
    Ok(bundle)
}

/// Reads everything but the vectors: first of which type each column is, then the values.
fn beside(bytes: &Bytes, delimiter: u8, layout: &Layout) -> Result<Columns, FormatError> {
    let mut kinds = vec![Kind::Nothing; layout.labels.len()];
    let mut records = Records::after_head(bytes, delimiter, layout)?;
    while let Some(record) = records.next()? {
        layout.check_width(record)?;
        for (kind, (place, _)) in kinds.iter_mut().zip(&layout.labels) {
            *kind = kind.with(field(record, *place)?);
        }
    }
    let mut columns = Columns::default();
    let mut records = Records::after_head(bytes, delimiter, layout)?;
    while let Some(record) = records.next()? {
        for (kind, (place, name)) in kinds.iter().zip(&layout.labels) {
            let text = field(record, *place)?;
            if Some(*place) == layout.id {
                columns.see_id(text.parse() == Ok(columns.rows()));
            }
            columns.put(name, kind.value(text))?;
        }
        if let Some(place) = layout.text {
            columns.put_text(field(record, place)?.to_owned());
        }
        columns.end_row();
    }
    Ok(columns)
}

/// A field as text.
fn field(record: &ByteRecord, place: usize) -> Result<&str, FormatError> {
    std::str::from_utf8(record.get(place).unwrap_or_default())
        .map_err(|_| at(line(record), format!("column {} is not UTF-8", place + 1), "save the file as UTF-8"))
}

fn line(record: &ByteRecord) -> u64 {
    record.position().map_or(0, csv::Position::line)
}

/// The records of a file.
struct Records {
    reader: Reader<Cursor>,
    record: ByteRecord,
}

impl Records {
    fn new(bytes: &Bytes, delimiter: u8) -> Self {
        let mark = b"\xef\xbb\xbf"; // that some editors put before UTF-8
        let at = if bytes.bytes().starts_with(mark) { mark.len() } else { 0 };
        let source = Cursor { bytes: bytes.clone(), at, trail: Trail::new(bytes) };
        let reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .buffer_capacity(1 << 16)
            .from_reader(source);
        Self { reader, record: ByteRecord::new() }
    }

    fn after_head(bytes: &Bytes, delimiter: u8, layout: &Layout) -> Result<Self, FormatError> {
        let mut records = Self::new(bytes, delimiter);
        if layout.head {
            records.next()?;
        }
        Ok(records)
    }

    fn next(&mut self) -> Result<Option<&ByteRecord>, FormatError> {
        let more = self
            .reader
            .read_byte_record(&mut self.record)
            .map_err(|error| FormatError::new(error.to_string(), "the file is damaged"))?;
        Ok(more.then_some(&self.record))
    }
}

/// The bytes of the file, one after the other.
struct Cursor {
    bytes: Bytes,
    at: usize,
    trail: Trail,
}

impl Read for Cursor {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let rest = &self.bytes.bytes()[self.at..];
        let length = rest.len().min(out.len());
        out[..length].copy_from_slice(&rest[..length]);
        self.at += length;
        self.trail.pass(self.at);
        Ok(length)
    }
}

/// The vectors, block by block.
struct Table {
    records: Records,
    layout: Layout,
    shape: Shape,
}

impl RowReader for Table {
    fn shape(&self) -> Shape {
        self.shape
    }

    fn next(&mut self) -> Result<Option<Vectors>, FormatError> {
        let mut values = vec![];
        while values.len() * size_of::<f32>() < BLOCK_BYTES
            && let Some(record) = self.records.next()?
        {
            self.layout.check_width(record)?;
            vector(&self.layout, record, &mut values)?;
        }
        Ok(if values.is_empty() { None } else { Matrix::new(values, self.shape.dim).map(Vectors::F32) })
    }
}

fn vector(layout: &Layout, record: &ByteRecord, out: &mut Vec<f32>) -> Result<(), FormatError> {
    const HELP: &str = "correct this line or leave it out";
    let wrong = |name: &str, problem: String| at(line(record), format!("column `{name}` {problem}"), HELP);
    match &layout.vector {
        Source::List { place, name } => {
            let text = field(record, *place)?;
            if text.is_empty() {
                return Err(wrong(name, "is empty, and should hold a vector".to_owned()));
            }
            let found = numbers(text, out).map_err(|problem| wrong(name, problem))?;
            if found != layout.dim {
                return Err(other_length(line(record), found, layout.dim));
            }
        }
        Source::Places(places) => {
            for (place, name) in places {
                let value = number(field(record, *place)?)
                    .map_err(|problem| wrong(name, format!("has {}", problem.trim_end_matches(','))))?;
                out.push(value);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
