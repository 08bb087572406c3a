//! A phase: sessions opened, warmed up, started together, driven to the end, their parts added up.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Barrier, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use annvil_core::clock::Clock;
use annvil_core::engine::{Encoded, Engine, EngineError, Session};
use annvil_core::operation::{OpError, Reply};
use annvil_core::plan::stream;
use annvil_core::record::Interval;
use annvil_core::schedule::Arrivals;
use annvil_core::units::Nanos;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::cancel::{Cancel, Reason};
use crate::claims::{Claims, End};
use crate::drive::{Slot, limited};
use crate::recorder::{Answer, Flush, Part, Recorded, Recorder, Reservoir};
use crate::series::Series;
use crate::time::runtime;
use crate::work::Work;

/// Answers kept for scoring, of one phase and form.
pub const KEPT: usize = 20_000;

/// One phase of load, ready to run.
pub struct Load {
    /// The system under test.
    pub engine: Arc<dyn Engine>,
    /// Forms and queries in its encoding.
    pub encoded: Arc<Encoded>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// What is done.
    pub work: Arc<Work>,
    /// Callers at the same time.
    pub sessions: usize,
    /// When it ends.
    pub end: End,
    /// Operations before the clock starts, over all sessions.
    pub warmup: u64,
    /// Operations timed by one pair of clock readings.
    pub batch: u64,
    /// Time limit of an operation.
    pub timeout: Nanos,
    /// Seed of the sample of answers that is kept.
    pub seed: u64,
    /// Stopping from outside.
    pub cancel: Cancel,
}

/// What a phase measured.
#[derive(Debug)]
pub struct Measured {
    /// Histograms and counts of all sessions.
    pub total: Part,
    /// One entry a second.
    pub intervals: Vec<Interval>,
    /// Answers kept for scoring.
    pub answers: Vec<Answer>,
    /// From the first operation sent to the last one done.
    pub window: Nanos,
    /// Time that opening sessions took, outside the window.
    pub connecting: Nanos,
    /// Time that the warm-up took, outside the window.
    pub warming: Nanos,
    /// Time that the sessions' threads were ready to run and had no processor, all together; absent where the kernel
    /// does not say.
    pub waited: Option<Nanos>,
    /// Operations that the warm-up did.
    pub warmed: u64,
    /// Whether it was stopped before its end.
    pub stopped: Option<Reason>,
}

/// Why a phase could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A session could not be opened.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The engine panicked in a session.
    #[error("the engine panicked: {0}")]
    Panicked(String),
    /// A session does not come back.
    #[error(
        "no session came back from the engine: operations are limited to {limit}, and for longer nothing has moved"
    )]
    Stuck {
        /// Time limit of an operation.
        limit: Nanos,
    },
    /// The threads could not be started.
    #[error("could not start a thread for each of {sessions} sessions: {cause}\n  Try fewer sessions.")]
    Threads {
        /// Sessions wanted.
        sessions: usize,
        /// What the system said.
        cause: std::io::Error,
    },
}

/// What is told while a phase runs: operations taken on so far, and time since the start.
pub type Progress<'a> = &'a mut dyn FnMut(u64, Nanos);

/// How often progress is told.
const TICK: Duration = Duration::from_millis(100);

/// Runs a phase in real time: a thread for each session.
pub fn run(load: Load, arrivals: Arrivals, progress: Progress<'_>) -> Result<Measured, LoadError> {
    let open = matches!(arrivals, Arrivals::Open(_));
    let shared = Arc::new(Shared {
        barrier: Barrier::new(load.sessions + 1),
        claims: OnceLock::new(),
        failure: Mutex::new(None),
        cancel: load.cancel.inner(),
        warmed: AtomicU64::new(0),
        load,
        open,
    });
    let load = &shared.load;
    let began = load.clock.now();
    let (sender, receiver) = channel();
    let mut threads = Vec::with_capacity(load.sessions);
    for number in 0..load.sessions {
        let context = Arc::clone(&shared);
        let sender = sender.clone();
        let thread = std::thread::Builder::new()
            .name(format!("session-{number}"))
            .spawn(move || context.session_thread(number, sender));
        match thread {
            Ok(thread) => threads.push(thread),
            // The threads that did start wait at the barrier for good; the process ends the run.
            Err(cause) => return Err(LoadError::Threads { sessions: load.sessions, cause }),
        }
    }
    drop(sender);

    shared.barrier.wait(); // every session is open
    let connected = load.clock.now();
    shared.barrier.wait(); // every session is warm
    let start = load.clock.now();
    let claims = Claims::new(arrivals, load.end, load.batch, start, shared.cancel.clone());
    let claims = shared.claims.get_or_init(|| claims);
    shared.barrier.wait(); // go

    let mut series = Series::new(load.sessions, open);
    collect(&shared, claims, &receiver, &mut series, progress)?;
    let mut recorded = Vec::with_capacity(threads.len());
    for thread in threads {
        if let Ok(Some(one)) = thread.join() {
            recorded.push(one);
        }
    }
    if let Some(failure) = shared.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(failure);
    }
    let times = Times {
        start,
        connecting: connected.saturating_sub(began),
        warming: start.saturating_sub(connected),
        warmed: shared.warmed.load(Ordering::Relaxed),
    };
    Ok(measured(series, recorded, times, load.cancel.reason()))
}

/// Receives the parts until every session has ended.
fn collect(
    shared: &Shared,
    claims: &Claims,
    receiver: &Receiver<Flush>,
    series: &mut Series,
    progress: Progress<'_>,
) -> Result<(), LoadError> {
    let load = &shared.load;
    // A batch is claimed at once and may take its operations' time after each other.
    let patience =
        Duration::from(load.timeout).saturating_mul(load.batch.min(1000) as u32) + Duration::from_secs(5);
    let mut last = (claims.taken(), Instant::now());
    loop {
        match receiver.recv_timeout(TICK) {
            Ok(flush) => series.add(flush),
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
            Err(RecvTimeoutError::Timeout) => {
                let taken = claims.taken();
                if taken != last.0 {
                    last = (taken, Instant::now());
                }
                progress(taken, load.clock.now().saturating_sub(claims.start()));
                if last.1.elapsed() > patience {
                    shared.cancel.raise(Reason::Failure);
                    return Err(LoadError::Stuck { limit: load.timeout });
                }
            }
        }
    }
}

/// Runs a phase inside a future, all slots on one thread: for virtual time.
pub async fn simulate(load: &Load, arrivals: Arrivals, session: &dyn Session) -> Measured {
    let open = matches!(arrivals, Arrivals::Open(_));
    let (sender, receiver) = channel();
    let start = load.clock.now();
    let claims = Claims::new(arrivals, load.end, load.batch, start, load.cancel.clone());
    let reservoir = Reservoir::new(KEPT, stream(load.seed, "reservoir 0"));
    let recorder = RefCell::new(Recorder::new(0, start, open, sender, reservoir));
    let slot = Slot {
        session,
        clock: &*load.clock,
        claims: &claims,
        work: &load.work,
        recorder: &recorder,
        timeout: load.timeout,
        mode: load.engine.mode(),
    };
    let mut slots: FuturesUnordered<_> = (0..load.sessions).map(|_| slot.run()).collect();
    while slots.next().await.is_some() {}
    drop(slots);
    let one = recorder.into_inner().finish();
    let mut series = Series::new(1, open);
    for flush in receiver.try_iter() {
        series.add(flush);
    }
    let times = Times { start, connecting: Nanos(0), warming: Nanos(0), warmed: 0 };
    measured(series, vec![one], times, load.cancel.reason())
}

#[derive(Clone, Copy)]
struct Times {
    start: Nanos,
    connecting: Nanos,
    warming: Nanos,
    warmed: u64,
}

fn measured(series: Series, recorded: Vec<Recorded>, times: Times, stopped: Option<Reason>) -> Measured {
    let first = recorded.iter().filter_map(|one| one.first_sent).min().unwrap_or(times.start);
    let last = recorded.iter().map(|one| one.last_done).max().unwrap_or(times.start);
    let waited = recorded.iter().map(|one| one.waited.map(|waited| waited.0)).sum::<Option<u64>>();
    let (total, intervals) = series.finish(last.saturating_sub(times.start));
    Measured {
        waited: waited.map(Nanos),
        total,
        intervals,
        answers: recorded.into_iter().flat_map(|one| one.answers).collect(),
        window: last.saturating_sub(first),
        connecting: times.connecting,
        warming: times.warming,
        warmed: times.warmed,
        stopped,
    }
}

/// What the threads of a phase share.
struct Shared {
    load: Load,
    open: bool,
    /// All sessions and the thread that collects: passed when opened, when warm, and at the start.
    barrier: Barrier,
    claims: OnceLock<Claims>,
    failure: Mutex<Option<LoadError>>,
    cancel: Cancel,
    warmed: AtomicU64,
}

impl Shared {
    /// The life of a session. Whatever happens before the start, every barrier is passed: others wait there.
    fn session_thread(&self, number: usize, sender: Sender<Flush>) -> Option<Recorded> {
        let opened = self.guarded(|| {
            let runtime =
                runtime().map_err(|cause| LoadError::Threads { sessions: self.load.sessions, cause })?;
            let session = runtime.block_on(self.load.engine.session(Arc::clone(&self.load.encoded)))?;
            Ok((runtime, session))
        });
        self.barrier.wait();
        let warm = opened.and_then(|(runtime, session)| {
            self.guarded(|| {
                runtime.block_on(self.warm_up(number, &*session));
                Ok((runtime, session))
            })
        });
        self.barrier.wait();
        self.barrier.wait();
        let (runtime, session) = warm?;
        let claims = self.claims.get()?;
        let random = stream(self.load.seed, &format!("reservoir {number}"));
        let reservoir = Reservoir::new((KEPT / self.load.sessions).max(1), random);
        let recorder = RefCell::new(Recorder::new(number, claims.start(), self.open, sender, reservoir));
        let before = waiting();
        self.guarded(|| {
            let slot = Slot {
                session: &*session,
                clock: &*self.load.clock,
                claims,
                work: &self.load.work,
                recorder: &recorder,
                timeout: self.load.timeout,
                mode: self.load.engine.mode(),
            };
            runtime.block_on(slot.run());
            Ok(())
        });
        let mut own = recorder.into_inner().finish();
        own.waited = waiting().zip(before).map(|(after, before)| after.saturating_sub(before));
        Some(own)
    }

    /// Does this session's share of the warm-up and counts it; what fails there shows in the measurement itself.
    async fn warm_up(&self, number: usize, session: &dyn Session) {
        let Load { work, warmup, sessions, timeout, clock, .. } = &self.load;
        let mut reply = Reply::default();
        for k in (number as u64..*warmup).step_by(*sessions) {
            if self.cancel.reason().is_some() {
                return;
            }
            // From the end of the cycle: the first measured operations are then not the ones just done.
            let operation = work.operation(work.cycle() - 1 - k % work.cycle());
            let result = limited(session, operation, &mut reply, &**clock, *timeout).await;
            self.warmed.fetch_add(1, Ordering::Relaxed);
            // An engine that does not answer at all would keep everybody waiting for as long as there are operations.
            if result == Err(OpError::Timeout) {
                return;
            }
        }
    }

    /// Runs a step; an error or a panic is kept and stops the other sessions.
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

/// Time that this thread was ready to run and waited for a processor, since it was started (Linux).
fn waiting() -> Option<Nanos> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Nanos(text.split_whitespace().nth(1)?.parse().ok()?))
}

/// The text of a panic.
pub fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}
