//! HDF5 files in ann-benchmarks' layout: matrices in one piece, and the attributes that its tools read.
//!
//! ```text
//!      0  superblock of version 0, then the headers of the root group and of each matrix
//!  4,096  a global heap with the texts of the attributes
//!  8,192  train, then test, neighbors and distances, each aligned
//! ```
//! The oldest headers are written, which every reader of HDF5 knows.

use std::io::{self, Seek, SeekFrom, Write};
use std::ops::Range;

use annvil_core::dataset::Neighbours;
use annvil_core::metric::Metric;
use annvil_core::vector::{Element, Vectors};

use super::types::Kind;
use crate::formats::{cannot_hold, write_rows};
use crate::rows::RowWriter;

const HEAP: usize = 4096;
const DATA: u64 = 8192;
const ALIGN: u64 = 64;
const ROOT: usize = 96;
const NOWHERE: [u8; 8] = [0xff; 8];

/// Writes a set: the base row by row, then queries and answers, if there are any.
pub struct Writer<W> {
    out: W,
    element: Element,
    dim: usize,
    metric: Option<Metric>,
    /// Rows of the base so far.
    rows: usize,
    /// End of what is written.
    end: u64,
    parts: Vec<Part>,
}

/// A matrix that is written.
struct Part {
    name: &'static str,
    kind: Kind,
    shape: [usize; 2],
    address: u64,
}

impl<W: Write + Seek> Writer<W> {
    /// Rows of `dim` dimensions go to `out`, from its start. Bits are written as booleans, a byte each.
    pub fn new(mut out: W, element: Element, dim: usize, metric: Option<Metric>) -> io::Result<Self> {
        kind(element)?;
        out.write_all(&[0; DATA as usize])?;
        Ok(Self { out, element, dim, metric, rows: 0, end: DATA, parts: vec![] })
    }

    /// Writes the queries. No base rows may follow.
    pub fn queries(&mut self, queries: &Vectors) -> io::Result<()> {
        let shape = [queries.rows(), queries.dim()];
        self.part("test", kind(queries.element())?, shape, |out| values(out, queries, 0..queries.rows()))
    }

    /// Writes exact answers as 64-bit row numbers, −1 where an answer is shorter than the longest. No base rows may
    /// follow.
    pub fn truth(&mut self, truth: &Neighbours) -> io::Result<()> {
        let width = truth.ids.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let kind = Kind::Int { size: 8, signed: true };
        self.part("neighbors", kind, [truth.ids.len(), width], |out| {
            truth.ids.iter().try_for_each(|row| {
                (0..width).try_for_each(|at| {
                    out.write_all(&row.get(at).map_or(-1, |id| id.cast_signed()).to_le_bytes())
                })
            })
        })
    }

    /// Writes the distances of the answers as 64-bit floats, infinity where an answer is shorter than the longest. No
    /// base rows may follow.
    pub fn distances(&mut self, distances: &[Vec<f64>]) -> io::Result<()> {
        let width = distances.iter().map(Vec::len).max().unwrap_or(0).max(1);
        self.part("distances", Kind::F64, [distances.len(), width], |out| {
            distances.iter().try_for_each(|row| {
                (0..width).try_for_each(|at| {
                    out.write_all(&row.get(at).copied().unwrap_or(f64::INFINITY).to_le_bytes())
                })
            })
        })
    }

    /// Writes a matrix behind everything else.
    fn part(
        &mut self,
        name: &'static str,
        kind: Kind,
        shape: [usize; 2],
        write: impl FnOnce(&mut W) -> io::Result<()>,
    ) -> io::Result<()> {
        self.close_base()?;
        let address = self.end.next_multiple_of(ALIGN);
        self.out.write_all(&vec![0; (address - self.end) as usize])?;
        write(&mut self.out)?;
        self.end = address + (shape[0] * shape[1] * kind.size()) as u64;
        self.parts.push(Part { name, kind, shape, address });
        Ok(())
    }

    fn close_base(&mut self) -> io::Result<()> {
        if self.parts.is_empty() {
            if self.rows == 0 {
                return Err(io::Error::other("there are no base rows to write"));
            }
            let shape = [self.rows, self.dim];
            self.parts.push(Part { name: "train", kind: kind(self.element)?, shape, address: DATA });
        }
        Ok(())
    }

    /// Everything before the data.
    fn head(&self) -> Vec<u8> {
        // Addresses of headers are known once they are made, and do not change their sizes.
        let matrices: Vec<Vec<u8>> = self.parts.iter().map(Part::header).collect();
        let (attributes, heap) = self.attributes();
        let root = |addresses: &[usize]| {
            let links = self.parts.iter().zip(addresses).map(|(part, address)| {
                let name = part.name.as_bytes();
                (0x06, [&[1, 0, name.len() as u8], name, &(*address as u64).to_le_bytes()].concat())
            });
            let info = (0x02, [&[0, 0][..], &NOWHERE, &NOWHERE].concat());
            header([info, (0x0a, vec![0, 0])].into_iter().chain(links).chain(attributes.clone()))
        };
        let mut addresses = vec![];
        let mut at = ROOT + root(&vec![0; matrices.len()]).len();
        for matrix in &matrices {
            addresses.push(at);
            at += matrix.len();
        }
        let mut bytes = superblock(self.end);
        bytes.extend(root(&addresses));
        bytes.extend(matrices.concat());
        bytes.resize(HEAP, 0);
        bytes.extend(heap);
        bytes
    }

    /// Attribute messages, and the heap that keeps their texts.
    fn attributes(&self) -> (Vec<(u16, Vec<u8>)>, Vec<u8>) {
        let distance = self.metric.map(|metric| match metric {
            Metric::Cosine => "angular",
            Metric::InnerProduct => "dot",
            Metric::L2 => "euclidean",
            Metric::L1 => "manhattan",
            Metric::Hamming => "hamming",
            Metric::Jaccard => "jaccard",
        });
        let point = if self.element == Element::B1 { "bit" } else { "float" };
        let texts = [("distance", distance), ("point_type", Some(point)), ("type", Some("dense"))];
        let size = (DATA as usize) - HEAP;
        let mut heap = [&b"GCOL\x01\0\0\0"[..], &(size as u64).to_le_bytes()].concat();
        let mut messages = vec![];
        for (name, text) in texts.into_iter().filter_map(|(name, text)| Some((name, text?))) {
            let number = messages.len() as u32 + 1;
            heap.extend((number as u16).to_le_bytes());
            heap.extend([1, 0, 0, 0, 0, 0]);
            heap.extend((text.len() as u64).to_le_bytes());
            heap.extend(text.bytes());
            heap.resize(heap.len().next_multiple_of(8), 0);
            let place = [
                (text.len() as u32).to_le_bytes(),
                (HEAP as u32).to_le_bytes(),
                [0; 4],
                number.to_le_bytes(),
            ];
            messages.push((0x0c, attribute(name, &datatype(&Kind::LongText), &place.concat())));
        }
        let dim = (self.dim as u64).to_le_bytes();
        messages.push((0x0c, attribute("dimension", &datatype(&Kind::Int { size: 8, signed: true }), &dim)));
        let free = (size - heap.len()) as u64;
        heap.extend([0; 8]);
        heap.extend(free.to_le_bytes());
        heap.resize(size, 0);
        (messages, heap)
    }
}

impl<W: Write + Seek> RowWriter for Writer<W> {
    fn push(&mut self, vectors: &Vectors, rows: Range<usize>) -> io::Result<()> {
        if vectors.element() != self.element || vectors.dim() != self.dim || !self.parts.is_empty() {
            let message = format!("{} rows of {} do not belong here", vectors.element(), vectors.dim());
            return Err(io::Error::other(message));
        }
        self.rows += rows.len();
        self.end = DATA + (self.rows * self.dim * kind(self.element)?.size()) as u64;
        values(&mut self.out, vectors, rows)
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.close_base()?;
        let head = self.head();
        self.out.seek(SeekFrom::Start(0))?;
        self.out.write_all(&head)?;
        self.out.flush()
    }
}

impl Part {
    fn header(&self) -> Vec<u8> {
        let space =
            [&[1, 2, 0, 0, 0, 0, 0, 0][..], &self.shape.map(|side| (side as u64).to_le_bytes()).concat()];
        let bytes = (self.shape[0] * self.shape[1] * self.kind.size()) as u64;
        let layout = [&[3, 1][..], &self.address.to_le_bytes(), &bytes.to_le_bytes()];
        let fill = vec![2, 2, 2, 0]; // none is defined
        header(
            [(0x01, space.concat()), (0x03, datatype(&self.kind)), (0x05, fill), (0x08, layout.concat())]
                .into_iter(),
        )
    }
}

fn kind(element: Element) -> io::Result<Kind> {
    Ok(match element {
        Element::F32 => Kind::F32,
        Element::F16 => Kind::F16,
        Element::U8 => Kind::Int { size: 1, signed: false },
        Element::I8 => Kind::Int { size: 1, signed: true },
        Element::B1 => Kind::Bool,
        Element::Sparse => return Err(cannot_hold("HDF5 files", element)),
    })
}

fn values(out: &mut impl Write, vectors: &Vectors, rows: Range<usize>) -> io::Result<()> {
    let Vectors::Bits { packed, dim } = vectors else { return write_rows(out, vectors, rows) };
    rows.into_iter().try_for_each(|row| {
        let bits = packed.row(row);
        let bytes: Vec<u8> = (0..*dim).map(|at| bits[at / 8] >> (7 - at % 8) & 1).collect();
        out.write_all(&bytes)
    })
}

fn superblock(end: u64) -> Vec<u8> {
    let mut bytes = b"\x89HDF\r\n\x1a\n".to_vec();
    bytes.extend([0, 0, 0, 0, 0, 8, 8, 0, 4, 0, 16, 0, 0, 0, 0, 0]);
    bytes
        .extend([&[0; 8], &NOWHERE, &end.to_le_bytes(), &NOWHERE].map(|address: &[u8; 8]| *address).concat());
    // The root group: no name, its header, nothing cached.
    bytes.extend([0_u64, ROOT as u64, 0, 0, 0].map(u64::to_le_bytes).concat());
    bytes
}

/// An object header of version 1.
fn header(messages: impl Iterator<Item = (u16, Vec<u8>)>) -> Vec<u8> {
    let mut body = vec![];
    let mut count = 0_u16;
    for (kind, content) in messages {
        count += 1;
        let size = content.len().next_multiple_of(8);
        body.extend(kind.to_le_bytes());
        body.extend((size as u16).to_le_bytes());
        body.extend([0; 4]);
        body.extend(&content);
        body.resize(body.len() + size - content.len(), 0);
    }
    let size = (body.len() as u32).to_le_bytes();
    [&[1, 0][..], &count.to_le_bytes(), &1_u32.to_le_bytes(), &size, &[0; 4], &body].concat()
}

/// A scalar attribute, version 1.
fn attribute(name: &str, kind: &[u8], value: &[u8]) -> Vec<u8> {
    let padded = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    };
    let name = [name.as_bytes(), &[0]].concat();
    let sizes = [name.len() as u16, kind.len() as u16, 8].map(u16::to_le_bytes).concat();
    [&[1, 0][..], &sizes, &padded(&name), &padded(kind), &[1, 0, 0, 0, 0, 0, 0, 0], value].concat()
}

/// A datatype message.
fn datatype(kind: &Kind) -> Vec<u8> {
    let float = |bytes: u8, exponent: u8, bias: u32| {
        let bits = 8 * bytes;
        let mantissa = bits - exponent - 1;
        let head = [0x11, 0x20, bits - 1, 0, bytes, 0, 0, 0, 0, 0, bits, 0, mantissa, exponent, 0, mantissa];
        [&head[..], &bias.to_le_bytes()].concat()
    };
    let whole =
        |bytes: u8, signed: bool| vec![0x10, 8 * u8::from(signed), 0, 0, bytes, 0, 0, 0, 0, 0, 8 * bytes, 0];
    match kind {
        Kind::F16 => float(2, 5, 15),
        Kind::F32 => float(4, 8, 127),
        Kind::F64 => float(8, 11, 1023),
        Kind::Bool => {
            [&[0x18, 2, 0, 0, 1, 0, 0, 0][..], &whole(1, true), b"FALSE\0\0\0TRUE\0\0\0\0", &[0, 1]].concat()
        }
        Kind::Int { size, signed } => whole(*size as u8, *signed),
        // Text of any length in UTF-8: a length, an address and a number in a heap.
        _ => [&[0x19, 1, 1, 0, 16, 0, 0, 0][..], &whole(1, false)].concat(),
    }
}
