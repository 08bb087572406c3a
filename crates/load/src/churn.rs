//! Rows that come and go while a phase runs, and what the collection holds afterwards.
//!
//! Which rows an upsert writes and which row a delete removes follow from the operation's number, so that the collection
//! at a checkpoint is known exactly from how many operations were done and which of them failed.

use std::collections::{BTreeMap, BTreeSet};

use annvil_core::label::Labels;
use annvil_core::metric::Metric;
use annvil_core::operation::Batch;
use annvil_core::vector::RowId;
use rand::{Rng, RngExt};

use crate::work::{Task, Work};

/// How far a new row lies from the row that it resembles, as a share of that row's length.
const NOISE: f32 = 0.1;

/// Rows for upserts: a pool of new rows, each of which resembles a row of the data set.
#[derive(Debug, Clone)]
pub struct NewRows {
    ids: Vec<RowId>,
    dim: usize,
    vectors: Vec<f32>,
    labels: Labels,
    label_rows: Vec<usize>,
    batch: usize,
}

/// Where new rows come from.
pub struct Source<'a> {
    /// Dimensions of a vector.
    pub dim: usize,
    /// Rows of the data set.
    pub rows: usize,
    /// Metric of the data set: with cosine and inner product new rows keep the length of the row that they resemble.
    pub metric: Metric,
    /// Labels of the data set.
    pub labels: &'a Labels,
    /// Writes a row of the data set into a slice.
    pub read: &'a dyn Fn(usize, &mut [f32]),
}

impl NewRows {
    /// `pool` rows with ids from `first` on, handed out `batch` at a time; `pool` is rounded up to whole batches.
    pub fn new(source: &Source<'_>, first: RowId, pool: usize, batch: usize, random: &mut impl Rng) -> Self {
        let batch = batch.max(1);
        let pool = pool.div_ceil(batch).max(1) * batch;
        let dim = source.dim;
        let mut vectors = vec![0.0; pool * dim];
        let mut label_rows = Vec::with_capacity(pool);
        for vector in vectors.chunks_exact_mut(dim.max(1)) {
            let row = random.random_range(0..source.rows.max(1));
            (source.read)(row, vector);
            disturb(vector, source.metric, random);
            label_rows.push(row);
        }
        let ids = (first..first + pool as u64).collect();
        Self { ids, dim, vectors, labels: source.labels.clone(), label_rows, batch }
    }

    /// The rows of the `number`-th upsert. After all were inserted they are replaced in turn: each round writes other
    /// vectors under the same ids.
    pub fn batch(&self, number: u64) -> Batch<'_> {
        let (ids, from) = self.place(number);
        Batch {
            ids: &self.ids[ids..ids + self.batch],
            dim: self.dim,
            vectors: &self.vectors[from * self.dim..(from + self.batch) * self.dim],
            labels: &self.labels,
            label_rows: &self.label_rows[from..from + self.batch],
            texts: &[],
        }
    }

    /// Index of the first id and of the first vector of an upsert.
    fn place(&self, number: u64) -> (usize, usize) {
        let batches = (self.ids.len() / self.batch) as u64;
        let (round, at) = (number / batches, number % batches);
        let from = (at + round) % batches;
        (at as usize * self.batch, from as usize * self.batch)
    }

    /// Index in the pool of the first vector that the `number`-th upsert writes.
    pub fn vector_of(&self, number: u64) -> usize {
        self.place(number).1
    }

    /// Ids and indexes of the vectors of the `number`-th upsert.
    pub fn written(&self, number: u64) -> impl Iterator<Item = (RowId, usize)> + '_ {
        let (ids, from) = self.place(number);
        (0..self.batch).map(move |offset| (self.ids[ids + offset], from + offset))
    }

    /// All vectors of the pool, row after row.
    pub fn vectors(&self) -> &[f32] {
        &self.vectors
    }

    /// A row of the pool: its vector.
    pub fn vector(&self, index: usize) -> &[f32] {
        &self.vectors[index * self.dim..(index + 1) * self.dim]
    }

    /// A row of the pool: the row of the data set whose labels it has.
    pub fn label_row(&self, index: usize) -> usize {
        self.label_rows[index]
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

fn disturb(vector: &mut [f32], metric: Metric, random: &mut impl Rng) {
    let length = |vector: &[f32]| vector.iter().map(|v| v * v).sum::<f32>().sqrt();
    let before = length(vector);
    let step = NOISE * before / (vector.len() as f32).sqrt().max(1.0);
    // Uniform on (−√3, √3) has variance 1.
    let wide = 3.0f32.sqrt();
    for v in vector.iter_mut() {
        *v += step * random.random_range(-wide..wide);
    }
    let after = length(vector);
    if metric != Metric::L2 && after > 0.0 {
        for v in vector {
            *v *= before / after;
        }
    }
}

/// What the collection holds besides the rows of the data set, and what of them it no longer holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Rows of the data set that were removed.
    pub deleted: BTreeSet<RowId>,
    /// New rows by id: task that wrote them last, and index in its pool.
    pub new: BTreeMap<RowId, (usize, usize)>,
    /// Upserted rows that replaced an earlier one.
    pub replaced: u64,
    /// Rows whose write failed, timed out or was cut off: nobody knows whether they are there, and in which version.
    pub unsure: BTreeSet<RowId>,
}

impl Holdings {
    /// What follows from the first `numbers[class]` operations of each class, of which those in `failed`, as pairs of class
    /// and number, did not end well.
    pub fn after(work: &Work, numbers: &[u64], failed: &[(usize, u64)]) -> Self {
        let mut holdings = Self::default();
        let lost: BTreeSet<(usize, u64)> = failed.iter().map(|(class, k)| work.place(*class, *k)).collect();
        for (index, task) in work.tasks().iter().enumerate() {
            let done = numbers.iter().enumerate().map(|(class, k)| work.before(class, index, *k)).sum();
            match task {
                Task::Upsert { rows } => holdings.upserted(index, rows, done, &lost),
                Task::Delete { ids } => {
                    for number in 0..done.min(ids.len() as u64) {
                        let id = ids[number as usize];
                        if lost.contains(&(index, number)) {
                            holdings.unsure.insert(id);
                        } else {
                            holdings.deleted.insert(id);
                        }
                    }
                }
                _ => {}
            }
        }
        holdings
    }

    fn upserted(&mut self, task: usize, rows: &NewRows, done: u64, lost: &BTreeSet<(usize, u64)>) {
        for number in 0..done {
            let failed = lost.contains(&(task, number));
            for (id, index) in rows.written(number) {
                if failed {
                    self.unsure.insert(id);
                } else {
                    // A later write that went well settles what is there.
                    self.unsure.remove(&id);
                    self.replaced += u64::from(self.new.insert(id, (task, index)).is_some());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annvil_core::plan::stream;
    use std::sync::Arc;

    fn pool(first: RowId, pool: usize, batch: usize) -> Arc<NewRows> {
        let labels = Labels::empty(10);
        let source = Source {
            dim: 4,
            rows: 10,
            metric: Metric::Cosine,
            labels: &labels,
            read: &|row, out| out.iter_mut().enumerate().for_each(|(i, v)| *v = (row * 4 + i) as f32),
        };
        Arc::new(NewRows::new(&source, first, pool, batch, &mut stream(1, "rows")))
    }

    #[test]
    fn rows_are_new_first_and_replaced_by_others_later() {
        let rows = pool(100, 5, 2);
        assert_eq!(rows.len(), 6);
        let first = rows.batch(0);
        assert_eq!((first.ids, first.len(), first.vectors.len()), (&[100, 101][..], 2, 8));
        assert_eq!(rows.batch(2).ids, [104, 105]);
        let again = rows.batch(3);
        assert_eq!(again.ids, first.ids);
        assert_eq!(again.vectors, rows.batch(1).vectors);
    }

    #[test]
    fn what_the_collection_holds_follows_from_the_log() {
        let tasks = vec![Task::Upsert { rows: pool(100, 4, 2) }, Task::Delete { ids: vec![3, 1, 2] }];
        let work = Work::mixed(tasks, &[vec![(0, 1)], vec![(1, 1)]], &mut stream(1, "mix"));
        let held = Holdings::after(&work, &[1, 2], &[]);
        assert_eq!(held.deleted, BTreeSet::from([1, 3]));
        assert_eq!(held.new, BTreeMap::from([(100, (0, 0)), (101, (0, 1))]));
        // The third upsert replaces the first two rows by the vectors of the next two; the second one failed.
        let held = Holdings::after(&work, &[3, 9], &[(0, 1), (1, 2)]);
        assert_eq!(held.new, BTreeMap::from([(100, (0, 2)), (101, (0, 3))]));
        assert_eq!((held.replaced, held.unsure), (2, BTreeSet::from([2, 102, 103])));
        assert_eq!(held.deleted, BTreeSet::from([1, 3]));
    }

    #[test]
    fn new_rows_resemble_the_rows_of_the_data_set() {
        let rows = pool(0, 100, 1);
        for index in 0..rows.len() {
            let base: Vec<f32> = (0..4).map(|i| (rows.label_row(index) * 4 + i) as f32).collect();
            let dot: f32 = rows.vector(index).iter().zip(&base).map(|(a, b)| a * b).sum();
            let norm = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>().sqrt();
            let cosine = dot / (norm(rows.vector(index)) * norm(&base));
            assert!(cosine > 0.95 && cosine < 1.0, "{cosine}");
        }
    }
}
