//! The frame of an HDF5 file: its superblock, and the headers of the objects in it.
//!
//! After the "HDF5 File Format Specification", versions 1 to 4, of The HDF Group: superblocks 0 to 3, object headers
//! 1 and 2. Checksums of metadata are not computed.

use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;

use super::cursor::{Cursor, Widths, damaged};
use crate::error::FormatError;
use crate::map::Bytes;

const SIGNATURE: &[u8; 8] = b"\x89HDF\r\n\x1a\n";

/// No object of a data set comes near this many messages or blocks; a loop in a damaged file does.
const MOST_MESSAGES: usize = 1 << 16;

/// A file whose superblock has been read.
#[derive(Clone)]
pub(super) struct Container {
    bytes: Bytes,
    /// Byte that addresses count from.
    base: usize,
    widths: Widths,
    /// Address of the root group's header.
    pub(super) root: u64,
}

/// A message of an object header.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) kind: u16,
    /// Its bytes in the file.
    body: Range<usize>,
    /// The body is elsewhere, and only its place is here.
    pub(super) shared: bool,
}

/// Kinds of messages that are looked at.
pub(super) mod kind {
    pub(in super::super) const DATASPACE: u16 = 0x01;
    pub(in super::super) const LINK_INFO: u16 = 0x02;
    pub(in super::super) const DATATYPE: u16 = 0x03;
    pub(in super::super) const LINK: u16 = 0x06;
    pub(in super::super) const LAYOUT: u16 = 0x08;
    pub(in super::super) const FILTERS: u16 = 0x0b;
    pub(in super::super) const ATTRIBUTE: u16 = 0x0c;
    pub(super) const CONTINUATION: u16 = 0x10;
    pub(in super::super) const SYMBOL_TABLE: u16 = 0x11;
}

impl Container {
    /// Finds the superblock, at the start or, behind a block of the user's own, at 512, 1,024, 2,048, … bytes.
    pub(super) fn open(bytes: &Bytes) -> Result<Self, FormatError> {
        let all = bytes.bytes();
        let starts = std::iter::once(0).chain((9..40).map(|power| 1_usize << power));
        let mut starts = starts.take_while(|start| *start < all.len());
        let start = starts.find(|start| all[*start..].starts_with(SIGNATURE)).ok_or_else(|| {
            FormatError::new("not HDF5: its signature is nowhere in the file", "write the file with h5py")
        })?;
        let mut cursor = Cursor::new(all, start + 8, Widths { offset: 8, length: 8 }, "the superblock");
        let version = cursor.byte()?;
        let unknown = || FormatError::new(format!("superblock of version {version}"), "0 to 3 are read here");
        let (skip, fields) = match version {
            0 => (4, 9),
            1 => (4, 13),
            2 | 3 => (0, 1),
            _ => return Err(unknown()),
        };
        cursor.skip(skip)?;
        let widths = Widths { offset: cursor.byte()?.into(), length: cursor.byte()?.into() };
        if ![widths.offset, widths.length].iter().all(|width| [2, 4, 8].contains(width)) {
            return Err(cursor.damaged());
        }
        // Between the widths and the addresses: reserved, the fan-out of trees, flags; or flags alone.
        cursor.skip(fields)?;
        let mut cursor = Cursor::new(all, cursor.at(), widths, "the superblock");
        let base = cursor.address()?.ok_or_else(|| cursor.damaged())?;
        cursor.address()?; // free space, or the extension
        let end = cursor.address()?.ok_or_else(|| cursor.damaged())?;
        if version < 2 {
            cursor.address()?; // driver
            cursor.address()?; // name of the root in its heap
        }
        let root = cursor.address()?.ok_or_else(|| cursor.damaged())?;
        // The file may have been moved behind a block of the user's own after it was written.
        let base = if base == 0 { start } else { usize::try_from(base).map_err(|_| cursor.damaged())? };
        if base > all.len() {
            return Err(cursor.damaged());
        }
        if end > all.len() as u64 {
            let message = format!("cut off: the superblock says {end} bytes, and there are {}", all.len());
            return Err(FormatError::new(message, "the download is incomplete: fetch it again"));
        }
        Ok(Self { bytes: bytes.clone(), base, widths, root })
    }

    pub(super) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The place at an address.
    pub(super) fn cursor(&self, address: u64, what: &'static str) -> Result<Cursor<'_>, FormatError> {
        let at = self.span(address, 0, what)?.start;
        Ok(Cursor::new(self.bytes.bytes(), at, self.widths, what))
    }

    /// The bytes of the file that `length` bytes at an address are.
    pub(super) fn span(&self, address: u64, length: u64, what: &str) -> Result<Range<usize>, FormatError> {
        let all = self.bytes.bytes().len();
        let start = usize::try_from(address).ok().and_then(|address| address.checked_add(self.base));
        let length = usize::try_from(length).ok();
        match start.zip(length).and_then(|(start, length)| Some(start..start.checked_add(length)?)) {
            Some(span) if span.end <= all => Ok(span),
            _ => {
                let message =
                    format!("{what} should be at byte {address}, and the file ends after {all} bytes");
                Err(FormatError::new(message, "the file is cut off or damaged: copy it again"))
            }
        }
    }

    /// The body of a message.
    pub(super) fn body(&self, message: &Message, what: &'static str) -> Cursor<'_> {
        Cursor::new(&self.bytes.bytes()[..message.body.end], message.body.start, self.widths, what)
    }

    /// All messages of the object at an address.
    pub(super) fn header(&self, address: u64) -> Result<Vec<Message>, FormatError> {
        const WHAT: &str = "an object header";
        let mut cursor = self.cursor(address, WHAT)?;
        let mut blocks = VecDeque::new();
        let style = if self.bytes.bytes()[cursor.at()..].starts_with(b"OHDR") {
            cursor.skip(4)?;
            if cursor.byte()? != 2 {
                return Err(cursor.damaged());
            }
            let flags = cursor.byte()?;
            cursor.skip(if flags & 0x20 == 0 { 0 } else { 16 })?; // times
            cursor.skip(if flags & 0x10 == 0 { 0 } else { 4 })?; // when attributes move elsewhere
            let size = cursor.number(1 << (flags & 3))?;
            blocks.push_back(self.span((cursor.at() - self.base) as u64, size, WHAT)?);
            Style::Second { order: flags & 4 != 0 }
        } else {
            if cursor.byte()? != 1 {
                return Err(damaged(WHAT, cursor.at() - 1));
            }
            cursor.skip(7)?; // number of messages, references
            let size = cursor.number(4)?;
            cursor.skip(4)?;
            blocks.push_back(self.span((cursor.at() - self.base) as u64, size, WHAT)?);
            Style::First
        };
        let mut messages = vec![];
        let mut seen = BTreeSet::new();
        while let Some(block) = blocks.pop_front() {
            if !seen.insert(block.start) || seen.len() + messages.len() > MOST_MESSAGES {
                return Err(damaged(WHAT, block.start));
            }
            self.block(&block, style, &mut messages)?;
            for more in messages.extract_if(.., |message| message.kind == kind::CONTINUATION) {
                let mut place = self.body(&more, "a continuation of an object header");
                let address = place.address()?.ok_or_else(|| place.damaged())?;
                let mut span = self.span(address, place.length()?, WHAT)?;
                if let Style::Second { .. } = style {
                    self.cursor(address, WHAT)?.signature(*b"OCHK")?;
                    // A signature before the messages and a checksum behind them.
                    span = span.start + 4..span.end.saturating_sub(4).max(span.start + 4);
                }
                blocks.push_back(span);
            }
        }
        Ok(messages)
    }

    fn block(
        &self,
        block: &Range<usize>,
        style: Style,
        messages: &mut Vec<Message>,
    ) -> Result<(), FormatError> {
        let bytes = &self.bytes.bytes()[..block.end];
        let mut cursor = Cursor::new(bytes, block.start, self.widths, "a message of an object header");
        let head = match style {
            Style::First => 8,
            Style::Second { order } => 4 + 2 * usize::from(order),
        };
        // A gap that is too short for a message may be left at the end.
        while cursor.left() >= head && messages.len() < MOST_MESSAGES {
            let (kind, size, flags);
            if let Style::First = style {
                (kind, size, flags) = (cursor.short()? as u16, cursor.short()?, cursor.byte()?);
                cursor.skip(3)?;
            } else {
                (kind, size, flags) = (cursor.byte()?.into(), cursor.short()?, cursor.byte()?);
                cursor.skip(head - 4)?;
            }
            let body = cursor.at()..cursor.at() + size;
            cursor.skip(size)?;
            if kind != 0 {
                messages.push(Message { kind, body, shared: flags & 2 != 0 });
            }
        }
        Ok(())
    }
}

/// The two shapes of object headers.
#[derive(Debug, Clone, Copy)]
enum Style {
    First,
    /// `order`: messages carry the order of their creation.
    Second {
        order: bool,
    },
}
