//! A connection that is driven by the call that waits for it.
//!
//! tokio-postgres wants its connection spawned as a task: each query then is a message to that task, and each answer wakes
//! the caller by another. Here the connection lies beside its client, and whoever calls drives it: one wake-up a call, by
//! the socket.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Connection, Error, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

/// A connection, encrypted or not.
pub(super) type Wire = Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

/// A connection and whom it wakes.
pub(super) struct Driver {
    /// None after it has ended: only then do calls hear of it.
    wire: RefCell<Option<Wire>>,
    bell: Arc<Bell>,
    waker: Waker,
    /// Why it ended.
    cause: RefCell<Option<Error>>,
}

impl Driver {
    pub(super) fn new(wire: Wire) -> Self {
        let bell = Arc::new(Bell::default());
        let waker = Waker::from(Arc::clone(&bell));
        Self { wire: RefCell::new(Some(wire)), bell, waker, cause: RefCell::new(None) }
    }

    /// Runs a request of this connection's client to its end. The request waits for nothing but the connection.
    pub(super) async fn drive<F: Future>(&self, request: F) -> F::Output {
        let mut request = pin!(request);
        let mut sent = false;
        poll_fn(|context| {
            self.bell.answer_to(context.waker());
            // Once it was sent, the answer comes first: the request has nothing to say before.
            if !sent {
                sent = true;
                if let Poll::Ready(done) = self.ask(request.as_mut()) {
                    return Poll::Ready(done);
                }
            }
            loop {
                self.turn();
                self.bell.rang();
                if let Poll::Ready(done) = self.ask(request.as_mut()) {
                    return Poll::Ready(done);
                }
                // It may have said something, or made room for more.
                if !self.bell.rang() {
                    return Poll::Pending;
                }
            }
        })
        .await
    }

    /// Polls a request. What it tells the connection by that needs to wake nobody: the connection comes next.
    fn ask<F: Future>(&self, request: Pin<&mut F>) -> Poll<F::Output> {
        self.bell.mute(true);
        let answer = request.poll(&mut Context::from_waker(Waker::noop()));
        self.bell.mute(false);
        answer
    }

    /// Writes and reads what can be.
    fn turn(&self) {
        let mut wire = self.wire.borrow_mut();
        let Some(connection) = wire.as_mut() else { return };
        let context = &mut Context::from_waker(&self.waker);
        if let Poll::Ready(ended) = Pin::new(connection).poll(context) {
            *wire = None;
            *self.cause.borrow_mut() = ended.err();
        }
    }

    /// Whether the connection has ended, so far as it has heard.
    pub(super) fn has_ended(&self) -> bool {
        self.wire.borrow().is_none()
    }

    /// Takes note of what came while nobody waited, such as the end of the server.
    pub(super) fn listen(&self) {
        if self.bell.rang() {
            self.turn();
        }
    }

    /// Why the connection ended, if it did with an error; given once.
    pub(super) fn cause(&self) -> Option<Error> {
        self.cause.borrow_mut().take()
    }
}

/// Wakes whoever waits for the connection, and notes that it should be looked at.
#[derive(Default)]
struct Bell {
    muted: AtomicBool,
    rang: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Bell {
    fn answer_to(&self, waker: &Waker) {
        let mut kept = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *kept {
            Some(kept) => kept.clone_from(waker),
            None => *kept = Some(waker.clone()),
        }
    }

    fn mute(&self, muted: bool) {
        self.muted.store(muted, Ordering::Relaxed);
    }

    fn ring(&self) {
        self.rang.store(true, Ordering::Relaxed);
    }

    /// Whether it rang since it was last asked.
    fn rang(&self) -> bool {
        self.rang.swap(false, Ordering::Relaxed)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
        if self.muted.load(Ordering::Relaxed) {
            return;
        }
        if let Some(waker) = &*self.waker.lock().unwrap_or_else(PoisonError::into_inner) {
            waker.wake_by_ref();
        }
    }
}
