//! Files as memory: the one place with unsafe code.
//!
//! Why: a restored collection answers from its file without a copy, and originals of any size are read row by row.
//! What makes it sound: the files belong to Annvil, are written once under another name and then renamed, and are never
//! changed in place, so that a map does not change under its readers. Who cuts such a file off while it is in use gets
//! the signal that every user of memory maps gets.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::Path;
#[cfg(feature = "embedded")]
use std::{fs::OpenOptions, ops::Range, sync::Arc};

use memmap2::Mmap;
#[cfg(feature = "embedded")]
use memmap2::{MmapMut, MmapOptions};

/// A file that is only read.
#[derive(Debug)]
pub(crate) struct Map(Mmap);

impl Map {
    /// Maps a file.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // SAFETY: our own file, complete before it got its name, and not changed afterwards; see the module.
        Ok(Self(unsafe { Mmap::map(&file) }?))
    }
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// A file in the scratch folder that holds rows, or a private copy of a persisted one.
#[cfg(feature = "embedded")]
#[derive(Debug)]
pub(crate) struct Scratch(MmapMut);

#[cfg(feature = "embedded")]
impl Scratch {
    /// Makes a file of zeros; what is written to the map reaches the file.
    pub(crate) fn create(path: &Path, length: u64) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        file.set_len(length)?;
        // SAFETY: a file that we have just made in a folder that is ours alone.
        Ok(Self(unsafe { MmapOptions::new().map_mut(&file) }?))
    }

    /// Maps a file privately: what is written stays in memory and never reaches the file.
    pub(crate) fn copy(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // SAFETY: as in `Map::open`; writes go to private pages.
        Ok(Self(unsafe { MmapOptions::new().map_copy(&file) }?))
    }

    /// The bytes, to be written.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

#[cfg(feature = "embedded")]
impl Deref for Scratch {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// A usearch index together with the memory that it may be looking at.
#[cfg(feature = "embedded")]
pub(crate) struct Held {
    // Dropped in this order: first the index, then the bytes it points into.
    index: usearch::Index,
    viewed: Option<(Arc<Map>, Range<usize>)>,
}

#[cfg(feature = "embedded")]
impl Held {
    /// An index with memory of its own.
    pub(crate) fn owned(index: usearch::Index) -> Self {
        Self { index, viewed: None }
    }

    /// Makes `index` answer from a part of a mapped file. It can't be changed then.
    pub(crate) fn view(index: usearch::Index, map: &Arc<Map>, part: Range<usize>) -> Result<Self, String> {
        let bytes = map.get(part.clone()).ok_or("its index is past the end of the file")?;
        // SAFETY: the bytes stay mapped for as long as the index lives, since `Held` keeps the map and drops it last,
        // and nobody writes to them. They are what usearch has saved: the caller has compared the checksum.
        unsafe { index.view_from_buffer(bytes) }.map_err(|error| error.to_string())?;
        Ok(Self { index, viewed: Some((Arc::clone(map), part)) })
    }

    /// The saved index that this one looks at; `None` if it has memory of its own.
    pub(crate) fn viewed(&self) -> Option<&[u8]> {
        self.viewed.as_ref().and_then(|(map, part)| map.get(part.clone()))
    }
}

#[cfg(feature = "embedded")]
impl Deref for Held {
    type Target = usearch::Index;

    fn deref(&self) -> &usearch::Index {
        &self.index
    }
}
