//! Who does the next operation, and when it is due: one queue for all sessions of a phase.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use annvil_core::schedule::{Arrivals, Schedule};
use annvil_core::units::Nanos;

use crate::cancel::Cancel;

/// When a phase ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct End {
    /// After this many operations.
    pub operations: Option<u64>,
    /// When no more operations are due after this long.
    pub duration: Option<Nanos>,
}

/// One or several operations that a session has taken on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Number of the first operation.
    pub first: u64,
    /// How many; more than one only where operations are timed in batches.
    pub count: u64,
    /// When it is due.
    pub intended: Nanos,
}

/// The queue from which a free session takes the next operation.
///
/// A session takes an operation on as soon as it is free and waits for its instant itself. So the queue is served first
/// come, first served by whichever session is free, no thread that executes operations releases those of others, and
/// an operation that finds every session busy waits just as long as it has to.
#[derive(Debug)]
pub struct Claims {
    next: AtomicU64,
    limit: u64,
    deadline: Option<Nanos>,
    batch: u64,
    start: Nanos,
    schedule: Option<Mutex<OpenQueue>>,
    cancel: Cancel,
}

struct OpenQueue {
    schedule: Box<dyn Schedule>,
    taken: u64,
}

impl std::fmt::Debug for OpenQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenQueue").field("taken", &self.taken).finish_non_exhaustive()
    }
}

impl Claims {
    /// A queue that begins at `start`; `batch` operations are taken on at once in closed load.
    pub fn new(arrivals: Arrivals, end: End, batch: u64, start: Nanos, cancel: Cancel) -> Self {
        let schedule = match arrivals {
            Arrivals::Closed => None,
            Arrivals::Open(schedule) => Some(Mutex::new(OpenQueue { schedule, taken: 0 })),
        };
        Self {
            next: AtomicU64::new(0),
            limit: end.operations.unwrap_or(u64::MAX),
            deadline: end.duration.map(|duration| start.saturating_add(duration)),
            batch: batch.max(1),
            start,
            schedule,
            cancel,
        }
    }

    /// When the phase began.
    pub fn start(&self) -> Nanos {
        self.start
    }

    /// Operations taken on so far.
    pub fn taken(&self) -> u64 {
        self.next.load(Ordering::Relaxed).min(self.limit)
    }

    /// Takes a session's first operation on, even if the time is over already.
    pub fn first(&self, free: Nanos) -> Option<Claim> {
        match &self.schedule {
            None => self.take(self.start.min(free)).map(|claim| Claim { intended: free, ..claim }),
            Some(_) => self.take(free),
        }
    }

    /// Takes the next operation on for a session that is free since `free`; `None` ends the session's work.
    #[inline]
    pub fn take(&self, free: Nanos) -> Option<Claim> {
        if self.cancel.reason().is_some() {
            return None;
        }
        match &self.schedule {
            None => {
                if self.deadline.is_some_and(|deadline| free >= deadline) {
                    return None;
                }
                let first = self.next.fetch_add(self.batch, Ordering::Relaxed);
                let left = self.limit.checked_sub(first).filter(|left| *left > 0)?;
                Some(Claim { first, count: self.batch.min(left), intended: free })
            }
            Some(queue) => self.take_scheduled(queue),
        }
    }

    fn take_scheduled(&self, queue: &Mutex<OpenQueue>) -> Option<Claim> {
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.taken == self.limit {
            return None;
        }
        let intended = self.start.saturating_add(queue.schedule.next()?);
        if self.deadline.is_some_and(|deadline| intended >= deadline) {
            return None;
        }
        let first = queue.taken;
        queue.taken += 1;
        self.next.store(queue.taken, Ordering::Relaxed);
        Some(Claim { first, count: 1, intended })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cancel::Reason;
    use annvil_core::schedule::Uniform;
    use annvil_core::units::Rate;

    fn closed(end: End, batch: u64) -> Claims {
        Claims::new(Arrivals::Closed, end, batch, Nanos(100), Cancel::new())
    }

    #[test]
    fn closed_claims_end_by_count_or_time() {
        let claims = closed(End { operations: Some(5), duration: None }, 3);
        assert_eq!(claims.take(Nanos(7)), Some(Claim { first: 0, count: 3, intended: Nanos(7) }));
        assert_eq!(claims.take(Nanos(8)).map(|c| (c.first, c.count)), Some((3, 2)));
        assert_eq!(claims.take(Nanos(9)), None);
        assert_eq!(claims.taken(), 5);
        let claims = closed(End { operations: None, duration: Some(Nanos(50)) }, 1);
        assert!(claims.take(Nanos(149)).is_some());
        assert!(claims.take(Nanos(150)).is_none());
    }

    #[test]
    fn open_claims_are_due_by_the_schedule_whatever_the_session_does() {
        let schedule = Box::new(Uniform::new(Rate(1000.0), 3));
        let claims = Claims::new(Arrivals::Open(schedule), End::default(), 1, Nanos(100), Cancel::new());
        let due: Vec<u64> =
            std::iter::from_fn(|| claims.take(Nanos(999_999_999))).map(|c| c.intended.0).collect();
        assert_eq!(due, [100, 1_000_100, 2_000_100]);
    }

    #[test]
    fn a_raised_flag_ends_everything() {
        let cancel = Cancel::new();
        let claims = Claims::new(Arrivals::Closed, End::default(), 1, Nanos(0), cancel.clone());
        assert!(claims.take(Nanos(0)).is_some());
        cancel.raise(Reason::User);
        assert!(claims.take(Nanos(0)).is_none());
    }
}
