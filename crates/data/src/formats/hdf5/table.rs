//! A matrix in an HDF5 file: its header, and its rows a block at a time.

use std::ops::Range;

use super::chunks::{self, Chunk, Chunking, Index};
use super::container::{Container, kind};
use super::cursor::Cursor;
use super::filters::{Filter, unpack};
use super::types::{Kind, Space};
use crate::error::FormatError;
use crate::format::check_shape;
use crate::rows::BLOCK_BYTES;

/// A row of chunks is unpacked together; beyond this it is refused.
const MOST_BAND_BYTES: usize = 1 << 30;

/// What to do about something that is not read.
const REWRITE: &str =
    "write it again with h5py: create_dataset(name, data=numpy.asarray(values, dtype='<f4'))";

/// A matrix of numbers.
pub(super) struct Table {
    file: Container,
    pub(super) rows: usize,
    pub(super) dim: usize,
    pub(super) kind: Kind,
    store: Store,
}

enum Store {
    /// In one piece.
    Plain(Range<usize>),
    Chunked {
        chunking: Chunking,
        chunks: Vec<Chunk>,
    },
}

impl Table {
    /// The matrix whose header is at an address.
    pub(super) fn open(file: &Container, address: u64) -> Result<Self, FormatError> {
        let header = file.header(address)?;
        let message = |kind: u16, what: &'static str| {
            let message = header.iter().find(|message| message.kind == kind);
            let message = message.ok_or_else(|| {
                FormatError::new(format!("there is no {what}"), "it is no data set: name another")
            })?;
            if message.shared {
                return Err(FormatError::new(format!("{what} is kept in another object"), REWRITE));
            }
            Ok(file.body(message, what))
        };
        let space = Space::parse(&mut message(kind::DATASPACE, "a shape")?)?;
        let kind = Kind::parse(&mut message(kind::DATATYPE, "a type")?)?;
        let [rows, dim] = space.dims[..] else {
            let message = format!(
                "{} dimension(s), shape {:?}, where a matrix is needed",
                space.dims.len(),
                space.dims
            );
            return Err(FormatError::new(message, "sparse sets are not read from HDF5: give them as .csr"));
        };
        if let Kind::Other(_) | Kind::Text(_) | Kind::LongText = kind {
            return Err(FormatError::new(format!("{} are not read", kind.name()), REWRITE));
        }
        let (rows, dim) =
            (usize::try_from(rows).unwrap_or(usize::MAX), usize::try_from(dim).unwrap_or(usize::MAX));
        check_shape(rows, dim)?;
        let filters = header.iter().find(|message| message.kind == kind::FILTERS);
        let filters =
            filters.map(|message| Filter::parse(&mut file.body(message, "the filters"))).transpose()?;
        let mut layout = message(kind::LAYOUT, "a layout")?;
        let store = store(file, &mut layout, &space, &kind, filters.unwrap_or_default())?;
        Ok(Self { file: file.clone(), rows, dim, kind, store })
    }

    /// Where the values are, if they are in one piece and as they are.
    pub(super) fn plain(&self) -> Option<usize> {
        match &self.store {
            Store::Plain(span) => Some(span.start),
            Store::Chunked { .. } => None,
        }
    }

    pub(super) fn file(&self) -> &Container {
        &self.file
    }

    /// The bytes of rows from `first` on, and how many rows they are: some [`BLOCK_BYTES`], or a row of chunks if that is
    /// more. `first` is 0 or follows the block before.
    pub(super) fn block(&self, first: usize) -> Result<(Vec<u8>, usize), FormatError> {
        let row_bytes = self.dim * self.kind.size();
        let wanted = (BLOCK_BYTES / row_bytes).max(1);
        match &self.store {
            Store::Plain(span) => {
                let rows = wanted.min(self.rows - first);
                let start = span.start + first * row_bytes;
                let block = start..start + rows * row_bytes;
                let bytes = self.file.bytes().bytes()[block.clone()].to_vec();
                self.file.bytes().release(block);
                Ok((bytes, rows))
            }
            Store::Chunked { chunking, chunks } => {
                let mut bytes = vec![];
                let mut rows = 0;
                while first + rows < self.rows && rows < wanted {
                    rows += self.band(chunking, chunks, first + rows, &mut bytes)?;
                }
                Ok((bytes, rows))
            }
        }
    }

    /// Appends the rows of a row of chunks.
    fn band(
        &self,
        chunking: &Chunking,
        chunks: &[Chunk],
        first: usize,
        out: &mut Vec<u8>,
    ) -> Result<usize, FormatError> {
        let size = self.kind.size();
        let row_bytes = self.dim * size;
        let [height, width] = chunking.shape;
        let across = self.dim.div_ceil(width);
        let rows = height.min(self.rows - first);
        let start = out.len();
        for (column, chunk) in chunks.iter().skip(first / height * across).take(across).enumerate() {
            let stored = &self.file.bytes().bytes()[chunk.span.clone()];
            let damaged = || {
                let message = format!(
                    "the chunk of rows {first} to {}, byte {}, is damaged",
                    first + rows - 1,
                    chunk.span.start
                );
                FormatError::new(message, "copy the file again")
            };
            let plain =
                unpack(stored, &chunking.filters, chunk.left_out, chunking.bytes).ok_or_else(damaged)?;
            self.file.bytes().release(chunk.span.clone());
            // Now it is known that a chunk is as large as the header says.
            out.resize(start + rows * row_bytes, 0);
            let here = column * width * size..self.dim.min((column + 1) * width) * size;
            for (row, values) in plain.chunks_exact(width * size).take(rows).enumerate() {
                let target = start + row * row_bytes;
                out[target + here.start..target + here.end].copy_from_slice(&values[..here.len()]);
            }
        }
        Ok(rows)
    }
}

/// Reads a layout message.
fn store(
    file: &Container,
    layout: &mut Cursor<'_>,
    space: &Space,
    kind: &Kind,
    filters: Vec<Filter>,
) -> Result<Store, FormatError> {
    let unwritten = || FormatError::new("the values were never written", "write the file again");
    let total = space.count().saturating_mul(kind.size() as u64);
    let version = layout.byte()?;
    match (version, layout.byte()?) {
        (3..=5, 0) => {
            let size = layout.short()?;
            let start = layout.at();
            layout.skip(size)?;
            if (size as u64) < total {
                Err(unwritten())
            } else {
                Ok(Store::Plain(start..start + total as usize))
            }
        }
        (3..=5, 1) => {
            let address = layout.address()?.ok_or_else(unwritten)?;
            file.span(address, total, "the values").map(Store::Plain)
        }
        (3, 2) => {
            let rank = layout.byte()?;
            let address = layout.address()?.ok_or_else(unwritten)?;
            let sides = (0..rank).map(|_| layout.number(4)).collect::<Result<Vec<_>, _>>()?;
            chunked(file, Index::Tree, address, &sides, space, kind, filters, layout)
        }
        (4 | 5, 2) => {
            let flags = layout.byte()?;
            let (rank, width) = (layout.byte()?, layout.byte()?.into());
            if width > 8 {
                return Err(layout.damaged());
            }
            let sides = (0..rank).map(|_| layout.number(width)).collect::<Result<Vec<_>, _>>()?;
            let index = match layout.byte()? {
                1 if flags & 2 != 0 => Index::Single(Some((layout.length()?, layout.word()? as u32))),
                1 => Index::Single(None),
                2 => Index::Implicit,
                3 => {
                    layout.skip(1)?;
                    Index::Fixed
                }
                4 if space.most[1..].iter().all(|most| *most != u64::MAX) => {
                    layout.skip(5)?;
                    Index::Extensible
                }
                _ => {
                    return Err(FormatError::new(
                        "chunks of a matrix that can grow in its columns",
                        "write it with maxshape=(None, columns), or without maxshape",
                    ));
                }
            };
            // Chunks at the edge may be stored without filters.
            if flags & 1 != 0 && !filters.is_empty() {
                return Err(FormatError::new("chunks at the edge have filters of their own", REWRITE));
            }
            let address = layout.address()?.ok_or_else(unwritten)?;
            chunked(file, index, address, &sides, space, kind, filters, layout)
        }
        (3..=5, 3) => Err(FormatError::new(
            "the values are in other files (a virtual data set)",
            "copy them into one: h5py, create_dataset(name, data=source[...])",
        )),
        (3..=5, _) => Err(layout.damaged()),
        _ => Err(FormatError::new(
            format!("a layout of version {version}"),
            "versions 3 to 5 are read here; h5repack writes them",
        )),
    }
}

#[allow(clippy::too_many_arguments)] // the fields of one message, which were read in its order
fn chunked(
    file: &Container,
    index: Index,
    address: u64,
    sides: &[u64],
    space: &Space,
    kind: &Kind,
    filters: Vec<Filter>,
    layout: &Cursor<'_>,
) -> Result<Store, FormatError> {
    let size = kind.size() as u64;
    let &[height, width, value] = sides else { return Err(layout.damaged()) };
    let bytes = height.checked_mul(width).and_then(|count| count.checked_mul(size)).unwrap_or(u64::MAX);
    let band = bytes.saturating_mul(space.dims[1].div_ceil(width.max(1)));
    if bytes == 0 || value != size {
        return Err(layout.damaged());
    }
    if band > MOST_BAND_BYTES as u64 {
        let message =
            format!("chunks of {height} × {width} values, {:.1} GB for a row of them", band as f64 / 1e9);
        return Err(FormatError::new(message, "write it with smaller chunks, or without chunks"));
    }
    let (height, width) = (height as usize, width as usize);
    let chunking = Chunking { index, address, shape: [height, width], bytes: bytes as usize, filters };
    let chunks = chunks::find(file, &chunking, space)?;
    Ok(Store::Chunked { chunking, chunks })
}
