//! A place in an HDF5 file, and the numbers that follow it. Nothing is read beyond the end.

use crate::error::FormatError;

/// Bytes of an address and of a length; the superblock sets them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Widths {
    pub(super) offset: usize,
    pub(super) length: usize,
}

/// Reads little-endian numbers one after the other.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    widths: Widths,
    /// What is being read, for messages.
    what: &'static str,
}

impl<'a> Cursor<'a> {
    /// From `at`; `bytes` may end before the file does.
    pub(super) fn new(bytes: &'a [u8], at: usize, widths: Widths, what: &'static str) -> Self {
        Self { bytes, at, widths, what }
    }

    /// Position in the file.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Bytes to the end.
    pub(super) fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    pub(super) fn widths(&self) -> Widths {
        self.widths
    }

    /// The next `count` bytes.
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], FormatError> {
        let taken = self.at.checked_add(count).and_then(|end| self.bytes.get(self.at..end));
        let taken = taken.ok_or_else(|| {
            let message = format!(
                "cut off in {}, byte {}: expected {count} bytes, found {}",
                self.what,
                self.at,
                self.left()
            );
            FormatError::new(message, "copy the file again")
        })?;
        self.at += count;
        Ok(taken)
    }

    pub(super) fn skip(&mut self, count: usize) -> Result<(), FormatError> {
        self.take(count).map(drop)
    }

    /// A number of `width` bytes, 8 at most.
    pub(super) fn number(&mut self, width: usize) -> Result<u64, FormatError> {
        Ok(self.take(width)?.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    pub(super) fn byte(&mut self) -> Result<u8, FormatError> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn short(&mut self) -> Result<usize, FormatError> {
        Ok(self.number(2)? as usize)
    }

    pub(super) fn word(&mut self) -> Result<usize, FormatError> {
        Ok(self.number(4)? as usize)
    }

    /// A length in the width of the file.
    pub(super) fn length(&mut self) -> Result<u64, FormatError> {
        self.number(self.widths.length)
    }

    /// An address in the width of the file; `None` if it is the one that stands for nothing.
    pub(super) fn address(&mut self) -> Result<Option<u64>, FormatError> {
        let width = self.widths.offset;
        let address = self.number(width)?;
        Ok((address != u64::MAX >> (64 - 8 * width)).then_some(address))
    }

    /// Fails unless the next bytes are `signature`.
    pub(super) fn signature(&mut self, signature: [u8; 4]) -> Result<(), FormatError> {
        let at = self.at;
        if self.take(4)? == signature { Ok(()) } else { Err(damaged(self.what, at)) }
    }

    /// An error about this place.
    pub(super) fn damaged(&self) -> FormatError {
        damaged(self.what, self.at)
    }
}

pub(super) fn damaged(what: &str, at: usize) -> FormatError {
    FormatError::new(format!("damaged {what} at byte {at}"), "copy the file again")
}
