//! What the tests of the command line share: running the binary, and small files of vectors.

#![allow(dead_code, clippy::unwrap_used, reason = "not every test uses all of it")]

pub mod history;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Tests of a file run side by side; those that measure wait for each other.
pub fn alone() -> MutexGuard<'static, ()> {
    static MEASURING: Mutex<()> = Mutex::new(());
    MEASURING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The binary, without variables that would change a scenario.
pub fn annvil() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_annvil"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ANNVIL_")) {
        command.env_remove(name);
    }
    command
}

/// Runs the binary in a folder.
pub fn run(folder: &Path, arguments: &[&str]) -> Output {
    annvil().current_dir(folder).args(arguments).output().unwrap()
}

/// The folders below `runs`, without the store beside them.
pub fn folders(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder.join("runs")) else { return Vec::new() };
    let mut folders: Vec<PathBuf> =
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// Whether a run ended well, or would have on a machine that nobody else used: tests run side by side, and Annvil calls
/// figures invalid that were measured while others took the processors.
pub fn good_but_for_company(output: &Output) -> bool {
    matches!(output.status.code(), Some(0 | 4))
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Rows of `.fvecs`: pseudo-random values from a small linear congruence, so that no file has to be committed.
pub fn fvecs(rows: usize, dim: usize) -> Vec<u8> {
    let mut state = 1u32;
    let mut bytes = Vec::with_capacity(rows * (dim + 1) * 4);
    for _ in 0..rows {
        bytes.extend((dim as u32).to_le_bytes());
        for _ in 0..dim {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            bytes.extend((state as f32 / u32::MAX as f32 - 0.5).to_le_bytes());
        }
    }
    bytes
}
