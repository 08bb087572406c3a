//! A phase: sessions opened, warmed up, started together, driven to the end, their parts added up.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use annvil_core::clock::Clock;
use annvil_core::engine::{Encoded, Engine, EngineError, Mode, Session, driving_threads};
use annvil_core::record::Interval;
use annvil_core::scenario::WhenFull;
use annvil_core::schedule::Arrivals;
use annvil_core::units::Nanos;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::cancel::{Cancel, Reason};
use crate::claims::{Claims, End, Terms};
use crate::crew::Crew;
use crate::drive::{Bench, Slot};
use crate::measured::{Measured, Task};
use crate::recorder::{Answer, Flush, Left, Part};
use crate::series::Series;
use crate::thread::{Shared, recorder};
use crate::time::cpu_time;
use crate::warm::WarmUp;
use crate::work::Work;

/// Answers kept for scoring, of one phase and form.
pub const KEPT: usize = 20_000;

/// A class of users, in the order of the work's classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Users {
    /// Its share of the sessions in closed load.
    pub weight: u32,
    /// Closed load: time between an answer and the user's next operation.
    pub think: Nanos,
    /// Number of the first operation, where a phase is measured in parts.
    pub first: u64,
}

impl Default for Users {
    fn default() -> Self {
        Self { weight: 1, think: Nanos::ZERO, first: 0 }
    }
}

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
    /// Who does it; one class in open load.
    pub users: Vec<Users>,
    /// Callers at the same time; connections in open load.
    pub sessions: usize,
    /// Threads that drive the sessions of an engine behind a connection; one a core at most unless set.
    pub threads: Option<usize>,
    /// Open load: operations that may be in flight; as many as the sessions carry unless set.
    pub max_in_flight: Option<usize>,
    /// Open load: what becomes of an arrival that finds every session busy.
    pub when_full: WhenFull,
    /// Open load: how long after its end arrivals that still wait are sent.
    pub drain: Nanos,
    /// Closed load: time over which the sessions start one after another.
    pub ramp: Nanos,
    /// When it ends.
    pub end: End,
    /// What is done before the clock starts.
    pub warmup: WarmUp,
    /// Operations timed by one pair of clock readings; closed load.
    pub batch: u64,
    /// Time limit of an operation.
    pub timeout: Nanos,
    /// Seed of the sample of answers that is kept.
    pub seed: u64,
    /// Stopping from outside.
    pub cancel: Cancel,
}

impl Load {
    /// One session in closed load without an end, a warm-up or a limit; every field can be set afterwards.
    pub fn new(
        engine: Arc<dyn Engine>,
        encoded: Arc<Encoded>,
        clock: Arc<dyn Clock>,
        work: impl Into<Arc<Work>>,
    ) -> Self {
        let work = work.into();
        Self {
            engine,
            encoded,
            clock,
            users: vec![Users::default(); work.classes()],
            work,
            sessions: 1,
            threads: None,
            max_in_flight: None,
            when_full: WhenFull::Queue,
            drain: Nanos::from_secs(30),
            ramp: Nanos::ZERO,
            end: End::default(),
            warmup: WarmUp::Operations(0),
            batch: 1,
            timeout: Nanos::from_secs(30),
            seed: 0,
            cancel: Cancel::new(),
        }
    }

    /// Threads that drive the sessions: one each for in-process engines, whose calls occupy their thread.
    pub fn threads(&self) -> usize {
        match self.engine.mode() {
            Mode::Blocking => self.sessions,
            Mode::Multiplexed(_) => match self.threads {
                Some(threads) => threads.clamp(1, self.sessions.max(1)),
                None => driving_threads(self.sessions),
            },
        }
    }

    /// Operations that may be in flight in open load.
    pub fn in_flight(&self) -> usize {
        let each = match self.engine.mode() {
            Mode::Blocking => 1,
            Mode::Multiplexed(each) => each,
        };
        let carried = self.sessions.saturating_mul(each);
        self.max_in_flight.map_or(carried, |most| most.min(carried))
    }

    /// Whose user a session is: classes get sessions in proportion to their weights.
    pub(crate) fn class_of(&self, session: usize) -> usize {
        let classes = self.users.len();
        if classes == 1 {
            return 0;
        }
        // Every class has one session; the others are dealt out by weight.
        let Some(rest) = session.checked_sub(classes) else { return session };
        let whole: u64 = self.users.iter().map(|users| u64::from(users.weight)).sum();
        let dealt = self.sessions as u64;
        // The class that has fewest for its weight takes the next one.
        let mut have = vec![1u64; classes];
        for _ in 0..rest {
            let next = self.poorest(&have, whole, dealt);
            have[next] += 1;
        }
        self.poorest(&have, whole, dealt)
    }

    /// The class whose share is furthest above what it has.
    fn poorest(&self, have: &[u64], whole: u64, sessions: u64) -> usize {
        let lack = |class: usize| {
            let wanted = u64::from(self.users[class].weight) * sessions;
            i128::from(wanted) - i128::from(have[class] * whole)
        };
        (0..have.len()).reduce(|best, class| if lack(class) > lack(best) { class } else { best }).unwrap_or(0)
    }

    /// When a session begins in closed load.
    pub(crate) fn begin(&self, session: usize, start: Nanos) -> Nanos {
        start.saturating_add(Nanos(self.ramp.0 / self.sessions as u64 * session as u64))
    }

    pub(crate) fn terms(&self, arrivals: Arrivals, start: Nanos) -> Terms {
        Terms {
            arrivals,
            end: self.end,
            batch: self.batch,
            start,
            when_full: self.when_full,
            drain: self.drain,
            ramp: self.ramp.0 > 0,
            classes: self.users.iter().map(|users| (users.first, users.think)).collect(),
        }
    }
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
    #[error("could not start {threads} threads for the sessions: {cause}\n  Try fewer sessions.")]
    Threads {
        /// Threads wanted.
        threads: usize,
        /// What the system said.
        cause: std::io::Error,
    },
}

/// How far a phase is.
#[derive(Debug)]
pub struct Tick<'a> {
    /// Operations taken on so far.
    pub taken: u64,
    /// Time since the start.
    pub elapsed: Nanos,
    /// Operations in flight, as the threads last said.
    pub in_flight: u64,
    /// Totals of the tasks so far, when a second has become complete.
    pub totals: Option<&'a [Part]>,
    /// For each task its line of that second.
    pub latest: Vec<Option<Interval>>,
}

/// What is told while a phase runs; who answers with a break ends the phase, with the reason in words.
pub type Progress<'a> = &'a mut dyn FnMut(&Tick<'_>) -> ControlFlow<String>;

/// How often progress is told.
const TICK: Duration = Duration::from_millis(100);

/// Runs a phase in real time.
pub fn run(load: Load, arrivals: Arrivals, progress: Progress<'_>) -> Result<Measured, LoadError> {
    let open = matches!(arrivals, Arrivals::Open(_));
    let threads = load.threads();
    let shared = Arc::new(Shared::new(load, open, threads));
    let load = &shared.load;
    let began = load.clock.now();
    let (sender, receiver) = channel();
    let mut handles = Vec::with_capacity(threads);
    for number in 0..threads {
        let context = Arc::clone(&shared);
        let sender = sender.clone();
        let handle = std::thread::Builder::new()
            .name(format!("sessions-{number}"))
            .spawn(move || context.live(number, sender));
        match handle {
            Ok(handle) => handles.push(handle),
            // The threads that did start wait at the barrier for good; the process ends the run.
            Err(cause) => return Err(LoadError::Threads { threads, cause }),
        }
    }
    drop(sender);

    shared.barrier.wait(); // every session is open
    let connected = load.clock.now();
    shared.barrier.wait(); // every session is warm
    let start = load.clock.now();
    let process = cpu_time();
    let claims = Claims::new(load.terms(arrivals, start), shared.cancel.clone());
    let claims = shared.claims.get_or_init(|| claims);
    shared.barrier.wait(); // go

    let mut series = Series::new(threads, load.work.tasks().len(), open);
    let ended = collect(&shared, claims, &receiver, &mut series, progress)?;
    let mut left = Vec::with_capacity(handles.len());
    for handle in handles {
        if let Ok(Some(one)) = handle.join() {
            left.push(one);
        }
    }
    if let Some(failure) = shared.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(failure);
    }
    let process_cpu = cpu_time().zip(process).map(|(after, before)| after.saturating_sub(before));
    let mut measured = measured(series, left, claims, threads);
    measured.connecting = connected.saturating_sub(began);
    measured.warming = start.saturating_sub(connected);
    measured.warmed = shared.warming.operations();
    measured.flat = shared.warming.flat();
    measured.process_cpu = process_cpu;
    measured.stopped = load.cancel.reason();
    measured.ended = ended.or_else(|| full(load, shared.cancel.reason()));
    Ok(measured)
}

/// Receives the parts until every session has ended. Gives back why the phase was ended, if it was.
fn collect(
    shared: &Shared,
    claims: &Claims,
    receiver: &Receiver<Flush>,
    series: &mut Series,
    progress: Progress<'_>,
) -> Result<Option<String>, LoadError> {
    let load = &shared.load;
    // A batch is claimed at once and may take its operations' time after each other; who thinks or starts late is not stuck.
    let idle = load.users.iter().map(|users| users.think).max().unwrap_or_default().max(load.ramp);
    let patience = Duration::from(load.timeout).saturating_mul(load.batch.min(1000) as u32)
        + Duration::from(idle)
        + Duration::from_secs(5);
    let mut last = (claims.taken(), Instant::now());
    let mut told = Instant::now();
    let mut ended = None;
    loop {
        let complete = match receiver.recv_timeout(TICK) {
            Ok(flush) => series.add(flush),
            Err(RecvTimeoutError::Disconnected) => return Ok(ended),
            Err(RecvTimeoutError::Timeout) => false,
        };
        if !complete && told.elapsed() < TICK {
            continue;
        }
        told = Instant::now();
        let taken = claims.taken();
        let now = load.clock.now();
        claims.watch(now);
        // With a schedule a session may wait for its next arrival for as long as the phase lasts.
        let waits = claims.is_open() && claims.deadline().is_none_or(|deadline| now < deadline);
        if taken != last.0 || waits && shared.cancel.reason().is_none() {
            last = (taken, Instant::now());
        }
        let tick = Tick {
            taken,
            elapsed: now.saturating_sub(claims.start()),
            in_flight: series.in_flight(),
            totals: complete.then(|| series.totals()),
            latest: if complete { series.latest() } else { Vec::new() },
        };
        if let ControlFlow::Break(why) = progress(&tick)
            && ended.is_none()
        {
            ended = Some(why);
            shared.cancel.raise(Reason::Objective);
        }
        if last.1.elapsed() > patience {
            shared.cancel.raise(Reason::Failure);
            return Err(LoadError::Stuck { limit: load.timeout });
        }
    }
}

/// Why a phase ended because arrivals found every session busy.
fn full(load: &Load, reason: Option<Reason>) -> Option<String> {
    (reason == Some(Reason::Full)).then(|| {
        let most = load.in_flight();
        if load.when_full == WhenFull::Abort {
            format!(
                "an arrival found all {most} operations in flight that may be, and `when_full` is `abort`"
            )
        } else {
            format!("{} after its end arrivals still waited for one of {most} places in flight", load.drain)
        }
    })
}

/// Runs a phase inside a future, all operations on one thread and one session: for virtual time.
pub async fn simulate(load: &Load, arrivals: Arrivals, session: &dyn Session) -> Measured {
    let open = matches!(arrivals, Arrivals::Open(_));
    let (sender, receiver) = channel();
    let start = load.clock.now();
    let cancel = load.cancel.inner();
    let claims = Claims::new(load.terms(arrivals, start), cancel.clone());
    let recorder = RefCell::new(recorder(load, 0, 1, &claims, sender));
    let series = RefCell::new(Series::new(1, load.work.tasks().len(), open));
    let bench = Bench {
        clock: &*load.clock,
        claims: &claims,
        work: &load.work,
        recorder: &recorder,
        timeout: load.timeout,
        mode: load.engine.mode(),
    };
    let drain = || {
        for flush in receiver.try_iter() {
            series.borrow_mut().add(flush);
        }
    };
    // Parts are taken up as they come: those of an hour would fill the memory.
    let collecting = async {
        loop {
            drain();
            load.clock.sleep_until(load.clock.now().saturating_add(Nanos::from_secs(1))).await;
        }
    };
    let working = async {
        if open {
            let sessions = [session];
            let most = load.in_flight();
            Crew { bench, sessions: &sessions, each: most, most }.run().await;
        } else {
            let slots: Vec<Slot<'_>> = (0..load.sessions)
                .map(|number| Slot {
                    bench,
                    session,
                    class: load.class_of(number),
                    begin: load.begin(number, start),
                })
                .collect();
            let mut slots: FuturesUnordered<_> = slots.iter().map(Slot::run).collect();
            while slots.next().await.is_some() {}
        }
    };
    futures_util::future::select(std::pin::pin!(working), std::pin::pin!(collecting)).await;
    let left = recorder.into_inner().finish();
    drain();
    let mut measured = measured(series.into_inner(), vec![left], &claims, 1);
    measured.stopped = load.cancel.reason();
    measured.ended = full(load, cancel.reason());
    measured
}

fn measured(series: Series, left: Vec<Left>, claims: &Claims, threads: usize) -> Measured {
    let start = claims.start();
    let first = left.iter().filter_map(|one| one.first_sent).min().unwrap_or(start);
    let last = left.iter().map(|one| one.last_done).max().unwrap_or(start);
    let window = last.saturating_sub(first);
    let all = |of: fn(&Left) -> Option<Nanos>| {
        left.iter().map(|one| of(one).map(|time| time.0)).sum::<Option<u64>>()
    };
    let flown: u128 = left.iter().map(|one| one.flown).sum();
    let (waited, cpu) = (all(|one| one.waited), all(|one| one.cpu));
    let late = left.iter().map(|one| one.late).sum();
    let (mut answers, mut unsure): (Vec<Vec<Answer>>, Vec<(usize, u64)>) = (Vec::new(), Vec::new());
    for one in left {
        answers.resize_with(one.answers.len().max(answers.len()), Vec::new);
        for (mine, theirs) in answers.iter_mut().zip(one.answers) {
            mine.extend(theirs);
        }
        unsure.extend(one.unsure);
    }
    let mut answers = answers.into_iter();
    let tasks = series
        .finish(last.saturating_sub(start))
        .into_iter()
        .map(|(total, intervals)| Task { total, intervals, answers: answers.next().unwrap_or_default() })
        .collect();
    Measured {
        tasks,
        window,
        threads,
        offers: claims.offers(),
        late,
        in_flight: if window.0 == 0 { 0.0 } else { flown as f64 / window.0 as f64 },
        numbers: claims.numbers(),
        unsure,
        connecting: Nanos::ZERO,
        warming: Nanos::ZERO,
        waited: waited.map(Nanos),
        cpu: cpu.map(Nanos),
        process_cpu: None,
        warmed: 0,
        flat: None,
        stopped: None,
        ended: None,
    }
}

/// The text of a panic.
pub fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}
