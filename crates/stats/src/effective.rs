//! How many independent values a series of dependent ones is worth.
//!
//! Requests of one run wait in the same queues, so neighbours are alike and their mean is less sure than their number says.
//! The autocorrelations are summed by C. Geyer's initial monotone sequence ("Practical Markov chain Monte Carlo", Statistical
//! Science 7, 1992): pairs of neighbouring lags, as long as they stay positive, and never rising.

/// The effective number of values in `series`, which is in the order of time: n / (1 + 2 Σ ρ). Between 1 and n; n for a
/// constant series and for fewer than four values. What is no finite number must be left out by the caller.
///
/// A series whose neighbours are opposed, which would be worth more than n, is given n.
pub fn size(series: &[f64]) -> f64 {
    let n = series.len();
    let mean = series.iter().sum::<f64>() / n as f64;
    let centred: Vec<f64> = series.iter().map(|value| value - mean).collect();
    let product =
        |lag: usize| centred.iter().zip(&centred[lag..]).map(|(a, b)| a * b).sum::<f64>() / n as f64;
    if n < 4 || product(0) <= f64::EPSILON * mean * mean {
        return n as f64;
    }
    let mut sum = 0.0;
    let mut least = f64::INFINITY;
    for pair in 0..n / 2 {
        let both = product(2 * pair) + product(2 * pair + 1);
        if both <= 0.0 {
            break;
        }
        least = least.min(both);
        sum += least;
    }
    let inflation = 2.0 * sum / product(0) - 1.0;
    (n as f64 / inflation.max(1.0)).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::Noise;

    #[test]
    fn independent_values_count_nearly_whole_and_a_process_of_order_one_as_its_formula_says() {
        for (correlation, expected) in [(0.0, 1.0), (0.5, 1.0 / 3.0), (0.9, 1.0 / 19.0)] {
            let mut noise = Noise::new(11);
            let mut last = 0.0;
            let series: Vec<f64> = (0..20_000)
                .map(|_| {
                    last = correlation * last + noise.normal();
                    100.0 + last
                })
                .collect();
            let share = size(&series) / 20_000.0;
            assert!((share / expected - 1.0).abs() < 0.12, "{correlation}: {share}");
        }
    }

    #[test]
    fn constant_short_and_opposed_series_count_whole() {
        assert_eq!(size(&[3.1; 50]), 50.0);
        assert_eq!(size(&[1.0, 2.0, 3.0]), 3.0);
        let opposed: Vec<f64> = (0..100).map(|at| f64::from(at % 2)).collect();
        assert_eq!(size(&opposed), 100.0);
        assert_eq!(size(&[]), 0.0);
    }

    #[test]
    fn one_step_is_worth_little_more_than_its_two_levels() {
        let step: Vec<f64> = (0..100).map(|at| if at < 50 { 1.0 } else { 2.0 }).collect();
        assert!(size(&step) < 4.0, "{}", size(&step));
    }
}
