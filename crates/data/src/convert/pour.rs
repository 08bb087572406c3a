//! Rows on their way from a source to a target.

use std::io;
use std::ops::Range;
use std::path::Path;

use annvil_core::vector::Vectors;

use super::Report;
use crate::cast::Cast;
use crate::error::{DataError, FormatError};
use crate::rows::Rows;

/// What can go wrong on the way.
pub(super) enum Problem {
    Source(FormatError),
    Target(io::Error),
    Stopped,
}

impl From<FormatError> for Problem {
    fn from(problem: FormatError) -> Self {
        Self::Source(problem)
    }
}

impl From<io::Error> for Problem {
    fn from(problem: io::Error) -> Self {
        Self::Target(problem)
    }
}

impl Problem {
    /// As an error that names the side on which it happened.
    pub(super) fn named(self, source: &str, target: &Path) -> DataError {
        match self {
            Self::Source(problem) => problem.in_file(source),
            Self::Target(source) => DataError::Write { file: target.display().to_string(), source },
            Self::Stopped => DataError::Stopped,
        }
    }
}

/// Hands all rows to `sink`, converted if need be, and says how far it is. Returns the number of rows.
pub(super) fn pour(
    rows: Rows,
    cast: Option<&mut Cast>,
    report: Report,
    mut sink: impl FnMut(&Vectors, Range<usize>) -> io::Result<()>,
) -> Result<usize, Problem> {
    let total = rows.shape().rows.map(|rows| rows as u64);
    let mut cast = cast;
    let mut done = 0;
    let mut go_on = |done| if report(done, total) { Ok(()) } else { Err(Problem::Stopped) };
    go_on(0)?;
    rows.each(None, |block, range| {
        let count = range.len();
        match cast.as_deref_mut() {
            None => sink(block, range)?,
            Some(cast) => sink(&cast.apply(block, range)?, 0..count)?,
        }
        done += count as u64;
        go_on(done)
    })
}
