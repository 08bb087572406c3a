//! Who does the next operation, and when it is due: one queue for all sessions of a phase.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use annvil_core::clock::Clock;
use annvil_core::scenario::WhenFull;
use annvil_core::schedule::{Arrivals, Schedule};
use annvil_core::units::Nanos;

use crate::cancel::{Cancel, Reason};

/// When a phase ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct End {
    /// After this many operations.
    pub operations: Option<u64>,
    /// When no more operations are due after this long.
    pub duration: Option<Nanos>,
}

/// One or several operations that a session has taken on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Number of the first operation, within its class of users.
    pub first: u64,
    /// How many; more than one only where operations are timed in batches.
    pub count: u64,
    /// When it is due.
    pub intended: Nanos,
}

/// What a queue is made of.
#[derive(Debug)]
pub struct Terms {
    /// When operations are due.
    pub arrivals: Arrivals,
    /// When the phase ends.
    pub end: End,
    /// Operations taken on at once in closed load.
    pub batch: u64,
    /// When the phase begins.
    pub start: Nanos,
    /// What becomes of an arrival that finds every session busy.
    pub when_full: WhenFull,
    /// How long after its end arrivals that still wait are sent; what waits longer is counted as unsent.
    pub drain: Nanos,
    /// Whether sessions start one after another.
    pub ramp: bool,
    /// For each class of users the number of its first operation, and its think time. One class in open load.
    pub classes: Vec<(u64, Nanos)>,
}

/// The queue from which a free session takes the next operation.
///
/// A session takes an operation on as soon as it is free and waits for its instant itself. So the queue is served first
/// come, first served by whichever session is free, no thread that executes operations releases those of others, and
/// an operation that finds every session busy waits just as long as it has to.
#[derive(Debug)]
pub struct Claims {
    counters: Vec<Counter>,
    total: AtomicU64,
    limit: u64,
    deadline: Option<Nanos>,
    batch: u64,
    start: Nanos,
    ramp: bool,
    schedule: Option<Mutex<OpenQueue>>,
    cancel: Cancel,
}

#[derive(Debug)]
struct Counter {
    next: AtomicU64,
    first: u64,
    think: Nanos,
}

struct OpenQueue {
    schedule: Box<dyn Schedule>,
    when_full: WhenFull,
    /// Arrivals after this instant that still wait are given up.
    give_up: Option<Nanos>,
    left: u64,
    next: u64,
    /// The next arrival, if it was looked at already.
    ahead: Option<Nanos>,
    offers: Offers,
}

/// What a schedule offered, and what became of what was not sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offers {
    /// Arrivals that were due.
    pub offered: u64,
    /// Arrivals left out because every session was busy.
    pub dropped: u64,
    /// Arrivals that still waited when the phase was given up.
    pub unsent: u64,
    /// Arrivals and drops of each second.
    pub seconds: Vec<(u32, u32)>,
}

impl Offers {
    fn count(&mut self, offset: Nanos, dropped: bool) {
        let second = (offset.0 / 1_000_000_000) as usize;
        if second >= self.seconds.len() {
            self.seconds.resize(second + 1, (0, 0));
        }
        self.offered += 1;
        self.dropped += u64::from(dropped);
        self.seconds[second].0 += 1;
        self.seconds[second].1 += u32::from(dropped);
    }
}

impl std::fmt::Debug for OpenQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenQueue").field("offers", &self.offers).finish_non_exhaustive()
    }
}

/// How far behind the head of the queue may be, seen from outside, before every session counts as busy.
const OVERDUE: Nanos = Nanos(100_000_000);

/// Longest sleep without a look at the flag that ends everything.
const SLICE: Nanos = Nanos(100_000_000);

impl Claims {
    /// A queue by its terms.
    pub fn new(terms: Terms, cancel: Cancel) -> Self {
        let deadline = terms.end.duration.map(|duration| terms.start.saturating_add(duration));
        let schedule = match terms.arrivals {
            Arrivals::Closed => None,
            Arrivals::Open(schedule) => Some(Mutex::new(OpenQueue {
                schedule,
                when_full: terms.when_full,
                give_up: deadline.map(|deadline| deadline.saturating_add(terms.drain)),
                left: terms.end.operations.unwrap_or(u64::MAX),
                next: terms.classes.first().map_or(0, |class| class.0),
                ahead: None,
                offers: Offers::default(),
            })),
        };
        let counter = |(first, think)| Counter { next: AtomicU64::new(first), first, think };
        Self {
            counters: terms.classes.into_iter().map(counter).collect(),
            total: AtomicU64::new(0),
            limit: terms.end.operations.unwrap_or(u64::MAX),
            deadline,
            batch: terms.batch.max(1),
            start: terms.start,
            ramp: terms.ramp,
            schedule,
            cancel,
        }
    }

    /// When the phase began.
    pub fn start(&self) -> Nanos {
        self.start
    }

    /// When nothing more is due, if that is known.
    pub fn deadline(&self) -> Option<Nanos> {
        self.deadline
    }

    /// Whether operations are due by a schedule.
    pub fn is_open(&self) -> bool {
        self.schedule.is_some()
    }

    /// Operations taken on so far.
    pub fn taken(&self) -> u64 {
        match &self.schedule {
            Some(queue) => lock(queue).next - self.counters.first().map_or(0, |counter| counter.first),
            None => self
                .numbers()
                .iter()
                .zip(&self.counters)
                .map(|(next, c)| next - c.first)
                .sum::<u64>()
                .min(self.limit),
        }
    }

    /// For each class the number of its next operation.
    pub fn numbers(&self) -> Vec<u64> {
        if let Some(queue) = &self.schedule {
            return vec![lock(queue).next];
        }
        // A batch may have been claimed beyond the limit; only one class has batches.
        let most = |counter: &Counter| counter.first.saturating_add(self.limit);
        self.counters.iter().map(|c| c.next.load(Ordering::Relaxed).min(most(c))).collect()
    }

    /// What the schedule offered so far.
    pub fn offers(&self) -> Option<Offers> {
        self.schedule.as_ref().map(|queue| lock(queue).offers.clone())
    }

    /// Takes a session's first operation on, due at `begin` in closed load, even if the time is over already.
    pub fn first(&self, class: usize, begin: Nanos) -> Option<Claim> {
        match &self.schedule {
            None if self.cancel.reason().is_some() => None,
            // The first of a ramp begins at once; who would begin after the end does not.
            None if begin > self.start && self.ramps_past(begin) => None,
            None => self.count(class, begin),
            Some(_) => self.take(class, self.start),
        }
    }

    fn ramps_past(&self, begin: Nanos) -> bool {
        self.ramp && self.deadline.is_some_and(|deadline| begin >= deadline)
    }

    /// Takes the next operation on for a session of a class that is free since `free`; `None` ends the session's work.
    #[inline]
    pub fn take(&self, class: usize, free: Nanos) -> Option<Claim> {
        if self.cancel.reason().is_some() {
            return None;
        }
        match &self.schedule {
            None => {
                let intended = free.saturating_add(self.counters[class].think);
                if self.deadline.is_some_and(|deadline| intended >= deadline) {
                    return None;
                }
                self.count(class, intended)
            }
            Some(queue) => self.take_scheduled(&mut lock(queue), free),
        }
    }

    #[inline]
    fn count(&self, class: usize, intended: Nanos) -> Option<Claim> {
        let counter = &self.counters[class];
        if self.counters.len() > 1 && self.limit != u64::MAX {
            // Several classes share the limit.
            if self.total.fetch_add(1, Ordering::Relaxed) >= self.limit {
                return None;
            }
            return Some(Claim { first: counter.next.fetch_add(1, Ordering::Relaxed), count: 1, intended });
        }
        let first = counter.next.fetch_add(self.batch, Ordering::Relaxed);
        let left = self.limit.checked_sub(first - counter.first).filter(|left| *left > 0)?;
        Some(Claim { first, count: self.batch.min(left), intended })
    }

    fn take_scheduled(&self, queue: &mut OpenQueue, free: Nanos) -> Option<Claim> {
        loop {
            let offset = self.next_offset(queue)?;
            let intended = self.start.saturating_add(offset);
            if queue.give_up.is_some_and(|give_up| free > give_up) {
                self.give_up(queue, offset);
                return None;
            }
            let full = intended < free;
            match queue.when_full {
                WhenFull::Drop if full => queue.offers.count(offset, true),
                WhenFull::Abort if full => {
                    self.cancel.raise(Reason::Full);
                    queue.offers.count(offset, false);
                    queue.offers.unsent += 1;
                    return None;
                }
                _ => {
                    queue.offers.count(offset, false);
                    let first = queue.next;
                    queue.next += 1;
                    return Some(Claim { first, count: 1, intended });
                }
            }
        }
    }

    /// Takes the next arrival out of the schedule.
    fn next_offset(&self, queue: &mut OpenQueue) -> Option<Nanos> {
        if let Some(ahead) = queue.ahead.take() {
            return Some(ahead);
        }
        queue.left = queue.left.checked_sub(1)?;
        let offset = queue.schedule.next()?;
        let over = self.deadline.is_some_and(|deadline| self.start.saturating_add(offset) >= deadline);
        if over {
            queue.left = 0;
            return None;
        }
        Some(offset)
    }

    /// Counts what is left of the schedule, from an arrival on that was taken out.
    fn give_up(&self, queue: &mut OpenQueue, offset: Nanos) {
        let mut next = Some(offset);
        while let Some(offset) = next {
            queue.offers.count(offset, false);
            queue.offers.unsent += 1;
            next = self.next_offset(queue);
        }
        self.cancel.raise(Reason::Full);
    }

    /// Ends a phase whose sessions are all stuck while arrivals that should end it wait. Nobody would notice from inside.
    pub fn watch(&self, now: Nanos) {
        let Some(queue) = &self.schedule else { return };
        let mut queue = lock(queue);
        let give_up = queue.give_up.is_some_and(|give_up| now > give_up.saturating_add(OVERDUE));
        if queue.when_full != WhenFull::Abort && !give_up {
            return;
        }
        let Some(offset) = self.next_offset(&mut queue) else { return };
        if give_up {
            self.give_up(&mut queue, offset);
        } else if self.start.saturating_add(offset).saturating_add(OVERDUE) < now {
            queue.offers.count(offset, false);
            queue.offers.unsent += 1;
            self.cancel.raise(Reason::Full);
        } else {
            queue.ahead = Some(offset);
        }
    }

    /// Waits for an instant; `false` if everything ends before.
    pub async fn wait(&self, clock: &dyn Clock, instant: Nanos) -> bool {
        loop {
            let now = clock.now();
            if now >= instant {
                return true;
            }
            clock.sleep_until(instant.min(now.saturating_add(SLICE))).await;
            if self.cancel.reason().is_some() {
                return false;
            }
        }
    }
}

fn lock(queue: &Mutex<OpenQueue>) -> MutexGuard<'_, OpenQueue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use annvil_core::schedule::Uniform;
    use annvil_core::units::Rate;

    fn terms(arrivals: Arrivals) -> Terms {
        Terms {
            arrivals,
            end: End::default(),
            batch: 1,
            start: Nanos(100),
            when_full: WhenFull::Queue,
            drain: Nanos(0),
            ramp: false,
            classes: vec![(0, Nanos::ZERO)],
        }
    }

    fn closed(end: End, batch: u64) -> Claims {
        Claims::new(Terms { end, batch, ..terms(Arrivals::Closed) }, Cancel::new())
    }

    fn open(count: u64, when_full: WhenFull) -> (Claims, Cancel) {
        let schedule = Box::new(Uniform::new(Rate(1000.0), count));
        let cancel = Cancel::new();
        (Claims::new(Terms { when_full, ..terms(Arrivals::Open(schedule)) }, cancel.clone()), cancel)
    }

    #[test]
    fn closed_claims_end_by_count_or_time() {
        let claims = closed(End { operations: Some(5), duration: None }, 3);
        assert_eq!(claims.take(0, Nanos(7)), Some(Claim { first: 0, count: 3, intended: Nanos(7) }));
        assert_eq!(claims.take(0, Nanos(8)).map(|c| (c.first, c.count)), Some((3, 2)));
        assert_eq!(claims.take(0, Nanos(9)), None);
        assert_eq!(claims.taken(), 5);
        let claims = closed(End { operations: None, duration: Some(Nanos(50)) }, 1);
        assert!(claims.take(0, Nanos(149)).is_some());
        assert!(claims.take(0, Nanos(150)).is_none());
    }

    #[test]
    fn classes_count_for_themselves_and_think_for_themselves() {
        let classes = vec![(10, Nanos(5)), (0, Nanos::ZERO)];
        let end = End { operations: Some(3), duration: None };
        let claims = Claims::new(Terms { end, classes, ..terms(Arrivals::Closed) }, Cancel::new());
        let take = |class| claims.take(class, Nanos(200)).map(|claim| (claim.first, claim.intended.0));
        assert_eq!(
            [take(0), take(1), take(0), take(1)],
            [Some((10, 205)), Some((0, 200)), Some((11, 205)), None]
        );
        assert_eq!((claims.numbers(), claims.taken()), (vec![12, 1], 3));
    }

    #[test]
    fn open_claims_are_due_by_the_schedule_whatever_the_session_does() {
        let (claims, _) = open(3, WhenFull::Queue);
        let due: Vec<u64> =
            std::iter::from_fn(|| claims.take(0, Nanos(999_999_999))).map(|c| c.intended.0).collect();
        assert_eq!(due, [100, 1_000_100, 2_000_100]);
        assert_eq!(claims.offers().unwrap().seconds, [(3, 0)]);
    }

    #[test]
    fn what_finds_every_session_busy_is_dropped_where_that_is_asked() {
        let (claims, cancel) = open(10, WhenFull::Drop);
        assert_eq!(claims.first(0, Nanos(0)).map(|c| c.intended.0), Some(100));
        // Busy until 4.5 ms: those of 1, 2, 3 and 4 ms are lost, and only what is sent has a number.
        assert_eq!(claims.take(0, Nanos(4_500_100)).map(|c| (c.first, c.intended.0)), Some((1, 5_000_100)));
        let offers = claims.offers().unwrap();
        assert_eq!((offers.offered, offers.dropped, claims.taken()), (6, 4, 2));
        assert_eq!(cancel.reason(), None);
    }

    #[test]
    fn a_full_target_ends_the_phase_where_that_is_asked() {
        let (claims, cancel) = open(10, WhenFull::Abort);
        assert!(claims.take(0, Nanos(0)).is_some());
        claims.watch(Nanos(1_000_200));
        assert_eq!(cancel.reason(), None);
        assert!(claims.take(0, Nanos(4_500_100)).is_none());
        assert_eq!(cancel.reason(), Some(Reason::Full));
        let (claims, cancel) = open(10, WhenFull::Abort);
        claims.watch(Nanos(500_000_000));
        assert_eq!(cancel.reason(), Some(Reason::Full));
        assert_eq!(claims.offers().unwrap().unsent, 1);
    }

    #[test]
    fn what_still_waits_after_the_drain_is_counted_as_unsent() {
        let schedule = Box::new(Uniform::new(Rate(1000.0), 1_000_000));
        let end = End { operations: None, duration: Some(Nanos(10_000_000)) };
        let terms = Terms { end, drain: Nanos(5_000_000), ..terms(Arrivals::Open(schedule)) };
        let claims = Claims::new(terms, Cancel::new());
        assert!(claims.take(0, Nanos(14_000_000)).is_some());
        assert!(claims.take(0, Nanos(16_000_000)).is_none());
        let offers = claims.offers().unwrap();
        assert_eq!((offers.offered, offers.unsent, claims.taken()), (10, 9, 1));
    }

    #[test]
    fn a_raised_flag_ends_everything() {
        let cancel = Cancel::new();
        let claims = Claims::new(terms(Arrivals::Closed), cancel.clone());
        assert!(claims.take(0, Nanos(0)).is_some());
        cancel.raise(Reason::User);
        assert!(claims.take(0, Nanos(0)).is_none());
    }
}
