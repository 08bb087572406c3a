//! Files and folders under another name until they are complete.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Something that is being written beside its target. Dropped before it is finished, it is removed.
pub(super) struct Scratch {
    target: PathBuf,
    path: PathBuf,
}

impl Scratch {
    /// A name beside `target`.
    fn beside(target: &Path) -> io::Result<Self> {
        let name = target.file_name().ok_or_else(|| io::Error::other("it has no name"))?.to_string_lossy();
        let path = target.with_file_name(format!(".{name}.part-{}", std::process::id()));
        if let Some(parent) = target.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            fs::create_dir_all(parent)?;
        }
        let this = Self { target: target.to_owned(), path };
        this.remove(); // of a killed process with our number
        Ok(this)
    }

    pub(super) fn file(target: &Path) -> io::Result<(Self, File)> {
        let this = Self::beside(target)?;
        let file = File::options().read(true).write(true).create_new(true).open(&this.path)?;
        Ok((this, file))
    }

    pub(super) fn folder(target: &Path) -> io::Result<Self> {
        let this = Self::beside(target)?;
        fs::create_dir(&this.path)?;
        Ok(this)
    }

    /// Where it is for now.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name, once the disk has all of it.
    pub(super) fn finish(self) -> io::Result<()> {
        if self.path.is_dir() {
            for entry in fs::read_dir(&self.path)? {
                File::open(entry?.path())?.sync_all()?;
            }
        } else {
            File::open(&self.path)?.sync_all()?;
        }
        fs::rename(&self.path, &self.target)
    }

    fn remove(&self) {
        let _ = if self.path.is_dir() { fs::remove_dir_all(&self.path) } else { fs::remove_file(&self.path) };
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.remove(); // gone already if it was finished
    }
}
