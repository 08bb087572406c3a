//! The one loop: take an operation, wait for its instant, send it, write down what came.
//!
//! Closed and open load, blocking and multiplexed engines, real and virtual time all run through here.

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
use crate::work::Work;

/// What a slot needs to do its work. A slot does one operation at a time.
pub(crate) struct Slot<'a> {
    /// The session, which other slots may share.
    pub(crate) session: &'a dyn Session,
    /// The clock.
    pub(crate) clock: &'a dyn Clock,
    /// Where operations come from.
    pub(crate) claims: &'a Claims,
    /// What they are.
    pub(crate) work: &'a Work,
    /// Where they are written down; shared by the slots of one thread.
    pub(crate) recorder: &'a RefCell<Recorder>,
    /// Time limit of an operation.
    pub(crate) timeout: Nanos,
    /// Whether calls can wait.
    pub(crate) mode: Mode,
}

impl Slot<'_> {
    /// Works until there is nothing left to do.
    pub(crate) async fn run(&self) {
        let mut reply = Reply::default();
        let mut free = self.clock.now().max(self.claims.start());
        // However late the thread woke up, it does one operation: a phase that is shorter than that is not nothing.
        let mut next = self.claims.first(free);
        while let Some(claim) = next {
            free = if claim.count == 1 {
                self.one(claim, free, &mut reply).await
            } else {
                self.several(claim, free, &mut reply).await
            };
            next = self.claims.take(free);
        }
    }

    async fn one(&self, claim: Claim, free: Nanos, reply: &mut Reply) -> Nanos {
        let operation = self.work.operation(claim.first);
        if claim.intended > free {
            self.clock.sleep_until(claim.intended).await;
        }
        let sent = self.clock.now();
        let result = limited(self.session, operation, reply, self.clock, self.timeout).await;
        let done = self.clock.now();
        let sample = Sample { intended: claim.intended, free, sent, done };
        let mut recorder = self.recorder.borrow_mut();
        match result {
            // A session that can't be interrupted answers late: too late is not an answer.
            Ok(()) if sample.service() > self.timeout => recorder.failed(sample, &OpError::Timeout, 1),
            Ok(()) => {
                recorder.answered(sample, 1);
                if let OpRef::Search { query, .. } = operation {
                    recorder.keep(query, reply);
                }
            }
            Err(error) => recorder.failed(sample, &error, 1),
        }
        done
    }

    /// Operations so short that reading the clock for each would be most of what is measured.
    async fn several(&self, claim: Claim, free: Nanos, reply: &mut Reply) -> Nanos {
        let mut failures: Vec<(OpError, u64)> = Vec::new();
        let mut answered = 0;
        let sent = self.clock.now();
        for k in claim.first..claim.first + claim.count {
            let operation = self.work.operation(k);
            // A call that never waits needs no timer, and even passing one by would cost as much as fetching a row.
            let result = match self.mode {
                Mode::Blocking => self.session.call(operation, reply).await,
                Mode::Multiplexed(_) => {
                    limited(self.session, operation, reply, self.clock, self.timeout).await
                }
            };
            match result {
                Ok(()) => answered += 1,
                Err(error) => match failures.iter_mut().find(|(known, _)| known.kind() == error.kind()) {
                    Some((_, count)) => *count += 1,
                    None => failures.push((error, 1)),
                },
            }
        }
        let done = self.clock.now();
        // The operations of a batch share its time, whatever became of each.
        let took = done.saturating_sub(sent).0;
        let share = |count: u64| Sample {
            intended: claim.intended,
            free,
            sent,
            done: sent.saturating_add(Nanos(took * count / claim.count)),
        };
        let mut recorder = self.recorder.borrow_mut();
        if answered > 0 {
            recorder.answered(share(answered), answered);
        }
        for (error, count) in &failures {
            recorder.failed(share(*count), error, *count);
        }
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
    let mut timer = clock.sleep_until(clock.now().saturating_add(timeout));
    poll_fn(|context| {
        if let Poll::Ready(result) = call.as_mut().poll(context) {
            return Poll::Ready(result);
        }
        timer.as_mut().poll(context).map(|()| Err(OpError::Timeout))
    })
    .await
}
