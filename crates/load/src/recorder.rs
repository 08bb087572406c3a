//! What a thread writes down about its own operations, and how the parts of all threads become one result.

use std::sync::mpsc::Sender;

use annvil_core::histogram::Histogram;
use annvil_core::operation::{OpError, Reply};
use annvil_core::sample::Sample;
use annvil_core::units::Nanos;
use annvil_core::vector::RowId;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Length of an interval of the time series.
pub const INTERVAL: Nanos = Nanos(1_000_000_000);

/// Histograms and counts of one thread over some time. Parts are added, never averaged.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Time from sending to answer.
    pub service: Histogram,
    /// Delay that the harness added between a session being free and sending.
    pub sched_lag: Histogram,
    /// Time from the intended instant to the answer; open load only.
    pub response: Option<Histogram>,
    /// Time until a session was free; open load only.
    pub queue_wait: Option<Histogram>,
    /// Latencies of failed operations.
    pub failed: Option<Histogram>,
    /// Failed operations by kind, in the order of [`OpError::KINDS`].
    pub failures: [u64; OpError::KINDS.len()],
    /// Operations answered.
    pub operations: u64,
    /// Time from sending to failure of all failed operations together, in nanoseconds.
    pub failing: u128,
}

impl Part {
    /// A part without samples.
    pub fn new(open: bool) -> Self {
        let open = || open.then(Histogram::new);
        Self {
            service: Histogram::new(),
            sched_lag: Histogram::new(),
            response: open(),
            queue_wait: open(),
            failed: None,
            failures: [0; OpError::KINDS.len()],
            operations: 0,
            failing: 0,
        }
    }

    /// Adds another part.
    pub fn add(&mut self, other: &Self) {
        self.service.add(&other.service);
        self.sched_lag.add(&other.sched_lag);
        for (mine, theirs) in [
            (&mut self.response, &other.response),
            (&mut self.queue_wait, &other.queue_wait),
            (&mut self.failed, &other.failed),
        ] {
            if let Some(theirs) = theirs {
                mine.get_or_insert_default().add(theirs);
            }
        }
        for (mine, theirs) in self.failures.iter_mut().zip(other.failures) {
            *mine += theirs;
        }
        self.operations += other.operations;
        self.failing += other.failing;
    }

    /// Operations that failed, of any kind.
    pub fn failed(&self) -> u64 {
        self.failures.iter().sum()
    }
}

/// An answer kept for scoring after the clock has stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Row of the queries.
    pub query: u32,
    /// Ids in the order in which they were answered.
    pub ids: Vec<RowId>,
}

/// At most so many answers, each operation's with the same chance (Vitter's algorithm R), seeded.
#[derive(Debug)]
pub struct Reservoir {
    kept: Vec<Answer>,
    capacity: usize,
    seen: u64,
    random: ChaCha8Rng,
}

impl Reservoir {
    /// Room for `capacity` answers.
    pub fn new(capacity: usize, random: ChaCha8Rng) -> Self {
        Self { kept: Vec::new(), capacity, seen: 0, random }
    }

    /// Offers an answer.
    #[inline]
    pub fn offer(&mut self, query: usize, ids: &[RowId]) {
        self.seen += 1;
        let query = query as u32;
        if self.kept.len() < self.capacity {
            self.kept.push(Answer { query, ids: ids.to_vec() });
        } else if self.capacity > 0 {
            let place = self.random.random_range(0..self.seen);
            if let Some(answer) = self.kept.get_mut(place as usize) {
                answer.query = query;
                answer.ids.clear();
                answer.ids.extend_from_slice(ids);
            }
        }
    }

    /// The answers kept.
    pub fn into_answers(self) -> Vec<Answer> {
        self.kept
    }
}

/// A thread's part of one second.
#[derive(Debug)]
pub struct Flush {
    /// The thread.
    pub thread: usize,
    /// Number of the second, from the start of the window.
    pub interval: u64,
    /// What happened in it, by task; absent for tasks that had no operation.
    pub parts: Vec<Option<Part>>,
    /// Operations in flight at its end.
    pub in_flight: u64,
}

/// What one thread writes while the clock runs. Nobody else touches it.
#[derive(Debug)]
pub struct Recorder {
    thread: usize,
    start: Nanos,
    /// When nothing more is due: what is released later was released too late.
    deadline: Option<Nanos>,
    parts: Vec<Option<Part>>,
    interval: u64,
    interval_end: Nanos,
    open: bool,
    sender: Sender<Flush>,
    reservoirs: Vec<Reservoir>,
    flying: Flying,
    left: Left,
}

/// What is left of a recorder at the end.
#[derive(Debug, Default)]
pub struct Left {
    /// Answers kept for scoring, by task.
    pub answers: Vec<Vec<Answer>>,
    /// When the first operation was sent.
    pub first_sent: Option<Nanos>,
    /// When the last one was done.
    pub last_done: Nanos,
    /// Time that the thread waited for a processor; the thread itself fills it in.
    pub waited: Option<Nanos>,
    /// Processor time that the thread used; the thread itself fills it in.
    pub cpu: Option<Nanos>,
    /// Class and number of writes whose outcome is not known.
    pub unsure: Vec<(usize, u64)>,
    /// Arrivals that the harness released after the end of the schedule.
    pub late: u64,
    /// Time times operations in flight, in nanoseconds.
    pub flown: u128,
}

/// How many operations are in flight, integrated over time.
#[derive(Debug, Default)]
struct Flying {
    now: u64,
    since: Nanos,
    area: u128,
}

impl Flying {
    #[inline]
    fn change(&mut self, at: Nanos, by: i64) {
        self.area += u128::from(self.now) * u128::from(at.saturating_sub(self.since).0);
        self.since = self.since.max(at);
        self.now = self.now.saturating_add_signed(by);
    }
}

/// Most uncertain writes that are listed.
const UNSURE: usize = 1_000_000;

impl Recorder {
    /// A recorder for one thread, from `start` on, with a reservoir for each task.
    pub fn new(
        thread: usize,
        start: Nanos,
        deadline: Option<Nanos>,
        open: bool,
        sender: Sender<Flush>,
        reservoirs: Vec<Reservoir>,
    ) -> Self {
        Self {
            thread,
            start,
            deadline,
            parts: reservoirs.iter().map(|_| None).collect(),
            interval: 0,
            interval_end: start.saturating_add(INTERVAL),
            open,
            sender,
            reservoirs,
            flying: Flying { since: start, ..Flying::default() },
            left: Left { last_done: start, ..Left::default() },
        }
    }

    #[inline]
    fn part(&mut self, task: usize) -> &mut Part {
        let open = self.open;
        self.parts[task].get_or_insert_with(|| Part::new(open))
    }

    /// An operation is about to be sent.
    #[inline]
    pub fn sent(&mut self, at: Nanos) {
        self.flying.change(at, 1);
    }

    /// Writes down one operation that was sent, or several that were timed together: `sample` spans all of them.
    #[inline]
    pub fn answered(&mut self, task: usize, sample: Sample, count: u64) {
        self.note(&sample);
        let part = self.part(task);
        part.service.record_shared(sample.service(), count);
        part.sched_lag.record(sample.sched_lag());
        if let Some(response) = &mut part.response {
            response.record(sample.response());
        }
        if let Some(queue_wait) = &mut part.queue_wait {
            queue_wait.record(sample.queue_wait());
        }
        part.operations += count;
    }

    /// Writes down operations that failed alike, one or several that were timed together.
    pub fn failed(&mut self, task: usize, sample: Sample, error: &OpError, count: u64) {
        self.note(&sample);
        let part = self.part(task);
        part.failed.get_or_insert_default().record_shared(sample.response(), count);
        part.failing += u128::from(sample.service().0);
        let kind = OpError::KINDS.iter().position(|kind| *kind == error.kind());
        part.failures[kind.unwrap_or(OpError::KINDS.len() - 1)] += count;
    }

    /// The operation, or the operations timed together, that were sent have ended.
    #[inline]
    pub fn landed(&mut self, sample: &Sample) {
        self.flying.change(sample.done, -1);
        let released = sample.intended.saturating_add(sample.sched_lag());
        if self.open && self.deadline.is_some_and(|deadline| released > deadline) {
            self.left.late += 1;
        }
    }

    /// A write of which nobody knows what became.
    pub fn unsure(&mut self, class: usize, number: u64) {
        if self.left.unsure.len() < UNSURE {
            self.left.unsure.push((class, number));
        }
    }

    /// Keeps an answer for scoring, perhaps.
    #[inline]
    pub fn keep(&mut self, task: usize, query: usize, reply: &Reply) {
        self.reservoirs[task].offer(query, &reply.ids);
    }

    #[inline]
    fn note(&mut self, sample: &Sample) {
        if self.left.first_sent.is_none() {
            self.left.first_sent = Some(sample.sent);
        }
        self.left.last_done = self.left.last_done.max(sample.done);
        if sample.done >= self.interval_end {
            self.flush(sample.done);
        }
    }

    #[cold]
    fn flush(&mut self, now: Nanos) {
        let parts = self.parts.iter_mut().map(Option::take).collect();
        // The receiver outlives the threads unless the phase was given up; then nobody needs the part.
        let _ = self.sender.send(Flush {
            thread: self.thread,
            interval: self.interval,
            parts,
            in_flight: self.flying.now,
        });
        self.interval = now.saturating_sub(self.start).0 / INTERVAL.0;
        self.interval_end = self.start.saturating_add(Nanos((self.interval + 1) * INTERVAL.0));
    }

    /// Hands over the last part and what was kept.
    pub fn finish(mut self) -> Left {
        let _ = self.sender.send(Flush {
            thread: self.thread,
            interval: self.interval,
            parts: std::mem::take(&mut self.parts),
            in_flight: self.flying.now,
        });
        self.left.answers = self.reservoirs.into_iter().map(Reservoir::into_answers).collect();
        self.left.flown = self.flying.area;
        self.left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annvil_core::plan::stream;
    use std::sync::mpsc::channel;

    fn sample(sent: u64, done: u64) -> Sample {
        Sample { intended: Nanos(sent), free: Nanos(sent), sent: Nanos(sent), done: Nanos(done) }
    }

    fn sum(flush: &Flush, of: impl Fn(&Part) -> u64) -> u64 {
        flush.parts.iter().flatten().map(of).sum()
    }

    #[test]
    fn a_second_is_handed_over_when_the_next_begins() {
        let (sender, receiver) = channel();
        let reservoirs = vec![Reservoir::new(0, stream(1, "r")), Reservoir::new(0, stream(1, "r"))];
        let mut recorder = Recorder::new(0, Nanos(0), None, false, sender, reservoirs);
        for (one, task) in [(sample(0, 10), 0), (sample(10, 2_500_000_000), 0)] {
            recorder.sent(one.sent);
            recorder.answered(task, one, 1);
            recorder.landed(&one);
        }
        recorder.failed(1, sample(2_500_000_000, 2_600_000_000), &OpError::Timeout, 1);
        let left = recorder.finish();
        let flushes: Vec<Flush> = receiver.iter().collect();
        let seen: Vec<(u64, u64, u64)> = flushes
            .iter()
            .map(|f| (f.interval, sum(f, |part| part.operations), sum(f, Part::failed)))
            .collect();
        assert_eq!(seen, [(0, 1, 0), (2, 1, 1)]);
        assert_eq!(flushes[0].parts.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false]);
        assert_eq!(left.flown, 2_500_000_000);
        assert_eq!((left.first_sent, left.last_done), (Some(Nanos(0)), Nanos(2_600_000_000)));
    }

    #[test]
    fn a_reservoir_keeps_a_fair_sample() {
        let mut reservoir = Reservoir::new(100, stream(3, "reservoir"));
        for query in 0..10_000 {
            reservoir.offer(query, &[query as u64]);
        }
        let answers = reservoir.into_answers();
        assert_eq!(answers.len(), 100);
        let mean = answers.iter().map(|a| f64::from(a.query)).sum::<f64>() / 100.0;
        assert!((mean - 5000.0).abs() < 1000.0, "{mean}");
        assert!(answers.iter().all(|a| a.ids == [u64::from(a.query)]));
    }
}
