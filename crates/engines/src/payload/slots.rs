//! From row ids to places in the payload.

use std::collections::HashMap;

use annvil_core::vector::RowId;

/// No row.
const NONE: u32 = u32::MAX;

/// Ids below this are always looked up by position; larger ones too, while they stay near the number of rows.
const SMALL: usize = 1 << 16;

/// The place of each row. Data sets number their rows from 0, so most look-ups are one read of memory; other ids are
/// hashed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slots {
    dense: Vec<u32>,
    sparse: HashMap<RowId, u32>,
    rows: usize,
}

impl Slots {
    /// The place of a row.
    #[inline]
    pub(crate) fn get(&self, id: RowId) -> Option<u32> {
        match self.dense.get(usize::try_from(id).ok()?) {
            Some(slot) if *slot != NONE => Some(*slot),
            _ if self.sparse.is_empty() => None,
            _ => self.sparse.get(&id).copied(),
        }
    }

    /// Gives a row a place, and returns the one it had.
    pub(crate) fn insert(&mut self, id: RowId, slot: u32) -> Option<u32> {
        let before = self.remove(id);
        self.rows += 1;
        match usize::try_from(id) {
            Ok(at) if at < self.dense.len().max(SMALL + 4 * self.rows) => {
                if at >= self.dense.len() {
                    self.dense.resize(at + 1, NONE);
                }
                self.dense[at] = slot;
            }
            _ => {
                self.sparse.insert(id, slot);
            }
        }
        before
    }

    /// Forgets a row, and returns its place.
    pub(crate) fn remove(&mut self, id: RowId) -> Option<u32> {
        let slot = self.get(id)?;
        self.rows -= 1;
        match usize::try_from(id).ok().and_then(|at| self.dense.get_mut(at)) {
            Some(place) if *place != NONE => *place = NONE,
            _ => {
                self.sparse.remove(&id);
            }
        }
        Some(slot)
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// Bytes in memory, about: a hashed entry takes some 24.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<u32>() * self.dense.capacity() + 24 * self.sparse.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_huge_ids_are_found_again() {
        let mut slots = Slots::default();
        // Hashed at first, then within reach of positions as rows are added: both are found.
        let far = SMALL as u64 + 100;
        for (slot, id) in [far, 7, u64::MAX - 1].into_iter().enumerate() {
            assert_eq!(slots.insert(id, slot as u32), None);
        }
        for id in 100..200 {
            slots.insert(id, id as u32);
        }
        assert_eq!(slots.insert(far, 9), Some(0));
        assert_eq!((slots.get(far), slots.get(7), slots.get(u64::MAX - 1)), (Some(9), Some(1), Some(2)));
        assert_eq!((slots.remove(far), slots.get(far), slots.remove(far)), (Some(9), None, None));
        assert_eq!((slots.get(8), slots.len()), (None, 102));
    }
}
