//! The stub behind a real socket: a server thread on the loopback interface, and sessions that are connections to it.
//!
//! What a session in this process does by a call costs a system call on either side here, a wake-up and the reading of a
//! frame: what a target on a network costs before it has done anything. The script is played by the server, from the
//! instant at which a request was read to the one at which its answer is written. The clock must run by itself: sockets
//! know nothing of virtual time.

mod agenda;
mod client;
mod connection;
mod descriptors;
mod link;
mod rows;
mod server;
#[cfg(test)]
mod tests;
mod wire;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;

use annvil_core::clock::Clock;
use annvil_core::engine::{Encoded, EngineError, Result};
use annvil_core::scenario::StubSpec;

use super::opening::Opening;
use super::places::Places;
use crate::flat::Flat;

pub(super) use client::connect;

/// What the server plays.
pub(super) struct Play {
    pub(super) spec: StubSpec,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) scan: Arc<Flat>,
    pub(super) places: Option<Arc<Places>>,
    pub(super) opening: Arc<Opening>,
}

/// A running server. Dropping it closes its connections and ends its thread.
pub(super) struct Server {
    door: Arc<Door>,
    thread: Option<JoinHandle<()>>,
}

/// What sessions and the server's thread share.
pub(super) struct Door {
    address: SocketAddr,
    /// Encodings by number, as a server knows prepared statements by name; it forgets what no session uses.
    encodings: Mutex<Encodings>,
    /// Whether a connection waits in vain, because the server has no descriptor for it.
    short: AtomicBool,
    stop: Stop,
}

#[derive(Default)]
struct Encodings {
    known: Vec<(u64, Weak<Encoded>)>,
    next: u64,
}

impl Server {
    /// Starts the thread and waits until it listens.
    pub(super) fn start(play: Play) -> Result<Self> {
        let failed = |cause: &dyn std::fmt::Display| EngineError::failed("stub", "start its server", cause);
        descriptors::raise();
        let (sender, receiver) = std::sync::mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("stub-server".to_owned())
            .spawn(move || server::run(play, &sender))
            .map_err(|cause| failed(&cause))?;
        match receiver.recv() {
            Ok(Ok(door)) => Ok(Self { door, thread: Some(thread) }),
            Ok(Err(cause)) => Err(failed(&cause)),
            Err(_) => Err(failed(&"its thread ended")),
        }
    }

    /// What a session needs to reach it.
    pub(super) fn door(&self) -> Arc<Door> {
        Arc::clone(&self.door)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.door.stop.raise();
        if let Some(thread) = self.thread.take() {
            // A panic of the server was reported when it happened; its connections are closed either way.
            let _ = thread.join();
        }
    }
}

impl Door {
    fn new(address: SocketAddr) -> Self {
        Self { address, encodings: Mutex::default(), short: AtomicBool::new(false), stop: Stop::default() }
    }

    /// The number of an encoding.
    fn enter(&self, encoded: &Arc<Encoded>) -> u64 {
        let mut encodings = self.encodings.lock().unwrap_or_else(PoisonError::into_inner);
        encodings.known.retain(|(_, known)| known.strong_count() > 0);
        let same = |known: &Weak<Encoded>| known.upgrade().is_some_and(|known| Arc::ptr_eq(&known, encoded));
        if let Some((number, _)) = encodings.known.iter().find(|(_, known)| same(known)) {
            return *number;
        }
        let number = encodings.next;
        encodings.next += 1;
        encodings.known.push((number, Arc::downgrade(encoded)));
        number
    }

    /// The encoding of a number.
    fn encoding(&self, number: u64) -> Option<Arc<Encoded>> {
        let encodings = self.encodings.lock().unwrap_or_else(PoisonError::into_inner);
        encodings.known.iter().find(|(known, _)| *known == number).and_then(|(_, known)| known.upgrade())
    }
}

/// A request to end, from another thread.
#[derive(Default)]
struct Stop {
    raised: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Stop {
    fn raise(&self) {
        self.raised.store(true, Ordering::SeqCst);
        if let Some(waker) = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take() {
            waker.wake();
        }
    }

    fn poll(&self, context: &Context<'_>) -> Poll<()> {
        // First the waker, then the look: a request between the two wakes it.
        *self.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(context.waker().clone());
        if self.raised.load(Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }
    }
}
