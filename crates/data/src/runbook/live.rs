//! What is in a collection: which row of the data set lies under which id.

use std::collections::{BTreeMap, BTreeSet};

use annvil_core::scenario::runbook::{RowRange, Step};
use annvil_core::vector::RowId;

/// The rows of a data set that are in a collection. Most lie under their own number, one bit each; those that were replaced
/// under the number of another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Live {
    rows: usize,
    /// One bit a row of the data set: whether it lies under its own number.
    home: Vec<u64>,
    /// Ids with other rows than their own.
    moved: BTreeMap<RowId, usize>,
    /// Ids of which nobody knows whether they are there, and with which row.
    unsure: BTreeSet<RowId>,
}

impl Live {
    /// An empty collection for rows of a data set that has so many.
    pub fn new(rows: usize) -> Self {
        Self { rows, home: vec![0; rows.div_ceil(64)], ..Self::default() }
    }

    /// Rows of the data set.
    pub fn available(&self) -> usize {
        self.rows
    }

    /// Rows that are surely there.
    pub fn len(&self) -> u64 {
        let home: u64 = self.home.iter().map(|word| u64::from(word.count_ones())).sum();
        home + self.moved.len() as u64
    }

    /// Whether nothing is surely there.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row of the data set that surely lies under an id.
    pub fn source(&self, id: RowId) -> Option<usize> {
        let own = usize::try_from(id).ok().filter(|row| self.is_home(*row));
        own.or_else(|| self.moved.get(&id).copied())
    }

    /// Whether a row lies under its own number.
    #[inline]
    pub fn is_home(&self, row: usize) -> bool {
        self.home.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// Ids with rows that are not their own, each with its row, in order.
    pub fn moved(&self) -> impl Iterator<Item = (RowId, usize)> + '_ {
        self.moved.iter().map(|(id, row)| (*id, *row))
    }

    /// Whether nobody knows what lies under an id.
    pub fn is_unsure(&self, id: RowId) -> bool {
        self.unsure.contains(&id)
    }

    /// Ids of which nobody knows what lies under them.
    pub fn unsure(&self) -> u64 {
        self.unsure.len() as u64
    }

    /// A row of the data set lies under an id now.
    pub fn put(&mut self, id: RowId, row: usize) {
        self.remove(id);
        if id == row as u64 && row < self.rows {
            self.home[row / 64] |= 1 << (row % 64);
        } else {
            self.moved.insert(id, row);
        }
    }

    /// Nothing lies under an id any more.
    pub fn remove(&mut self, id: RowId) {
        self.unsure.remove(&id);
        self.moved.remove(&id);
        if let Some(row) = usize::try_from(id).ok().filter(|row| *row < self.rows) {
            self.home[row / 64] &= !(1 << (row % 64));
        }
    }

    /// A write of an id failed: nobody knows what lies under it until the next one that goes well.
    pub fn lose(&mut self, id: RowId) {
        self.remove(id);
        self.unsure.insert(id);
    }

    /// Does what a step says, all of it.
    pub fn apply(&mut self, step: &Step) {
        self.apply_but(step, &BTreeSet::new());
    }

    /// Does what a step says, but for the ids whose write failed.
    pub fn apply_but(&mut self, step: &Step, failed: &BTreeSet<RowId>) {
        let (rows, with) = match step {
            Step::Insert(write) => (write.rows, Some(write.rows)),
            Step::Replace(replace) => (replace.rows, Some(replace.with)),
            Step::Delete(write) => (write.rows, None),
            Step::Search(_) | Step::Wait(_) => return,
        };
        for id in rows.rows() {
            match with {
                _ if failed.contains(&id) => self.lose(id),
                Some(RowRange { start, .. }) => self.put(id, (start + id - rows.start) as usize),
                None => self.remove(id),
            }
        }
    }
}
