//! How fresh answers are: rows are upserted by a session of its own and searched for until they are found.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use annvil_core::clock::Clock;
use annvil_core::engine::{Encoded, Engine};
use annvil_core::histogram::Histogram;
use annvil_core::operation::{OpRef, Reply};
use annvil_core::units::{Nanos, Rate};

use crate::churn::NewRows;
use crate::drive::limited;
use crate::runner::LoadError;
use crate::time::runtime;

/// Pause between two searches for a row that was not found yet.
const PAUSE: Nanos = Nanos::from_micros(500);

/// What is probed with.
pub struct Probing {
    /// The system under test.
    pub engine: Arc<dyn Engine>,
    /// Forms and queries in its encoding; the vectors of `rows` are queries from `first_query` on.
    pub encoded: Arc<Encoded>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Rows that are upserted, one at a time.
    pub rows: Arc<NewRows>,
    /// The form that searches for them.
    pub form: usize,
    /// Number of the query that is the first row's vector.
    pub first_query: usize,
    /// Rows upserted a second.
    pub rate: Rate,
    /// How long a row is searched for.
    pub limit: Nanos,
    /// Time limit of an operation.
    pub timeout: Nanos,
    /// Number of the first upsert.
    pub first: u64,
}

/// What probing found.
#[derive(Debug, Default)]
pub struct Probed {
    /// From the acknowledgement of a row to the end of the first search that found it.
    pub time: Histogram,
    /// Rows acknowledged and searched for.
    pub probes: u64,
    /// Rows that were not found within the limit.
    pub lost: u64,
    /// Upserts and searches that failed.
    pub failed: u64,
    /// Number of the next upsert.
    pub next: u64,
    /// Upserts that failed: nobody knows whether their rows are there.
    pub unsure: Vec<u64>,
}

/// Probing that goes on beside the load.
pub struct Prober {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<Probed, LoadError>>>,
}

/// Given up with the load that it stood beside.
impl Drop for Prober {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Prober {
    /// Begins, on a thread of its own.
    pub fn start(probing: Probing) -> Result<Self, LoadError> {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let failed = |cause| LoadError::Threads { threads: 1, cause };
        let thread = std::thread::Builder::new()
            .name("freshness".to_owned())
            .spawn(move || {
                let runtime = runtime().map_err(failed)?;
                runtime.block_on(probe(&probing, &flag))
            })
            .map_err(failed)?;
        Ok(Self { stop, thread: Some(thread) })
    }

    /// Ends it and takes what it found.
    pub fn finish(mut self) -> Result<Probed, LoadError> {
        self.stop.store(true, Ordering::Relaxed);
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(probed)) => probed,
            Some(Err(panic)) => Err(LoadError::Panicked(crate::runner::panic_message(&*panic))),
            None => Ok(Probed::default()),
        }
    }
}

async fn probe(probing: &Probing, stop: &AtomicBool) -> Result<Probed, LoadError> {
    let Probing { clock, rows, .. } = probing;
    let session = probing.engine.session(Arc::clone(&probing.encoded)).await?;
    let clock: &dyn Clock = &**clock;
    let mut reply = Reply::default();
    let mut found = Probed { next: probing.first, ..Probed::default() };
    let apart = Nanos((1e9 / probing.rate.0.max(0.001)) as u64);
    let mut due = clock.now();
    while !stop.load(Ordering::Relaxed) {
        let number = found.next;
        found.next += 1;
        let batch = rows.batch(number);
        let id = batch.ids[0];
        let written =
            limited(&*session, OpRef::Upsert { rows: batch }, &mut reply, clock, probing.timeout).await;
        if written.is_err() {
            found.failed += 1;
            found.unsure.push(number);
        } else {
            found.probes += 1;
            let query = probing.first_query + rows.vector_of(number);
            let acknowledged = clock.now();
            let until = acknowledged.saturating_add(probing.limit);
            loop {
                let search = OpRef::Search { form: probing.form, query };
                let result = limited(&*session, search, &mut reply, clock, probing.timeout).await;
                let now = clock.now();
                if result.is_err() {
                    found.failed += 1;
                } else if reply.ids.contains(&id) {
                    found.time.record(now.saturating_sub(acknowledged));
                    break;
                }
                if now >= until {
                    found.lost += 1;
                    break;
                }
                // Somebody else needs the processor too.
                clock.sleep_until(now.saturating_add(PAUSE)).await;
            }
        }
        due = due.saturating_add(apart).max(clock.now());
        // In slices, so that the end of a phase is heard.
        while clock.now() < due && !stop.load(Ordering::Relaxed) {
            clock.sleep_until(due.min(clock.now().saturating_add(Nanos(50_000_000)))).await;
        }
    }
    Ok(found)
}
