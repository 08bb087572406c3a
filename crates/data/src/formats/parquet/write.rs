//! Parquet files in `VectorDBBench`'s layout: ids, and a list of numbers a row, packed with Snappy.

use std::io::{self, Write};
use std::ops::Range;

use annvil_core::dataset::Neighbours;
use annvil_core::vector::{Element, Vectors};

use super::thrift::{Struct, write_varint};
use crate::formats::{cannot_hold, write_rows};
use crate::rows::RowWriter;

/// Bytes of values in a page.
const PAGE: usize = 1 << 20;
/// Bytes of values in a row group.
const GROUP: usize = 128 << 20;
const MAGIC: &[u8] = b"PAR1";

/// Writes vectors as `id` and `emb`. Row `i` gets id `i`.
pub struct Writer<W>(Sheet<W>, Element);

impl<W: Write> Writer<W> {
    /// Rows go to `out`. 8-bit numbers are stored as 32-bit integers, which packing undoes.
    pub fn new(out: W, element: Element) -> io::Result<Self> {
        let kind = match element {
            Element::F32 => ListOf { physical: 4, converted: None, width: 4 },
            Element::F16 => ListOf { physical: 7, converted: None, width: 2 },
            Element::U8 => ListOf { physical: 1, converted: Some(11), width: 4 },
            Element::I8 => ListOf { physical: 1, converted: Some(15), width: 4 },
            other => return Err(cannot_hold("Parquet files", other)),
        };
        Ok(Self(Sheet::new(out, "emb", kind)?, element))
    }
}

impl<W: Write> RowWriter for Writer<W> {
    fn push(&mut self, vectors: &Vectors, rows: Range<usize>) -> io::Result<()> {
        if vectors.element() != self.1 {
            return Err(io::Error::other(format!("{} rows in a column of {}", vectors.element(), self.1)));
        }
        for row in rows {
            match vectors {
                Vectors::U8(m) => {
                    self.0.values.extend(m.row(row).iter().flat_map(|x| u32::from(*x).to_le_bytes()));
                }
                Vectors::I8(m) => {
                    self.0.values.extend(m.row(row).iter().flat_map(|x| i32::from(*x).to_le_bytes()));
                }
                other => write_rows(&mut self.0.values, other, row..row + 1)?,
            }
            self.0.end_row(vectors.dim())?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.0.finish()
    }
}

/// Writes exact answers as `id` and `neighbors_id`, 64-bit row numbers.
pub fn write_ids(truth: &Neighbours, out: impl Write) -> io::Result<()> {
    let mut sheet = Sheet::new(out, "neighbors_id", ListOf { physical: 2, converted: None, width: 8 })?;
    for row in &truth.ids {
        sheet.values.extend(row.iter().flat_map(|id| id.to_le_bytes()));
        sheet.end_row(row.len())?;
    }
    sheet.finish()
}

/// The type of the values in lists.
#[derive(Clone, Copy)]
struct ListOf {
    /// Parquet's number of the type.
    physical: u32,
    /// Its number of what is meant by it.
    converted: Option<u32>,
    /// Bytes of a value.
    width: usize,
}

/// A table of ids and lists that is being written.
struct Sheet<W> {
    out: W,
    /// Bytes written.
    at: usize,
    name: &'static str,
    kind: ListOf,
    rows: usize,
    /// The page: its values, and how many there are in each row.
    values: Vec<u8>,
    lengths: Vec<usize>,
    /// The row group: its first row, and its list pages.
    first: usize,
    lists: Part,
    groups: Vec<Struct>,
}

/// Pages of a column in a row group.
#[derive(Default)]
struct Part {
    start: usize,
    packed: usize,
    plain: usize,
    entries: usize,
}

impl<W: Write> Sheet<W> {
    fn new(mut out: W, name: &'static str, kind: ListOf) -> io::Result<Self> {
        out.write_all(MAGIC)?;
        let at = MAGIC.len();
        let lists = Part { start: at, ..Part::default() };
        let (values, lengths, groups) = (vec![], vec![], vec![]);
        Ok(Self { out, at, name, kind, rows: 0, values, lengths, first: 0, lists, groups })
    }

    /// The last `length` values are a row.
    fn end_row(&mut self, length: usize) -> io::Result<()> {
        self.rows += 1;
        self.lengths.push(length);
        if self.values.len() >= PAGE {
            self.end_page()?;
        }
        if self.lists.plain >= GROUP { self.end_group() } else { Ok(()) }
    }

    fn end_page(&mut self) -> io::Result<()> {
        if self.lengths.is_empty() {
            return Ok(());
        }
        // Repetition: 0 begins a row, 1 goes on. Definition: 0 is an empty list, 1 a value.
        let mut repeated = vec![];
        let mut defined = vec![];
        let mut entries = 0;
        for length in &self.lengths {
            run(1, 0, &mut repeated);
            run(length.saturating_sub(1), 1, &mut repeated);
            run((*length).max(1), u8::from(*length > 0), &mut defined);
            entries += (*length).max(1);
        }
        let level = |levels: Vec<u8>| [(levels.len() as u32).to_le_bytes().to_vec(), levels].concat();
        let plain = [level(repeated), level(defined), std::mem::take(&mut self.values)].concat();
        self.lengths.clear();
        let mut part = std::mem::take(&mut self.lists);
        self.page(&plain, entries, &mut part)?;
        self.lists = part;
        Ok(())
    }

    fn page(&mut self, plain: &[u8], entries: usize, part: &mut Part) -> io::Result<()> {
        let packed = snap::raw::Encoder::new().compress_vec(plain).map_err(io::Error::other)?;
        // Plain values; levels in runs.
        let data = Struct::default().int(1, entries as u32).int(2, 0).int(3, 3).int(4, 3);
        let header = Struct::default().int(1, 0).int(2, plain.len() as u32).int(3, packed.len() as u32);
        let header = header.structure(5, data).finish();
        self.out.write_all(&header)?;
        self.out.write_all(&packed)?;
        self.at += header.len() + packed.len();
        part.packed += header.len() + packed.len();
        part.plain += header.len() + plain.len();
        part.entries += entries;
        Ok(())
    }

    fn end_group(&mut self) -> io::Result<()> {
        self.end_page()?;
        let rows = self.rows - self.first;
        if rows == 0 {
            return Ok(());
        }
        let mut ids = Part { start: self.at, ..Part::default() };
        let numbers: Vec<u8> = (self.first..self.rows).flat_map(|id| (id as u64).to_le_bytes()).collect();
        for page in numbers.chunks(PAGE) {
            self.page(page, page.len() / 8, &mut ids)?;
        }
        let lists = std::mem::replace(&mut self.lists, Part { start: self.at, ..Part::default() });
        let total = ids.plain + lists.plain;
        let columns =
            vec![ids.column(2, &["id"]), lists.column(self.kind.physical, &[self.name, "list", "element"])];
        self.groups.push(Struct::default().structures(1, columns).long(2, total).long(3, rows));
        self.first = self.rows;
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        self.end_group()?;
        if self.rows == 0 {
            return Err(io::Error::other("there are no rows to write"));
        }
        let ListOf { physical, converted, width } = self.kind;
        let mut element = Struct::default().int(1, physical);
        if physical == 7 {
            element = element.int(2, width as u32);
        }
        element = element.int(3, 0).text(4, "element");
        element = match converted {
            Some(number) => element.int(6, number),
            // 16-bit floats are only known by their logical type.
            None if physical == 7 => {
                element.structure(10, Struct::default().structure(15, Struct::default()))
            }
            None => element,
        };
        let schema = vec![
            Struct::default().text(4, "schema").int(5, 2),
            Struct::default().int(1, 2).int(3, 0).text(4, "id"),
            Struct::default().int(3, 0).text(4, self.name).int(5, 1).int(6, 3),
            Struct::default().int(3, 2).text(4, "list").int(5, 1),
            element,
        ];
        let footer = Struct::default().int(1, 2).structures(2, schema).long(3, self.rows);
        let footer = footer.structures(4, self.groups).text(6, "annvil").finish();
        self.out.write_all(&footer)?;
        self.out.write_all(&(footer.len() as u32).to_le_bytes())?;
        self.out.write_all(MAGIC)?;
        self.out.flush()
    }
}

impl Part {
    /// What the footer says of it. Its encodings are plain for values and runs for levels; its codec is Snappy.
    fn column(&self, physical: u32, path: &[&str]) -> Struct {
        let about = Struct::default().int(1, physical).ints(2, &[0, 3]).texts(3, path).int(4, 1);
        let about = about.long(5, self.entries).long(6, self.plain).long(7, self.packed).long(9, self.start);
        Struct::default().long(2, self.start).structure(3, about)
    }
}

/// A run of one level.
fn run(length: usize, level: u8, out: &mut Vec<u8>) {
    if length > 0 {
        write_varint((length as u64) << 1, out);
        out.push(level);
    }
}
