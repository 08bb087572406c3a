//! What can be wrong with a data set. Each error names the file, the place in it, and what to try.

use std::io;

use annvil_core::filter::FilterMismatch;
use thiserror::Error;

/// A data set that cannot be used.
#[derive(Debug, Error)]
pub enum DataError {
    /// A file that cannot be read.
    #[error("cannot read {file}: {source}; check the path")]
    Read {
        /// The file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// A file that cannot be written.
    #[error("cannot write {file}: {source}; check the path and the space on its disk")]
    Write {
        /// The file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// The caller asked to end before the work was done.
    #[error("stopped before the end; nothing was written")]
    Stopped,
    /// A file whose content is wrong.
    #[error("{file}: {problem}")]
    File {
        /// The file.
        file: String,
        /// What is wrong with it.
        problem: FormatError,
    },
    /// Files, or limits, that do not belong together.
    #[error("{message}; {help}")]
    Mismatch {
        /// What does not agree, with both sides.
        message: String,
        /// What to try.
        help: String,
    },
    /// A name that is neither in the box nor in the catalogue.
    #[error("there is no data set `{name}`; {help}")]
    UnknownName {
        /// The name.
        name: String,
        /// The nearest name, or all.
        help: String,
    },
    /// A filter does not fit the labels of the set.
    #[error(transparent)]
    Filter(#[from] FilterMismatch),
}

/// Content that is wrong, apart from the file that it is in.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}; {help}")]
pub struct FormatError {
    /// What is wrong, with row, dimension or byte.
    pub message: String,
    /// What to try.
    pub help: String,
}

impl FormatError {
    pub(crate) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }

    pub(crate) fn in_file(self, file: &str) -> DataError {
        DataError::File { file: file.to_owned(), problem: self }
    }
}

pub(crate) fn mismatch(message: impl Into<String>, help: impl Into<String>) -> DataError {
    DataError::Mismatch { message: message.into(), help: help.into() }
}
