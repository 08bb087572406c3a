//! Which operation is the k-th of a phase: drawn from the plan's seed before the clock starts.

use std::sync::Arc;

use annvil_core::operation::OpRef;
use annvil_core::vector::RowId;
use rand::{Rng, RngExt};

use crate::churn::NewRows;

/// Ids, pairs and kinds are drawn once and gone through again and again; a power of two, so that finding one costs no
/// division.
pub const DRAWN: usize = 1 << 16;

/// Operations of one kind, by their number among their kind.
#[derive(Debug, Clone)]
pub enum Task {
    /// Searches by one form.
    Search {
        /// Index of the form as encoded.
        form: usize,
        /// Rows of the queries, in the order in which they are asked, again and again.
        order: Vec<u32>,
    },
    /// Fetches, again and again in this order.
    Fetch {
        /// The rows.
        ids: Vec<RowId>,
    },
    /// Distances between queries and rows, again and again in this order.
    Distance {
        /// Row of the queries, and stored row.
        pairs: Vec<(u32, RowId)>,
    },
    /// Batches of rows that are new first and are replaced later.
    Upsert {
        /// The rows.
        rows: Arc<NewRows>,
    },
    /// Rows removed, each once; afterwards they are gone already.
    Delete {
        /// The rows.
        ids: Vec<RowId>,
        /// Rows of one call; the last one may have fewer.
        batch: usize,
    },
}

impl Task {
    /// The operation with this number among its kind.
    #[inline]
    pub fn operation(&self, number: u64) -> OpRef<'_> {
        match self {
            Self::Search { form, order } => {
                OpRef::Search { form: *form, query: order[number as usize % order.len()] as usize }
            }
            Self::Fetch { ids } => OpRef::Fetch { id: ids[number as usize % ids.len()] },
            Self::Distance { pairs } => {
                let (query, id) = pairs[number as usize % pairs.len()];
                OpRef::Distance { query: query as usize, id }
            }
            Self::Upsert { rows } => OpRef::Upsert { rows: rows.batch(number) },
            Self::Delete { ids, batch } => {
                let at = number as usize % ids.len().div_ceil(*batch) * batch;
                OpRef::Delete { ids: &ids[at..ids.len().min(at + batch)] }
            }
        }
    }

    /// Whether it changes the collection.
    pub fn writes(&self) -> bool {
        matches!(self, Self::Upsert { .. } | Self::Delete { .. })
    }

    /// Number of operations after which they repeat.
    fn cycle(&self) -> u64 {
        let cycle = match self {
            Self::Search { order, .. } => order.len(),
            Self::Fetch { ids } => ids.len(),
            Self::Delete { ids, batch } => ids.len().div_ceil(*batch),
            Self::Distance { pairs } => pairs.len(),
            Self::Upsert { .. } => 1,
        };
        cycle as u64
    }
}

/// An operation and the task that it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Todo<'a> {
    /// Index of the task.
    pub task: usize,
    /// The operation.
    pub op: OpRef<'a>,
}

/// What one class of users does: tasks by weight, in a seeded order.
#[derive(Debug, Clone)]
struct Deck {
    /// For each place the task, and how often the task came before in this round. Empty with one task.
    places: Vec<(u32, u32)>,
    /// For each place of the class's tasks: the task, and how often it comes in a round.
    tasks: Vec<(usize, u64)>,
}

impl Deck {
    fn new(weights: &[(usize, u64)], random: &mut impl Rng) -> Self {
        if let [(task, _)] = weights {
            return Self { places: Vec::new(), tasks: vec![(*task, 1)] };
        }
        let whole: u64 = weights.iter().map(|(_, weight)| weight).sum();
        let mut tasks: Vec<(usize, u64)> = weights.iter().map(|(task, _)| (*task, 0)).collect();
        let mut draw = || {
            let mut drawn = random.random_range(0..whole.max(1));
            let at = weights.iter().position(|(_, weight)| {
                let hit = drawn < *weight;
                drawn = drawn.saturating_sub(*weight);
                hit
            });
            let (task, count) = &mut tasks[at.unwrap_or(0)];
            *count += 1;
            (*task as u32, (*count - 1) as u32)
        };
        let places = (0..DRAWN).map(|_| draw()).collect();
        Self { places, tasks }
    }

    /// The task of the k-th operation, and its number among its kind.
    #[inline]
    fn at(&self, k: u64) -> (usize, u64) {
        if self.places.is_empty() {
            return (self.tasks[0].0, k);
        }
        let (task, before) = self.places[k as usize % DRAWN];
        let task = task as usize;
        let in_round = self.in_round(task);
        (task, k / DRAWN as u64 * in_round + u64::from(before))
    }

    fn in_round(&self, task: usize) -> u64 {
        self.tasks.iter().find(|(own, _)| *own == task).map_or(0, |(_, count)| *count)
    }

    /// How many of the first `k` operations belong to a task.
    fn before(&self, task: usize, k: u64) -> u64 {
        if self.places.is_empty() {
            return if self.tasks[0].0 == task { k } else { 0 };
        }
        let rest = &self.places[..k as usize % DRAWN];
        let in_rest = rest.iter().filter(|(own, _)| *own as usize == task).count();
        k / DRAWN as u64 * self.in_round(task) + in_rest as u64
    }
}

/// The operations of a phase, by class of users and number.
#[derive(Debug, Clone)]
pub struct Work {
    tasks: Vec<Task>,
    classes: Vec<Deck>,
}

impl Work {
    /// Operations of one kind.
    pub fn of(task: Task) -> Self {
        Self { tasks: vec![task], classes: vec![Deck { places: Vec::new(), tasks: vec![(0, 1)] }] }
    }

    /// Operations of several kinds. Each class of users names its tasks by their index, with their weights.
    pub fn mixed(tasks: Vec<Task>, classes: &[Vec<(usize, u64)>], random: &mut impl Rng) -> Self {
        let classes = classes.iter().map(|weights| Deck::new(weights, random)).collect();
        Self { tasks, classes }
    }

    /// The kinds of operations.
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// Number of classes of users.
    pub fn classes(&self) -> usize {
        self.classes.len()
    }

    /// The `k`-th operation of a class.
    #[inline]
    pub fn operation(&self, class: usize, k: u64) -> Todo<'_> {
        let (task, number) = self.classes[class].at(k);
        Todo { task, op: self.tasks[task].operation(number) }
    }

    /// Task of the `k`-th operation of a class, and its number among its kind.
    pub fn place(&self, class: usize, k: u64) -> (usize, u64) {
        self.classes[class].at(k)
    }

    /// How many operations of a task are among the first `k` of a class.
    pub fn before(&self, class: usize, task: usize, k: u64) -> u64 {
        self.classes[class].before(task, k)
    }

    /// An operation that changes nothing, for warming up: taken from the end of the cycle, so that the first measured
    /// operations are not the ones just done. `None` if all of them change something.
    pub fn harmless(&self, k: u64) -> Option<OpRef<'_>> {
        let reads = || self.tasks.iter().filter(|task| !task.writes());
        let many = reads().count() as u64;
        let task = reads().nth(k.checked_rem(many)? as usize)?;
        Some(task.operation(task.cycle() - 1 - k / many % task.cycle()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annvil_core::plan::stream;

    fn search(order: Vec<u32>) -> Task {
        Task::Search { form: 0, order }
    }

    #[test]
    fn a_mix_has_the_shares_it_should_and_numbers_each_kind_without_gaps() {
        let tasks = vec![
            search(vec![0, 1, 2]),
            Task::Fetch { ids: vec![7] },
            Task::Delete { ids: vec![1, 2], batch: 1 },
        ];
        let work = Work::mixed(tasks, &[vec![(0, 80), (1, 15), (2, 5)]], &mut stream(1, "mix"));
        let mut next = [0u64; 3];
        for k in 0..200_000 {
            let (task, number) = work.place(0, k);
            assert_eq!(number, next[task], "{k}");
            assert_eq!(work.operation(0, k).task, task);
            next[task] += 1;
        }
        assert_eq!([0, 1, 2].map(|task| work.before(0, task, 200_000)), next);
        let share = next[1] as f64 / 200_000.0;
        assert!((share - 0.15).abs() < 0.01, "{share}");
    }

    #[test]
    fn classes_have_their_own_numbers() {
        let tasks = vec![search(vec![0, 1, 2, 3]), Task::Fetch { ids: vec![7] }];
        let work = Work::mixed(tasks, &[vec![(0, 1)], vec![(1, 1)]], &mut stream(1, "mix"));
        assert_eq!((work.place(0, 5), work.place(1, 5)), ((0, 5), (1, 5)));
        assert_eq!((work.before(0, 0, 9), work.before(1, 0, 9)), (9, 0));
    }

    #[test]
    fn rows_are_removed_in_batches() {
        let task = Task::Delete { ids: vec![1, 2, 3, 4, 5], batch: 2 };
        let removed: Vec<Vec<RowId>> = (0..4)
            .map(|number| match task.operation(number) {
                OpRef::Delete { ids } => ids.to_vec(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(removed, [vec![1, 2], vec![3, 4], vec![5], vec![1, 2]]);
    }

    #[test]
    fn warming_up_changes_nothing() {
        let work = Work::of(Task::Delete { ids: vec![1], batch: 1 });
        assert!(work.harmless(0).is_none());
        let tasks = vec![Task::Delete { ids: vec![1], batch: 1 }, search(vec![5, 6])];
        let work = Work::mixed(tasks, &[vec![(0, 1), (1, 1)]], &mut stream(1, "mix"));
        let asked: Vec<usize> = (0..3)
            .map(|k| match work.harmless(k) {
                Some(OpRef::Search { query, .. }) => query,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(asked, [6, 5, 6]);
    }
}
