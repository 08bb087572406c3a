//! The names in a group: as a symbol table of the first file format, or as links of the later ones.

use std::collections::{BTreeMap, BTreeSet};

use super::container::{Container, Message, kind};
use super::cursor::{Cursor, damaged};
use crate::error::FormatError;

/// Names of the objects in a group, with the addresses of their headers. Links to elsewhere are left out.
pub(super) fn links(file: &Container, header: &[Message]) -> Result<BTreeMap<String, u64>, FormatError> {
    let mut links = BTreeMap::new();
    for message in header {
        match message.kind {
            kind::LINK => {
                if let Some((name, address)) = link(file.body(message, "a link"))? {
                    links.insert(name, address);
                }
            }
            kind::LINK_INFO => {
                let mut info = file.body(message, "the links of a group");
                info.skip(1)?;
                let order = info.byte()? & 1 != 0;
                info.skip(if order { 8 } else { 0 })?;
                if info.address()?.is_some() {
                    return Err(FormatError::new(
                        "a group that keeps many names in a heap of its own",
                        "write the file with fewer than nine data sets in a group, or without libver='latest'",
                    ));
                }
            }
            kind::SYMBOL_TABLE => {
                let mut table = file.body(message, "a symbol table");
                let (tree, heap) = (table.address()?, table.address()?);
                if let Some((tree, heap)) = tree.zip(heap) {
                    SymbolTable::new(file, heap)?.node(tree, None, &mut links)?;
                }
            }
            _ => {}
        }
    }
    Ok(links)
}

/// A link message; `None` for soft and external links.
fn link(mut body: Cursor<'_>) -> Result<Option<(String, u64)>, FormatError> {
    if body.byte()? != 1 {
        return Err(body.damaged());
    }
    let flags = body.byte()?;
    let hard = flags & 8 == 0 || body.byte()? == 0;
    body.skip(if flags & 4 == 0 { 0 } else { 8 })?; // order of creation
    body.skip(usize::from(flags & 16 != 0))?; // character set
    let length = body.number(1 << (flags & 3))?;
    let name = body.take(usize::try_from(length).map_err(|_| body.damaged())?)?;
    let name = String::from_utf8_lossy(name).into_owned();
    Ok(if hard { body.address()?.map(|address| (name, address)) } else { None })
}

struct SymbolTable<'a> {
    file: &'a Container,
    /// The data of the heap with the names.
    names: &'a [u8],
    seen: BTreeSet<u64>,
}

impl<'a> SymbolTable<'a> {
    fn new(file: &'a Container, heap: u64) -> Result<Self, FormatError> {
        let mut cursor = file.cursor(heap, "a heap of names")?;
        cursor.signature(*b"HEAP")?;
        cursor.skip(4)?;
        let size = cursor.length()?;
        cursor.length()?; // free list
        let address = cursor.address()?.ok_or_else(|| cursor.damaged())?;
        let names = &file.bytes().bytes()[file.span(address, size, "a heap of names")?];
        Ok(Self { file, names, seen: BTreeSet::new() })
    }

    /// A node of the tree. `level`: what it must be, by its parent.
    fn node(
        &mut self,
        address: u64,
        level: Option<u8>,
        links: &mut BTreeMap<String, u64>,
    ) -> Result<(), FormatError> {
        const WHAT: &str = "a tree of names";
        let mut cursor = self.file.cursor(address, WHAT)?;
        if !self.seen.insert(address) {
            return Err(cursor.damaged());
        }
        cursor.signature(*b"TREE")?;
        let (of_groups, here) = (cursor.byte()? == 0, cursor.byte()?);
        if !of_groups || level.is_some_and(|level| level != here) {
            return Err(cursor.damaged());
        }
        let children = cursor.short()?;
        cursor.address()?;
        cursor.address()?;
        for _ in 0..children {
            cursor.length()?; // the name before
            let child = cursor.address()?.ok_or_else(|| cursor.damaged())?;
            if here == 0 { self.leaf(child, links)? } else { self.node(child, Some(here - 1), links)? }
        }
        Ok(())
    }

    fn leaf(&mut self, address: u64, links: &mut BTreeMap<String, u64>) -> Result<(), FormatError> {
        let mut cursor = self.file.cursor(address, "a symbol table")?;
        if !self.seen.insert(address) {
            return Err(cursor.damaged());
        }
        cursor.signature(*b"SNOD")?;
        cursor.skip(2)?;
        for _ in 0..cursor.short()? {
            let place = cursor.at();
            let name = cursor.address()?.unwrap_or(u64::MAX);
            let header = cursor.address()?;
            let cached = cursor.word()?;
            cursor.skip(4 + 16)?;
            let name = usize::try_from(name).ok().and_then(|at| self.names.get(at..));
            let name = name.ok_or_else(|| damaged("symbol table", place))?;
            let name = name.split(|byte| *byte == 0).next().unwrap_or(name);
            // 2: a soft link.
            if let Some(header) = header.filter(|_| cached != 2) {
                links.insert(String::from_utf8_lossy(name).into_owned(), header);
            }
        }
        Ok(())
    }
}
