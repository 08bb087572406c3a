//! Robust trends: how fast a series rises, and whether it does.
//!
//! For readings between two change points. Both take outliers: a third of the readings may be wrong before the slope breaks.
//! Readings that follow the one before are worth fewer independent ones; how many fewer is told by
//! [`autocorrelation`], and widens the interval of the slope and the scatter of the test (after Yue and Wang 2004).

use statrs::distribution::{ContinuousCDF, Normal};

use crate::series::{autocorrelation, median};

/// From so many readings not all pairs are looked at but those some distances apart: 180,000 pairs say no less.
const ALL_PAIRS: usize = 600;

/// A line through points, by Theil and Sen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// The rise for each unit of x: the median of the slopes of all pairs.
    pub slope: f64,
    /// The value at x = 0: median of y less slope times median of x.
    pub intercept: f64,
    /// The lower end of the interval of the slope.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Whether a series rises or falls, whatever the shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MannKendall {
    /// The share of pairs that rise less the share that fall: -1 to 1.
    pub tau: f64,
    /// The statistic, about standard normal if there is no trend. Above 0 if the series rises.
    pub z: f64,
    /// Its two-sided p value.
    pub p: f64,
}

/// The line of Theil and Sen with the interval of its slope (Sen, JASA 1968) at the confidence `level`, such as .95. The points
/// in the order of time, x and y of the same length.
///
/// `None` with fewer than 3 points, at a single x, with a value that is no finite number, or at a level not between 0 and 1.
pub fn theil_sen(x: &[f64], y: &[f64], level: f64) -> Option<Trend> {
    let n = x.len();
    if n < 3
        || y.len() != n
        || !x.iter().chain(y).all(|value| value.is_finite())
        || !(level > 0.0 && level < 1.0)
    {
        return None;
    }
    let mut slopes = slopes(x, y);
    let pairs = slopes.len();
    if pairs == 0 {
        return None;
    }
    let slope = median(&mut slopes);
    let intercept = median(&mut y.to_vec()) - slope * median(&mut x.to_vec());
    let residuals: Vec<f64> = x.iter().zip(y).map(|(x, y)| y - slope * x).collect();
    let all = n as f64 * (n as f64 - 1.0) / 2.0;
    let reach = normal(f64::midpoint(1.0, level))? * (kendall_variance(y) * widening(&residuals)).sqrt();
    // Ranks among all pairs, rounded outward; of those looked at, the same share.
    let end = |way: f64| f64::midpoint(pairs as f64, way * (reach / all).min(1.0) * pairs as f64).round();
    let rank = |end: f64| (end.max(0.0) as usize).min(pairs - 1);
    let low = *slopes.select_nth_unstable_by(rank(end(-1.0) - 1.0), f64::total_cmp).1;
    let high = *slopes.select_nth_unstable_by(rank(end(1.0)), f64::total_cmp).1;
    Some(Trend { slope, intercept, low, high })
}

/// The test of Mann and Kendall for a trend, with the correction for ties; `series` in the order of time.
///
/// `None` with fewer than 4 readings, or with one that is no finite number. Of a constant series z is 0 and p is 1.
pub fn mann_kendall(series: &[f64]) -> Option<MannKendall> {
    let n = series.len();
    if n < 4 || !series.iter().all(|value| value.is_finite()) {
        return None;
    }
    let compared = |(i, earlier): (usize, &f64)| {
        series[i + 1..]
            .iter()
            .map(|later| i64::from(later > earlier) - i64::from(later < earlier))
            .sum::<i64>()
    };
    let score = series.iter().enumerate().map(compared).sum::<i64>() as f64;
    let places: Vec<f64> = (0..n).map(|i| i as f64).collect();
    let slope = median(&mut slopes(&places, series));
    let residuals: Vec<f64> = places.iter().zip(series).map(|(x, y)| y - slope * x).collect();
    let deviation = (kendall_variance(series) * widening(&residuals)).sqrt();
    let z = if score == 0.0 { 0.0 } else { score.signum() * (score.abs() - 1.0) / deviation };
    let p = (2.0 * Normal::standard().sf(z.abs())).min(1.0);
    Some(MannKendall { tau: score / (n as f64 * (n as f64 - 1.0) / 2.0), z, p })
}

/// Slopes of pairs at different x.
fn slopes(x: &[f64], y: &[f64]) -> Vec<f64> {
    let n = x.len();
    let distances = (1..n).step_by(n.div_ceil(ALL_PAIRS).max(1));
    let pairs = distances.flat_map(|distance| (distance..n).map(move |i| (i - distance, i)));
    pairs.filter(|(i, j)| x[*i] != x[*j]).map(|(i, j)| (y[j] - y[i]) / (x[j] - x[i])).collect()
}

/// The variance of Kendall's score of independent readings, with ties.
fn kendall_variance(values: &[f64]) -> f64 {
    let of = |n: f64| n * (n - 1.0) * (2.0 * n + 5.0);
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let ties: f64 = sorted.chunk_by(|a, b| a == b).map(|tied| of(tied.len() as f64)).sum();
    (of(values.len() as f64) - ties) / 18.0
}

/// How much the variance of a mean of these readings exceeds that of independent ones: 1 or more.
pub(crate) fn widening(residuals: &[f64]) -> f64 {
    let (n, rho) = (residuals.len() as f64, autocorrelation(residuals));
    (1.0 + rho) / (1.0 - rho) - 2.0 * rho * (1.0 - rho.powf(n)) / (n * (1.0 - rho).powi(2))
}

/// The quantile of the normal distribution; `None` outside of 0..1.
fn normal(share: f64) -> Option<f64> {
    (share > 0.0 && share < 1.0).then(|| Normal::standard().inverse_cdf(share))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::noise::Noise;

    const WITH_AN_OUTLIER: [f64; 12] =
        [10.2, 10.0, 10.9, 10.4, 11.8, 11.1, 11.9, 30.0, 12.2, 12.9, 12.4, 13.1];

    fn places(n: usize) -> Vec<f64> {
        (0..n).map(|i| i as f64).collect()
    }

    fn autoregressive(noise: &mut Noise, n: usize, rho: f64) -> Vec<f64> {
        let mut state = noise.normal();
        let step = (1.0 - rho * rho).sqrt();
        (0..n)
            .map(|_| {
                state = rho * state + step * noise.normal();
                50.0 + state
            })
            .collect()
    }

    #[test]
    fn a_known_line() {
        // scipy.stats.theilslopes, scipy 1.17; these residuals show no autocorrelation.
        let trend = theil_sen(&places(12), &WITH_AN_OUTLIER, 0.95).unwrap();
        assert!((trend.slope - 0.284_523_809_523_809_6).abs() < 1e-9, "{trend:?}");
        assert!((trend.intercept - 10.285_119_047_619_048).abs() < 1e-9, "{trend:?}");
        assert!(
            (trend.low - 0.185_714_285_714_285_55).abs() < 1e-9 && (trend.high - 0.38).abs() < 1e-9,
            "{trend:?}"
        );
    }

    #[test]
    fn known_tests() {
        let outlier = mann_kendall(&WITH_AN_OUTLIER).unwrap();
        assert!((outlier.tau - 50.0 / 66.0).abs() < 1e-12, "{outlier:?}");
        assert!((outlier.z - 3.360_054_858).abs() < 1e-6, "{outlier:?}");
        let ties = mann_kendall(&[1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 1.0, 4.0, 4.0, 5.0]).unwrap();
        assert!((ties.p - 0.007_255_622_277).abs() < 1e-6, "{ties:?}");
    }

    #[test]
    fn nothing_moves_in_a_constant_series() {
        let flat = mann_kendall(&[3.0; 9]).unwrap();
        assert_eq!((flat.tau, flat.z, flat.p), (0.0, 0.0, 1.0));
        let line = theil_sen(&places(9), &[3.0; 9], 0.95).unwrap();
        assert_eq!((line.slope, line.intercept, line.low, line.high), (0.0, 3.0, 0.0, 0.0));
    }

    #[test]
    fn too_little_has_no_trend() {
        assert_eq!(theil_sen(&[1.0, 2.0], &[1.0, 2.0], 0.95), None);
        assert_eq!(theil_sen(&[1.0; 5], &places(5), 0.95), None);
        assert_eq!(theil_sen(&places(5), &[1.0, f64::NAN, 2.0, 3.0, 4.0], 0.95), None);
        assert_eq!(theil_sen(&places(5), &places(5), 1.0), None);
        assert_eq!(mann_kendall(&[1.0, 2.0, 3.0]), None);
    }

    #[test]
    fn autocorrelation_is_no_trend() {
        let mut noise = Noise::new(5);
        let mut alarms = [0; 2];
        for _ in 0..400 {
            for (alarms, rho) in alarms.iter_mut().zip([0.0, 0.5]) {
                let series = autoregressive(&mut noise, 100, rho);
                *alarms += usize::from(mann_kendall(&series).unwrap().p < 0.05);
            }
        }
        // 20 are due; without the correction the second would be about 100.
        assert!(alarms[0] <= 32 && alarms[1] <= 48, "{alarms:?}");
    }

    #[test]
    fn intervals_hold_the_slope() {
        let mut noise = Noise::new(6);
        for (rho, least) in [(0.0, 366), (0.5, 350)] {
            let held = (0..400).filter(|_| {
                let y = autoregressive(&mut noise, 60, rho);
                let y: Vec<f64> = y.iter().enumerate().map(|(i, y)| y + 0.1 * i as f64).collect();
                let trend = theil_sen(&places(60), &y, 0.95).unwrap();
                trend.low <= 0.1 && trend.high >= 0.1
            });
            let held = held.count();
            assert!(held >= least, "{rho}: {held} of 400");
        }
    }

    #[test]
    fn many_readings_need_not_all_pairs() {
        let mut noise = Noise::new(7);
        let y: Vec<f64> = (0..3000).map(|i| 0.01 * f64::from(i) + noise.normal()).collect();
        let trend = theil_sen(&places(3000), &y, 0.95).unwrap();
        assert!((trend.slope - 0.01).abs() < 2e-4, "{trend:?}");
        assert!(trend.high - trend.low < 2e-4, "{trend:?}");
    }

    proptest! {
        #[test]
        fn lines_move_with_their_points(values in prop::collection::vec(-1e3..1e3f64, 4..40), rise in -10.0..10.0f64) {
            let x = places(values.len());
            let plain = theil_sen(&x, &values, 0.9).unwrap();
            let tilted: Vec<f64> = values.iter().zip(&x).map(|(y, x)| y + rise * x).collect();
            let tilted = theil_sen(&x, &tilted, 0.9).unwrap();
            prop_assert!((tilted.slope - plain.slope - rise).abs() < 1e-6);
            prop_assert!(plain.low <= plain.slope && plain.slope <= plain.high);
            let back: Vec<f64> = values.iter().map(|y| -y).collect();
            prop_assert!((mann_kendall(&back).unwrap().z + mann_kendall(&values).unwrap().z).abs() < 1e-9);
        }
    }
}
