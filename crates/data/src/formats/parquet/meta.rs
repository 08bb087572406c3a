//! The footer of a Parquet file: its columns, and where their pages are.

use super::thrift::Value;
use crate::error::FormatError;

/// Schemas nested deeper than this are damaged.
const MOST_DEPTH: usize = 64;

/// The type of a value in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    /// Whole numbers in 4 or 8 bytes.
    Int {
        bytes: usize,
        /// The width that is meant.
        bits: u8,
        signed: bool,
    },
    F16,
    F32,
    F64,
    /// Texts and other bytes of any length; whether they are texts.
    Bytes {
        text: bool,
    },
    /// Anything else, with the bytes of a value.
    Other(usize),
}

impl Kind {
    /// Bytes of a value; `None` for those of any length, 1 for booleans once they are unpacked.
    pub(super) fn width(self) -> Option<usize> {
        match self {
            Self::Bool => Some(1),
            Self::Int { bytes, .. } | Self::Other(bytes) => Some(bytes),
            Self::F16 => Some(2),
            Self::F32 => Some(4),
            Self::F64 => Some(8),
            Self::Bytes { .. } => None,
        }
    }

    /// How messages name it.
    pub(super) fn name(self) -> String {
        match self {
            Self::Bool => "booleans".into(),
            Self::Int { bits, signed, .. } => {
                format!("{bits}-bit {} integers", if signed { "signed" } else { "unsigned" })
            }
            Self::F16 => "16-bit floats".into(),
            Self::F32 => "32-bit floats".into(),
            Self::F64 => "64-bit floats".into(),
            Self::Bytes { text } => if text { "texts" } else { "bytes" }.into(),
            Self::Other(_) => "values of an unusual type".into(),
        }
    }
}

/// A column with values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    /// Name of the column of the table.
    pub(super) name: String,
    pub(super) kind: Kind,
    /// One value a row, a list a row, or something deeper.
    pub(super) nesting: Nesting,
    /// Definition level of a value that is there.
    pub(super) defined: u8,
    /// Repetition level of a value within the innermost list.
    pub(super) repeated: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nesting {
    Flat,
    /// `entry`: definition level from which on a list has an entry.
    List {
        entry: u8,
    },
    /// Structures, or lists of lists.
    Deep,
}

/// The part of a column in a row group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk {
    pub(super) codec: i64,
    /// Bytes of the file: all of its pages.
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) values: usize,
}

/// What the footer says.
#[derive(Debug)]
pub(super) struct Meta {
    pub(super) columns: Vec<Column>,
    /// For each group of rows, how many there are and the part of each column.
    pub(super) groups: Vec<(usize, Vec<Chunk>)>,
    pub(super) rows: usize,
}

impl Meta {
    /// Reads the footer of a file.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        const MAGIC: &[u8] = b"PAR1";
        if !bytes.starts_with(MAGIC) {
            let encrypted = bytes.starts_with(b"PARE");
            let message = if encrypted {
                "an encrypted file"
            } else {
                "not Parquet: the first four bytes are not PAR1"
            };
            return Err(FormatError::new(message, "write the file with pyarrow or polars, not encrypted"));
        }
        let tail = bytes.len().checked_sub(8).filter(|tail| *tail >= 4);
        let (Some(tail), true) = (tail, bytes.ends_with(MAGIC)) else {
            let message = format!("cut off: there is no footer at the end of its {} bytes", bytes.len());
            return Err(FormatError::new(message, "the download is incomplete: fetch it again"));
        };
        let length = bytes[tail..].first_chunk::<4>().map_or(0, |word| u32::from_le_bytes(*word) as usize);
        let start = tail.checked_sub(length).filter(|start| *start >= 4);
        let start = start
            .ok_or_else(|| damaged(&format!("a footer of {length} bytes in a file of {}", bytes.len())))?;
        let (footer, _) = Value::parse(&bytes[start..tail], start)?;
        let mut schema = Schema { elements: footer.list(2), at: 1, columns: vec![] };
        let fields = schema.elements.first().and_then(|root| root.size(5)).unwrap_or(0);
        for _ in 0..fields {
            schema.field(&Place::default())?;
        }
        let columns = schema.columns;
        let mut groups = vec![];
        for (number, group) in footer.list(4).iter().enumerate() {
            let parts = group.list(1);
            if parts.len() != columns.len() {
                return Err(damaged(&format!(
                    "row group {number} has {} columns of {}",
                    parts.len(),
                    columns.len()
                )));
            }
            let chunks = parts.iter().map(|part| chunk(part, start)).collect::<Option<_>>();
            let rows = group.size(3);
            groups
                .push(rows.zip(chunks).ok_or_else(|| damaged(&format!("the place of row group {number}")))?);
        }
        let rows = groups.iter().fold(0_usize, |sum, group| sum.saturating_add(group.0));
        let meta = Self { columns, groups, rows };
        meta.check_counts(bytes.len())?;
        Ok(meta)
    }

    /// A few bytes can stand for any number of equal values. What no file of vectors comes near is refused, as memory is
    /// asked for by these counts.
    fn check_counts(&self, bytes: usize) -> Result<(), FormatError> {
        let most_rows = bytes.saturating_mul(64).saturating_add(1 << 16);
        let most_values = bytes.saturating_mul(4096).saturating_add(1 << 20);
        for (number, column) in self.columns.iter().enumerate() {
            let parts = || self.groups.iter().map(|(rows, chunks)| (*rows, chunks[number].values));
            let values = parts().fold(0_usize, |sum, (_, values)| sum.saturating_add(values));
            let flat = column.nesting == Nesting::Flat;
            if self.rows > most_rows
                || values > most_values
                || (flat && parts().any(|(rows, values)| rows != values))
            {
                let message =
                    format!("{} rows and {values} values of `{}` in {bytes} bytes", self.rows, column.name);
                return Err(damaged(&message));
            }
        }
        Ok(())
    }

    /// The number of a column.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

pub(super) fn damaged(what: &str) -> FormatError {
    FormatError::new(format!("damaged: {what}"), "copy the file again")
}

/// `end`: where the footer begins.
fn chunk(part: &Value<'_>, end: usize) -> Option<Chunk> {
    let about = part.structure(3)?;
    let data = about.size(9)?;
    let start = about.size(11).filter(|start| (1..data).contains(start)).unwrap_or(data);
    let stop = start.checked_add(about.size(7)?)?;
    let values = about.size(5)?;
    // Values may be in a file of their own, as an old way of writing had it.
    (stop <= end && part.text(1).is_none()).then_some(Chunk {
        codec: about.int(4)?,
        start,
        end: stop,
        values,
    })
}

/// The tree of columns, which is stored as a list in which children follow their parents.
struct Schema<'a, 'b> {
    elements: &'a [Value<'b>],
    at: usize,
    columns: Vec<Column>,
}

/// Where a field is.
#[derive(Debug, Clone, Default)]
struct Place {
    depth: usize,
    /// Name of the outermost field.
    name: Option<String>,
    defined: u8,
    repeated: u8,
    /// Definition level of an entry of the outermost list.
    entry: u8,
    /// A structure is on the way.
    deep: bool,
}

impl Schema<'_, '_> {
    fn field(&mut self, parent: &Place) -> Result<(), FormatError> {
        let wrong = || damaged("the tree of columns");
        let element = self.elements.get(self.at).filter(|_| parent.depth < MOST_DEPTH).ok_or_else(wrong)?;
        self.at += 1;
        let mut here = parent.clone();
        here.depth += 1;
        here.name.get_or_insert_with(|| element.text(4).unwrap_or_default());
        match element.int(3).unwrap_or(0) {
            1 => here.defined += 1,
            2 => {
                here.defined += 1;
                here.repeated += 1;
                here.entry = here.defined;
            }
            _ => {}
        }
        let children = element.size(5).unwrap_or(0);
        if element.int(1).is_none() && children > 0 {
            // The inner group of a list has one field; other groups are structures or maps.
            here.deep |= children > 1 || (element.int(3) != Some(2) && !is_list(element));
            return (0..children).try_for_each(|_| self.field(&here));
        }
        let nesting = match here.repeated {
            _ if here.deep => Nesting::Deep,
            0 => Nesting::Flat,
            1 => Nesting::List { entry: here.entry },
            _ => Nesting::Deep,
        };
        self.columns.push(Column {
            name: here.name.unwrap_or_default(),
            kind: kind(element),
            nesting,
            defined: here.defined,
            repeated: here.repeated,
        });
        Ok(())
    }
}

/// By the converted type LIST of old, or the logical type of today.
fn is_list(element: &Value<'_>) -> bool {
    element.int(6) == Some(3) || element.structure(10).is_some_and(|logical| logical.structure(3).is_some())
}

fn kind(element: &Value<'_>) -> Kind {
    let logical = element.structure(10);
    let is = |number| logical.is_some_and(|logical| logical.structure(number).is_some());
    let converted = element.int(6);
    match element.int(1) {
        Some(0) => Kind::Bool,
        Some(physical @ (1 | 2)) => {
            let bytes = 4 * physical as usize;
            let (bits, signed) = match converted {
                Some(number @ 11..=14) => (8 << (number - 11), false),
                Some(number @ 15..=18) => (8 << (number - 15), true),
                _ => (8 * bytes as u8, true),
            };
            let width = logical.and_then(|logical| logical.structure(10));
            let bits = width.and_then(|width| u8::try_from(width.int(1)?).ok()).unwrap_or(bits);
            Kind::Int { bytes, bits, signed: width.and_then(|width| width.bool(2)).unwrap_or(signed) }
        }
        Some(3) => Kind::Other(12),
        Some(4) => Kind::F32,
        Some(5) => Kind::F64,
        Some(6) => Kind::Bytes { text: converted == Some(0) || is(1) },
        _ => match element.size(2).unwrap_or(0) {
            2 if is(15) => Kind::F16,
            size => Kind::Other(size.max(1)),
        },
    }
}
