//! Where servers are installed, and where their data lies.
//!
//! ```text
//! <cache>/servers/<name>          an install; there as a whole or not at all
//! target/services/up/<service>    what `services up` started: process, variables, log, data
//! target/services/run-<process>   what `xtask test` started, and its tests
//! ```
//! Root hands servers to a user with fewer rights, who may not get to root's own folders; /var/cache/annvil serves then.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs};

use anyhow::{Context, bail};

use super::account::Account;
use super::daemon;
use super::process::Identity;
use crate::python;

/// Moves the data folders.
pub const MOVE: &str = "XTASK_SERVICES";

/// The folder of a run of `xtask test`, for the servers that its tests start.
pub const RUN: &str = "XTASK_RUN";

/// What root can always make readable for others.
const SHARED: &str = "/var/cache/annvil";

/// The folder that an install has, made by `make` if it is not there. `make` fills a folder that becomes the install when
/// it is whole, so that what was interrupted starts again.
pub fn install(name: &str, make: impl FnOnce(&Path) -> anyhow::Result<()>) -> anyhow::Result<PathBuf> {
    let cache = python::cache()?;
    let cache = if Account::find()?.reaches(&cache) { cache } else { PathBuf::from(SHARED) };
    let servers = cache.join("servers");
    let folder = servers.join(name);
    if folder.is_dir() {
        return Ok(folder);
    }
    open(&servers)?;
    remove_ended(&servers, "partial-")?;
    let partial = servers.join(format!("partial-{}-{name}", me()?));
    open(&partial)?;
    eprintln!("installing {name} into {}", servers.display());
    make(&partial)?;
    readable(&partial)?;
    match fs::rename(&partial, &folder) {
        Ok(()) => {}
        // Another process was quicker.
        Err(_) if folder.is_dir() => remove(&partial)?,
        Err(error) => return Err(error).with_context(|| format!("cannot make {}", folder.display())),
    }
    Ok(folder)
}

/// The folder of all data.
pub fn home() -> anyhow::Result<PathBuf> {
    let account = Account::find()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has a parent")?;
    let home = match env::var_os(MOVE).filter(|value| !value.is_empty()) {
        Some(moved) => {
            let moved = std::path::absolute(moved)?;
            if !account.reaches(&moved) {
                bail!(
                    "the user that servers run as cannot get to {}\n  Set {MOVE} to a folder that all may enter.",
                    moved.display()
                );
            }
            moved
        }
        None if account.reaches(root) => root.join("target").join("services"),
        None => {
            let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(root);
            Path::new(SHARED).join(format!("services-{hash:016x}"))
        }
    };
    open(&home)?;
    Ok(home)
}

/// A folder of a test or a run. It is removed when this goes; servers in it must have ended before.
#[derive(Debug)]
pub struct Scratch {
    /// Where it is. The user that servers run as can enter it.
    pub path: PathBuf,
}

impl Scratch {
    /// A new folder. Whatever an ended process left in its own is ended and cleared away first.
    pub fn new() -> anyhow::Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let parent = if let Some(run) = env::var_os(RUN).filter(|run| Path::new(run).is_dir()) {
            PathBuf::from(run)
        } else {
            let home = home()?;
            remove_ended(&home, "run-")?;
            home
        };
        let path = parent.join(format!("run-{}-{}", me()?, NUMBER.fetch_add(1, Ordering::Relaxed)));
        open(&path)?;
        Ok(Self { path })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.path) {
            eprintln!("warning: {error:#}");
        }
    }
}

/// Ends the servers in a folder, whoever started them, and removes it.
pub fn remove(folder: &Path) -> anyhow::Result<()> {
    end_below(folder, 3)?;
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Makes a folder that everybody may enter.
pub fn open(folder: &Path) -> anyhow::Result<()> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|part| !part.exists()).collect();
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for part in missing {
        fs::set_permissions(part, fs::Permissions::from_mode(0o755))
            .with_context(|| format!("cannot open {} for others", part.display()))?;
    }
    Ok(())
}

/// Ends the servers that left a note in a folder or below it.
fn end_below(folder: &Path, levels: u32) -> anyhow::Result<()> {
    if let Some((identity, signal)) = daemon::noted(folder) {
        identity.end(signal)?;
    }
    if levels > 0 {
        // What has gone in the meantime was cleared away by somebody else.
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                end_below(&entry.path(), levels - 1)?;
            }
        }
    }
    Ok(())
}

/// Removes the folders `<prefix><process>-…` whose process has ended.
fn remove_ended(parent: &Path, prefix: &str) -> anyhow::Result<()> {
    for entry in fs::read_dir(parent).with_context(|| format!("cannot list {}", parent.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(rest) = name.to_str().and_then(|name| name.strip_prefix(prefix)) else { continue };
        let process = rest.splitn(3, '-').take(2).collect::<Vec<_>>().join("-");
        if process.parse::<Identity>().is_ok_and(|owner| !owner.alive()) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// This process, as part of a folder's name.
fn me() -> anyhow::Result<Identity> {
    Identity::of(std::process::id()).context("servers need /proc: this works on Linux only")
}

/// Lets everybody read an install, whatever this process' mask and the archive say.
fn readable(folder: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let entry = entry?;
        let meta = entry.metadata()?;
        if meta.is_dir() {
            readable(&entry.path())?;
        }
        if !meta.is_symlink() {
            let program = meta.is_dir() || meta.permissions().mode() & 0o100 != 0;
            let mode = if program { 0o755 } else { 0o644 };
            fs::set_permissions(entry.path(), fs::Permissions::from_mode(mode))
                .with_context(|| format!("cannot open {} for others", entry.path().display()))?;
        }
    }
    Ok(())
}
