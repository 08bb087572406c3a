//! The pages of a column: unpacked and decoded one at a time.

use std::sync::Arc;

use super::codec::unpack;
use super::levels::{hybrid, little_endian};
use super::meta::{Chunk, Column, Kind, damaged};
use super::thrift::Value;
use crate::error::FormatError;
use crate::map::Bytes;

/// Values of a page; writers begin a new page after some thousands, or a megabyte.
const MOST_VALUES: usize = 1 << 24;

/// Values without those that are missing.
#[derive(Debug, Clone)]
pub(super) enum Values {
    /// Of one width, one behind the other, little-endian; booleans as bytes.
    Fixed { width: usize, bytes: Vec<u8> },
    /// Of any length. Those of a dictionary are shared.
    Long(Vec<Arc<[u8]>>),
}

/// What a page holds.
#[derive(Debug)]
pub(super) struct Page {
    /// Repetition level of each entry; empty where there are no lists.
    pub(super) repeated: Vec<u32>,
    /// Definition level of each entry; empty where nothing can be missing.
    pub(super) defined: Vec<u32>,
    pub(super) values: Values,
    /// Number of entries, with those that are missing.
    pub(super) count: usize,
}

/// The pages of the part of a column in a row group.
pub(super) struct Pages {
    bytes: Bytes,
    column: Column,
    chunk: Chunk,
    at: usize,
    dictionary: Option<Values>,
    /// Entries that were handed out.
    seen: usize,
}

impl Pages {
    pub(super) fn new(bytes: &Bytes, column: &Column, chunk: Chunk) -> Self {
        let at = chunk.start;
        Self { bytes: bytes.clone(), column: column.clone(), chunk, at, dictionary: None, seen: 0 }
    }

    /// The next page with data.
    pub(super) fn next(&mut self) -> Result<Option<Page>, FormatError> {
        while self.seen < self.chunk.values {
            let all = self.bytes.bytes();
            let start = self.at;
            let (header, length) = Value::parse(&all[start..self.chunk.end], start)?;
            let wrong = || damaged(&format!("the page at byte {start}"));
            let (size, stored) = header.size(2).zip(header.size(3)).ok_or_else(wrong)?;
            let data = start + length;
            let end = data.checked_add(stored).filter(|end| *end <= self.chunk.end).ok_or_else(wrong)?;
            self.at = end;
            let stored = &all[data..end];
            let page = match header.int(1) {
                Some(0) => {
                    let about = header.structure(5).ok_or_else(wrong)?;
                    let plain = unpack(self.chunk.codec, stored, size, data)?;
                    Some(self.first(about, &plain).ok_or_else(wrong)??)
                }
                Some(2) => {
                    let about = header.structure(7).ok_or_else(wrong)?;
                    let plain = unpack(self.chunk.codec, stored, size, data)?;
                    let count = about.size(1).filter(|count| *count <= MOST_VALUES).ok_or_else(wrong)?;
                    self.dictionary = Some(plain_values(&plain, self.column.kind, count).ok_or_else(wrong)?);
                    None
                }
                Some(3) => {
                    let about = header.structure(8).ok_or_else(wrong)?;
                    Some(self.second(about, stored, size, data).ok_or_else(wrong)??)
                }
                _ => None,
            };
            self.bytes.release(start..end);
            if let Some(page) = page {
                self.seen += page.count;
                if page.count == 0 && stored.is_empty() {
                    return Err(wrong());
                }
                return Ok(Some(page));
            }
        }
        Ok(None)
    }

    /// A page of version 1: levels and values are packed together. `None` if it is damaged.
    fn first(&self, about: &Value<'_>, plain: &[u8]) -> Option<Result<Page, FormatError>> {
        let count = self.count(about)?;
        let mut rest = plain;
        let mut levels = |most: u8| {
            if most == 0 {
                return Some(vec![]);
            }
            let length = little_endian(rest.get(..4)?) as usize;
            let levels = hybrid(rest.get(4..4_usize.checked_add(length)?)?, bits(most), count)?;
            rest = &rest[4 + length..];
            Some(levels)
        };
        let (repeated, defined) = (levels(self.column.repeated)?, levels(self.column.defined)?);
        self.page(repeated, defined, count, about.int(2)?, rest)
    }

    /// A page of version 2: levels come first and are never packed.
    fn second(
        &self,
        about: &Value<'_>,
        stored: &[u8],
        size: usize,
        at: usize,
    ) -> Option<Result<Page, FormatError>> {
        let count = self.count(about)?;
        let (defined, repeated) = (about.size(5)?, about.size(6)?);
        let end = defined.checked_add(repeated).filter(|end| *end <= stored.len() && *end <= size)?;
        let levels =
            |most: u8, bytes: &[u8]| if most == 0 { Some(vec![]) } else { hybrid(bytes, bits(most), count) };
        let starts = levels(self.column.repeated, &stored[..repeated])?;
        let present = levels(self.column.defined, &stored[repeated..end])?;
        let codec = if about.bool(7) == Some(false) { 0 } else { self.chunk.codec };
        match unpack(codec, &stored[end..], size - end, at + end) {
            Ok(plain) => self.page(starts, present, count, about.int(4)?, &plain),
            Err(_) if stored.len() == end && size == end => {
                self.page(starts, present, count, about.int(4)?, &[])
            }
            Err(problem) => Some(Err(problem)),
        }
    }

    fn count(&self, about: &Value<'_>) -> Option<usize> {
        about.size(1).filter(|count| *count <= MOST_VALUES.min(self.chunk.values - self.seen))
    }

    fn page(
        &self,
        repeated: Vec<u32>,
        defined: Vec<u32>,
        count: usize,
        encoding: i64,
        data: &[u8],
    ) -> Option<Result<Page, FormatError>> {
        let there = u32::from(self.column.defined);
        let present =
            if defined.is_empty() { count } else { defined.iter().filter(|level| **level == there).count() };
        let kind = self.column.kind;
        let values = match encoding {
            0 => plain_values(data, kind, present)?,
            2 | 8 => {
                let numbers = match data.split_first() {
                    Some((bits, data)) if present > 0 => hybrid(data, *bits, present)?,
                    _ => vec![],
                };
                let empty = Values::Long(vec![]);
                let dictionary = self.dictionary.as_ref();
                gather(dictionary.or(numbers.is_empty().then_some(&empty))?, &numbers)?
            }
            3 if kind == Kind::Bool => {
                let numbers = if present == 0 { vec![] } else { hybrid(data.get(4..)?, 1, present)? };
                Values::Fixed { width: 1, bytes: numbers.into_iter().map(|number| number as u8).collect() }
            }
            9 => split_stream(data, kind.width()?, present)?,
            other => {
                let name = match other {
                    5..=7 => "delta encoding",
                    _ => "an unknown encoding",
                };
                let message = format!("column `{}` is stored with {name} (number {other})", self.column.name);
                return Some(Err(FormatError::new(message, "write it with column_encoding='PLAIN'")));
            }
        };
        Some(Ok(Page { repeated, defined, values, count }))
    }
}

/// Bits that levels up to `most` need.
fn bits(most: u8) -> u8 {
    8 - most.leading_zeros() as u8
}

/// Values as they are; `None` if they are not all there.
fn plain_values(data: &[u8], kind: Kind, count: usize) -> Option<Values> {
    if kind == Kind::Bool {
        let bits = data.get(..count.div_ceil(8))?;
        let bytes = (0..count).map(|at| bits[at / 8] >> (at % 8) & 1).collect();
        return Some(Values::Fixed { width: 1, bytes });
    }
    if let Some(width) = kind.width() {
        let bytes = data.get(..count.checked_mul(width)?)?.to_vec();
        return Some(Values::Fixed { width, bytes });
    }
    let mut values = vec![];
    let mut rest = data;
    for _ in 0..count {
        let length = little_endian(rest.get(..4)?) as usize;
        values.push(rest.get(4..4_usize.checked_add(length)?)?.into());
        rest = &rest[4 + length..];
    }
    Some(Values::Long(values))
}

/// Values that were stored as all first bytes, all second bytes, and so on.
fn split_stream(data: &[u8], width: usize, count: usize) -> Option<Values> {
    let data = data.get(..count.checked_mul(width)?)?;
    let mut bytes = vec![0; data.len()];
    for (at, plane) in data.chunks_exact(count.max(1)).enumerate() {
        for (value, byte) in bytes[at..].iter_mut().step_by(width).zip(plane) {
            *value = *byte;
        }
    }
    Some(Values::Fixed { width, bytes })
}

fn gather(dictionary: &Values, numbers: &[u32]) -> Option<Values> {
    Some(match dictionary {
        Values::Fixed { width, bytes } => {
            let mut out = vec![];
            for number in numbers {
                let at = (*number as usize).checked_mul(*width)?;
                out.extend_from_slice(bytes.get(at..at + width)?);
            }
            Values::Fixed { width: *width, bytes: out }
        }
        Values::Long(texts) => {
            let found = numbers.iter().map(|number| texts.get(*number as usize).cloned());
            Values::Long(found.collect::<Option<_>>()?)
        }
    })
}
