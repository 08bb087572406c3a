//! Which operation is the k-th of a phase: drawn from the plan's seed before the clock starts.

use annvil_core::operation::OpRef;
use annvil_core::plan::permutation;
use annvil_core::vector::RowId;
use rand::{Rng, RngExt};

/// Ids and pairs are drawn once and gone through again and again; a power of two, so that finding one costs no division.
const DRAWN: usize = 1 << 16;

/// The operations of a phase, by number.
#[derive(Debug, Clone)]
pub enum Work {
    /// Searches by one form, through the queries in a seeded order.
    Search {
        /// Index of the form as encoded.
        form: usize,
        /// Rows of the queries, in the order in which they are asked.
        order: Vec<u32>,
    },
    /// Fetches of seeded random rows.
    Fetch {
        /// The rows.
        ids: Vec<RowId>,
    },
    /// Distances between seeded random queries and rows.
    Distance {
        /// Row of the queries, and stored row.
        pairs: Vec<(u32, RowId)>,
    },
}

impl Work {
    /// Searches that go through all of `queries` in a seeded order.
    pub fn search(form: usize, queries: usize, random: &mut impl Rng) -> Self {
        Self::Search { form, order: permutation(queries, random) }
    }

    /// Fetches from `rows` rows.
    pub fn fetch(rows: usize, random: &mut impl Rng) -> Self {
        Self::Fetch { ids: (0..DRAWN).map(|_| random.random_range(0..rows as u64)).collect() }
    }

    /// Distances between `queries` queries and `rows` rows.
    pub fn distance(queries: usize, rows: usize, random: &mut impl Rng) -> Self {
        let mut pair = || (random.random_range(0..queries as u32), random.random_range(0..rows as u64));
        Self::Distance { pairs: (0..DRAWN).map(|_| pair()).collect() }
    }

    /// The `k`-th operation.
    #[inline]
    pub fn operation(&self, k: u64) -> OpRef<'_> {
        match self {
            Self::Search { form, order } => {
                OpRef::Search { form: *form, query: order[k as usize % order.len()] as usize }
            }
            Self::Fetch { ids } => OpRef::Fetch { id: ids[k as usize % DRAWN] },
            Self::Distance { pairs } => {
                let (query, id) = pairs[k as usize % DRAWN];
                OpRef::Distance { query: query as usize, id }
            }
        }
    }

    /// Number of operations after which they repeat.
    pub fn cycle(&self) -> u64 {
        match self {
            Self::Search { order, .. } => order.len() as u64,
            Self::Fetch { .. } | Self::Distance { .. } => DRAWN as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annvil_core::plan::stream;

    #[test]
    fn one_round_asks_every_query_once() {
        let work = Work::search(0, 50, &mut stream(1, "queries"));
        let mut asked: Vec<usize> = (0..50)
            .map(|k| match work.operation(k) {
                OpRef::Search { query, .. } => query,
                other => panic!("{other:?}"),
            })
            .collect();
        asked.sort_unstable();
        assert_eq!(asked, (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        let draw = || format!("{:?}", Work::distance(10, 100, &mut stream(7, "pairs")));
        assert_eq!(draw(), draw());
    }
}
