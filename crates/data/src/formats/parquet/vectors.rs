//! Vectors out of a column of lists, page by page, over one file or several.

use std::collections::VecDeque;

use annvil_core::vector::{Element, Matrix, Vectors};
use half::f16;

use super::meta::{Column, Kind, Nesting};
use super::page::{Page, Pages, Values};
use super::source::Source;
use crate::error::FormatError;
use crate::format::{check_dimensions, check_shape};
use crate::rows::{BLOCK_BYTES, RowReader, Shape};

/// Column names that mean vectors, where there are several columns of lists.
const NAMES: &[&str] = &["emb", "embedding", "embeddings", "vector", "vectors"];

/// The number of the column with the vectors.
pub(super) fn find(source: &Source) -> Result<usize, FormatError> {
    let columns = || source.meta.columns.iter().enumerate();
    let lists = |fits: fn(&Column) -> bool| {
        columns()
            .filter(|(_, column)| matches!(column.nesting, Nesting::List { .. }) && fits(column))
            .map(|(number, _)| number)
            .collect::<Vec<_>>()
    };
    let mut found = lists(|column| matches!(column.kind, Kind::F16 | Kind::F32 | Kind::F64));
    if found.is_empty() {
        found = lists(|column| element(column.kind).is_some());
    }
    let name = |number: &usize| source.column(*number).name.as_str();
    let preferred = NAMES.iter().find_map(|wanted| found.iter().find(|number| name(number) == *wanted));
    match (preferred, &found[..]) {
        (Some(number), _) | (None, [number]) => Ok(*number),
        (None, []) => {
            let all: Vec<String> =
                columns().take(8).map(|(_, c)| format!("{} ({})", c.name, c.kind.name())).collect();
            Err(FormatError::new(
                format!("no column of lists of numbers: there are {}", all.join(", ")),
                "vectors are read from a column of lists of 16-, 32- or 64-bit floats, or of 8-bit integers",
            ))
        }
        (None, several) => {
            let all: Vec<&str> = several.iter().map(name).collect();
            Err(FormatError::new(
                format!("{} columns could be the vectors: {}", all.len(), all.join(", ")),
                "call one of them `embedding`, or drop the others",
            ))
        }
    }
}

/// The element type that a kind of values is read as.
fn element(kind: Kind) -> Option<Element> {
    match kind {
        Kind::F32 | Kind::F64 => Some(Element::F32),
        Kind::F16 => Some(Element::F16),
        Kind::Int { bytes: 4, bits: 8, signed } => Some(if signed { Element::I8 } else { Element::U8 }),
        _ => None,
    }
}

/// Rows of vectors out of files.
pub(super) struct Reader {
    sources: VecDeque<Source>,
    name: String,
    kind: Kind,
    element: Element,
    dim: usize,
    rows: usize,
    /// Row group of the first file, and its pages.
    group: usize,
    pages: Option<Pages>,
    /// Values, still as they are stored, of rows that were not handed out yet.
    pending: Vec<u8>,
    /// Values in the row that is being read.
    in_row: usize,
    /// Rows that were read to their end.
    done: usize,
    /// Rows before the first file.
    before: usize,
}

impl Reader {
    /// Opens the column of vectors in all files. The first page is read, for the dimensions.
    pub(super) fn open(sources: Vec<Source>) -> Result<Self, FormatError> {
        let rows = sources.iter().fold(0_usize, |sum, source| sum.saturating_add(source.meta.rows));
        let first = sources.first().ok_or_else(|| FormatError::new("there are no files", "name a file"))?;
        let column = first.column(find(first)?);
        let (name, kind) = (column.name.clone(), column.kind);
        let element = element(kind).ok_or_else(|| FormatError::new("no vectors", "name another file"))?;
        let mut reader = Self {
            sources: sources.into(),
            name,
            kind,
            element,
            dim: 0,
            rows,
            group: 0,
            pages: None,
            pending: vec![],
            in_row: 0,
            done: 0,
            before: 0,
        };
        while reader.dim == 0 && reader.fill()? {}
        check_shape(rows, if rows == 0 { 1 } else { reader.dim })?;
        Ok(reader)
    }

    /// Reads a page; `false` when there are no more.
    fn fill(&mut self) -> Result<bool, FormatError> {
        loop {
            let Some(source) = self.sources.front() else { return Ok(false) };
            if self.pages.is_none() {
                let column =
                    source.meta.column(&self.name).filter(|number| source.column(*number).kind == self.kind);
                let column = column.ok_or_else(|| {
                    let message =
                        format!("no column `{}` of {} as in the first file", self.name, self.kind.name());
                    source.named(FormatError::new(message, "all files of a set must have the same columns"))
                })?;
                self.pages = source.pages(column, self.group);
                self.group += 1;
            }
            let name = |problem| source.named(problem);
            let Some(pages) = &mut self.pages else {
                // The last group of this file was read.
                let expected = self.before + source.meta.rows;
                self.end_row().map_err(|problem| self.sources[0].named(problem))?;
                if self.done != expected {
                    let message =
                        format!("the footer says {expected} rows, and there are {} so far", self.done);
                    return Err(self.sources[0].named(FormatError::new(message, "copy the file again")));
                }
                self.before = expected;
                self.sources.pop_front();
                self.group = 0;
                continue;
            };
            match pages.next().map_err(name)? {
                Some(page) => {
                    self.add(&page).map_err(|problem| self.sources[0].named(problem))?;
                    return Ok(true);
                }
                None => self.pages = None,
            }
        }
    }

    /// Appends the rows of a page, whose last row may go on in the next.
    fn add(&mut self, page: &Page) -> Result<(), FormatError> {
        let Values::Fixed { bytes, .. } = &page.values else {
            return Err(FormatError::new("texts in the column of vectors", "copy the file again"));
        };
        let column =
            self.sources.front().and_then(|source| Some(source.column(source.meta.column(&self.name)?)));
        let Some(&Column { nesting: Nesting::List { entry }, defined, .. }) = column else {
            return Err(FormatError::new("vectors in nested lists", "write them as one list a row"));
        };
        for at in 0..page.count {
            if page.repeated.get(at).is_none_or(|level| *level == 0) {
                self.end_row()?;
            }
            let level = page.defined.get(at).copied().unwrap_or(defined.into());
            if level != u32::from(defined) {
                let row = self.done - self.before;
                let what =
                    if level < u32::from(entry) { "is missing or empty" } else { "has a missing value" };
                let help = "drop such rows when the file is written: every row needs a whole vector";
                return Err(FormatError::new(format!("row {row}: the vector {what}"), help));
            }
            self.in_row += 1;
        }
        self.pending.extend_from_slice(bytes);
        Ok(())
    }

    /// Closes the row that is being read, if there is one.
    fn end_row(&mut self) -> Result<(), FormatError> {
        if self.in_row == 0 {
            return Ok(());
        }
        if self.dim == 0 {
            check_dimensions(self.in_row as u64, " in row 0")?;
            self.dim = self.in_row;
        }
        if self.in_row != self.dim {
            let row = self.done - self.before;
            let message =
                format!("row {row} has {} dimensions; the rows before have {}", self.in_row, self.dim);
            return Err(FormatError::new(message, "all vectors must have one dimension"));
        }
        self.in_row = 0;
        self.done += 1;
        Ok(())
    }
}

impl RowReader for Reader {
    fn shape(&self) -> Shape {
        Shape { element: self.element, dim: self.dim, rows: Some(self.rows) }
    }

    fn next(&mut self) -> Result<Option<Vectors>, FormatError> {
        let width = self.kind.width().unwrap_or(1);
        let row_bytes = self.dim * width;
        // A row is whole when the next one begins, or at the end.
        while self.pending.len() < BLOCK_BYTES + row_bytes && self.fill()? {}
        let rows = self.pending.len().saturating_sub(self.in_row * width) / row_bytes;
        if rows == 0 {
            return Ok(None);
        }
        let rest = self.pending.split_off(rows * row_bytes);
        let bytes = std::mem::replace(&mut self.pending, rest);
        let dim = self.dim;
        Ok(match self.kind {
            Kind::F16 => {
                let values = bytes.as_chunks::<2>().0.iter().map(|word| f16::from_le_bytes(*word));
                Matrix::new(values.collect(), dim).map(Vectors::F16)
            }
            Kind::F64 => {
                let values = bytes.as_chunks::<8>().0.iter().map(|word| f64::from_le_bytes(*word) as f32);
                Matrix::new(values.collect(), dim).map(Vectors::F32)
            }
            Kind::F32 => {
                let values = bytes.as_chunks::<4>().0.iter().map(|word| f32::from_le_bytes(*word));
                Matrix::new(values.collect(), dim).map(Vectors::F32)
            }
            // Bytes are stored as 32-bit integers.
            Kind::Int { signed: true, .. } => {
                Matrix::new(bytes.iter().step_by(4).map(|byte| byte.cast_signed()).collect(), dim)
                    .map(Vectors::I8)
            }
            _ => Matrix::new(bytes.into_iter().step_by(4).collect(), dim).map(Vectors::U8),
        })
    }
}
