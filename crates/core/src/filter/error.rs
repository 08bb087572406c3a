//! What can be wrong with a filter: its text, or its fit to the labels.

use thiserror::Error;

/// A text that is no filter.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("filter, at byte {at}: {message}; {help}")]
pub struct FilterError {
    /// Where in the text: offset in bytes.
    pub at: usize,
    /// Length in bytes of the part that is wrong; 0 at the end of the text.
    pub len: usize,
    /// What is wrong.
    pub message: String,
    /// What to try.
    pub help: String,
}

/// A filter that does not fit the labels of a data set.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("filter on `{field}`: {message}; {help}")]
pub struct FilterMismatch {
    /// The label concerned; empty if the shape of the whole filter is wrong.
    pub field: String,
    /// What is wrong.
    pub message: String,
    /// What to try.
    pub help: String,
}
