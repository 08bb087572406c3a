//! A set of rows as ranges: as small as the steps are few, however many rows they name.

use std::collections::BTreeMap;

use super::RowRange;

/// A set of rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowSet {
    /// End by start; no two touch or overlap.
    ranges: BTreeMap<u64, u64>,
}

impl RowSet {
    /// Number of rows.
    pub fn len(&self) -> u64 {
        self.ranges.iter().map(|(start, end)| end - start).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The ranges, in order; no two touch.
    pub fn ranges(&self) -> impl Iterator<Item = RowRange> + '_ {
        self.ranges.iter().map(|(start, end)| RowRange { start: *start, end: *end })
    }

    /// Whether a row is in it.
    pub fn contains(&self, row: u64) -> bool {
        self.ranges.range(..=row).next_back().is_some_and(|(_, end)| row < *end)
    }

    /// The first rows of `range` that are in it, as far as they reach.
    pub fn first_in(&self, range: RowRange) -> Option<RowRange> {
        let around = self.ranges.range(..=range.start).next_back().filter(|(_, end)| **end > range.start);
        let (start, end) = around.or_else(|| self.ranges.range(range.start..range.end).next())?;
        Some(RowRange { start: (*start).max(range.start), end: (*end).min(range.end) })
    }

    /// The first rows of `range` that are not in it, as far as they reach.
    pub fn first_missing(&self, range: RowRange) -> Option<RowRange> {
        let start = match self.first_in(range) {
            Some(there) if there.start == range.start => there.end,
            _ => range.start,
        };
        let rest = RowRange { start, end: range.end };
        let end = self.ranges.range(start..).next().map_or(range.end, |(next, _)| (*next).min(range.end));
        (!rest.is_empty()).then_some(RowRange { start, end })
    }

    /// Adds rows.
    pub fn insert(&mut self, range: RowRange) {
        if range.is_empty() {
            return;
        }
        let RowRange { mut start, mut end } = range;
        // Whatever touches it becomes part of it.
        while let Some((from, to)) = self.ranges.range(..=end).next_back().map(|(from, to)| (*from, *to)) {
            if to < start {
                break;
            }
            self.ranges.remove(&from);
            (start, end) = (start.min(from), end.max(to));
        }
        self.ranges.insert(start, end);
    }

    /// Takes rows out.
    pub fn remove(&mut self, range: RowRange) {
        while let Some(hit) = self.first_in(range) {
            let Some((from, to)) = self.ranges.range(..=hit.start).next_back().map(|(from, to)| (*from, *to))
            else {
                return;
            };
            self.ranges.remove(&from);
            for (start, end) in [(from, hit.start), (hit.end, to)] {
                if start < end {
                    self.ranges.insert(start, end);
                }
            }
        }
    }
}
