//! The bias-corrected and accelerated bootstrap (BCa), hierarchical: for statistics that have no standard error of their own,
//! such as a median or a percentile.
//!
//! B. Efron, "Better bootstrap confidence intervals", Journal of the American Statistical Association 82, 1987; B. Efron and
//! R. Tibshirani, *An Introduction to the Bootstrap*, 1993, chapter 14. Of means the studentised bootstrap is closer to what
//! it promises with the few samples that benchmarks have ([`crate::bootstrap`]), so verdicts rest on that.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use statrs::distribution::{ContinuousCDF, Normal};

/// Resamples: the ends of an interval of 95 % then lie between 125 of them on either side.
const RESAMPLES: usize = 4999;

/// The interval that holds a statistic with so much confidence (a share, 0.95), from `sessions`, each the values of its blocks.
/// The session is the sample: sessions are drawn anew, and within them their blocks. `statistic` is given all values that were
/// drawn, in no order; its unit is that of the interval. The same seed gives the same interval.
///
/// `None` with fewer than two sessions, an empty one, a share that is none, a statistic that is not finite, or one that every
/// resample exceeds or falls short of.
///
/// ```
/// let sessions: Vec<Vec<f64>> = [9.1, 9.4, 8.8, 9.0, 9.2, 12.7, 9.3, 8.9].map(|ms| vec![ms]).into();
/// let median = |values: &[f64]| {
///     let mut values = values.to_vec();
///     values.sort_by(f64::total_cmp);
///     values[values.len() / 2]
/// };
/// let (low, high) = annvil_stats::bca::interval(&sessions, median, 0.95, 42).unwrap();
/// assert!(8.7 < low && low <= 9.2 && 9.2 <= high && high < 12.8);
/// ```
pub fn interval(
    sessions: &[Vec<f64>],
    statistic: impl Fn(&[f64]) -> f64,
    confidence: f64,
    seed: u64,
) -> Option<(f64, f64)> {
    if sessions.len() < 2 || sessions.iter().any(Vec::is_empty) || !(0.0..1.0).contains(&confidence) {
        return None;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let found = statistic(&sessions.concat());
    let mut drawn = Vec::new();
    let mut resampled: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            draw(sessions, &mut drawn, &mut rng);
            statistic(&drawn)
        })
        .collect();
    if !found.is_finite() || resampled.iter().any(|value| !value.is_finite()) {
        return None;
    }
    resampled.sort_unstable_by(f64::total_cmp);
    let normal = Normal::standard();
    if resampled.first() == resampled.last() {
        return Some((found, found));
    }
    let bias = bias(&resampled, found, &normal)?;
    let acceleration = acceleration(sessions, &statistic);
    let at = |tail: f64| {
        let moved = bias + normal.inverse_cdf(tail);
        let share = normal.cdf(bias + moved / (1.0 - acceleration * moved));
        let rank = (share * (RESAMPLES + 1) as f64).round() as usize;
        resampled[rank.clamp(1, RESAMPLES) - 1]
    };
    let tail = f64::midpoint(1.0, -confidence);
    Some((at(tail), at(1.0 - tail)))
}

fn draw(sessions: &[Vec<f64>], drawn: &mut Vec<f64>, rng: &mut impl Rng) {
    drawn.clear();
    for _ in sessions {
        let blocks = &sessions[rng.random_range(0..sessions.len())];
        drawn.extend(blocks.iter().map(|_| blocks[rng.random_range(0..blocks.len())]));
    }
}

/// How far the middle of the resamples lies from what was found, in standard deviations; ties count half. `None` if all
/// resamples lie on one side.
fn bias(resampled: &[f64], found: f64, normal: &Normal) -> Option<f64> {
    let below = resampled.partition_point(|value| *value < found);
    let up_to = resampled.partition_point(|value| *value <= found);
    let share = (below as f64 + 0.5 * (up_to - below) as f64) / resampled.len() as f64;
    (share > 0.0 && share < 1.0).then(|| normal.inverse_cdf(share))
}

/// How fast the standard error changes with the statistic: the skewness of the jackknife over sessions.
fn acceleration(sessions: &[Vec<f64>], statistic: &impl Fn(&[f64]) -> f64) -> f64 {
    let without = |left_out: usize| {
        let others = sessions.iter().enumerate().filter(|(at, _)| *at != left_out);
        statistic(&others.flat_map(|(_, blocks)| blocks.iter().copied()).collect::<Vec<f64>>())
    };
    let values: Vec<f64> = (0..sessions.len()).map(without).collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let (squares, cubes) = values.iter().fold((0.0, 0.0), |(squares, cubes), value| {
        let moved: f64 = mean - value;
        (squares + moved.powi(2), cubes + moved.powi(3))
    });
    let acceleration = cubes / (6.0 * f64::powf(squares, 1.5));
    if acceleration.is_finite() { acceleration } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::Noise;

    fn single(values: &[f64]) -> Vec<Vec<f64>> {
        values.iter().map(|value| vec![*value]).collect()
    }

    fn mean(values: &[f64]) -> f64 {
        values.iter().sum::<f64>() / values.len() as f64
    }

    /// With n, not n − 1, below.
    fn variance(values: &[f64]) -> f64 {
        let mean = mean(values);
        values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64
    }

    /// Efron and Tibshirani, tables 14.1 and 14.2: 26 neurologically impaired children, 90 % of the variance. They had
    /// 2,000 resamples; the ends scatter by some 3 with the seed.
    #[test]
    fn it_is_that_of_the_book() {
        let test_a = [
            48.0, 36.0, 20.0, 29.0, 42.0, 42.0, 20.0, 42.0, 22.0, 41.0, 45.0, 14.0, 6.0, 0.0, 33.0, 28.0,
            34.0, 4.0, 32.0, 24.0, 47.0, 41.0, 24.0, 26.0, 30.0, 41.0,
        ];
        assert!((variance(&test_a) - 171.5).abs() < 0.1);
        let (low, high) = interval(&single(&test_a), variance, 0.90, 1).unwrap();
        assert!((low - 115.8).abs() < 4.0 && (high - 259.6).abs() < 8.0, "{low} {high}");
        let acceleration = acceleration(&single(&test_a), &variance);
        assert!((acceleration - 0.061).abs() < 0.001, "{acceleration}");
    }

    #[test]
    fn it_holds_the_truth_as_often_as_it_says() {
        let mut noise = Noise::new(3);
        let rounds = 200;
        let hits = (0..rounds).filter(|round| {
            let sessions: Vec<Vec<f64>> = (0..25)
                .map(|_| {
                    let session = noise.normal();
                    (0..3).map(|_| session + noise.normal()).collect()
                })
                .collect();
            let (low, high) = interval(&sessions, mean, 0.90, *round).unwrap();
            low <= 0.0 && 0.0 <= high
        });
        let share = hits.count() as f64 / rounds as f64;
        assert!((0.84..=0.97).contains(&share), "{share}");
    }

    #[test]
    fn shifted_values_shift_it_and_equal_ones_have_no_width() {
        let values = [3.0, 1.0, 4.0, 1.5, 9.0, 2.6, 5.3];
        let moved = values.map(|value| value + 100.0);
        let (one, other) =
            (interval(&single(&values), mean, 0.95, 7), interval(&single(&moved), mean, 0.95, 7));
        let ((low, high), (low_moved, high_moved)) = (one.unwrap(), other.unwrap());
        assert!((low + 100.0 - low_moved).abs() < 1e-9 && (high + 100.0 - high_moved).abs() < 1e-9);
        assert_eq!(interval(&single(&[2.0; 5]), mean, 0.95, 7), Some((2.0, 2.0)));
        assert_eq!(interval(&single(&[2.0]), mean, 0.95, 7), None);
        assert_eq!(interval(&single(&values), mean, 1.5, 7), None);
        assert_eq!(interval(&[vec![1.0], vec![]], mean, 0.95, 7), None);
        assert_eq!(interval(&single(&[1.0, f64::NAN]), mean, 0.95, 7), None);
    }
}
