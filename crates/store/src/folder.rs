//! The folder of one run.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use annvil_core::record::RunRecord;
use annvil_core::units::Bytes;

/// Free space below which a run is not begun: records, logs and reports of a long run with room to spare.
const NEEDED: Bytes = Bytes(64_000_000);

/// Name of the record in its folder.
const RECORD: &str = "run.json";

/// Why a run could not be kept or found.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder can't be made or written to.
    #[error("cannot write to {}: {cause}\n  Give another place with --output DIR.", .path.display())]
    Unwritable {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The disk is nearly full.
    #[error("only {free} free at {}, a run needs {NEEDED}\n  Free some space or give another place with --output DIR.", .path.display())]
    Full {
        /// The folder.
        path: PathBuf,
        /// What is left.
        free: Bytes,
    },
    /// There is no run here.
    #[error("there is no run at {}: {cause}\n  Give a run's folder or its run.json; runs lie in `runs/` unless --output said otherwise.", .path.display())]
    NoRun {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

/// The folder of one run: `<time>-<scenario>-<short hash>`, with `run.json`, reports and logs.
#[derive(Debug, Clone)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Makes a folder of its own for a run below `parent`. `time` and `name` become part of its name, of the plan's
    /// `hash` the first four digits, if it has any. A second run of the same second gets another name. Says before anything is measured
    /// if the place can't be written to or is nearly full.
    pub fn create(parent: &Path, time: &str, name: &str, hash: &str) -> Result<Self, StoreError> {
        let unwritable = |path: &Path| {
            let path = path.to_owned();
            move |cause| StoreError::Unwritable { path, cause }
        };
        fs::create_dir_all(parent).map_err(unwritable(parent))?;
        let short: String = hash.chars().take(4).collect();
        let mut base = format!("{time}-{}", file_name(name));
        if !short.is_empty() {
            base = format!("{base}-{short}");
        }
        let mut path = parent.join(&base);
        let mut number = 2;
        // `create_dir` fails if the folder is there: of two runs only one gets the name.
        while let Err(cause) = fs::create_dir(&path) {
            if cause.kind() != io::ErrorKind::AlreadyExists || number > 1000 {
                return Err(StoreError::Unwritable { path, cause });
            }
            path = parent.join(format!("{base}-{number}"));
            number += 1;
        }
        let folder = Self { path };
        let probe = folder.write("annvil.log", b"").and_then(|()| folder.check_space());
        if let Err(error) = probe {
            let _ = fs::remove_dir_all(&folder.path);
            return Err(error);
        }
        Ok(folder)
    }

    fn check_space(&self) -> Result<(), StoreError> {
        // Where the file system can't be asked the run goes on: writing will tell.
        let Ok(stat) = rustix::fs::statvfs(&self.path) else { return Ok(()) };
        let free = Bytes(stat.f_bavail.saturating_mul(stat.f_frsize));
        if free < NEEDED {
            return Err(StoreError::Full { path: self.path.clone(), free });
        }
        Ok(())
    }

    /// The folder of a run that is there: given as the folder or as its `run.json`.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let folder = if path.is_file() { path.parent().unwrap_or(path) } else { path };
        match fs::metadata(folder.join(RECORD)) {
            Ok(_) => Ok(Self { path: folder.to_owned() }),
            Err(cause) => Err(StoreError::NoRun { path: path.to_owned(), cause }),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The run's name.
    pub fn id(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// Writes the record in the place of the last one, whole or not at all. Without line breaks: with them it is three
    /// times as long, and `annvil report --json` prints it with them.
    pub fn save(&self, record: &RunRecord) -> Result<(), StoreError> {
        let json = serde_json::to_vec(record)
            .map_err(|error| StoreError::Unwritable { path: self.path.join(RECORD), cause: error.into() })?;
        self.write(RECORD, &json)
    }

    /// The text of the record.
    pub fn read_record(&self) -> Result<String, StoreError> {
        let path = self.path.join(RECORD);
        fs::read_to_string(&path).map_err(|cause| StoreError::NoRun { path, cause })
    }

    /// Writes a file in the folder, whole or not at all: under another name first, then renamed.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.path.join(name);
        let temporary = self.path.join(format!(".{name}.new"));
        let written = File::create(&temporary)
            .and_then(|mut file| {
                file.write_all(bytes)?;
                file.sync_data()
            })
            .and_then(|()| fs::rename(&temporary, &path));
        written.map_err(|cause| {
            let _ = fs::remove_file(&temporary);
            StoreError::Unwritable { path, cause }
        })
    }
}

/// What of a name may stand in a file's name.
fn file_name(name: &str) -> String {
    let clean: String = name
        .chars()
        .map(|c| if c.is_alphanumeric() || c == '-' || c == '_' { c } else { '-' })
        .take(40)
        .collect();
    if clean.is_empty() { "run".to_owned() } else { clean }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_of_a_second_have_two_folders() {
        let place = tempfile::tempdir().unwrap();
        let make = || RunFolder::create(place.path(), "t", "a b/c", "abcdef").unwrap();
        let (one, two) = (make(), make());
        assert_eq!((one.id().as_str(), two.id().as_str()), ("t-a-b-c-abcd", "t-a-b-c-abcd-2"));
    }

    #[test]
    fn an_unwritable_place_is_said_and_nothing_is_left() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("file");
        fs::write(&file, "").unwrap();
        let error = RunFolder::create(&file, "t", "x", "h").unwrap_err().to_string();
        assert!(error.contains("--output") && error.contains("file"), "{error}");
        assert!(RunFolder::open(place.path()).is_err());
    }

    #[test]
    fn a_file_is_replaced_whole() {
        let place = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(place.path(), "t", "x", "hash").unwrap();
        folder.write("a", b"one").unwrap();
        folder.write("a", b"two").unwrap();
        assert_eq!(fs::read(folder.path().join("a")).unwrap(), b"two");
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names.len(), 2, "{names:?}");
    }
}
