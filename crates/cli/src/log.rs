//! The log: every step with its time, in the run's folder, and on standard error if asked for.

use std::fs::File;
use std::io::{Result, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use tracing_subscriber::fmt::writer::{MakeWriterExt, Tee};

/// The file that lines go to: that of the run under way. A suite has several runs in one process.
static FILE: Mutex<Option<File>> = Mutex::new(None);

/// Writes to the run under way.
#[derive(Clone, Copy)]
struct ToFile;

impl Write for ToFile {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        match FILE.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some(file) => file.write(bytes),
            None => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> Result<()> {
        FILE.lock().unwrap_or_else(PoisonError::into_inner).as_mut().map_or(Ok(()), Write::flush)
    }
}

/// Writes the log of this process to `annvil.log` in the run's folder from now on.
pub fn to_folder(folder: &Path, verbose: bool) -> Result<()> {
    let file = File::options().append(true).create(true).open(folder.join("annvil.log"))?;
    *FILE.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_target(false);
    // The first run of the process sets the log up; further ones only change the file.
    let _ = if verbose {
        subscriber.with_writer(Tee::new(|| ToFile, std::io::stderr)).try_init()
    } else {
        subscriber.with_writer((|| ToFile).with_max_level(tracing::Level::INFO)).try_init()
    };
    Ok(())
}

/// Writes warnings of a variant's process to standard error, which the conducting process passes on.
pub fn to_stderr() {
    let _ = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_target(false)
        .with_max_level(tracing::Level::WARN)
        .with_writer(std::io::stderr)
        .try_init();
}
