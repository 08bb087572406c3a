//! The four instants of an operation and what follows from them.

use crate::units::Nanos;

/// When an operation was due, could start, started and ended; all on one clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// When the schedule wanted it sent. In closed load: when the last answer of the session came.
    pub intended: Nanos,
    /// When a session could take it.
    pub free: Nanos,
    /// When it was sent.
    pub sent: Nanos,
    /// When its answer was complete.
    pub done: Nanos,
}

impl Sample {
    /// Time in the target: `done − sent`.
    pub fn service(&self) -> Nanos {
        self.done.saturating_sub(self.sent)
    }

    /// Time that the caller waited: `done − intended`.
    pub fn response(&self) -> Nanos {
        self.done.saturating_sub(self.intended)
    }

    /// Time for which no session was free, `max(0, free − intended)`: the target's back-pressure.
    pub fn queue_wait(&self) -> Nanos {
        self.free.saturating_sub(self.intended)
    }

    /// Time lost by the harness, `sent − max(intended, free)`.
    pub fn sched_lag(&self) -> Nanos {
        self.sent.saturating_sub(self.intended.max(self.free))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn response_is_the_sum_of_its_parts(intended in 0u64..1000, free in 0u64..1000, lag in 0u64..100, service in 0u64..1000) {
            let sent = intended.max(free) + lag;
            let sample = Sample {
                intended: Nanos(intended), free: Nanos(free), sent: Nanos(sent), done: Nanos(sent + service),
            };
            let parts = sample.queue_wait().0 + sample.sched_lag().0 + sample.service().0;
            prop_assert_eq!(sample.response().0, parts);
        }
    }
}
