//! Some rows of a source, in their order.

use std::ops::Range;

use annvil_core::vector::Vectors;

use crate::builder::Builder;
use crate::error::FormatError;
use crate::rows::{BLOCK_BYTES, RowReader, Rows, Shape};

/// The rows of `source` with the given numbers.
pub(super) struct Drawn {
    source: Rows,
    shape: Shape,
    /// Ascending; those before `next` were handed on.
    rows: Vec<usize>,
    next: usize,
    /// Of a streamed source: what was read last, and the number of its first row.
    block: Option<(Vectors, usize)>,
    /// Mapped rows up to here were given back.
    released: usize,
}

impl Drawn {
    pub(super) fn new(source: Rows, rows: Vec<usize>) -> Self {
        let shape = Shape { rows: Some(rows.len()), ..source.shape() };
        Self { source, shape, rows, next: 0, block: None, released: 0 }
    }

    /// Numbers of the next rows that lie one behind the other, below `end` and some megabytes at most.
    fn run(&self, end: usize) -> Option<Range<usize>> {
        let start = *self.rows.get(self.next).filter(|row| **row < end)?;
        let most = (BLOCK_BYTES / self.row_bytes()).max(1);
        let length = self.rows[self.next..]
            .iter()
            .take(most)
            .enumerate()
            .take_while(|(i, row)| **row == start + i && **row < end);
        Some(start..start + length.count())
    }

    fn row_bytes(&self) -> usize {
        self.shape.element.code_bytes(self.shape.dim).unwrap_or(256).max(1)
    }
}

impl RowReader for Drawn {
    fn shape(&self) -> Shape {
        self.shape
    }

    fn next(&mut self) -> Result<Option<Vectors>, FormatError> {
        let mut builder = Builder::new(self.shape.element, self.shape.dim);
        let mut count = 0;
        while count * self.row_bytes() < BLOCK_BYTES && self.next < self.rows.len() {
            if let Rows::Ready(rows) = &self.source {
                let Some(run) = self.run(rows.rows()) else { return Err(fewer(rows.rows())) };
                builder.extend(rows, run.clone())?;
                self.next += run.len();
                count += run.len();
                // Rows between the drawn ones were read ahead with their pages.
                if (run.end - self.released) * self.row_bytes() >= BLOCK_BYTES {
                    rows.release(self.released..run.end);
                    self.released = run.end;
                }
                continue;
            }
            let read = self.block.as_ref().map_or(0, |(block, first)| first + block.rows());
            if let Some((block, first)) = &self.block
                && let Some(run) = self.run(read)
            {
                builder.extend(block, run.start - first..run.end - first)?;
                self.next += run.len();
                count += run.len();
            } else if let Rows::Streamed(reader) = &mut self.source {
                let block = reader.next()?.ok_or_else(|| fewer(read))?;
                self.block = Some((block, read));
            }
        }
        if count == 0 { Ok(None) } else { builder.finish().map(Some) }
    }
}

fn fewer(found: usize) -> FormatError {
    FormatError::new(
        format!("it ends after {found} rows, and had more before"),
        "it was changed meanwhile: try again",
    )
}
