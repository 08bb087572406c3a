//! Where files are written, and what is there already.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// Writes all files or none: a file that is there stops it, unless it may be written over.
pub(super) fn write(folder: &Path, files: &[(PathBuf, String)], force: bool) -> anyhow::Result<()> {
    let there: Vec<String> = files
        .iter()
        .map(|(path, _)| folder.join(path))
        .filter(|path| path.symlink_metadata().is_ok())
        .map(|path| path.display().to_string())
        .collect();
    if !force && !there.is_empty() {
        bail!(
            "{} is there already\n  Give another folder with --output DIR, or write over it with --force.",
            there.join(" and ")
        );
    }
    for (path, text) in files {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        }
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// The main branch of the project: `master` if that is what is checked out, else `main`.
pub(super) fn branch(folder: &Path) -> String {
    let head = fs::read_to_string(folder.join(".git/HEAD")).unwrap_or_default();
    if head.trim() == "ref: refs/heads/master" { "master".to_owned() } else { "main".to_owned() }
}
