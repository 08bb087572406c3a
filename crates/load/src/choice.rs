//! Which of n things is chosen: drawn before the clock starts.

use annvil_core::plan::permutation;
use rand::seq::SliceRandom;
use rand::{Rng, RngExt};

use crate::work::DRAWN;

/// All of `n` in turn, in a seeded order.
pub fn in_turn(n: usize, random: &mut impl Rng) -> Vec<u32> {
    permutation(n, random)
}

/// Each with the same chance.
pub fn uniform(n: usize, random: &mut impl Rng) -> Vec<u32> {
    (0..DRAWN).map(|_| random.random_range(0..n as u32)).collect()
}

/// By Zipf's law: the r-th most popular in proportion to `1 / r^exponent`. Who is popular is drawn first, so that it has
/// nothing to do with the order of the rows.
pub fn zipf(n: usize, exponent: f64, random: &mut impl Rng) -> Vec<u32> {
    let mut sum = 0.0;
    let cumulated: Vec<f64> = (1..=n)
        .map(|rank| {
            sum += (rank as f64).powf(-exponent);
            sum
        })
        .collect();
    let mut who: Vec<u32> = (0..n as u32).collect();
    who.shuffle(random);
    (0..DRAWN)
        .map(|_| {
            let drawn = random.random::<f64>() * sum;
            who[cumulated.partition_point(|up_to| *up_to <= drawn).min(n - 1)]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use annvil_core::plan::stream;

    fn counts(drawn: &[u32], n: usize) -> Vec<usize> {
        let mut counts = vec![0; n];
        for one in drawn {
            counts[*one as usize] += 1;
        }
        counts.sort_unstable_by(|a, b| b.cmp(a));
        counts
    }

    #[test]
    fn in_turn_asks_every_one_once() {
        assert_eq!(counts(&in_turn(50, &mut stream(1, "order")), 50), vec![1; 50]);
    }

    #[test]
    fn zipf_has_the_shares_of_its_law() {
        let counts = counts(&zipf(1000, 1.0, &mut stream(1, "zipf")), 1000);
        let harmonic: f64 = (1..=1000).map(|rank| 1.0 / f64::from(rank)).sum();
        for rank in [1usize, 2, 10] {
            let expected = DRAWN as f64 / (rank as f64 * harmonic);
            let found = counts[rank - 1] as f64;
            assert!((found / expected - 1.0).abs() < 0.1, "{rank}: {found} {expected}");
        }
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        let draw = |seed| uniform(10, &mut stream(seed, "uniform"));
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }
}
