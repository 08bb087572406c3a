//! What can go wrong when a data set is fetched. Each error names the address or the file, and what to try.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A data set, or a file of it, that was not fetched.
#[derive(Debug, Error)]
pub enum GetError {
    /// Neither a name of the catalogue nor an address.
    #[error("there is no data set `{name}` in the catalogue; {help}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The nearest name, or where all are listed.
        help: String,
    },
    /// An address that cannot be used.
    #[error("`{address}` cannot be fetched: {why}")]
    Address {
        /// The address.
        address: String,
        /// What is wrong with it, and what to try.
        why: String,
    },
    /// No folder to put data into.
    #[error(
        "no folder for data is known: neither ANNVIL_HOME nor XDG_DATA_HOME nor HOME is set; set ANNVIL_HOME"
    )]
    NoPlace,
    /// The server said no.
    #[error("{address}: the server answered {status}; {help}")]
    Refused {
        /// The address.
        address: String,
        /// The status, with its name.
        status: String,
        /// What to try.
        help: String,
    },
    /// All attempts failed.
    #[error("{address}: {last}; gave up after {attempts} attempts with {done}; {help}")]
    GaveUp {
        /// The address.
        address: String,
        /// What happened last.
        last: String,
        /// How often it was tried.
        attempts: u32,
        /// What had come by then.
        done: String,
        /// What to try.
        help: String,
    },
    /// The length is not the one that was announced or is known.
    #[error("{address}: {got} where {wanted}; {help}")]
    Length {
        /// The address.
        address: String,
        /// What is there.
        got: String,
        /// What should be there, and who says so.
        wanted: String,
        /// What to try.
        help: String,
    },
    /// The content is not the one that was asked for.
    #[error(
        "{address}: the file has the SHA-256 {got}, but {wanted} was asked for; it was not kept. \
The file on the server has changed or was damaged on its way"
    )]
    Sum {
        /// The address.
        address: String,
        /// The sum that was asked for.
        wanted: String,
        /// The sum of what came.
        got: String,
    },
    /// Not enough room.
    #[error("{} bytes are needed in {folder}, but {} are free; make room, or choose another folder", digits(*needed), digits(*free))]
    Room {
        /// The folder.
        folder: String,
        /// Bytes that are needed.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// Another process fetches the same.
    #[error("another process is fetching into {folder}; wait until it is done")]
    Busy {
        /// The folder.
        folder: String,
    },
    /// The caller asked to stop.
    #[error("stopped; what has come is kept in {folder}, and the next attempt goes on from there")]
    Stopped {
        /// The folder.
        folder: String,
    },
    /// A file on this machine that cannot be read or written.
    #[error("cannot {what} {file}: {source}")]
    File {
        /// What was tried.
        what: &'static str,
        /// The file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// An archive that is not unpacked.
    #[error("{archive}: {problem}")]
    Archive {
        /// The archive.
        archive: String,
        /// What is wrong, with the entry.
        problem: String,
    },
}

/// For `map_err`: what was tried with which file.
pub(super) fn file(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> GetError {
    let file: PathBuf = path.to_owned();
    move |source| GetError::File { what, file: file.display().to_string(), source }
}

/// A count with a comma between thousands.
pub(super) fn digits(number: u64) -> String {
    annvil_core::units::count(number)
}
