//! Stopping a session of many runs from outside: the run under way is asked to end, and no other begins.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use annvil_load::cancel::{Cancel, Reason};

/// A flag for a whole session. A copy is the same flag.
#[derive(Clone, Default)]
pub struct Stop(Arc<Mutex<UnderWay>>);

#[derive(Default)]
struct UnderWay {
    stopped: bool,
    cancel: Cancel,
}

impl Stop {
    /// A flag that is not raised.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the run under way to end. None begins after it.
    pub fn stop(&self) {
        let mut under_way = self.lock();
        under_way.stopped = true;
        under_way.cancel.raise(Reason::User);
    }

    /// Whether it was raised.
    pub fn is_raised(&self) -> bool {
        self.lock().stopped
    }

    /// The flag of the next run, unless this one was raised. Each run has its own, because its time limit ends it alone.
    pub(crate) fn next(&self) -> Option<Cancel> {
        let mut under_way = self.lock();
        under_way.cancel = Cancel::new();
        (!under_way.stopped).then(|| under_way.cancel.clone())
    }

    fn lock(&self) -> MutexGuard<'_, UnderWay> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_run_begins_after_it_was_raised() {
        let stop = Stop::new();
        let run = stop.next().unwrap();
        run.raise(Reason::TimeLimit);
        let next = stop.next().unwrap();
        assert_eq!((next.reason(), stop.is_raised()), (None, false));
        stop.clone().stop();
        assert_eq!((next.reason(), stop.is_raised()), (Some(Reason::User), true));
        assert!(stop.next().is_none());
    }
}
