//! How far a fetch has come, told to whoever waits for it; the answer may be a wish to stop.

use std::ops::ControlFlow;
use std::path::Path;

use super::error::GetError;

/// How far a fetch has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is done now.
    pub step: Step,
    /// Bytes that are there, those of earlier attempts included.
    pub done: u64,
    /// Bytes in all, if known.
    pub total: Option<u64>,
}

/// What is done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Another process fetches the same; we wait for it.
    Waiting,
    /// Bytes come, or are waited for.
    Fetching,
    /// An attempt failed; the next one follows after a pause.
    Pausing,
    /// An archive is unpacked. `done` and `total` are bytes of the archive.
    Unpacking,
}

/// Whoever listens.
pub type Listener<'a> = dyn FnMut(Progress) -> ControlFlow<()> + 'a;

/// The present state, and who is told of it.
pub(super) struct Report<'a> {
    listener: &'a mut Listener<'a>,
    folder: String,
    /// Bytes of files of the same set that are complete.
    before: u64,
    /// Bytes of the whole set, if known.
    whole: Option<u64>,
    done: u64,
    total: Option<u64>,
}

impl<'a> Report<'a> {
    pub(super) fn new(listener: &'a mut Listener<'a>, folder: &Path, whole: Option<u64>) -> Self {
        let folder = folder.display().to_string();
        Self { listener, folder, before: 0, whole, done: 0, total: None }
    }

    /// Where the present file stands.
    pub(super) fn at(&mut self, done: u64, total: Option<u64>) {
        (self.done, self.total) = (done, total);
    }

    /// The present file is complete.
    pub(super) fn complete(&mut self, bytes: u64) {
        self.before += bytes;
        self.at(0, None);
    }

    /// Tells the listener. `Stopped` if it wants no more.
    pub(super) fn step(&mut self, step: Step) -> Result<(), GetError> {
        let total = match step {
            Step::Unpacking => self.total,
            _ => self.whole.or_else(|| self.total.map(|total| self.before + total)),
        };
        let before = if step == Step::Unpacking { 0 } else { self.before };
        match (self.listener)(Progress { step, done: before + self.done, total }) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(GetError::Stopped { folder: self.folder.clone() }),
        }
    }
}
