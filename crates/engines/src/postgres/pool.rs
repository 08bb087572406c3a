//! Connections that sessions of a thread share, handed out in the order in which they were asked for.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use annvil_core::engine::{Encoded, Result};
use annvil_core::histogram::Histogram;
use annvil_core::operation::OpError;
use annvil_core::units::Nanos;

use super::encoded::Ready;
use super::fault;
use super::link::Link;
use super::shared::Shared;

/// How long to try to end what the server does for a call that was given up.
const CANCELLING: Duration = Duration::from_secs(5);

thread_local! {
    /// Pools of this thread by engine and encoding.
    static POOLS: RefCell<Vec<(Key, Weak<Pool>)>> = const { RefCell::new(Vec::new()) };
}

/// An engine's number, and where the encoding is.
type Key = (u64, usize);

/// Connections and who waits for one.
pub(super) struct Pool {
    shared: Arc<Shared>,
    /// How long calls waited, where several sessions share it. Of this thread alone: sessions of other threads don't wait for a lock
    /// to note it.
    waits: Option<RefCell<Histogram>>,
    share: usize,
    opened: Cell<usize>,
    /// Places for a connection that nobody uses; one that was lost is empty.
    free: RefCell<Vec<Seat>>,
    waiting: RefCell<VecDeque<Rc<Ticket>>>,
}

/// A place for a connection; empty after it was lost.
struct Seat(Option<Link>);

/// A place in the queue.
#[derive(Default)]
struct Ticket {
    waker: RefCell<Option<Waker>>,
    /// What was handed over.
    seat: RefCell<Option<Seat>>,
}

impl Pool {
    /// The pool of a session that opens now on this thread: its own, or the one of its thread.
    pub(super) fn of(shared: &Arc<Shared>, encoded: &Arc<Encoded>) -> Rc<Self> {
        let key = (shared.number, Arc::as_ptr(encoded).addr());
        POOLS.with_borrow_mut(|pools| {
            pools.retain(|(_, pool)| pool.strong_count() > 0);
            let known = pools.iter().find(|(known, _)| *known == key).and_then(|(_, pool)| pool.upgrade());
            if let Some(known) = known {
                return known;
            }
            let share = shared.next_share();
            let pool = Rc::new(Self {
                shared: Arc::clone(shared),
                waits: share.map(|_| RefCell::new(Histogram::new())),
                share: share.unwrap_or(1),
                opened: Cell::new(0),
                free: RefCell::default(),
                waiting: RefCell::default(),
            });
            if share.is_some() {
                pools.push((key, Rc::downgrade(&pool)));
            }
            pool
        })
    }

    /// Opens a connection, unless there are as many as there may be.
    pub(super) async fn grow(&self, ready: &Ready) -> Result<()> {
        if self.opened.get() == self.share {
            return Ok(());
        }
        self.opened.set(self.opened.get() + 1);
        match self.shared.connect(ready).await {
            Ok(link) => self.put(Seat(Some(link))),
            Err(error) => {
                self.opened.set(self.opened.get() - 1);
                return Err(error);
            }
        }
        Ok(())
    }

    /// A connection that is open, in the settings of the point that holds; waits for its turn.
    pub(super) async fn take(&self, ready: &Ready) -> std::result::Result<Lease<'_>, OpError> {
        let began = self.waits.is_some().then(|| self.shared.clock.now());
        let free = if self.waiting.borrow().is_empty() { self.free.borrow_mut().pop() } else { None };
        let (seat, waited) = if let Some(seat) = free {
            (seat, Nanos::ZERO)
        } else {
            let seat = self.wait().await;
            let since = |began| self.shared.clock.now().saturating_sub(began);
            (seat, began.map_or(Nanos::ZERO, since))
        };
        if let Some(waits) = &self.waits {
            waits.borrow_mut().record(waited);
        }
        let mut lease = Lease { pool: self, link: seat.0 };
        if lease.link.as_ref().is_some_and(|link| !link.is_open()) {
            lease.link = None;
        }
        if let Some(link) = &lease.link {
            link.busy.set(true);
            let brought = self.shared.bring(link, ready).await;
            // Settings that the server refuses are refused again with every call, which says so each time.
            brought.inspect_err(|_| link.busy.set(false)).map_err(|error| fault::call(&error))?;
        } else {
            let link = self.shared.connect(ready).await.map_err(|error| fault::reconnecting(&error))?;
            link.busy.set(true);
            lease.link = Some(link);
        }
        Ok(lease)
    }

    async fn wait(&self) -> Seat {
        let ticket = Rc::new(Ticket::default());
        self.waiting.borrow_mut().push_back(Rc::clone(&ticket));
        let queued = Queued { pool: self, ticket };
        poll_fn(|context| {
            if let Some(seat) = queued.ticket.seat.borrow_mut().take() {
                return Poll::Ready(seat);
            }
            *queued.ticket.waker.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// Hands a connection to the first who waits.
    fn put(&self, seat: Seat) {
        let Some(first) = self.waiting.borrow_mut().pop_front() else {
            self.free.borrow_mut().push(seat);
            return;
        };
        *first.seat.borrow_mut() = Some(seat);
        if let Some(waker) = first.waker.borrow_mut().take() {
            waker.wake();
        }
    }

    /// Gives up a connection whose call was given up: the server is told to stop, and the answer is never read.
    fn abandon(&self, link: &Link) {
        let (token, tls) = (link.cancel_token(), self.shared.address.tls.clone());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(CANCELLING, async move { token.cancel_query(tls).await }));
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // The last session of the thread has ended, as all have before the engine is asked what was counted.
        if let Some(waits) = self.waits.as_ref().filter(|waits| waits.borrow().count() > 0) {
            self.shared.waited(&waits.borrow());
        }
    }
}

/// Leaves the queue when it is dropped; what was handed over goes on to the next.
struct Queued<'a> {
    pool: &'a Pool,
    ticket: Rc<Ticket>,
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.pool.waiting.borrow_mut().retain(|ticket| !Rc::ptr_eq(ticket, &self.ticket));
        if let Some(seat) = self.ticket.seat.borrow_mut().take() {
            self.pool.put(seat);
        }
    }
}

/// A connection for the time of a call.
pub(super) struct Lease<'a> {
    pool: &'a Pool,
    link: Option<Link>,
}

impl Lease<'_> {
    /// The connection, which is open when the lease is given out.
    pub(super) fn link(&self) -> std::result::Result<&Link, OpError> {
        self.link.as_ref().ok_or_else(|| OpError::Refused("the connection is gone".to_owned()))
    }

    /// The call has ended, and its answer was read.
    pub(super) fn done(&self) {
        if let Some(link) = &self.link {
            link.busy.set(false);
        }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut link = self.link.take();
        if let Some(lost) = link.take_if(|link| link.busy.get()) {
            self.pool.abandon(&lost);
        }
        self.pool.put(Seat(link));
    }
}
