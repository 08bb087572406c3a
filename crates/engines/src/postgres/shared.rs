//! What an engine and its sessions share.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use annvil_core::clock::Clock;
use annvil_core::engine::{Result, driving_threads};
use annvil_core::form::Params;
use annvil_core::histogram::Histogram;
use annvil_core::scenario::{Pooler, PostgresSpec};

use super::address::Address;
use super::encoded::Ready;
use super::link::{Link, Way};
use crate::{read, write};

/// What an engine and its sessions share.
pub(super) struct Shared {
    pub(super) spec: PostgresSpec,
    pub(super) address: Address,
    pub(super) clock: Arc<dyn Clock>,
    /// Tells this engine from every other of the process.
    pub(super) number: u64,
    /// The point of the sweep, and how many there were before it.
    point: RwLock<Params>,
    points: AtomicU64,
    pools: AtomicUsize,
    counted: Mutex<Counted>,
}

/// What was counted since it was last asked for.
#[derive(Default)]
pub(super) struct Counted {
    pub(super) waits: Option<Histogram>,
    pub(super) connections: u64,
}

impl Shared {
    pub(super) fn new(spec: PostgresSpec, address: Address, clock: Arc<dyn Clock>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            spec,
            address,
            clock,
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            point: RwLock::default(),
            points: AtomicU64::new(0),
            pools: AtomicUsize::new(0),
            counted: Mutex::default(),
        }
    }

    /// How statements of sessions reach the server.
    pub(super) fn way(&self) -> Way {
        match self.spec.pooler {
            Pooler::Transaction => Way::Transaction,
            Pooler::None => Way::Alone,
        }
    }

    /// Sessions search at this point from their next call on.
    pub(super) fn apply(&self, point: &Params) {
        let mut now = write(&self.point);
        if *now != *point {
            now.clone_from(point);
            self.points.fetch_add(1, Ordering::Release);
        }
    }

    /// The point and its number.
    pub(super) fn point(&self) -> (u64, Params) {
        let point = read(&self.point);
        (self.points.load(Ordering::Acquire), point.clone())
    }

    /// Opens a connection of a session, at the point that holds now.
    pub(super) async fn connect(&self, ready: &Ready) -> Result<Link> {
        let (number, point) = self.point();
        let settings = ready.design.settings(&point);
        let link = Link::open(&self.address, (self.way(), self.spec.is_prepared()), ready, number, &settings)
            .await?;
        self.counted().connections += 1;
        Ok(link)
    }

    /// Brings a connection to the point that holds now.
    #[inline]
    pub(super) async fn bring(
        &self,
        link: &Link,
        ready: &Ready,
    ) -> std::result::Result<(), tokio_postgres::Error> {
        if link.point.get() == self.points.load(Ordering::Acquire) {
            return Ok(());
        }
        let (number, point) = self.point();
        link.set(number, &ready.design.settings(&point)).await
    }

    /// The share of the connections that the next thread has, at least one; `None` if each session has its own.
    pub(super) fn next_share(&self) -> Option<usize> {
        let pool = self.spec.pool?;
        let threads = driving_threads(usize::MAX);
        let thread = self.pools.fetch_add(1, Ordering::Relaxed) % threads;
        Some((pool / threads + usize::from(thread < pool % threads)).max(1))
    }

    /// Takes what a pool noted of how long calls waited for a connection.
    pub(super) fn waited(&self, waits: &Histogram) {
        self.counted().waits.get_or_insert_with(Histogram::new).add(waits);
    }

    /// What was counted since the last time.
    pub(super) fn take_counted(&self) -> Counted {
        std::mem::take(&mut *self.counted())
    }

    fn counted(&self) -> std::sync::MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
