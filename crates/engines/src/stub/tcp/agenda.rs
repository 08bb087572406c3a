//! Answers that wait for their instant: one ordered queue and one timer, however many are in flight.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::poll_fn;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};

use annvil_core::clock::{Clock, LocalFuture};
use annvil_core::units::Nanos;

use super::connection::Outlet;

/// The queue of a server.
#[derive(Default)]
pub(super) struct Agenda {
    queue: RefCell<BinaryHeap<Reverse<Entry>>>,
    tickets: Cell<u64>,
    /// Who waits for the earliest.
    waker: RefCell<Option<Waker>>,
}

/// An answer.
struct Entry {
    due: Nanos,
    // Those of the same instant go in the order in which they came.
    ticket: u64,
    /// Where it goes, if the connection is still there.
    to: Weak<Outlet>,
    request: u64,
    body: Vec<u8>,
}

impl Entry {
    const fn key(&self) -> (Nanos, u64) {
        (self.due, self.ticket)
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl Agenda {
    /// Keeps an answer until it is due.
    pub(super) fn enter(&self, due: Nanos, to: &Rc<Outlet>, request: u64, body: Vec<u8>) {
        let ticket = self.tickets.get();
        self.tickets.set(ticket + 1);
        let mut queue = self.queue.borrow_mut();
        queue.push(Reverse(Entry { due, ticket, to: Rc::downgrade(to), request, body }));
        let earliest = queue.peek().is_some_and(|Reverse(entry)| entry.ticket == ticket);
        if earliest && let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }

    /// Sends every answer at its instant; never ends.
    pub(super) async fn run(&self, clock: &dyn Clock) {
        let mut timer: Option<(Nanos, LocalFuture<'_, ()>)> = None;
        poll_fn(|context| {
            loop {
                self.release(clock.now());
                let Some(due) = self.queue.borrow().peek().map(|Reverse(entry)| entry.due) else { break };
                let fresh = || (due, clock.sleep_until(due));
                let (until, waiting) = timer.get_or_insert_with(fresh);
                if *until != due {
                    (*until, *waiting) = fresh();
                }
                if waiting.as_mut().poll(context).is_pending() {
                    break;
                }
                timer = None;
            }
            self.wait(context)
        })
        .await;
    }

    fn wait(&self, context: &Context<'_>) -> Poll<()> {
        *self.waker.borrow_mut() = Some(context.waker().clone());
        Poll::Pending
    }

    /// Hands over what is due, then writes once a connection.
    fn release(&self, now: Nanos) {
        let mut outlets: Vec<Rc<Outlet>> = Vec::new();
        while let Some(entry) = self.due(now) {
            if let Some(outlet) = entry.to.upgrade()
                && outlet.push(entry.request, &entry.body)
            {
                outlets.push(outlet);
            }
        }
        for outlet in outlets {
            outlet.flush();
        }
    }

    fn due(&self, now: Nanos) -> Option<Entry> {
        let mut queue = self.queue.borrow_mut();
        if queue.peek()?.0.due > now {
            return None;
        }
        queue.pop().map(|Reverse(entry)| entry)
    }
}
