//! Where the chunks of a data set are: the indexes of the file format, old and new.

use std::collections::BTreeSet;
use std::ops::Range;

use super::arrays;
use super::container::Container;
use super::cursor::damaged;
use super::filters::Filter;
use super::types::Space;
use crate::error::FormatError;

/// How chunks are found.
#[derive(Debug, Clone)]
pub(super) enum Index {
    /// A tree of the first format.
    Tree,
    /// One chunk; its stored size and filters that were left out, where there are filters.
    Single(Option<(u64, u32)>),
    /// All chunks one after the other.
    Implicit,
    /// A list of fixed length.
    Fixed,
    /// A list that can grow.
    Extensible,
}

/// What the header says of a chunked matrix.
#[derive(Debug, Clone)]
pub(super) struct Chunking {
    pub(super) index: Index,
    pub(super) address: u64,
    /// Rows and columns of a chunk.
    pub(super) shape: [usize; 2],
    /// Bytes of a chunk, unpacked.
    pub(super) bytes: usize,
    pub(super) filters: Vec<Filter>,
}

/// A chunk in the file.
#[derive(Debug, Clone)]
pub(super) struct Chunk {
    pub(super) span: Range<usize>,
    /// Filters that were left out, a bit each.
    pub(super) left_out: u32,
}

/// The chunks of a matrix, row after row of their grid. All must be there.
pub(super) fn find(file: &Container, chunking: &Chunking, space: &Space) -> Result<Vec<Chunk>, FormatError> {
    let [height, width] = chunking.shape.map(|side| side as u64);
    let (down, across) = (space.dims[0].div_ceil(height), space.dims[1].div_ceil(width));
    // Indexes of the later formats are numbered as if the data set had grown as far as it may.
    let across_most = if space.most[1] == u64::MAX { across } else { space.most[1].div_ceil(width) };
    let down_most = if space.most[0] == u64::MAX { down } else { space.most[0].div_ceil(height) };
    let mut found: Vec<(u64, Chunk)> = vec![];
    let mut enter = |row: u64, column: u64, address: u64, size: u64, left_out: u32| {
        if row < down && column < across {
            // Each takes at least an address in the file, unless an index leads in circles.
            if found.len() > file.bytes().bytes().len() / 4 {
                return Err(damaged("index of chunks", 0));
            }
            let span = file.span(address, size, "a chunk")?;
            found.push((row * across + column, Chunk { span, left_out }));
        }
        Ok(())
    };
    let numbered = |number: u64| (number / across_most.max(1), number % across_most.max(1));
    match chunking.index {
        Index::Tree => {
            let mut tree = Tree { file, shape: [height, width], seen: BTreeSet::new() };
            tree.node(chunking.address, None, &mut enter)?;
        }
        Index::Single(filtered) => {
            let (size, left_out) = filtered.unwrap_or((chunking.bytes as u64, 0));
            enter(0, 0, chunking.address, size, left_out)?;
        }
        Index::Implicit => {
            // The whole extent is looked at before anything is listed.
            let bytes = chunking.bytes as u64;
            let count = down_most.saturating_mul(across_most);
            file.span(chunking.address, count.saturating_mul(bytes), "the chunks")?;
            for number in 0..count {
                let (row, column) = numbered(number);
                enter(row, column, chunking.address + number * bytes, bytes, 0)?;
            }
        }
        Index::Fixed | Index::Extensible => {
            let entries = if let Index::Fixed = chunking.index { arrays::fixed } else { arrays::extensible };
            entries(file, chunking.address, chunking.bytes as u64, &mut |number, entry| {
                let (row, column) = numbered(number);
                enter(row, column, entry.address, entry.size, entry.left_out)
            })?;
        }
    }
    found.sort_by_key(|(number, _)| *number);
    for at in 0..down.saturating_mul(across) {
        if found.get(at as usize).is_none_or(|(number, _)| *number != at) {
            let row = (at / across).saturating_mul(height);
            let message = format!("the rows from {row} on were never written, or their chunk is lost");
            return Err(FormatError::new(message, "the file is incomplete: write or copy it again"));
        }
    }
    Ok(found.into_iter().map(|(_, chunk)| chunk).collect())
}

/// A tree of chunks, version 1: nodes with the place of each chunk before its address.
struct Tree<'a> {
    file: &'a Container,
    shape: [u64; 2],
    seen: BTreeSet<u64>,
}

impl Tree<'_> {
    fn node(
        &mut self,
        address: u64,
        level: Option<u8>,
        enter: &mut dyn FnMut(u64, u64, u64, u64, u32) -> Result<(), FormatError>,
    ) -> Result<(), FormatError> {
        let mut cursor = self.file.cursor(address, "a tree of chunks")?;
        if !self.seen.insert(address) {
            return Err(cursor.damaged());
        }
        cursor.signature(*b"TREE")?;
        let (of_chunks, here) = (cursor.byte()? == 1, cursor.byte()?);
        if !of_chunks || level.is_some_and(|level| level != here) {
            return Err(cursor.damaged());
        }
        let children = cursor.short()?;
        cursor.address()?;
        cursor.address()?;
        for _ in 0..children {
            let size = cursor.number(4)?;
            let left_out = cursor.word()? as u32;
            let (row, column) = (cursor.number(8)?, cursor.number(8)?);
            cursor.skip(8)?; // within the value
            let child = cursor.address()?.ok_or_else(|| cursor.damaged())?;
            if here > 0 {
                self.node(child, Some(here - 1), enter)?;
            } else if row % self.shape[0] == 0 && column % self.shape[1] == 0 {
                enter(row / self.shape[0], column / self.shape[1], child, size, left_out)?;
            } else {
                return Err(cursor.damaged());
            }
        }
        Ok(())
    }
}
