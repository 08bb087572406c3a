//! Exact copies among rows, found by their hashes.

use std::hash::{DefaultHasher, Hasher};

use annvil_core::vector::Vectors;
use serde::Serialize;

/// Hashes that are kept. Of larger sets a share of all hashes is looked at: copies share their hash, so that whatever is
/// looked at is looked at with all its copies.
const KEPT: usize = 4 << 20;

/// Copies among rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Duplicates {
    /// Rows that are exact copies of an earlier one; an estimate if not all rows were looked at.
    pub rows: usize,
    /// Two of them.
    pub example: Option<[usize; 2]>,
    /// Copies of the row that has most, itself included.
    pub largest_group: usize,
    /// Share of the rows that was looked at.
    pub looked_at: f64,
}

/// Hashes of rows.
pub(super) struct Copies {
    hashes: Vec<(u64, u32)>,
    /// Hashes up to this one are kept.
    highest: u64,
    rows: usize,
}

impl Copies {
    pub(super) fn new(rows: usize) -> Self {
        let share = rows.div_ceil(KEPT).max(1) as u64;
        Self { hashes: vec![], highest: u64::MAX / share, rows }
    }

    pub(super) fn add(&mut self, vectors: &Vectors, row: usize) {
        let hash = hash(vectors, row);
        if hash <= self.highest {
            self.hashes.push((hash, row as u32));
        }
    }

    pub(super) fn finish(mut self, vectors: &Vectors) -> Duplicates {
        self.hashes.sort_unstable();
        let mut found = Duplicates { largest_group: 1, ..Duplicates::default() };
        for group in self.hashes.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
            // Different rows with one hash of 64 bits: not once in a million sets, but a claim should be true.
            let same = group[1..]
                .iter()
                .filter(|(_, row)| equal(vectors, group[0].1 as usize, *row as usize))
                .count();
            if same == 0 {
                continue;
            }
            found.rows += same;
            found.largest_group = found.largest_group.max(same + 1);
            let pair = [group[0].1 as usize, group[1].1 as usize];
            found.example = Some(found.example.map_or(pair, |first| first.min(pair)));
        }
        found.looked_at = 1.0;
        if self.highest < u64::MAX && !self.hashes.is_empty() {
            found.looked_at = self.hashes.len() as f64 / self.rows as f64;
            found.rows = (found.rows as f64 / found.looked_at).round() as usize;
        }
        found
    }
}

fn hash(vectors: &Vectors, row: usize) -> u64 {
    let mut hasher = DefaultHasher::new();
    each_part(vectors, row, |bytes| hasher.write(bytes));
    hasher.finish()
}

fn equal(vectors: &Vectors, a: usize, b: usize) -> bool {
    let bytes = |row| {
        let mut all = vec![];
        each_part(vectors, row, |bytes| all.extend_from_slice(bytes));
        all
    };
    bytes(a) == bytes(b)
}

fn each_part(vectors: &Vectors, row: usize, mut take: impl FnMut(&[u8])) {
    match vectors {
        Vectors::F32(m) => take(bytemuck::cast_slice(m.row(row))),
        Vectors::F16(m) => take(bytemuck::cast_slice(m.row(row))),
        Vectors::U8(m) => take(m.row(row)),
        Vectors::I8(m) => take(bytemuck::cast_slice(m.row(row))),
        Vectors::Bits { packed, .. } => take(packed.row(row)),
        Vectors::Sparse(rows) => {
            let (indices, values) = rows.row(row);
            take(bytemuck::cast_slice(indices));
            take(bytemuck::cast_slice(values));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annvil_core::vector::Matrix;

    #[test]
    fn copies_are_counted_also_from_a_share() {
        let vectors = Vectors::U8(Matrix::new((0..200).map(|x| x % 100).collect(), 1).unwrap());
        let counted = |highest| {
            let mut copies = Copies { highest, ..Copies::new(200) };
            (0..200).for_each(|row| copies.add(&vectors, row));
            copies.finish(&vectors)
        };
        let all = counted(u64::MAX);
        assert_eq!((all.rows, all.example, all.largest_group, all.looked_at), (100, Some([0, 100]), 2, 1.0));
        let some = counted(u64::MAX / 2);
        assert_eq!((some.rows, some.largest_group), (100, 2), "every row that is looked at has its copy");
        assert!(some.looked_at > 0.2 && some.looked_at < 0.8);
    }
}
