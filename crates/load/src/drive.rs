//! One operation at a time: take it, wait for its instant, send it, write down what came.
//!
//! Closed load, and open load on engines whose calls occupy their thread, run through here; [`crate::crew`] does the same
//! for many operations in flight on one thread.

use std::cell::RefCell;
use std::future::poll_fn;
use std::task::Poll;

use annvil_core::clock::{Clock, LocalFuture};
use annvil_core::engine::{Mode, Session};
use annvil_core::operation::{OpError, OpRef, Reply};
use annvil_core::sample::Sample;
use annvil_core::units::Nanos;

use crate::claims::{Claim, Claims};
use crate::recorder::Recorder;
use crate::work::{Todo, Work};

/// What every operation of a thread needs.
#[derive(Clone, Copy)]
pub(crate) struct Bench<'a> {
    /// The clock.
    pub(crate) clock: &'a dyn Clock,
    /// Where operations come from.
    pub(crate) claims: &'a Claims,
    /// What they are.
    pub(crate) work: &'a Work,
    /// Where they are written down; shared by all that the thread does.
    pub(crate) recorder: &'a RefCell<Recorder>,
    /// Time limit of an operation.
    pub(crate) timeout: Nanos,
    /// Whether calls can wait.
    pub(crate) mode: Mode,
}

impl Bench<'_> {
    /// Writes down how an operation ended.
    pub(crate) fn write_down(
        &self,
        class: usize,
        claim: Claim,
        todo: Todo<'_>,
        sample: Sample,
        result: Result<(), OpError>,
        reply: &Reply,
    ) {
        let mut recorder = self.recorder.borrow_mut();
        // A session that can't be interrupted answers late: too late is not an answer.
        let result = result
            .and_then(|()| if sample.service() > self.timeout { Err(OpError::Timeout) } else { Ok(()) });
        match result {
            Ok(()) => {
                recorder.answered(todo.task, sample, 1);
                if let OpRef::Search { query, .. } = todo.op {
                    recorder.keep(todo.task, query, reply);
                }
            }
            Err(error) => {
                recorder.failed(todo.task, sample, &error, 1);
                if self.work.tasks()[todo.task].writes() {
                    recorder.unsure(class, claim.first);
                }
            }
        }
        recorder.landed(&sample);
    }

    /// Writes down that an operation was taken on and never sent, because everything ended.
    pub(crate) fn never_sent(&self, class: usize, claim: Claim) {
        let writes = |k| self.work.tasks()[self.work.place(class, k).0].writes();
        for k in (claim.first..claim.first + claim.count).filter(|k| writes(*k)) {
            self.recorder.borrow_mut().unsure(class, k);
        }
    }
}

/// A session that does one operation at a time.
pub(crate) struct Slot<'a> {
    /// What it shares with the others of its thread.
    pub(crate) bench: Bench<'a>,
    /// The session.
    pub(crate) session: &'a dyn Session,
    /// The class of users that it belongs to.
    pub(crate) class: usize,
    /// When it begins, in closed load.
    pub(crate) begin: Nanos,
}

impl Slot<'_> {
    /// Works until there is nothing left to do.
    pub(crate) async fn run(&self) {
        let Bench { clock, claims, .. } = self.bench;
        let mut reply = Reply::default();
        // In open load a session is free from the start, however late its thread woke up: that delay is ours.
        let mut free = if claims.is_open() { claims.start() } else { clock.now().max(claims.start()) };
        // In closed load it does one operation even if the time is over: a phase shorter than waking up is not nothing.
        let mut next = claims.first(self.class, self.begin.max(free));
        while let Some(claim) = next {
            if claim.intended > free && !claims.wait(clock, claim.intended).await {
                self.bench.never_sent(self.class, claim);
                return;
            }
            free = if claim.count == 1 {
                self.one(claim, free, &mut reply).await
            } else {
                self.several(claim, free, &mut reply).await
            };
            next = claims.take(self.class, free);
        }
    }

    async fn one(&self, claim: Claim, free: Nanos, reply: &mut Reply) -> Nanos {
        let Bench { clock, work, recorder, timeout, .. } = self.bench;
        let todo = work.operation(self.class, claim.first);
        let sent = clock.now();
        recorder.borrow_mut().sent(sent);
        let result = limited(self.session, todo.op, reply, clock, timeout).await;
        let done = clock.now();
        let sample = Sample { intended: claim.intended, free, sent, done };
        self.bench.write_down(self.class, claim, todo, sample, result, reply);
        done
    }

    /// Operations so short that reading the clock for each would be most of what is measured. All are of one kind.
    async fn several(&self, claim: Claim, free: Nanos, reply: &mut Reply) -> Nanos {
        let Bench { clock, work, recorder, timeout, mode, .. } = self.bench;
        let mut failures: Vec<(OpError, u64)> = Vec::new();
        let mut answered = 0;
        let task = work.operation(self.class, claim.first).task;
        let sent = clock.now();
        recorder.borrow_mut().sent(sent);
        for k in claim.first..claim.first + claim.count {
            let operation = work.operation(self.class, k).op;
            // A call that never waits needs no timer, and even passing one by would cost as much as fetching a row.
            let result = match mode {
                Mode::Blocking => self.session.call(operation, reply).await,
                Mode::Multiplexed(_) => limited(self.session, operation, reply, clock, timeout).await,
            };
            match result {
                Ok(()) => answered += 1,
                Err(error) => match failures.iter_mut().find(|(known, _)| known.kind() == error.kind()) {
                    Some((_, count)) => *count += 1,
                    None => failures.push((error, 1)),
                },
            }
        }
        let done = clock.now();
        // The operations of a batch share its time, whatever became of each.
        let took = done.saturating_sub(sent).0;
        let share = |count: u64| Sample {
            intended: claim.intended,
            free,
            sent,
            done: sent.saturating_add(Nanos(took * count / claim.count)),
        };
        let mut recorder = recorder.borrow_mut();
        if answered > 0 {
            recorder.answered(task, share(answered), answered);
        }
        for (error, count) in &failures {
            recorder.failed(task, share(*count), error, *count);
        }
        recorder.landed(&share(claim.count));
        done
    }
}
/// A call that is dropped when its time is over. Engines that answer without waiting never see the timer.
#[inline]
pub async fn limited(
    session: &dyn Session,
    operation: OpRef<'_>,
    reply: &mut Reply,
    clock: &dyn Clock,
    timeout: Nanos,
) -> Result<(), OpError> {
    let mut call = session.call(operation, reply);
    match poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await {
        Poll::Ready(result) => result,
        // Boxed, so that the usual way stays small: it is taken for operations of a few nanoseconds.
        Poll::Pending => Box::pin(waited(call, clock, timeout)).await,
    }
}

/// The answer of a call that did not come at once, or the end of its time.
async fn waited(
    mut call: LocalFuture<'_, Result<(), OpError>>,
    clock: &dyn Clock,
    timeout: Nanos,
) -> Result<(), OpError> {
    let mut timer = clock.time_limit(clock.now().saturating_add(timeout));
    poll_fn(|context| {
        if let Poll::Ready(result) = call.as_mut().poll(context) {
            return Poll::Ready(result);
        }
        timer.as_mut().poll(context).map(|()| Err(OpError::Timeout))
    })
    .await
}
