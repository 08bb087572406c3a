//! The log: every step with its time, in the run's folder, and on standard error if asked for.

use std::fs::File;
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::fmt::writer::{MakeWriterExt, Tee};

/// Writes the log of this process to `annvil.log` in the run's folder.
pub fn to_folder(folder: &Path, verbose: bool) -> std::io::Result<()> {
    let file = Mutex::new(File::options().append(true).create(true).open(folder.join("annvil.log"))?);
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_target(false);
    // A second run in the same process keeps the first one's log; only tests do that.
    let _ = if verbose {
        subscriber.with_writer(Tee::new(file, std::io::stderr)).try_init()
    } else {
        subscriber.with_writer(file.with_max_level(tracing::Level::INFO)).try_init()
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
