//! The folder that data is fetched into, and how long to wait for what.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::error::{GetError, file};
use super::progress::{Report, Step};
use super::s3::Account;

/// Where data is kept, and by which account it is read.
#[derive(Debug, Clone)]
pub struct Place {
    /// The folder. Sets of the catalogue are in folders of their names, other files in `by-address`.
    pub root: PathBuf,
    /// The account for `s3:` addresses.
    pub account: Account,
    /// Bytes that are free at a path, if that can be known.
    pub free: fn(&Path) -> Option<u64>,
}

impl Place {
    /// A folder, with the account of the environment.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), account: Account::from_environment(), free }
    }

    /// The usual folder: `ANNVIL_HOME/data`, else `XDG_DATA_HOME/annvil/data`, else `~/.local/share/annvil/data`.
    pub fn usual() -> Result<Self, GetError> {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let root = set("ANNVIL_HOME")
            .map(|home| home.join("data"))
            .or_else(|| set("XDG_DATA_HOME").map(|home| home.join("annvil/data")))
            .or_else(|| set("HOME").map(|home| home.join(".local/share/annvil/data")));
        root.map(Self::at).ok_or(GetError::NoPlace)
    }

    /// Refuses what does not fit. What cannot be known is tried.
    pub(super) fn check_room(&self, folder: &Path, needed: u64, limits: &Limits) -> Result<(), GetError> {
        let needed = needed.saturating_add(limits.spare);
        match (self.free)(folder) {
            Some(free) if free < needed => {
                Err(GetError::Room { folder: folder.display().to_string(), needed, free })
            }
            _ => Ok(()),
        }
    }
}

/// Makes a folder, and holds it against other processes until the file is dropped.
pub(super) fn hold(folder: &Path, limits: &Limits, report: &mut Report<'_>) -> Result<File, GetError> {
    fs::create_dir_all(folder).map_err(file("make the folder", folder))?;
    let path = folder.join(".lock");
    let lock = File::options().create(true).truncate(false).write(true).open(&path);
    let lock = lock.map_err(file("open", &path))?;
    let start = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::Error(source)) => return Err(file("lock", &path)(source)),
            Err(TryLockError::WouldBlock) if start.elapsed() >= limits.wait => {
                return Err(GetError::Busy { folder: folder.display().to_string() });
            }
            Err(TryLockError::WouldBlock) => {
                report.step(Step::Waiting)?;
                thread::sleep(limits.tick);
            }
        }
    }
}

/// How long to wait for what, and how much to accept.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For a connection.
    pub connect: Duration,
    /// For the next byte.
    pub stall: Duration,
    /// Attempts in a row that bring nothing.
    pub attempts: u32,
    /// Pause after the first failure; each further one is twice as long.
    pub pause: Duration,
    /// The longest pause, also if the server asks for more.
    pub longest_pause: Duration,
    /// For another process that fetches the same.
    pub wait: Duration,
    /// How often progress is told, and a wish to stop is heard, while nothing comes.
    pub tick: Duration,
    /// Bytes that stay free on the disk.
    pub spare: u64,
    /// Bytes that an archive may grow to, as a multiple of its own.
    pub growth: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            stall: Duration::from_secs(30),
            attempts: 5,
            pause: Duration::from_secs(1),
            longest_pause: Duration::from_mins(2),
            wait: Duration::from_hours(1),
            tick: Duration::from_millis(200),
            spare: 64 << 20,
            growth: 50,
        }
    }
}

/// Bytes that this user may still write to the file system of a path.
pub(super) fn free(path: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(path).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Writes a small file as a whole or not at all.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), GetError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let write = || -> io::Result<()> {
        fs::write(&new, bytes)?;
        fs::rename(&new, path)
    };
    write().map_err(file("write", path))
}
