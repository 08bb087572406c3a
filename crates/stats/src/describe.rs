//! Quantiles of a sample and how sure they are.

use annvil_core::histogram::Histogram;
use statrs::distribution::{ContinuousCDF, Normal};

/// Expected values on the shorter side of a quantile up to which the binomial distribution is summed term by term; beyond, the
/// normal distribution gives the same ranks to within one.
const SUMMED: f64 = 500.0;

/// A quantile and the interval in which it lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    /// The estimate, in the unit of the sample.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The quantile `q` (0 to 1) of `sorted`, which ascends: the linear interpolation of Hyndman and Fan's type 7 ("Sample
/// quantiles in statistical packages", American Statistician 50, 1996), as in R, NumPy and Excel. `None` of no values or if
/// `q` is no share.
pub fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    if sorted.is_empty() || !(0.0..=1.0).contains(&q) {
        return None;
    }
    let at = q * (sorted.len() - 1) as f64;
    let below = at.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    let share = at - below as f64;
    Some(sorted[below] + share * (sorted[above] - sorted[below]))
}

/// The quantile `q` of independent values with its interval from order statistics, which holds for any distribution (H. David
/// and H. Nagaraja, *Order Statistics*, 2003, section 7.1). `None` if there are too few values for an interval of
/// `confidence`: the p99 needs 368 at 95 %.
pub fn with_interval(sorted: &[f64], q: f64, confidence: f64) -> Option<Quantile> {
    let (low, high) = ranks(sorted.len() as u64, q, confidence)?;
    let at = |rank: u64| sorted[rank as usize - 1];
    Some(Quantile { value: quantile(sorted, q)?, low: at(low), high: at(high) })
}

/// The quantile `q` of a histogram in nanoseconds, with its interval. `independent` is the effective number of its samples
/// where neighbours depend on each other (see [`crate::effective`]); `None` takes them all as independent. `None` if there are
/// too few.
pub fn of_histogram(
    histogram: &Histogram,
    q: f64,
    confidence: f64,
    independent: Option<u64>,
) -> Option<Quantile> {
    let n = independent.unwrap_or(u64::MAX).min(histogram.count());
    let (low, high) = ranks(n, q, confidence)?;
    // The middle of a rank's share, so that rounding does not move to its neighbour.
    let at = |rank: u64| histogram.quantile((rank as f64 - 0.5) / n as f64).0 as f64;
    Some(Quantile { value: histogram.quantile(q).0 as f64, low: at(low), high: at(high) })
}

/// The ranks, from 1, of the two of `n` ascending independent values between which the quantile `q` lies with at least
/// `confidence`, with at most half the rest on either side. `None` if the first or last value is not far enough out.
pub fn ranks(n: u64, q: f64, confidence: f64) -> Option<(u64, u64)> {
    if n == 0 || !(q > 0.0 && q < 1.0) || !(confidence > 0.0 && confidence < 1.0) {
        return None;
    }
    let tail = (1.0 - confidence) / 2.0;
    if q > 0.5 {
        let (low, high) = ranks(n, 1.0 - q, confidence)?;
        return Some((n + 1 - high, n + 1 - low));
    }
    let (low, high) = if n as f64 * q <= SUMMED { summed(n, q, tail) } else { normal(n, q, tail) };
    (low >= 1 && high <= n).then_some((low, high))
}

/// Ranks from the exact distribution of how many values lie below the quantile. `q` is at most one half.
fn summed(n: u64, q: f64, tail: f64) -> (u64, u64) {
    let mut term = (n as f64 * (-q).ln_1p()).exp();
    let mut sum = 0.0;
    let mut low = 0;
    for below in 0..=n {
        sum += term;
        // At most `below` values lie under the quantile with the chance `sum`.
        if sum <= tail {
            low = below + 1;
        }
        if sum >= 1.0 - tail {
            return (low, below + 1);
        }
        term *= (n - below) as f64 / (below + 1) as f64 * q / (1.0 - q);
    }
    (low, n + 1)
}

fn normal(n: u64, q: f64, tail: f64) -> (u64, u64) {
    let mean = n as f64 * q;
    let reach = Normal::standard().inverse_cdf(1.0 - tail) * (mean * (1.0 - q)).sqrt();
    ((mean - reach + 0.5).floor().max(0.0) as u64, (mean + reach + 0.5).ceil() as u64)
}

#[cfg(test)]
mod tests {
    use annvil_core::units::Nanos;
    use proptest::prelude::*;

    use super::*;
    use crate::noise::Noise;

    #[test]
    fn quantiles_are_those_of_numpy() {
        let sorted = [1.0, 2.0, 4.0, 8.0, 16.0];
        for (q, expected) in [(0.0, 1.0), (0.1, 1.4), (0.25, 2.0), (0.5, 4.0), (0.9, 12.8), (1.0, 16.0)] {
            assert!((quantile(&sorted, q).unwrap() - expected).abs() < 1e-12, "{q}");
        }
        assert_eq!((quantile(&[], 0.5), quantile(&sorted, 1.5)), (None, None));
    }

    #[test]
    fn ranks_are_those_of_the_binomial_distribution() {
        // Searched for in scipy.stats.binom, 1.17.
        for (n, q, expected) in [
            (368, 0.99, Some((360, 368))),
            (367, 0.99, None),
            (20, 0.5, Some((6, 15))),
            (100, 0.9, Some((84, 96))),
            (5000, 0.999, Some((4990, 5000))),
            (1000, 0.5, Some((469, 532))),
            (5, 0.5, None),
            (6, 0.5, Some((1, 6))),
            (40_000, 0.99, Some((39_561, 39_640))),
        ] {
            assert_eq!(ranks(n, q, 0.95), expected, "{n} {q}");
        }
        assert_eq!((ranks(0, 0.5, 0.95), ranks(100, 0.0, 0.95), ranks(100, 0.5, 1.0)), (None, None, None));
    }

    #[test]
    fn the_normal_distribution_takes_over_to_within_a_rank() {
        for q in [0.005, 0.1, 0.4] {
            let n = (SUMMED / q) as u64;
            let (exact, close) = (summed(n, q, 0.025), normal(n, q, 0.025));
            assert!(
                exact.0.abs_diff(close.0) <= 2 && exact.1.abs_diff(close.1) <= 2,
                "{q}: {exact:?} {close:?}"
            );
        }
    }

    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() {
        let mut noise = Noise::new(2);
        for (q, truth) in [(0.5, 1.0), (0.9, 1.281_551_565_545_f64.exp())] {
            let hits = (0..2000).filter(|_| {
                let mut sample: Vec<f64> = (0..80).map(|_| noise.normal().exp()).collect();
                sample.sort_by(f64::total_cmp);
                let found = with_interval(&sample, q, 0.95).unwrap();
                found.low <= truth && truth <= found.high
            });
            let share = hits.count() as f64 / 2000.0;
            assert!((0.94..0.985).contains(&share), "{q}: {share}");
        }
    }

    #[test]
    fn a_histogram_says_what_its_values_say() {
        let mut noise = Noise::new(4);
        let mut histogram = Histogram::new();
        let mut values: Vec<f64> = (0..2000).map(|_| (1e6 * (0.3 * noise.normal()).exp()).round()).collect();
        for value in &values {
            histogram.record(Nanos(*value as u64));
        }
        values.sort_by(f64::total_cmp);
        for q in [0.5, 0.95, 0.99] {
            let (of, from) =
                (with_interval(&values, q, 0.95).unwrap(), of_histogram(&histogram, q, 0.95, None).unwrap());
            assert!(
                (from.low / of.low - 1.0).abs() < 0.002 && (from.high / of.high - 1.0).abs() < 0.002,
                "{q}"
            );
        }
        let fewer = of_histogram(&histogram, 0.5, 0.95, Some(100)).unwrap();
        let all = of_histogram(&histogram, 0.5, 0.95, None).unwrap();
        assert!(fewer.high - fewer.low > 3.0 * (all.high - all.low));
        assert_eq!(of_histogram(&Histogram::new(), 0.5, 0.95, None), None);
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_estimate(n in 6u64..100_000, q in 0.01..0.99f64) {
            if let Some((low, high)) = ranks(n, q, 0.95) {
                prop_assert!(low as f64 <= n as f64 * q + 1.0 && high as f64 >= n as f64 * q);
            }
        }
    }
}
