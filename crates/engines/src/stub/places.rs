//! Places for calls that are served at the same time: a queue with a known capacity, in arithmetic alone.
//!
//! A call's start is known when it comes: it takes the place that is free first. That is the queue of several servers
//! with one line of waiting calls, first come first served, and needs nobody who serves.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Mutex, PoisonError};

use annvil_core::units::Nanos;

/// The places, shared by all sessions.
#[derive(Debug)]
pub(super) struct Places {
    count: usize,
    /// When each place that was ever taken is free again.
    free: Mutex<BinaryHeap<Reverse<u64>>>,
}

impl Places {
    /// `count` free places, at least one.
    pub(super) fn new(count: u32) -> Self {
        Self { count: count.max(1) as usize, free: Mutex::default() }
    }

    /// Takes a place for a call that comes now. `serve` is told when it is served, and says when that is over.
    pub(super) fn take(&self, now: Nanos, serve: impl FnOnce(Nanos) -> Nanos) -> Nanos {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let first = free.peek().map_or(u64::MAX, |Reverse(instant)| *instant);
        let start = if first > now.0 && free.len() < self.count {
            now.0 // in a place that nobody has taken yet
        } else {
            free.pop();
            first.max(now.0)
        };
        let end = serve(Nanos(start));
        free.push(Reverse(end.0));
        end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn calls_at_once_are_served_in_rounds() {
        let places = Places::new(3);
        let ends: Vec<u64> = (0..8).map(|_| places.take(Nanos(5), |start| Nanos(start.0 + 10)).0).collect();
        assert_eq!(ends, [15, 15, 15, 25, 25, 25, 35, 35]);
        assert_eq!(places.take(Nanos(100), |start| Nanos(start.0 + 10)), Nanos(110));
    }

    proptest! {
        /// D/D/c: with an arrival every `gap` and more load than capacity, call i starts when its round begins or when
        /// it comes; with less load none waits.
        #[test]
        fn regular_arrivals_agree_with_the_closed_form(count in 1u32..9, service in 1u64..1000, gap in 0u64..300) {
            let places = Places::new(count);
            let overloaded = gap * u64::from(count) < service;
            for i in 0..200u64 {
                let came = i * gap;
                let end = places.take(Nanos(came), |start| Nanos(start.0 + service)).0;
                let (round, within) = (i / u64::from(count), i % u64::from(count));
                // Each place takes every count-th call, the first of them when it came.
                let start = if overloaded { within * gap + round * service } else { came };
                prop_assert_eq!(end, start + service);
            }
        }

        /// Whatever comes: first come first served, no more at once than there are places, and no place idle while
        /// somebody waits.
        #[test]
        fn it_is_a_fair_queue_that_never_idles(
            count in 1u32..6,
            calls in prop::collection::vec((0u64..50, 0u64..200), 1..120),
        ) {
            let places = Places::new(count);
            let (mut now, mut served) = (0, Vec::<(u64, u64)>::new());
            for (gap, service) in calls {
                now += gap;
                let mut start = 0;
                let end = places.take(Nanos(now), |at| { start = at.0; Nanos(at.0 + service) }).0;
                prop_assert!(start >= now && served.last().is_none_or(|(before, _)| *before <= start));
                let busy = |at: u64| served.iter().filter(|(from, to)| *from <= at && at < *to).count();
                prop_assert!(busy(start) < count as usize);
                if start > now {
                    prop_assert_eq!(busy(start - 1), count as usize);
                }
                served.push((start, end));
            }
        }
    }
}
