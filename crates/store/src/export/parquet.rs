//! The table as a Parquet file: plain pages packed with Snappy, a row group for each batch of runs.

use std::io::{self, Write};

use annvil_core::figures::Group;

use super::thrift::{Struct, varint};
use super::{COLUMNS, Export, rows};

const MAGIC: &[u8] = b"PAR1";

/// Rows in a page and in a row group at most.
const GROUP: usize = 100_000;

/// Parquet's number of the encoding of plain values, and of levels in runs.
const PLAIN: u32 = 0;
const RUNS: u32 = 3;
/// Its number of Snappy.
const SNAPPY: u32 = 1;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Text that is always there.
    Text,
    /// Text that may be unknown.
    SomeText,
    /// An instant in microseconds, which may be unknown.
    Instant,
    Bool,
    Int,
    Double,
}

impl Kind {
    fn of(name: &str) -> Self {
        match name {
            "plan_hash" | "fingerprint" | "branch" | "commit" => Self::SomeText,
            "began" => Self::Instant,
            "usable" => Self::Bool,
            "block" => Self::Int,
            "value" => Self::Double,
            _ => Self::Text,
        }
    }

    /// Parquet's number of the type.
    const fn physical(self) -> u32 {
        match self {
            Self::Bool => 0,
            Self::Int => 1,
            Self::Instant => 2,
            Self::Double => 5,
            Self::Text | Self::SomeText => 6,
        }
    }

    /// Its number of what is meant by it.
    const fn meant(self) -> Option<u32> {
        match self {
            Self::Text | Self::SomeText => Some(0),
            // Microseconds since 1970, in UTC.
            Self::Instant => Some(10),
            Self::Bool | Self::Int | Self::Double => None,
        }
    }

    const fn optional(self) -> bool {
        matches!(self, Self::SomeText | Self::Instant)
    }
}

/// A column of the row group that is being filled.
#[derive(Debug)]
struct Column {
    kind: Kind,
    values: Vec<u8>,
    /// Whether each row has a value.
    there: Vec<bool>,
}

impl Column {
    fn text(&mut self, text: &str) {
        self.there.push(true);
        self.values.extend((text.len() as u32).to_le_bytes());
        self.values.extend(text.as_bytes());
    }

    fn some_text(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.there.push(false),
        }
    }

    fn bytes(&mut self, bytes: Option<&[u8]>) {
        self.there.push(bytes.is_some());
        self.values.extend(bytes.unwrap_or_default());
    }

    /// The page: levels where values may be missing, then values.
    fn page(&mut self) -> Vec<u8> {
        let mut page = Vec::new();
        if self.kind.optional() {
            let mut levels = Vec::new();
            for run in self.there.chunk_by(|a, b| a == b) {
                varint((run.len() as u64) << 1, &mut levels);
                levels.push(u8::from(run.first() == Some(&true)));
            }
            page.extend((levels.len() as u32).to_le_bytes());
            page.extend(levels);
        }
        let values = std::mem::take(&mut self.values);
        if self.kind == Kind::Bool {
            // Eight to a byte, the lowest bit first.
            for eight in values.chunks(8) {
                page.push(eight.iter().rev().fold(0, |byte, bit| byte << 1 | bit));
            }
        } else {
            page.extend(values);
        }
        self.there.clear();
        page
    }
}

/// Writes rows as Parquet, which pandas, Polars, `DuckDB` and Spark read.
#[derive(Debug)]
pub struct ParquetExport<W> {
    out: W,
    /// Bytes written.
    at: usize,
    columns: Vec<Column>,
    /// Rows in the row group, and in those before.
    rows: usize,
    before: usize,
    groups: Vec<Struct>,
}

impl<W: Write> ParquetExport<W> {
    /// Rows go to `out`.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(MAGIC)?;
        let column = |name: &&str| Column { kind: Kind::of(name), values: Vec::new(), there: Vec::new() };
        let columns = COLUMNS.iter().map(column).collect();
        Ok(Self { out, at: MAGIC.len(), columns, rows: 0, before: 0, groups: Vec::new() })
    }

    fn end_group(&mut self) -> io::Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let (mut chunks, mut total) = (Vec::new(), 0);
        for (name, column) in COLUMNS.iter().zip(&mut self.columns) {
            let plain = column.page();
            let packed = snap::raw::Encoder::new().compress_vec(&plain).map_err(io::Error::other)?;
            let data = Struct::default().int(1, self.rows as u32).int(2, PLAIN).int(3, RUNS).int(4, RUNS);
            let header = Struct::default().int(1, 0).int(2, plain.len() as u32).int(3, packed.len() as u32);
            let header = header.structure(5, data).finish();
            self.out.write_all(&header)?;
            self.out.write_all(&packed)?;
            let about = Struct::default().int(1, column.kind.physical()).ints(2, &[PLAIN, RUNS]);
            let about = about.texts(3, &[name]).int(4, SNAPPY).long(5, self.rows);
            let about = about.long(6, header.len() + plain.len());
            let about = about.long(7, header.len() + packed.len()).long(9, self.at);
            chunks.push(Struct::default().long(2, self.at).structure(3, about));
            total += header.len() + plain.len();
            self.at += header.len() + packed.len();
        }
        self.groups.push(Struct::default().structures(1, chunks).long(2, total).long(3, self.rows));
        self.before += self.rows;
        self.rows = 0;
        Ok(())
    }
}

/// The columns as the file's end names them.
fn schema() -> Vec<Struct> {
    let mut schema = vec![Struct::default().text(4, "schema").int(5, COLUMNS.len() as u32)];
    schema.extend(COLUMNS.iter().map(|name| {
        let kind = Kind::of(name);
        let column =
            Struct::default().int(1, kind.physical()).int(3, u32::from(kind.optional())).text(4, name);
        match kind.meant() {
            Some(meant) => column.int(6, meant),
            None => column,
        }
    }));
    schema
}

impl<W: Write> Export for ParquetExport<W> {
    fn add(&mut self, group: &Group) -> io::Result<u64> {
        let count = rows(group, |row| {
            let run = row.run;
            for (name, column) in COLUMNS.iter().zip(&mut self.columns) {
                match *name {
                    "run" => column.text(&run.run),
                    "session" => column.text(&run.session),
                    "tool" => column.text(&run.tool),
                    "scenario" => column.text(&run.scenario),
                    "plan_hash" => column.some_text(run.plan_hash.as_deref()),
                    "fingerprint" => column.some_text(run.fingerprint.as_deref()),
                    "branch" => column.some_text(run.origin.branch.as_deref()),
                    "commit" => column.some_text(run.origin.commit.as_deref()),
                    "started" => column.text(&run.started),
                    "began" => {
                        let began = row.began.map(i64::to_le_bytes);
                        column.bytes(began.as_ref().map(<[u8; 8]>::as_slice));
                    }
                    "usable" => column.bytes(Some(&[u8::from(row.usable)])),
                    "block" => column.bytes(Some(&row.block.to_le_bytes())),
                    "variant" => column.text(row.variant),
                    "point" => column.text(row.point),
                    "phase" => column.text(row.phase),
                    "form" => column.text(row.form),
                    "figure" => column.text(&row.figure),
                    "value" => column.bytes(Some(&row.value.to_le_bytes())),
                    _ => column.text(&row.unit),
                }
            }
            self.rows += 1;
            if self.rows >= GROUP { self.end_group() } else { Ok(()) }
        })?;
        Ok(count)
    }

    fn finish(mut self) -> io::Result<()> {
        self.end_group()?;
        let footer = Struct::default().int(1, 1).structures(2, schema()).long(3, self.before);
        let footer = footer.structures(4, self.groups).text(6, "annvil").finish();
        self.out.write_all(&footer)?;
        self.out.write_all(&(footer.len() as u32).to_le_bytes())?;
        self.out.write_all(MAGIC)?;
        self.out.flush()
    }
}
