//! Stopping from outside: Ctrl-C, the run's time limit, a failed session.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Why measuring ends early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The user asked for it.
    User,
    /// The run's time is over.
    TimeLimit,
    /// Another session failed in a way that makes going on pointless.
    Failure,
    /// Arrivals found every session busy, and the phase was to end then or has waited long enough.
    Full,
    /// An objective that ends the phase is missed.
    Objective,
}

/// A flag that is raised once and seen by every thread between two operations.
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    own: Arc<AtomicU8>,
    outer: Option<Arc<AtomicU8>>,
}

impl Cancel {
    /// A flag that is not raised.
    pub fn new() -> Self {
        Self::default()
    }

    /// A flag that is also raised when this one is, but not the other way round: a phase that fails ends alone.
    #[must_use]
    pub fn inner(&self) -> Self {
        Self { own: Arc::default(), outer: Some(Arc::clone(&self.own)) }
    }

    /// Raises the flag. The first reason stays.
    pub fn raise(&self, reason: Reason) {
        let code = match reason {
            Reason::User => 1,
            Reason::TimeLimit => 2,
            Reason::Failure => 3,
            Reason::Full => 4,
            Reason::Objective => 5,
        };
        let _ = self.own.compare_exchange(0, code, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Why, if it was raised.
    #[inline]
    pub fn reason(&self) -> Option<Reason> {
        let outer = self.outer.as_ref().map_or(0, |outer| outer.load(Ordering::Relaxed));
        let code = if outer == 0 { self.own.load(Ordering::Relaxed) } else { outer };
        match code {
            0 => None,
            1 => Some(Reason::User),
            2 => Some(Reason::TimeLimit),
            3 => Some(Reason::Failure),
            4 => Some(Reason::Full),
            _ => Some(Reason::Objective),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inner_flag_hears_the_outer_one() {
        let outer = Cancel::new();
        let inner = outer.inner();
        inner.raise(Reason::Failure);
        assert_eq!((outer.reason(), inner.reason()), (None, Some(Reason::Failure)));
        outer.raise(Reason::User);
        outer.raise(Reason::TimeLimit);
        assert_eq!((outer.reason(), inner.reason()), (Some(Reason::User), Some(Reason::User)));
    }
}
