//! Which rows of a table are taken: repeatable by a seed, without a sort.
//!
//! All rows, or of a larger table a share that the server draws (`tablesample bernoulli … repeatable`): it reads no vector of a
//! row that was not drawn. Of that share, a little more than was asked for, so many are drawn here that the number is
//! exact. The same seed draws the same rows for as long as the table is not changed.

use annvil_core::engine::Result;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::super::report::failed;
use super::relation::{Relation, VectorColumn};

/// Rows that are to be taken.
pub(super) struct Drawn {
    /// What rows are read from, with its conditions.
    pub(super) source: String,
    /// Rows that the source gives.
    candidates: u64,
    /// Rows to take of them.
    pub(super) rows: u64,
    /// Rows of the table that have a vector.
    pub(super) of: u64,
    /// Rows that have none.
    pub(super) without: u64,
    seed: u64,
    stream: u64,
}

impl Drawn {
    /// Decides. `stream` keeps choices apart that have one seed.
    pub(super) async fn plan(
        client: &Client,
        table: &Relation,
        vector: &VectorColumn,
        rows: Option<usize>,
        seed: u64,
        stream: u64,
    ) -> Result<Self> {
        let (name, column) = (&table.shown, &vector.column.quoted);
        let doing = format!("count the rows of {name}");
        let [all, of] =
            counts(client, &format!("select count(*), count({column}) from {name}"), &doing).await?;
        let source = format!("{name} where {column} is not null");
        let wanted = rows.map_or(of, |rows| (rows as u64).min(of));
        let mut drawn = Self { source, candidates: of, rows: wanted, of, without: all - of, seed, stream };
        // A share of nearly all costs a second pass and saves nothing.
        let mut share = (wanted as f64 + 4.0 * (wanted as f64).sqrt() + 20.0) / of.max(1) as f64;
        while table.can_be_sampled && share < 0.8 {
            // The server takes seeds as numbers that it makes hashes of: any will do, and two are two.
            let number = (seed.wrapping_mul(2).wrapping_add(stream)) % (1 << 31);
            let percent = share * 100.0;
            let source = format!(
                "{name} tablesample bernoulli ({percent:e}) repeatable ({number}) where {column} is not null"
            );
            let [candidates, _] =
                counts(client, &format!("select count(*), 0 from {source}"), &doing).await?;
            if candidates >= wanted {
                (drawn.source, drawn.candidates) = (source, candidates);
                break;
            }
            share *= 2.0;
        }
        Ok(drawn)
    }

    /// Chooses among the rows as they come.
    pub(super) fn choice(&self) -> Choice {
        Choice::new(self.rows, self.candidates, self.seed, 2 * self.stream)
    }

    /// Chooses `rows` of those that were taken.
    pub(super) fn second_choice(&self, rows: u64) -> Choice {
        Choice::new(rows.min(self.rows), self.rows, self.seed, 2 * self.stream + 1)
    }
}

/// Takes so many of so many, each set of them as likely as every other (Knuth, The Art of Computer Programming, volume 2,
/// algorithm S).
pub(super) struct Choice {
    wanted: u64,
    left: u64,
    random: ChaCha8Rng,
}

impl Choice {
    fn new(wanted: u64, left: u64, seed: u64, stream: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(stream);
        Self { wanted, left, random }
    }

    /// Whether the next one is taken.
    pub(super) fn takes(&mut self) -> bool {
        if self.left == 0 {
            return false;
        }
        let taken = self.wanted == self.left || self.random.random_range(0..self.left) < self.wanted;
        self.left -= 1;
        self.wanted -= u64::from(taken);
        taken
    }
}

async fn counts(client: &Client, sql: &str, doing: &str) -> Result<[u64; 2]> {
    let answers = client.simple_query(sql).await.map_err(|error| failed(doing, &error))?;
    let found = answers.iter().find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => {
            let number = |at| row.get(at).and_then(|text: &str| text.parse().ok()).unwrap_or(0);
            Some([number(0), number(1)])
        }
        _ => None,
    });
    Ok(found.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_taken_and_each_as_often() {
        let mut taken = [0_u32; 20];
        for seed in 0..4_000 {
            let mut choice = Choice::new(5, 20, seed, 0);
            let these: Vec<usize> = (0..20).filter(|_| choice.takes()).collect();
            assert_eq!(these.len(), 5);
            for at in &these {
                taken[*at] += 1;
            }
        }
        // 1,000 times each is expected, with a deviation of 27.
        assert!(taken.iter().all(|times| (850..1_150).contains(times)), "{taken:?}");
        let all = |seed, stream| {
            let mut choice = Choice::new(50, 1_000, seed, stream);
            (0..1_000).filter(|_| choice.takes()).collect::<Vec<_>>()
        };
        assert_eq!(all(42, 0), all(42, 0));
        assert_ne!(all(42, 0), all(43, 0));
        assert_ne!(all(42, 0), all(42, 1));
        let mut none = Choice::new(0, 0, 1, 0);
        assert!(!none.takes());
    }
}
