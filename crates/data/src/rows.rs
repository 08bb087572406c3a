//! Rows on their way from a file: mapped, or read a block at a time, and never all at once unless someone asks for it.

use std::ops::Range;

use annvil_core::vector::{Element, Vectors};

use crate::builder::Builder;
use crate::error::FormatError;
use crate::format::Kept;

/// Bytes of rows that are handed on together.
pub const BLOCK_BYTES: usize = 4 << 20;

/// What is known of rows before they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Element type.
    pub element: Element,
    /// Dimensions of a vector.
    pub dim: usize,
    /// Number of vectors; `None` where only reading to the end tells, as in text files.
    pub rows: Option<usize>,
}

/// A file whose rows have to be decoded, such as text or compressed columns.
pub trait RowReader: Send {
    /// Element type, dimensions and, if known, number of rows.
    fn shape(&self) -> Shape;

    /// The next rows, at least one and some [`BLOCK_BYTES`] at most; `None` after the last.
    fn next(&mut self) -> Result<Option<Vectors>, FormatError>;
}

/// The rows of a file.
pub enum Rows {
    /// In memory or, usually, mapped.
    Ready(Vectors),
    /// To be decoded.
    Streamed(Box<dyn RowReader>),
}

impl Rows {
    /// Element type, dimensions and, if known, number of rows.
    pub fn shape(&self) -> Shape {
        match self {
            Self::Ready(rows) => Shape { element: rows.element(), dim: rows.dim(), rows: Some(rows.rows()) },
            Self::Streamed(reader) => reader.shape(),
        }
    }

    /// Hands all rows, or the first `limit`, to `take` in blocks: the vectors, and which of their rows are meant.
    /// Mapped rows are given back behind each block. Returns how many rows were handed on.
    pub fn each<E: From<FormatError>>(
        self,
        limit: Option<usize>,
        mut take: impl FnMut(&Vectors, Range<usize>) -> Result<(), E>,
    ) -> Result<usize, E> {
        let limit = limit.unwrap_or(usize::MAX);
        match self {
            Self::Ready(rows) => {
                let rows = rows.truncated(limit);
                for block in rows.blocks(BLOCK_BYTES) {
                    take(&rows, block.clone())?;
                    rows.release(block);
                }
                Ok(rows.rows())
            }
            Self::Streamed(mut reader) => {
                let mut count = 0;
                while count < limit
                    && let Some(block) = reader.next()?
                {
                    let rows = block.rows().min(limit - count);
                    take(&block, 0..rows)?;
                    count += rows;
                }
                Ok(count)
            }
        }
    }

    /// All rows, or the first `limit`, as vectors. Mapped rows stay mapped; decoded ones are collected in memory, and
    /// refused where they would not fit into what is free. `total` of the answer counts the rows of the file.
    pub fn collect(self, limit: Option<usize>) -> Result<Kept<Vectors>, FormatError> {
        match self {
            Self::Ready(rows) => {
                let total = rows.rows();
                let content = limit.map_or_else(|| rows.clone(), |limit| rows.clone().truncated(limit));
                Ok(Kept { content, total })
            }
            Self::Streamed(mut reader) => {
                let shape = reader.shape();
                let mut builder = Builder::new(shape.element, shape.dim);
                let limit = limit.unwrap_or(usize::MAX);
                if let Some(rows) = shape.rows {
                    builder.reserve(rows.min(limit))?;
                }
                let mut total = 0;
                while total <= limit || shape.rows.is_none() {
                    let Some(block) = reader.next()? else { break };
                    let wanted = limit.saturating_sub(total).min(block.rows());
                    builder.extend(&block, 0..wanted)?;
                    total += block.rows();
                }
                Ok(Kept { content: builder.finish()?, total: shape.rows.unwrap_or(total) })
            }
        }
    }
}

/// A file that is being written, row after row.
pub trait RowWriter {
    /// Appends rows. The element type and dimensions are those that the writer was made for.
    fn push(&mut self, vectors: &Vectors, rows: Range<usize>) -> std::io::Result<()>;

    /// Completes the file: what was written is only whole after this.
    fn finish(self: Box<Self>) -> std::io::Result<()>;
}
