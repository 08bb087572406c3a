//! Rows that come and go while a phase runs, and what the collection holds afterwards.
//!
//! Which rows an upsert writes and which row a delete removes follow from the operation's number, so that the collection
//! at a checkpoint is known exactly from how many operations were done and which of them failed.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use annvil_core::label::Labels;
use annvil_core::metric::Metric;
use annvil_core::operation::Batch;
use annvil_core::vector::RowId;
use rand::{Rng, RngExt};

use crate::work::{Task, Work};

/// How far a new row lies from the row that it resembles, as a share of that row's length.
const NOISE: f32 = 0.1;

/// Rows for upserts: a pool of new rows, each of which resembles a row of the data set, or rows of the data set itself
/// under given ids.
#[derive(Debug, Clone)]
pub struct NewRows {
    ids: Vec<RowId>,
    dim: usize,
    vectors: Vec<f32>,
    labels: Arc<Labels>,
    label_rows: Vec<usize>,
    batch: usize,
    /// Whether each id keeps its vector, however often it is written.
    fixed: bool,
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
        let labels = Arc::new(source.labels.clone());
        Self { ids, dim, vectors, labels, label_rows, batch, fixed: false }
    }

    /// The rows `rows` of a data set under ids from `first` on, handed out `batch` at a time, the last time what is left.
    /// `read` writes a row of the data set into a slice; `labels` are those of the data set.
    pub fn of_rows(
        rows: Range<usize>,
        first: RowId,
        batch: usize,
        dim: usize,
        labels: &Arc<Labels>,
        read: &dyn Fn(usize, &mut [f32]),
    ) -> Self {
        let mut vectors = vec![0.0; rows.len() * dim];
        for (row, vector) in rows.clone().zip(vectors.chunks_exact_mut(dim.max(1))) {
            read(row, vector);
        }
        Self {
            ids: (first..first + rows.len() as u64).collect(),
            dim,
            vectors,
            labels: Arc::clone(labels),
            label_rows: rows.collect(),
            batch: batch.max(1),
            fixed: true,
        }
    }

    /// The rows of the `number`-th upsert. After all were inserted they are replaced in turn: each round writes other
    /// vectors under the same ids.
    pub fn batch(&self, number: u64) -> Batch<'_> {
        let (ids, from) = self.place(number);
        let rows = self.height(ids);
        Batch {
            ids: &self.ids[ids..ids + rows],
            dim: self.dim,
            vectors: &self.vectors[from * self.dim..(from + rows) * self.dim],
            labels: &self.labels,
            label_rows: &self.label_rows[from..from + rows],
            texts: &[],
        }
    }

    /// Index of the first id and of the first vector of an upsert.
    fn place(&self, number: u64) -> (usize, usize) {
        let batches = self.batches();
        let (round, at) = (number / batches, number % batches);
        let from = if self.fixed { at } else { (at + round) % batches };
        (at as usize * self.batch, from as usize * self.batch)
    }

    /// Rows of the batch that begins at an index.
    fn height(&self, from: usize) -> usize {
        self.batch.min(self.ids.len() - from)
    }

    /// Number of upserts after which every row was written once.
    pub fn batches(&self) -> u64 {
        self.ids.len().div_ceil(self.batch).max(1) as u64
    }

    /// Index in the pool of the first vector that the `number`-th upsert writes.
    pub fn vector_of(&self, number: u64) -> usize {
        self.place(number).1
    }

    /// Ids and indexes of the vectors of the `number`-th upsert.
    pub fn written(&self, number: u64) -> impl Iterator<Item = (RowId, usize)> + '_ {
        let (ids, from) = self.place(number);
        (0..self.height(ids)).map(move |offset| (self.ids[ids + offset], from + offset))
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
                Task::Delete { ids, batch } => {
                    for (number, ids) in (0..done).zip(ids.chunks((*batch).max(1))) {
                        if lost.contains(&(index, number)) {
                            holdings.unsure.extend(ids);
                        } else {
                            holdings.deleted.extend(ids);
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
    fn rows_of_the_data_set_keep_their_vectors_and_the_last_batch_may_be_short() {
        let labels = Arc::new(Labels::empty(10));
        let read = |row: usize, out: &mut [f32]| out.fill(row as f32);
        let rows = NewRows::of_rows(4..9, 100, 2, 3, &labels, &read);
        assert_eq!((rows.len(), rows.batches()), (5, 3));
        let last = rows.batch(2);
        assert_eq!((last.ids, last.label_rows, last.vectors), (&[104][..], &[8][..], &[8.0; 3][..]));
        assert_eq!(rows.written(2).collect::<Vec<_>>(), [(104, 4)]);
        // Once more in the second round: the same.
        assert_eq!((rows.batch(3).ids, rows.batch(3).vector(1)), (&[100, 101][..], &[5.0; 3][..]));
    }

    #[test]
    fn what_the_collection_holds_follows_from_the_log() {
        let tasks =
            vec![Task::Upsert { rows: pool(100, 4, 2) }, Task::Delete { ids: vec![3, 1, 2], batch: 1 }];
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
