//! Open load with many operations in flight on one thread: arrivals are released at their instants, each to whichever
//! session has room.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use annvil_core::engine::Session;
use annvil_core::operation::Reply;
use annvil_core::sample::Sample;
use annvil_core::units::Nanos;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::claims::Claim;
use crate::drive::{Bench, limited};

/// The sessions of one thread in open load.
pub(crate) struct Crew<'a> {
    /// What all of them share.
    pub(crate) bench: Bench<'a>,
    /// The sessions.
    pub(crate) sessions: &'a [&'a dyn Session],
    /// Operations that a session may have in flight.
    pub(crate) each: usize,
    /// Operations that the thread may have in flight.
    pub(crate) most: usize,
}

/// Room for operations: of the sessions, and of the thread as a whole.
struct Room {
    /// Sessions that have room, in turn.
    open: VecDeque<usize>,
    /// Operations in flight, by session.
    loaded: Vec<usize>,
    each: usize,
    /// Places that were never taken.
    unused: usize,
    /// When the other free places became free, oldest first.
    freed: VecDeque<Nanos>,
}

impl Room {
    fn new(sessions: usize, each: usize, most: usize) -> Self {
        Self {
            open: (0..sessions).collect(),
            loaded: vec![0; sessions],
            each,
            unused: most.min(sessions.saturating_mul(each)),
            freed: VecDeque::new(),
        }
    }

    /// Since when there is room, if there is any; `start` for what was never taken.
    fn free(&self, start: Nanos) -> Option<Nanos> {
        if self.unused > 0 { Some(start) } else { self.freed.front().copied() }
    }

    /// Takes the room that has been free for longest and says whose it is.
    fn take(&mut self) -> usize {
        if self.unused > 0 {
            self.unused -= 1;
        } else {
            self.freed.pop_front();
        }
        // There is a session with room whenever there is a place.
        let session = self.open.pop_front().unwrap_or(0);
        self.loaded[session] += 1;
        if self.loaded[session] < self.each {
            self.open.push_back(session);
        }
        session
    }

    fn give_back(&mut self, session: usize, at: Nanos) {
        if self.loaded[session] == self.each {
            self.open.push_back(session);
        }
        self.loaded[session] -= 1;
        self.freed.push_back(at);
    }
}

/// An operation that has ended.
struct Landed {
    session: usize,
    done: Nanos,
}

impl Crew<'_> {
    /// Works until the schedule is at its end and everything in flight has landed.
    pub(crate) async fn run(&self) {
        let Bench { clock, claims, .. } = self.bench;
        let room = RefCell::new(Room::new(self.sessions.len(), self.each, self.most));
        // Answers to be used again.
        let spare: RefCell<Vec<Reply>> = RefCell::default();
        let mut flying = FuturesUnordered::new();
        let back = |landed: Landed| room.borrow_mut().give_back(landed.session, landed.done);
        let start = claims.start();
        loop {
            let free = room.borrow().free(start);
            let Some(free) = free else {
                if let Some(landed) = flying.next().await {
                    back(landed);
                }
                continue;
            };
            let Some(claim) = claims.take(0, free) else { break };
            // While it waits for its instant, those in flight go on.
            let mut waiting = pin!(claims.wait(clock, claim.intended));
            let due = poll_fn(|context| {
                while let Poll::Ready(Some(landed)) = flying.poll_next_unpin(context) {
                    back(landed);
                }
                waiting.as_mut().poll(context)
            })
            .await;
            if !due {
                self.bench.never_sent(0, claim);
                break;
            }
            let session = room.borrow_mut().take();
            let reply = spare.borrow_mut().pop().unwrap_or_default();
            flying.push(self.fly(claim, free, session, reply, &spare));
            // Sent now, not when the next arrival has been looked at.
            poll_fn(|context| {
                while let Poll::Ready(Some(landed)) = flying.poll_next_unpin(context) {
                    back(landed);
                }
                Poll::Ready(())
            })
            .await;
        }
        while flying.next().await.is_some() {}
    }

    async fn fly(
        &self,
        claim: Claim,
        free: Nanos,
        session: usize,
        mut reply: Reply,
        spare: &RefCell<Vec<Reply>>,
    ) -> Landed {
        let Bench { clock, work, recorder, timeout, .. } = self.bench;
        let todo = work.operation(0, claim.first);
        let sent = clock.now();
        recorder.borrow_mut().sent(sent);
        let result = limited(self.sessions[session], todo.op, &mut reply, clock, timeout).await;
        let done = clock.now();
        let sample = Sample { intended: claim.intended, free, sent, done };
        self.bench.write_down(0, claim, todo, sample, result, &reply);
        spare.borrow_mut().push(reply);
        Landed { session, done }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_given_in_turn_and_since_it_was_free() {
        let mut room = Room::new(2, 2, 3);
        assert_eq!([room.take(), room.take(), room.take()], [0, 1, 0]);
        assert_eq!(room.free(Nanos(7)), None);
        room.give_back(0, Nanos(20));
        room.give_back(1, Nanos(30));
        assert_eq!(room.free(Nanos(7)), Some(Nanos(20)));
        assert_eq!(room.take(), 1);
        assert_eq!(room.free(Nanos(7)), Some(Nanos(30)));
    }
}
