//! A Parquet file that is open, and the entries of its columns one after the other.

use std::path::Path;

use half::f16;

use super::levels::little_endian;
use super::meta::{Column, Kind, Meta};
use super::page::{Page, Pages, Values};
use crate::error::{DataError, FormatError};
use crate::formats::{Format, mapped, shown, sniff};
use crate::map::Bytes;

/// An open file.
pub(super) struct Source {
    /// How messages name it.
    pub(super) file: String,
    bytes: Bytes,
    pub(super) meta: Meta,
    /// Whether it is one of many, so that messages have to say which.
    one_of_many: bool,
}

impl Source {
    pub(super) fn open(path: &Path) -> Result<Self, DataError> {
        let bytes = mapped(path)?;
        Self::new(shown(path), &bytes).map_err(|problem| {
            sniff::explained(problem, Format::Parquet, bytes.bytes()).in_file(&shown(path))
        })
    }

    pub(super) fn new(file: String, bytes: &Bytes) -> Result<Self, FormatError> {
        Ok(Self { file, bytes: bytes.clone(), meta: Meta::parse(bytes.bytes())?, one_of_many: true })
    }

    /// The only file of a set: whoever opened it names it.
    pub(super) fn alone(self) -> Self {
        Self { one_of_many: false, ..self }
    }

    /// Name of the file without its folder, before a problem that is about one of many files.
    pub(super) fn named(&self, problem: FormatError) -> FormatError {
        if !self.one_of_many {
            return problem;
        }
        let name = Path::new(&self.file)
            .file_name()
            .map_or_else(|| self.file.clone(), |name| name.to_string_lossy().into_owned());
        FormatError { message: format!("{name}: {}", problem.message), ..problem }
    }

    pub(super) fn column(&self, number: usize) -> &Column {
        &self.meta.columns[number]
    }

    /// The pages of a column in a row group; `None` after the last group.
    pub(super) fn pages(&self, column: usize, group: usize) -> Option<Pages> {
        let chunk = self.meta.groups.get(group)?.1[column];
        Some(Pages::new(&self.bytes, &self.meta.columns[column], chunk))
    }

    /// Hands every entry of a column to `take`: whether a row starts with it, its definition level, and its value.
    pub(super) fn each(
        &self,
        column: usize,
        mut take: impl FnMut(bool, u32, Option<Cell<'_>>) -> Result<(), FormatError>,
    ) -> Result<(), FormatError> {
        let defined = u32::from(self.column(column).defined);
        for group in 0..self.meta.groups.len() {
            let Some(mut pages) = self.pages(column, group) else { break };
            while let Some(page) = pages.next()? {
                let mut next = 0;
                for entry in 0..page.count {
                    let starts = page.repeated.get(entry).is_none_or(|level| *level == 0);
                    let level = page.defined.get(entry).copied().unwrap_or(defined);
                    let value = if level == defined {
                        next += 1;
                        page.cell(next - 1)
                    } else {
                        None
                    };
                    take(starts, level, value)?;
                }
            }
        }
        Ok(())
    }
}

/// A value of a column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell<'a>(pub(super) &'a [u8]);

impl Page {
    fn cell(&self, at: usize) -> Option<Cell<'_>> {
        match &self.values {
            Values::Fixed { width, bytes } => bytes.get(at * width..(at + 1) * width).map(Cell),
            Values::Long(values) => values.get(at).map(|value| Cell(value)),
        }
    }
}

impl Cell<'_> {
    /// As a whole number; `None` beyond 63 bits, and for other kinds.
    pub(super) fn int(self, kind: Kind) -> Option<i64> {
        let Kind::Int { bytes, signed, .. } = kind else { return None };
        let number = little_endian(self.0);
        match (bytes, signed) {
            (4, true) => Some((number as u32).cast_signed().into()),
            (_, true) => Some(number.cast_signed()),
            (_, false) => i64::try_from(number).ok(),
        }
    }

    /// As a number with a fraction.
    pub(super) fn float(self, kind: Kind) -> Option<f64> {
        let bits = little_endian(self.0);
        match kind {
            Kind::F16 => Some(f16::from_bits(bits as u16).to_f64()),
            Kind::F32 => Some(f32::from_bits(bits as u32).into()),
            Kind::F64 => Some(f64::from_bits(bits)),
            _ => None,
        }
    }
}
