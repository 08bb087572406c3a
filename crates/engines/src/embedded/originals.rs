//! The 32-bit rows that re-ranking reads: in a file of the scratch folder, mapped, by slot.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::map::Scratch;
use crate::snapshot;

/// The file's name, in the scratch folder and in a persisted one.
const FILE: &str = "originals.f32";

/// Room for this many rows at least.
const LEAST: usize = 1024;

/// Rows as they were given.
#[derive(Debug)]
pub(super) struct Originals {
    file: Scratch,
    scratch: PathBuf,
    dim: usize,
}

/// What identifies a persisted file: length and CRC-32.
pub(super) type Seal = (u64, u32);

impl Originals {
    /// Room for `rows` rows.
    pub(super) fn create(scratch: &Path, dim: usize, rows: usize) -> io::Result<Self> {
        let path = scratch.join(FILE);
        // A file of that name may still be mapped by the collection before this one: it keeps the file, we take the name.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let length = rows.max(LEAST) * dim * size_of::<f32>();
        Ok(Self { file: Scratch::create(&path, length as u64)?, scratch: scratch.to_owned(), dim })
    }

    /// A row; panics past the end, as slices do.
    #[inline]
    pub(super) fn row(&self, slot: usize) -> &[f32] {
        let bytes = self.dim * size_of::<f32>();
        bytemuck::cast_slice(&self.file[slot * bytes..(slot + 1) * bytes])
    }

    /// Writes a row.
    pub(super) fn write(&mut self, slot: usize, row: &[f32]) -> io::Result<()> {
        let bytes = self.dim * size_of::<f32>();
        if (slot + 1) * bytes > self.file.len() {
            let mut larger = Self::create(&self.scratch, self.dim, 2 * (slot + 1))?;
            larger.file.bytes_mut()[..self.file.len()].copy_from_slice(&self.file);
            *self = larger;
        }
        self.file.bytes_mut()[slot * bytes..(slot + 1) * bytes].copy_from_slice(bytemuck::cast_slice(row));
        Ok(())
    }

    /// Moves the rows of these slots, which ascend, to the front.
    pub(super) fn compact(&mut self, kept: &[usize]) {
        let bytes = self.dim * size_of::<f32>();
        for (to, from) in kept.iter().enumerate() {
            self.file.bytes_mut().copy_within(from * bytes..(from + 1) * bytes, to * bytes);
        }
    }

    /// Bytes on disk.
    pub(super) fn disk(&self) -> u64 {
        self.file.len() as u64
    }

    /// Writes the first `rows` rows to a folder and waits until they are on the disk.
    pub(super) fn persist(&self, folder: &Path, rows: usize) -> io::Result<Seal> {
        let bytes = &self.file[..rows * self.dim * size_of::<f32>()];
        snapshot::replace(folder, FILE, &[bytes])?;
        Ok((bytes.len() as u64, crc32fast::hash(bytes)))
    }

    /// Maps a persisted file, after all of it was checked. What is written later does not reach it.
    pub(super) fn restore(
        folder: &Path,
        scratch: &Path,
        dim: usize,
        seal: Seal,
    ) -> Result<Self, (PathBuf, String)> {
        let path = folder.join(FILE);
        let file = Scratch::copy(&path);
        let whole = file.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => "there is no such file; persist the collection again".to_owned(),
            _ => error.to_string(),
        });
        let checked = whole.and_then(|file| match (file.len() as u64, seal) {
            (length, (wanted, _)) if length != wanted => {
                Err(format!("it has {length} of {wanted} bytes; persist the collection again"))
            }
            (_, (_, sum)) if crc32fast::hash(&file) != sum => {
                Err("its checksum is wrong, so it was changed; persist the collection again".to_owned())
            }
            _ => Ok(Self { file, scratch: scratch.to_owned(), dim }),
        });
        checked.map_err(|why| (path, why))
    }
}
