//! Files as memory: mapped, so that a set larger than memory can be used as if it were there.
//!
//! The one module of this crate with `unsafe` code. Mapping is unsafe because a file that another process cuts short or
//! writes to changes under the reader: a cut ends this process with SIGBUS. Files of data sets are written once and moved
//! into place as a whole, and the documentation says not to change them under a run.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use annvil_core::vector::Owner;
use memmap2::{Mmap, UncheckedAdvice};

/// The bytes of a file or of the box.
pub type Bytes = Arc<dyn Owner>;

/// Maps a file for reading. An empty file has no bytes.
pub fn map(path: &Path) -> io::Result<Bytes> {
    let file = File::open(path)?;
    let about = file.metadata()?;
    if about.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
    }
    if about.len() == 0 {
        return Ok(Arc::new(Still(&[])));
    }
    // SAFETY: the map is only read, and stays until the last reader drops it. See the module for what may change under it.
    let map = unsafe { Mmap::map(&file)? };
    Ok(Arc::new(Mapped(map)))
}

/// Bytes that are part of the program.
pub fn still(bytes: &'static [u8]) -> Bytes {
    Arc::new(Still(bytes))
}

struct Mapped(Mmap);

impl Owner for Mapped {
    fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn release(&self, bytes: Range<usize>) {
        // Whole pages within the range only: neighbours may still be in use.
        const PAGE: usize = 4096;
        let start = bytes.start.next_multiple_of(PAGE);
        let end = if bytes.end >= self.0.len() { self.0.len() } else { bytes.end / PAGE * PAGE };
        if start < end {
            // SAFETY: the mapping is of a file and never written to, so pages that are dropped are read again from the
            // file with the same content. A failure only leaves them in memory.
            let _ = unsafe { self.0.unchecked_advise_range(UncheckedAdvice::DontNeed, start, end - start) };
        }
    }
}

struct Still(&'static [u8]);

impl Owner for Still {
    fn bytes(&self) -> &[u8] {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn released_pages_are_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("numbers");
        let numbers: Vec<u8> = (0..20_000_u32).flat_map(u32::to_le_bytes).collect();
        std::fs::write(&path, &numbers).unwrap();
        let bytes = map(&path).unwrap();
        assert_eq!(bytes.bytes(), numbers);
        bytes.release(0..numbers.len());
        bytes.release(5..usize::MAX);
        bytes.release(numbers.len()..numbers.len() + 9);
        assert_eq!(bytes.bytes(), numbers);
        std::fs::write(&path, []).unwrap();
        assert!(map(&path).unwrap().bytes().is_empty());
        assert!(map(folder.path()).is_err_and(|error| error.kind() == io::ErrorKind::IsADirectory));
    }
}
