//! Parts of all threads added up: the total, and one line a second.

use std::collections::BTreeMap;

use annvil_core::histogram::Histogram;
use annvil_core::quantity::Stat;
use annvil_core::record::Interval;
use annvil_core::units::Nanos;

use crate::recorder::{Flush, INTERVAL, Part};

/// Adds parts up. Its memory does not grow with the length of the run, but for one short line a second: a second's
/// histogram is dropped as soon as every thread has passed it.
#[derive(Debug)]
pub(crate) struct Series {
    total: Part,
    pending: BTreeMap<u64, Part>,
    passed: Vec<u64>,
    lines: BTreeMap<u64, Interval>,
}

impl Series {
    /// A series over the parts of `threads` threads.
    pub(crate) fn new(threads: usize, open: bool) -> Self {
        Self {
            total: Part::new(open),
            pending: BTreeMap::new(),
            passed: vec![0; threads],
            lines: BTreeMap::new(),
        }
    }

    /// Adds a thread's part.
    pub(crate) fn add(&mut self, flush: Flush) {
        self.total.add(&flush.part);
        if let Some(passed) = self.passed.get_mut(flush.thread) {
            *passed = flush.interval + 1;
        }
        match self.pending.entry(flush.interval) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(flush.part);
            }
            std::collections::btree_map::Entry::Occupied(mut entry) => entry.get_mut().add(&flush.part),
        }
        let complete = self.passed.iter().min().copied().unwrap_or(0);
        let later = self.pending.split_off(&complete);
        for (interval, part) in std::mem::replace(&mut self.pending, later) {
            self.lines.insert(interval, line(interval, &part));
        }
    }

    /// The total and the lines, in order of time. `end` is when the last operation was done, from the start: the last line
    /// ends there.
    pub(crate) fn finish(mut self, end: Nanos) -> (Part, Vec<Interval>) {
        for (interval, part) in self.pending {
            self.lines.insert(interval, line(interval, &part));
        }
        if let Some(mut last) = self.lines.last_entry() {
            let line = last.get_mut();
            line.at = line.at.min(end.max(line.at.saturating_sub(INTERVAL)));
        }
        (self.total, self.lines.into_values().collect())
    }
}

fn line(interval: u64, part: &Part) -> Interval {
    let stat = |histogram: &Histogram, stat| histogram.stat(stat).map(|value| Nanos(value as u64));
    Interval {
        at: Nanos((interval + 1) * INTERVAL.0),
        operations: part.operations,
        failures: part.failed(),
        p50: stat(&part.service, Stat::P50),
        p99: stat(&part.service, Stat::P99),
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
        Flush { thread, interval, part }
    }

    #[test]
    fn a_second_is_complete_when_every_thread_has_passed_it() {
        let mut series = Series::new(2, false);
        series.add(flush(0, 0, 5));
        series.add(flush(0, 1, 6));
        assert_eq!((series.lines.len(), series.pending.len()), (0, 2));
        series.add(flush(1, 0, 7));
        assert_eq!((series.lines.len(), series.pending.len()), (1, 1));
        series.add(flush(1, 2, 1));
        let (total, lines) = series.finish(Nanos(2_400_000_000));
        assert_eq!(lines.iter().map(|l| l.at.0 / 100_000_000).collect::<Vec<_>>(), [10, 20, 24]);
        assert_eq!(total.operations, 19);
        assert_eq!(lines.iter().map(|l| l.operations).collect::<Vec<_>>(), [12, 6, 1]);
        assert_eq!(total.service.count(), 19);
    }
}
