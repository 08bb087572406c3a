//! Virtual time: a whole measurement in one thread, in no time, the same each time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use annvil_core::clock::{Clock, LocalFuture};
use annvil_core::units::Nanos;

/// A clock that stands still until everybody waits, then jumps to the earliest instant waited for.
#[derive(Debug, Default)]
pub struct VirtualClock {
    now: AtomicU64,
    tickets: AtomicU64,
    waiting: Mutex<BinaryHeap<Reverse<Waiting>>>,
}

#[derive(Debug)]
struct Waiting {
    until: u64,
    // Those who wait for the same instant go in the order in which they came.
    ticket: u64,
    waker: Waker,
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        (self.until, self.ticket) == (other.until, other.ticket)
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.until, self.ticket).cmp(&(other.until, other.ticket))
    }
}

/// Everybody waits, and nobody for an instant: the simulation would stand still for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the simulation stands still: everything waits and nothing is due")]
pub struct StandStill;

impl VirtualClock {
    /// A clock at zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs a future to its end in virtual time.
    pub fn run<F: Future>(&self, future: F) -> Result<F::Output, StandStill> {
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&woken));
        let mut context = Context::from_waker(&waker);
        let mut future = pin!(future);
        loop {
            while woken.0.swap(false, Ordering::Relaxed) {
                if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                    return Ok(output);
                }
            }
            if !self.advance() {
                return Err(StandStill);
            }
        }
    }

    /// Jumps to the earliest instant waited for and wakes who waits for it.
    fn advance(&self) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Reverse(first)) = waiting.pop() else { return false };
        self.now.fetch_max(first.until, Ordering::Relaxed);
        let mut due = vec![first.waker];
        while waiting.peek().is_some_and(|Reverse(next)| next.until <= self.now.load(Ordering::Relaxed)) {
            due.extend(waiting.pop().map(|Reverse(next)| next.waker));
        }
        drop(waiting);
        due.into_iter().for_each(Waker::wake);
        true
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Nanos {
        Nanos(self.now.load(Ordering::Relaxed))
    }

    fn sleep_until(&self, instant: Nanos) -> LocalFuture<'_, ()> {
        Box::pin(std::future::poll_fn(move |context| {
            if self.now() >= instant {
                return Poll::Ready(());
            }
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let ticket = self.tickets.fetch_add(1, Ordering::Relaxed);
            waiting.push(Reverse(Waiting { until: instant.0, ticket, waker: context.waker().clone() }));
            Poll::Pending
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_jumps_to_what_is_waited_for() {
        let clock = VirtualClock::new();
        let seen = clock.run(async {
            clock.sleep_until(Nanos(5_000_000_000)).await;
            let first = clock.now();
            clock.sleep_until(Nanos(1)).await;
            (first, clock.now())
        });
        assert_eq!(seen, Ok((Nanos(5_000_000_000), Nanos(5_000_000_000))));
    }

    #[test]
    fn waiting_for_nothing_is_an_error() {
        assert_eq!(VirtualClock::new().run(std::future::pending::<()>()), Err(StandStill));
    }
}
