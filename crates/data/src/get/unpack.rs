//! Archives: `.tar.gz`, `.tgz` and `.gz`. What is in them is not trusted: nothing is written outside the folder, no
//! links are made, and what they grow to is bounded.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;
use tar::EntryType;

use super::error::{GetError, digits, file};
use super::place::{Limits, Place};
use super::progress::{Report, Step};

/// Entries of an archive at most.
const MOST_ENTRIES: usize = 100_000;

/// How a file is packed, by its name, and the name of what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Packed {
    /// Becomes a folder.
    Tar(String),
    /// Becomes a file.
    Gz(String),
    Not,
}

impl Packed {
    pub(super) fn of(name: &str) -> Self {
        let lower = name.to_ascii_lowercase();
        let without = |ending: &str| {
            let stem = lower.strip_suffix(ending).and_then(|stem| name.get(..stem.len()))?;
            (!stem.is_empty()).then(|| stem.to_owned())
        };
        if let Some(stem) = without(".tar.gz").or_else(|| without(".tgz")) {
            Self::Tar(stem)
        } else if let Some(stem) = without(".gz") {
            Self::Gz(stem)
        } else {
            Self::Not
        }
    }
}

/// Unpacks an archive beside itself and returns what it became. What an earlier attempt left is replaced.
pub(super) fn unpack(
    archive: &Path,
    packed: &Packed,
    place: &Place,
    limits: &Limits,
    report: &mut Report<'_>,
) -> Result<PathBuf, GetError> {
    let (Packed::Tar(stem) | Packed::Gz(stem)) = packed else { return Ok(archive.to_owned()) };
    let target = archive.with_file_name(stem);
    let staging = archive.with_file_name(format!(".{stem}.unpacking"));
    remove(&staging)?;
    let source = File::open(archive).map_err(file("open", archive))?;
    let size = source.metadata().map_err(file("read", archive))?.len();
    let mut out = Unpacking {
        archive,
        place,
        report,
        limits,
        size,
        // Small archives may hold long runs of the same.
        left: size.saturating_mul(limits.growth).max(1 << 20),
    };
    let counted = Counted { inner: source, read: 0 };
    let mut plain = MultiGzDecoder::new(BufReader::with_capacity(1 << 20, counted));
    match packed {
        Packed::Tar(_) => out.tar(plain, &staging)?,
        _ => out.copy(&mut plain, &staging)?,
    }
    remove(&target)?;
    fs::rename(&staging, &target).map_err(file("rename", &staging))?;
    Ok(target)
}

fn remove(path: &Path) -> Result<(), GetError> {
    let result = match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => return Ok(()),
    };
    result.map_err(file("remove", path))
}

/// Counts the bytes of an archive that were read.
struct Counted {
    inner: File,
    read: u64,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read += read as u64;
        Ok(read)
    }
}

type Plain = MultiGzDecoder<BufReader<Counted>>;

/// How far the archive was read.
trait Position {
    fn position(&self) -> Option<u64> {
        None
    }
}

impl Position for Plain {
    fn position(&self) -> Option<u64> {
        Some(self.get_ref().get_ref().read)
    }
}

impl<R: Read> Position for tar::Entry<'_, R> {}

struct Unpacking<'a, 'b> {
    archive: &'a Path,
    place: &'a Place,
    limits: &'a Limits,
    report: &'a mut Report<'b>,
    size: u64,
    /// Bytes that may still be written.
    left: u64,
}

impl Unpacking<'_, '_> {
    fn wrong(&self, problem: impl Into<String>) -> GetError {
        GetError::Archive { archive: self.archive.display().to_string(), problem: problem.into() }
    }

    fn damaged(&self, error: &io::Error) -> GetError {
        self.wrong(format!("the archive is damaged ({error}); remove it and fetch it again"))
    }

    fn tar(&mut self, plain: Plain, folder: &Path) -> Result<(), GetError> {
        fs::create_dir_all(folder).map_err(file("make the folder", folder))?;
        let mut archive = tar::Archive::new(plain);
        let entries = archive.entries().map_err(|error| self.damaged(&error))?;
        for (number, entry) in entries.enumerate() {
            let mut entry = entry.map_err(|error| self.damaged(&error))?;
            if number >= MOST_ENTRIES {
                return Err(self.wrong(format!("more than {} entries", digits(MOST_ENTRIES as u64))));
            }
            let name = entry.path().map_err(|error| self.damaged(&error))?.into_owned();
            let target = folder.join(self.inside(&name)?);
            let position = entry.raw_file_position();
            self.report.at(position.min(self.size), Some(self.size));
            match entry.header().entry_type() {
                EntryType::Directory => {
                    fs::create_dir_all(&target).map_err(file("make the folder", &target))?;
                }
                EntryType::Regular | EntryType::Continuous => {
                    let parent = target.parent().unwrap_or(folder);
                    fs::create_dir_all(parent).map_err(file("make the folder", parent))?;
                    self.place.check_room(parent, entry.size(), self.limits)?;
                    self.copy(&mut entry, &target)?;
                }
                // Notes of the packing program.
                EntryType::XGlobalHeader => {}
                other => {
                    let problem = format!(
                        "`{}` is neither a file nor a folder but {other:?}; such entries are not unpacked",
                        name.display()
                    );
                    return Err(self.wrong(problem));
                }
            }
        }
        Ok(())
    }

    /// The path of an entry, if it stays inside the folder.
    fn inside(&self, name: &Path) -> Result<PathBuf, GetError> {
        let mut inside = PathBuf::new();
        for component in name.components() {
            match component {
                Component::Normal(part) => inside.push(part),
                Component::CurDir => {}
                _ => {
                    let problem =
                        format!("`{}` leads out of the folder; nothing is unpacked", name.display());
                    return Err(self.wrong(problem));
                }
            }
        }
        Ok(inside)
    }

    fn copy<R: Read + Position>(&mut self, from: &mut R, target: &Path) -> Result<(), GetError> {
        // Never through a link, and never over what another entry wrote.
        let mut to = File::create_new(target).map_err(file("write", target))?;
        let mut block = vec![0; 256 << 10];
        loop {
            let read = match from.read(&mut block) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.damaged(&error)),
            };
            let Some(left) = self.left.checked_sub(read as u64) else {
                let growth = self.limits.growth;
                return Err(
                    self.wrong(format!("it grows to more than {growth} times its size; it is not unpacked"))
                );
            };
            self.left = left;
            to.write_all(block.get(..read).unwrap_or_default()).map_err(file("write", target))?;
            if let Some(position) = from.position() {
                self.report.at(position, Some(self.size));
            }
            self.report.step(Step::Unpacking)?;
        }
        to.sync_all().map_err(file("write", target))
    }
}

#[cfg(test)]
mod tests {
    use super::Packed;

    #[test]
    fn archives_are_known_by_their_names() {
        assert_eq!(Packed::of("siftsmall.tar.gz"), Packed::Tar("siftsmall".into()));
        assert_eq!(Packed::of("hnm.TGZ"), Packed::Tar("hnm".into()));
        assert_eq!(Packed::of("base.csr.gz"), Packed::Gz("base.csr".into()));
        assert_eq!(Packed::of("sift.hdf5"), Packed::Not);
        assert_eq!(Packed::of(".gz"), Packed::Not);
    }
}
