//! What a phase measured, and how the parts of a phase that was measured in parts become one.

use annvil_core::record::Interval;
use annvil_core::units::Nanos;

use crate::cancel::Reason;
use crate::claims::Offers;
use crate::recorder::{Answer, Part};
use crate::runner::KEPT;

/// What a phase measured of one task.
#[derive(Debug)]
pub struct Task {
    /// Histograms and counts of all sessions.
    pub total: Part,
    /// One entry a second.
    pub intervals: Vec<Interval>,
    /// Answers kept for scoring.
    pub answers: Vec<Answer>,
}

/// What a phase measured.
#[derive(Debug)]
pub struct Measured {
    /// By task, in the order of the work's tasks.
    pub tasks: Vec<Task>,
    /// From the first operation sent to the last one done.
    pub window: Nanos,
    /// Threads that drove the sessions.
    pub threads: usize,
    /// What the schedule offered; open load only.
    pub offers: Option<Offers>,
    /// Arrivals that the harness released after the end of the schedule.
    pub late: u64,
    /// Mean number of operations in flight, by integrating over time.
    pub in_flight: f64,
    /// For each class the number of its next operation.
    pub numbers: Vec<u64>,
    /// Class and number of writes whose outcome is not known.
    pub unsure: Vec<(usize, u64)>,
    /// Time that opening sessions took, outside the window.
    pub connecting: Nanos,
    /// Time that the warm-up took, outside the window.
    pub warming: Nanos,
    /// Time that the sessions' threads were ready to run and had no processor, all together; absent where the kernel
    /// does not say.
    pub waited: Option<Nanos>,
    /// Processor time of the sessions' threads; absent where it can't be read.
    pub cpu: Option<Nanos>,
    /// Processor time of the whole process during the window.
    pub process_cpu: Option<Nanos>,
    /// Operations that the warm-up did.
    pub warmed: u64,
    /// Whether service times were flat at its end; absent if that was not asked.
    pub flat: Option<bool>,
    /// Whether the run was stopped before the end of the phase.
    pub stopped: Option<Reason>,
    /// Why the phase alone ended early, in words.
    pub ended: Option<String>,
}

impl Measured {
    /// Histograms and counts of all tasks together.
    pub fn total(&self) -> Part {
        let mut total = Part::new(self.offers.is_some());
        self.tasks.iter().for_each(|task| total.add(&task.total));
        total
    }

    /// Adds what was measured afterwards, with the same work: the next part of the same phase. The clock of the phase
    /// stood still in between.
    pub fn append(&mut self, next: Self, length: Nanos) {
        for (mine, theirs) in self.tasks.iter_mut().zip(next.tasks) {
            mine.total.add(&theirs.total);
            let shifted = theirs
                .intervals
                .into_iter()
                .map(|interval| Interval { at: interval.at.saturating_add(length), ..interval });
            mine.intervals.extend(shifted);
            mine.answers.extend(theirs.answers);
            thin(&mut mine.answers);
        }
        let (before, after) = (self.window.0 as f64, next.window.0 as f64);
        if before + after > 0.0 {
            self.in_flight = (self.in_flight * before + next.in_flight * after) / (before + after);
        }
        self.window = self.window.saturating_add(next.window);
        self.threads = self.threads.max(next.threads);
        if let (Some(mine), Some(theirs)) = (&mut self.offers, next.offers) {
            mine.append(theirs, length);
        }
        self.late += next.late;
        self.numbers = next.numbers;
        self.unsure.extend(next.unsure);
        self.connecting = self.connecting.saturating_add(next.connecting);
        let add = |mine: &mut Option<Nanos>, theirs: Option<Nanos>| {
            *mine = mine.zip(theirs).map(|(mine, theirs)| mine.saturating_add(theirs));
        };
        add(&mut self.waited, next.waited);
        add(&mut self.cpu, next.cpu);
        add(&mut self.process_cpu, next.process_cpu);
        self.stopped = self.stopped.or(next.stopped);
        self.ended = self.ended.take().or(next.ended);
    }
}

/// Keeps no more answers than one part would have. The latest part weighs as much as all before it together.
fn thin(answers: &mut Vec<Answer>) {
    let n = answers.len();
    if n > KEPT {
        let mut at = 0;
        answers.retain(|_| {
            at += 1;
            at * KEPT / n > (at - 1) * KEPT / n
        });
    }
}

impl Offers {
    /// Adds those of the next part of a phase, which began after `length`.
    fn append(&mut self, next: Self, length: Nanos) {
        self.offered += next.offered;
        self.dropped += next.dropped;
        self.unsent += next.unsent;
        let from = (length.0 / 1_000_000_000) as usize;
        self.seconds.resize(self.seconds.len().max(from + next.seconds.len()), (0, 0));
        for (mine, theirs) in self.seconds[from..].iter_mut().zip(next.seconds) {
            *mine = (mine.0 + theirs.0, mine.1 + theirs.1);
        }
    }
}
