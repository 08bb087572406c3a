//! How far a search is, whether it is to go on, and the threads that share its work.

use std::sync::Mutex;
use std::thread;

use thiserror::Error;

/// Told how many pairs of query and row are done, of how many; says whether to go on.
pub type Report<'a> = &'a (dyn Fn(u64, u64) -> bool + Sync);

/// The search was ended by its progress callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the search for exact answers was stopped before its end; start it again")]
pub struct Stopped;

/// Pairs done, of how many.
pub(super) struct Progress<'a> {
    done: u64,
    total: u64,
    report: Option<Report<'a>>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(total: u64, report: Option<Report<'a>>) -> Self {
        Self { done: 0, total, report }
    }

    pub(super) fn add(&mut self, pairs: u64) -> Result<(), Stopped> {
        self.done += pairs;
        match self.report {
            Some(report) if !report(self.done, self.total) => Err(Stopped),
            _ => Ok(()),
        }
    }
}

/// Hands the items to `threads` threads, one after the other, each to the first that is free. On one thread, and for one
/// item, nothing is started.
pub(super) fn share<T: Send>(threads: usize, items: Vec<T>, work: impl Fn(T) + Sync) {
    let threads = threads.min(items.len());
    if threads <= 1 {
        items.into_iter().for_each(work);
        return;
    }
    let items = Mutex::new(items.into_iter());
    // A thread that panics takes the search down with it; the items that are left are nobody's then.
    let next = || items.lock().ok()?.next();
    let run = || {
        while let Some(item) = next() {
            work(item);
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(run);
        }
        run();
    });
}
