//! Why a result could not be read.

use std::io;
use std::path::{Path, PathBuf};

use super::{Tool, guess};

/// Why another tool's result could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file or folder can't be read.
    #[error("cannot read {}: {cause}\n  As a result of {tool}, {}.", .path.display(), .tool.written_by())]
    Unreadable {
        /// Whose result it should be.
        tool: Tool,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// It is not what the tool writes, or only a part of it.
    #[error("{}{} is no result of {tool}: {reason}\n  {advice}", .path.display(), .line.map(|line| format!(":{line}")).unwrap_or_default())]
    Malformed {
        /// Whose result it should be.
        tool: Tool,
        /// The file or folder.
        path: PathBuf,
        /// The line of the file, from 1, where one is to blame.
        line: Option<usize>,
        /// What is wrong with it.
        reason: String,
        /// What to try.
        advice: String,
    },
    /// A result was given twice.
    #[error("{} holds the same figures as another result that was given ({run})\n  Give each result once: every one counts as a run of its own.", .path.display())]
    Twice {
        /// Whose result it is.
        tool: Tool,
        /// The second one.
        path: PathBuf,
        /// Its name.
        run: String,
    },
}

/// What a reader says of a file; the file itself is added by whoever opened it.
#[derive(Debug)]
pub(super) struct Fault {
    /// The file, if it is not the one that was asked for.
    pub(super) path: Option<PathBuf>,
    pub(super) line: Option<usize>,
    pub(super) cause: Cause,
    /// What to try, if not what holds for the tool in general.
    pub(super) advice: Option<String>,
}

#[derive(Debug)]
pub(super) enum Cause {
    Unreadable(io::Error),
    Malformed(String),
}

impl Fault {
    pub(super) fn new(line: impl Into<Option<usize>>, reason: impl Into<String>) -> Self {
        Self { path: None, line: line.into(), cause: Cause::Malformed(reason.into()), advice: None }
    }

    pub(super) fn unreadable(path: &Path, cause: io::Error) -> Self {
        Self { path: Some(path.to_owned()), line: None, cause: Cause::Unreadable(cause), advice: None }
    }

    /// Of JSON: where it breaks off or what has another type.
    pub(super) fn json(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        // The line is told beside the file.
        let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason).to_owned();
        Self::new((error.line() > 0).then_some(error.line()), reason)
    }

    pub(super) fn in_file(self, path: &Path) -> Self {
        Self { path: self.path.or_else(|| Some(path.to_owned())), ..self }
    }

    pub(super) fn advice(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }
}

impl ImportError {
    /// The fault of what was given as a result of `tool`.
    pub(super) fn new(tool: Tool, given: &Path, fault: Fault) -> Self {
        let path = fault.path.unwrap_or_else(|| given.to_owned());
        let reason = match fault.cause {
            Cause::Unreadable(cause) if cause.kind() == io::ErrorKind::InvalidData => {
                "it is not text in UTF-8".to_owned()
            }
            Cause::Unreadable(cause) => return Self::Unreadable { tool, path, cause },
            Cause::Malformed(reason) => reason,
        };
        let advice = if let Some(other) = guess(given).filter(|other| *other != tool) {
            format!("It looks like a result of {other}: try {other}:{}.", given.display())
        } else {
            sentence(&fault.advice.unwrap_or_else(|| tool.written_by().to_owned()))
        };
        Self::Malformed { tool, path, line: fault.line, reason, advice }
    }
}

/// Words as a sentence.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}
