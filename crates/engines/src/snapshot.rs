//! A collection on disk: one file of a few parts, with a head that tells whether the file is whole.
//!
//! ```text
//! 0..8    "ANNVILCO"
//! 8..12   format version
//! 12..16  CRC-32 of everything from 16 on
//! 16..24  length of the file
//! 24..56  start of the four parts: description, index, ids, table; each ends where the next one starts
//! 64..    description (JSON) · index (as the engine saves it, aligned to 64) · ids · labels and texts
//! ```
//! All numbers are little-endian; vectors and graph are as the machine holds them. The file is written under another name, synced and renamed, so that it is never
//! there in part; one that was cut off or changed on its way is refused by length or checksum.

pub(crate) mod wire;

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annvil_core::engine::{EngineError, Result};
use annvil_core::label::LabelType;
use annvil_core::metric::Metric;
use serde::{Deserialize, Serialize};

use crate::map::Map;

/// The file's name in the folder.
const FILE: &str = "collection.annvil";
const MAGIC: &[u8; 8] = b"ANNVILCO";
const VERSION: u32 = 1;
const HEAD: usize = 64;

/// What is in the file, readable by people: `head -c 1000 collection.annvil`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Description {
    /// What made the index, with version.
    pub(crate) made_by: String,
    /// The variant's storage and index, as words: must be the same at restore.
    pub(crate) variant: String,
    pub(crate) rows: usize,
    pub(crate) dim: usize,
    pub(crate) metric: Metric,
    pub(crate) labels: Vec<(String, LabelType)>,
    /// Length of the longest row: what the error of scores depends on.
    pub(crate) longest_row: f64,
    /// Length and checksum of the file of originals beside this one.
    pub(crate) originals: Option<(u64, u32)>,
}

/// A file being put together.
pub(crate) struct Draft {
    bytes: Vec<u8>,
    starts: [usize; 4],
}

impl Draft {
    /// Starts with the description and leaves `index` bytes for the index; `rest` bytes will follow.
    pub(crate) fn new(description: &Description, index: usize, rest: usize) -> io::Result<Self> {
        let mut bytes = Vec::with_capacity(2 * HEAD + 4096 + index + rest);
        bytes.resize(HEAD, 0);
        serde_json::to_writer(&mut bytes, description)?;
        bytes.resize(bytes.len().next_multiple_of(HEAD), b' ');
        let start = bytes.len();
        bytes.resize(start + index, 0);
        Ok(Self { starts: [HEAD, start, bytes.len(), bytes.len()], bytes })
    }

    /// Where the index goes.
    pub(crate) fn index(&mut self) -> &mut [u8] {
        let range = self.starts[1]..self.starts[2];
        &mut self.bytes[range]
    }

    /// Appends the other parts, writes the file and waits until it is on the disk. Returns its length.
    pub(crate) fn write(mut self, folder: &Path, ids: &[u8], table: &[u8]) -> io::Result<u64> {
        self.bytes.extend_from_slice(ids);
        self.starts[3] = self.bytes.len();
        self.bytes.extend_from_slice(table);
        let mut bytes = self.bytes;
        let length = bytes.len() as u64;
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[16..24].copy_from_slice(&length.to_le_bytes());
        for (place, start) in bytes[24..56].chunks_exact_mut(8).zip(self.starts) {
            place.copy_from_slice(&(start as u64).to_le_bytes());
        }
        let checksum = crc32fast::hash(&bytes[16..]);
        bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
        replace(folder, FILE, &[&bytes])?;
        Ok(length)
    }
}

/// Writes a file in a folder, under another name first, and waits until both are on the disk.
pub(crate) fn replace(folder: &Path, name: &str, parts: &[&[u8]]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let (unfinished, finished) = (folder.join(format!("{name}.unfinished")), folder.join(name));
    let mut file = File::create(&unfinished)?;
    for part in parts {
        file.write_all(part)?;
    }
    file.sync_all()?;
    fs::rename(&unfinished, &finished)?;
    // The new name is an entry of the folder, which is synced on its own.
    File::open(folder)?.sync_all()
}

/// A file that is whole and ours.
pub(crate) struct Snapshot {
    pub(crate) path: PathBuf,
    pub(crate) map: Arc<Map>,
    pub(crate) description: Description,
    pub(crate) index: Range<usize>,
    pub(crate) ids: Range<usize>,
    pub(crate) table: Range<usize>,
}

/// An error about a persisted file.
pub(crate) fn broken(engine: &str, path: &Path, why: impl std::fmt::Display) -> EngineError {
    EngineError::failed(engine, format!("restore {}", path.display()), why)
}

impl Snapshot {
    /// Maps the file and checks all of it.
    pub(crate) fn open(engine: &str, folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let map = Map::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                broken(engine, &path, "there is no such file; persist a collection there first")
            }
            _ => broken(engine, &path, error),
        })?;
        Self::check(engine, path.clone(), map).map_err(|why| broken(engine, &path, why))
    }

    fn check(engine: &str, path: PathBuf, map: Map) -> std::result::Result<Self, String> {
        let number = |at: usize| {
            map.get(at..at + 8).map_or(0, |b| b.iter().rev().fold(0_u64, |n, b| n << 8 | u64::from(*b)))
        };
        if map.len() < HEAD {
            return Err(format!("it is cut off after {} bytes; persist the collection again", map.len()));
        }
        if !map.starts_with(MAGIC) {
            return Err(
                "it is not a collection of Annvil; give the folder that `persist` wrote to".to_owned()
            );
        }
        let (version, checksum) = (number(8) as u32, (number(8) >> 32) as u32);
        if version != VERSION {
            return Err(format!(
                "it has format {version}, and this Annvil reads format {VERSION}; use the Annvil that wrote it, or persist the collection again"
            ));
        }
        if number(16) != map.len() as u64 {
            return Err(format!(
                "it has {} of {} bytes; persist the collection again",
                map.len(),
                number(16)
            ));
        }
        if crc32fast::hash(&map[16..]) != checksum {
            return Err("its checksum is wrong, so it was changed; persist the collection again".to_owned());
        }
        let starts = [24, 32, 40, 48].map(|at| usize::try_from(number(at)).unwrap_or(usize::MAX));
        let part = |i: usize| starts[i]..starts.get(i + 1).copied().unwrap_or(map.len());
        let description = map.get(part(0)).ok_or("its description is past its end")?;
        let description: Description = serde_json::from_slice(description).map_err(|error| {
            format!("its description can't be read ({error}); was it written by another {engine}?")
        })?;
        Ok(Self { description, index: part(1), ids: part(2), table: part(3), map: Arc::new(map), path })
    }

    /// The bytes of the index.
    pub(crate) fn index_bytes(&self) -> &[u8] {
        self.map.get(self.index.clone()).unwrap_or_default()
    }
}
