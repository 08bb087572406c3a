//! Parts of all threads added up: the total of each task, and one line a second.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use annvil_core::histogram::Histogram;
use annvil_core::quantity::Stat;
use annvil_core::record::Interval;
use annvil_core::units::Nanos;

use crate::recorder::{Flush, INTERVAL, Part};

/// Seconds that wait for threads which have had nothing to write; the oldest is drawn up when there are more.
const WAITING: usize = 2;

/// Adds parts up. Its memory does not grow with the length of the run, but for one short line a second: a second's
/// histogram is dropped as soon as every thread has passed it.
#[derive(Debug)]
pub(crate) struct Series {
    totals: Vec<Part>,
    pending: BTreeMap<u64, Vec<Option<Part>>>,
    passed: Vec<u64>,
    in_flight: Vec<u64>,
    lines: Vec<BTreeMap<u64, Interval>>,
    /// The latest second whose lines are drawn up.
    complete: Option<u64>,
}

impl Series {
    /// A series over the parts of `threads` threads and so many tasks.
    pub(crate) fn new(threads: usize, tasks: usize, open: bool) -> Self {
        Self {
            totals: (0..tasks).map(|_| Part::new(open)).collect(),
            pending: BTreeMap::new(),
            passed: vec![0; threads],
            in_flight: vec![0; threads],
            lines: vec![BTreeMap::new(); tasks],
            complete: None,
        }
    }

    /// Adds a thread's part. Tells whether a second has become complete.
    pub(crate) fn add(&mut self, flush: Flush) -> bool {
        for (total, part) in self.totals.iter_mut().zip(&flush.parts) {
            if let Some(part) = part {
                total.add(part);
            }
        }
        if let Some(passed) = self.passed.get_mut(flush.thread) {
            *passed = flush.interval + 1;
            self.in_flight[flush.thread] = flush.in_flight;
        }
        if self.complete.is_some_and(|complete| flush.interval <= complete) {
            self.straggler(&flush);
            return false;
        }
        match self.pending.entry(flush.interval) {
            Entry::Vacant(entry) => {
                entry.insert(flush.parts);
            }
            Entry::Occupied(mut entry) => {
                for (mine, theirs) in entry.get_mut().iter_mut().zip(flush.parts) {
                    match (mine, theirs) {
                        (Some(mine), Some(theirs)) => mine.add(&theirs),
                        (mine @ None, theirs) => *mine = theirs,
                        (Some(_), None) => {}
                    }
                }
            }
        }
        let before = self.complete;
        let passed = self.passed.iter().min().copied().unwrap_or(0);
        while let Some(entry) = self.pending.first_entry()
            && (*entry.key() < passed || self.pending.len() > WAITING)
        {
            self.draw_up();
        }
        self.complete != before
    }

    /// Draws up the lines of the oldest second that waits.
    fn draw_up(&mut self) {
        let Some((interval, parts)) = self.pending.pop_first() else { return };
        for (lines, part) in self.lines.iter_mut().zip(&parts) {
            if let Some(part) = part {
                lines.insert(interval, line(interval, part));
            }
        }
        self.complete = Some(interval);
    }

    /// A part of a second whose lines are drawn up: it is counted there, its percentiles come too late.
    fn straggler(&mut self, flush: &Flush) {
        for (lines, part) in self.lines.iter_mut().zip(&flush.parts) {
            let Some(part) = part else { continue };
            let line_of =
                lines.entry(flush.interval).or_insert_with(|| line(flush.interval, &Part::new(false)));
            line_of.operations += part.operations;
            line_of.failures += part.failed();
        }
    }

    /// Totals of the tasks so far.
    pub(crate) fn totals(&self) -> &[Part] {
        &self.totals
    }

    /// Operations in flight when the threads last said so.
    pub(crate) fn in_flight(&self) -> u64 {
        self.in_flight.iter().sum()
    }

    /// For each task its line of the latest complete second, if it had operations.
    pub(crate) fn latest(&self) -> Vec<Option<Interval>> {
        let second = self.complete;
        self.lines.iter().map(|lines| second.and_then(|second| lines.get(&second).copied())).collect()
    }

    /// Totals and lines of the tasks, in order of time. `end` is when the last operation was done, from the start: the
    /// last line ends there.
    pub(crate) fn finish(mut self, end: Nanos) -> Vec<(Part, Vec<Interval>)> {
        while !self.pending.is_empty() {
            self.draw_up();
        }
        let last = self.complete;
        let ended = |mut lines: BTreeMap<u64, Interval>| {
            if let Some(line) = last.and_then(|last| lines.get_mut(&last)) {
                line.at = line.at.min(end.max(line.at.saturating_sub(INTERVAL)));
            }
            lines.into_values().collect()
        };
        self.totals.into_iter().zip(self.lines.into_iter().map(ended)).collect()
    }
}

fn line(interval: u64, part: &Part) -> Interval {
    let stat = |histogram: Option<&Histogram>, stat| {
        histogram.and_then(|histogram| histogram.stat(stat)).map(|value| Nanos(value as u64))
    };
    Interval {
        at: Nanos((interval + 1) * INTERVAL.0),
        operations: part.operations,
        failures: part.failed(),
        p50: stat(Some(&part.service), Stat::P50),
        p99: stat(Some(&part.service), Stat::P99),
        response_p50: stat(part.response.as_ref(), Stat::P50),
        response_p99: stat(part.response.as_ref(), Stat::P99),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flush(thread: usize, interval: u64, operations: u64) -> Flush {
        let mut part = Part::new(false);
        part.operations = operations;
        for _ in 0..operations {
            part.service.record(Nanos(1000 * (interval + 1)));
        }
        Flush { thread, interval, parts: vec![Some(part), None], in_flight: 1 }
    }

    #[test]
    fn a_second_is_complete_when_every_thread_has_passed_it() {
        let mut series = Series::new(2, 2, false);
        assert!(!series.add(flush(0, 0, 5)));
        assert!(!series.add(flush(0, 1, 6)));
        assert_eq!((series.lines[0].len(), series.pending.len()), (0, 2));
        assert!(series.add(flush(1, 0, 7)));
        assert_eq!(series.latest()[0].map(|line| line.operations), Some(12));
        series.add(flush(1, 2, 1));
        let done = series.finish(Nanos(2_400_000_000));
        let (total, lines) = &done[0];
        assert_eq!(lines.iter().map(|l| l.at.0 / 100_000_000).collect::<Vec<_>>(), [10, 20, 24]);
        assert_eq!(total.operations, 19);
        assert_eq!(lines.iter().map(|l| l.operations).collect::<Vec<_>>(), [12, 6, 1]);
        assert_eq!(total.service.count(), 19);
        assert!(done[1].1.is_empty());
    }

    #[test]
    fn a_thread_without_work_keeps_nobody_waiting_for_ever() {
        let mut series = Series::new(2, 2, false);
        for second in 0..100 {
            series.add(flush(0, second, 3));
            assert!(series.pending.len() <= WAITING);
        }
        series.add(flush(1, 5, 4));
        let done = series.finish(Nanos::from_secs(100));
        assert_eq!((done[0].0.operations, done[0].1[5].operations), (304, 7));
    }
}
