//! The life of a thread: it opens its sessions, warms them up, waits for the start and drives them to the end.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Barrier, Mutex, OnceLock, PoisonError};

use annvil_core::engine::{Mode, Session};
use annvil_core::plan::stream;
use annvil_core::units::Nanos;
use futures_util::StreamExt;
use futures_util::stream::{FuturesUnordered, iter};

use crate::cancel::{Cancel, Reason};
use crate::claims::Claims;
use crate::crew::Crew;
use crate::drive::{Bench, Slot};
use crate::recorder::{Flush, Left, Recorder, Reservoir};
use crate::runner::{KEPT, Load, LoadError, panic_message};
use crate::time::{runtime, thread_cpu_time};
use crate::warm::Warming;

/// Sessions that a thread opens at the same time.
const OPENING: usize = 64;

/// What the threads of a phase share.
pub(crate) struct Shared {
    pub(crate) load: Load,
    open: bool,
    threads: usize,
    /// All threads and the one that collects: passed when opened, when warm, and at the start.
    pub(crate) barrier: Barrier,
    pub(crate) claims: OnceLock<Claims>,
    pub(crate) failure: Mutex<Option<LoadError>>,
    pub(crate) cancel: Cancel,
    pub(crate) warming: Warming,
}

/// A session and its number among all of them.
type Numbered = (usize, Box<dyn Session>);

impl Shared {
    pub(crate) fn new(load: Load, open: bool, threads: usize) -> Self {
        let cancel = load.cancel.inner();
        Self {
            open,
            threads,
            barrier: Barrier::new(threads + 1),
            claims: OnceLock::new(),
            failure: Mutex::new(None),
            warming: Warming::new(load.warmup, open, cancel.clone()),
            cancel,
            load,
        }
    }

    /// The life of a thread. Whatever happens before the start, every barrier is passed: others wait there.
    pub(crate) fn live(&self, number: usize, sender: Sender<Flush>) -> Option<Left> {
        let opened = self.guarded(|| {
            let runtime = runtime().map_err(|cause| LoadError::Threads { threads: self.threads, cause })?;
            let sessions = runtime.block_on(self.connect(number))?;
            Ok((runtime, sessions))
        });
        self.barrier.wait();
        let warm = opened.and_then(|(runtime, sessions)| {
            self.guarded(|| {
                runtime.block_on(self.warm_up(&sessions));
                Ok((runtime, sessions))
            })
        });
        self.barrier.wait();
        self.barrier.wait();
        let (runtime, sessions) = warm?;
        let claims = self.claims.get()?;
        let recorder = RefCell::new(recorder(&self.load, number, self.threads, claims, sender));
        let before = (waiting(), thread_cpu_time());
        self.guarded(|| {
            let bench = Bench {
                clock: &*self.load.clock,
                claims,
                work: &self.load.work,
                recorder: &recorder,
                timeout: self.load.timeout,
                mode: self.load.engine.mode(),
            };
            runtime.block_on(self.drive(number, bench, &sessions));
            Ok(())
        });
        let mut own = recorder.into_inner().finish();
        let since = |now: Option<Nanos>, before: Option<Nanos>| {
            now.zip(before).map(|(now, before)| now.saturating_sub(before))
        };
        own.waited = since(waiting(), before.0);
        own.cpu = since(thread_cpu_time(), before.1);
        // Sessions that hold a connection are closed where they were opened.
        runtime.block_on(async { drop(sessions) });
        Some(own)
    }

    /// Opens this thread's share of the sessions.
    async fn connect(&self, thread: usize) -> Result<Vec<Numbered>, LoadError> {
        let opening = (thread..self.load.sessions).step_by(self.threads).map(|number| async move {
            let session = self.load.engine.session(Arc::clone(&self.load.encoded)).await?;
            Ok::<Numbered, LoadError>((number, session))
        });
        let mut opening = iter(opening).buffer_unordered(OPENING);
        let mut sessions = Vec::new();
        while let Some(session) = opening.next().await {
            if self.cancel.reason().is_some() {
                break;
            }
            sessions.push(session?);
        }
        sessions.sort_unstable_by_key(|(number, _)| *number);
        Ok(sessions)
    }

    async fn warm_up(&self, sessions: &[Numbered]) {
        let all: FuturesUnordered<_> = sessions
            .iter()
            .map(|(number, session)| self.warming.warm(&self.load, *number, &**session))
            .collect();
        all.count().await;
    }

    async fn drive(&self, thread: usize, bench: Bench<'_>, sessions: &[Numbered]) {
        let start = bench.claims.start();
        if let (true, Mode::Multiplexed(each)) = (self.open, bench.mode) {
            let sessions: Vec<&dyn Session> = sessions.iter().map(|(_, session)| &**session).collect();
            // The places that may be in flight are dealt out evenly.
            let most = self.load.in_flight();
            let most = most / self.threads + usize::from(thread < most % self.threads);
            if most > 0 {
                Crew { bench, sessions: &sessions, each, most }.run().await;
            }
            return;
        }
        let slots: Vec<Slot<'_>> = sessions
            .iter()
            .map(|(number, session)| Slot {
                bench,
                session: &**session,
                class: if self.open { 0 } else { self.load.class_of(*number) },
                begin: self.load.begin(*number, start),
            })
            .collect();
        if let [only] = slots.as_slice() {
            // An in-process engine is not made to pay for a set of one.
            return only.run().await;
        }
        let all: FuturesUnordered<_> = slots.iter().map(Slot::run).collect();
        all.count().await;
    }

    /// Runs a step; an error or a panic is kept and stops the other threads.
    fn guarded<T>(&self, step: impl FnOnce() -> Result<T, LoadError>) -> Option<T> {
        let result = catch_unwind(AssertUnwindSafe(step))
            .unwrap_or_else(|panic| Err(LoadError::Panicked(panic_message(&*panic))));
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                self.cancel.raise(Reason::Failure);
                None
            }
        }
    }
}

/// The recorder of one thread of several.
pub(crate) fn recorder(
    load: &Load,
    thread: usize,
    threads: usize,
    claims: &Claims,
    sender: Sender<Flush>,
) -> Recorder {
    let reservoirs = (0..load.work.tasks().len())
        .map(|task| {
            let random = stream(load.seed, &format!("reservoir {thread} {task}"));
            Reservoir::new((KEPT / threads).max(1), random)
        })
        .collect();
    Recorder::new(thread, claims.start(), claims.deadline(), claims.is_open(), sender, reservoirs)
}

/// Time that this thread was ready to run and waited for a processor, since it was started (Linux).
fn waiting() -> Option<Nanos> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Nanos(text.split_whitespace().nth(1)?.parse().ok()?))
}
