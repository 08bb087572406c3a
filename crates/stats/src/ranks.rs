//! Tests that ask nothing of the distribution: Mann and Whitney's on ranks, and permutation of the values.
//!
//! They answer another question than a comparison does, whether there is any difference at all, and need five samples a side
//! to say it at all. They are here for those who ask; no verdict depends on them.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use statrs::distribution::{ContinuousCDF, Normal};

/// Values in all up to which the distribution of ranks is counted out.
const COUNTED: usize = 60;

/// Divisions up to which all are tried by a permutation test.
const TRIED: f64 = 20_000.0;

/// Random divisions if there are more.
const DRAWN: usize = 9_999;

/// The p of a test in each direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Test {
    /// Mann and Whitney's U of side `b`, or the difference of the means, `b` − `a`.
    pub statistic: f64,
    /// That `b` would be as low if both were alike.
    pub lower: f64,
    /// That `b` would be as high.
    pub higher: f64,
    /// That either would be as far out: for ranks twice the smaller of both.
    pub either: f64,
}

/// Mann and Whitney's test ("On a test of whether one of two random variables is stochastically larger than the other", Annals
/// of Mathematical Statistics 18, 1947). Equal values share their ranks; the distribution given these is counted out up to 60
/// values in all, and taken as normal beyond, with corrections for ties and continuity. `None` if a side is empty or has a NaN.
pub fn mann_whitney(a: &[f64], b: &[f64]) -> Option<Test> {
    if a.is_empty() || b.is_empty() || a.iter().chain(b).any(|value| value.is_nan()) {
        return None;
    }
    let mut all: Vec<(f64, bool)> =
        a.iter().map(|value| (*value, false)).chain(b.iter().map(|value| (*value, true))).collect();
    all.sort_by(|x, y| x.0.total_cmp(&y.0));
    // Twice the ranks, which are whole where ties share theirs. Zero and minus zero are one value.
    let mut ranks = Vec::with_capacity(all.len());
    let mut ties = 0.0;
    for same in all.chunk_by(|x, y| x.0 == y.0) {
        let count = same.len();
        ranks.extend(std::iter::repeat_n(2 * ranks.len() + count + 1, count));
        ties += (count as f64).powi(3) - count as f64;
    }
    let sum: usize = ranks.iter().zip(&all).filter(|(_, (_, second))| *second).map(|(rank, _)| rank).sum();
    let (m, n) = (b.len(), all.len());
    let statistic = sum as f64 / 2.0 - (m * (m + 1)) as f64 / 2.0;
    let (lower, higher) =
        if n <= COUNTED { counted(&ranks, m, sum) } else { approximate(statistic, a.len(), m, ties) };
    Some(Test { statistic, lower, higher, either: (2.0 * lower.min(higher)).min(1.0) })
}

/// How likely a sum of `m` of the `ranks` is at most, and at least, `sum`.
fn counted(ranks: &[usize], m: usize, sum: usize) -> (f64, f64) {
    let most: usize = ranks.iter().sum();
    let mut ways = vec![vec![0.0_f64; most + 1]; m + 1];
    ways[0][0] = 1.0;
    for rank in ranks {
        for taken in (1..=m).rev() {
            for total in (*rank..=most).rev() {
                let more = ways[taken - 1][total - rank];
                ways[taken][total] += more;
            }
        }
    }
    let all: f64 = ways[m].iter().sum();
    (ways[m][..=sum].iter().sum::<f64>() / all, ways[m][sum..].iter().sum::<f64>() / all)
}

fn approximate(statistic: f64, a: usize, b: usize, ties: f64) -> (f64, f64) {
    let (a, b) = (a as f64, b as f64);
    let n = a + b;
    let spread = (a * b / 12.0 * (n + 1.0 - ties / (n * (n - 1.0)))).sqrt();
    if spread == 0.0 {
        return (1.0, 1.0);
    }
    let above = |by: f64| Normal::standard().sf((by - 0.5) / spread);
    (above(a * b / 2.0 - statistic), above(statistic - a * b / 2.0))
}

/// The permutation test of the difference of the means (R. Fisher, *The Design of Experiments*, 1935, section 21): how many of
/// the ways to divide the values into sides of these sizes lie as far out. All of them where there are at most 20,000, else
/// 9,999 drawn by `seed` and the division found, so that p is never zero. `None` if a side is empty or a value not finite.
pub fn permutation(a: &[f64], b: &[f64], seed: u64) -> Option<Test> {
    if a.is_empty() || b.is_empty() || a.iter().chain(b).any(|value| !value.is_finite()) {
        return None;
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let centre = mean(&[a, b].concat());
    let mut all: Vec<f64> = b.iter().chain(a).map(|value| value - centre).collect();
    // With their common mean at zero the sum of one side says everything.
    let found: f64 = all[..b.len()].iter().sum();
    let slack = 1e-9 * all.iter().map(|value| value.abs()).sum::<f64>();
    let mut tally = Tally { found, slack, of: 0, lower: 0, higher: 0, either: 0 };
    if divisions(all.len(), b.len()) <= TRIED {
        divide(&all, b.len(), 0.0, &mut tally);
    } else {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        tally.count(found);
        for _ in 0..DRAWN {
            let (side, _) = all.partial_shuffle(&mut rng, b.len());
            tally.count(side.iter().sum());
        }
    }
    let share = |count: u32| f64::from(count) / f64::from(tally.of);
    Some(Test {
        statistic: mean(b) - mean(a),
        lower: share(tally.lower),
        higher: share(tally.higher),
        either: share(tally.either),
    })
}

fn divisions(n: usize, m: usize) -> f64 {
    (0..m.min(n - m)).map(|at| (n - at) as f64 / (at + 1) as f64).product()
}

/// Tries all choices of `more` of the values, beside the `sum` chosen.
fn divide(values: &[f64], more: usize, sum: f64, tally: &mut Tally) {
    if more == 0 {
        return tally.count(sum);
    }
    for at in 0..=values.len() - more {
        divide(&values[at + 1..], more - 1, sum + values[at], tally);
    }
}

/// How many divisions lie as far out as the one found, rounding aside.
struct Tally {
    found: f64,
    slack: f64,
    of: u32,
    lower: u32,
    higher: u32,
    either: u32,
}

impl Tally {
    fn count(&mut self, sum: f64) {
        self.of += 1;
        self.lower += u32::from(sum <= self.found + self.slack);
        self.higher += u32::from(sum >= self.found - self.slack);
        self.either += u32::from(sum.abs() >= self.found.abs() - self.slack);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const X: [f64; 6] = [1.1, 2.2, 3.3, 4.4, 7.7, 5.1];
    const Y: [f64; 5] = [2.5, 6.6, 5.5, 8.8, 3.9];

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} instead of {expected}");
    }

    #[test]
    fn ranks_without_ties_are_those_of_scipy() {
        let found = mann_whitney(&X, &Y).unwrap();
        near(found.statistic, 21.0);
        near(found.either, 0.329_004_329_004_328_97);
        near(found.lower, 0.876_623_376_623_376_6);
        near(found.higher, 0.164_502_164_502_164_48);
    }

    #[test]
    fn ties_are_counted_out_over_all_divisions() {
        // All 462 divisions, by brute force.
        let found = mann_whitney(&[1.0, 2.0, 2.0, 3.0, 5.0, 5.0], &[2.0, 3.0, 5.0, 5.0, 6.0]).unwrap();
        near(found.lower, 0.922_077_922_077_922);
        near(found.higher, 0.164_502_164_502_164_5);
        assert_eq!(mann_whitney(&[1.0; 4], &[1.0; 4]).unwrap().either, 1.0);
    }

    #[test]
    fn many_are_approximated_as_scipy_does() {
        let list = |n: u32, step: f64, by: f64| -> Vec<f64> {
            (0..n).map(|at| ((f64::from(at) * step % 5.0 + by) * 10.0).round_ties_even() / 10.0).collect()
        };
        let found = mann_whitney(&list(40, 0.37, 0.0), &list(35, 0.53, 0.6)).unwrap();
        near(found.either, 0.227_873_607_478_034_3);
        near(found.lower, 0.888_098_697_812_999_7);
        near(found.higher, 0.113_936_803_739_017_16);
        assert_eq!(mann_whitney(&[1.0; 40], &[1.0; 40]).unwrap().either, 1.0);
    }

    #[test]
    fn few_values_are_permuted_in_every_way() {
        let found = permutation(&X, &Y, 0).unwrap();
        near(found.lower, 0.841_991_341_991_342);
        near(found.higher, 0.162_337_662_337_662_34);
        near(found.either, 0.318_181_818_181_818_2);
        assert_eq!(permutation(&[3.3; 5], &[3.3; 5], 0).unwrap().either, 1.0);
    }

    #[test]
    fn many_values_are_permuted_at_random_and_the_same_seed_says_the_same() {
        let (a, b): (Vec<f64>, Vec<f64>) =
            (0..40).map(|at| (f64::from(at % 7), f64::from(at % 7) + 4.0)).unzip();
        let found = permutation(&a, &b, 1).unwrap();
        assert_eq!(found, permutation(&a, &b, 1).unwrap());
        near(found.higher, 1e-4);
        near(found.lower, 1.0);
    }

    #[test]
    fn nothing_says_nothing() {
        assert_eq!((mann_whitney(&[], &[1.0]), permutation(&[1.0], &[], 0)), (None, None));
        assert_eq!(
            (mann_whitney(&[f64::NAN], &[1.0]), permutation(&[f64::INFINITY], &[1.0], 0)),
            (None, None)
        );
    }

    proptest! {
        #[test]
        fn exchanged_sides_exchange_directions(a in prop::collection::vec(0u8..9, 1..9), b in prop::collection::vec(0u8..9, 1..9)) {
            let (a, b): (Vec<f64>, Vec<f64>) = (a.into_iter().map(f64::from).collect(), b.into_iter().map(f64::from).collect());
            for test in [|a: &[f64], b: &[f64]| mann_whitney(a, b), |a: &[f64], b: &[f64]| permutation(a, b, 3)] {
                let (there, back) = (test(&a, &b).unwrap(), test(&b, &a).unwrap());
                prop_assert!((there.lower - back.higher).abs() < 1e-12 && (there.higher - back.lower).abs() < 1e-12);
                prop_assert!((there.either - back.either).abs() < 1e-12);
            }
        }
    }
}
