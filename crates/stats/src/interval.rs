//! The mean of independent samples and how sure it is.

use crate::student;

/// The mean of `samples` and the half width of its 95 % interval, mean ± t s / √n (Student). `None` with fewer than two
/// samples, or if one is no finite number.
///
/// The samples must be independent, such as one figure from each run; requests within a run are not.
pub fn interval(samples: &[f64]) -> Option<(f64, f64)> {
    let n = samples.len();
    if n < 2 {
        return None;
    }
    let mean = samples.iter().sum::<f64>() / n as f64;
    let squares: f64 = samples.iter().map(|sample| (sample - mean).powi(2)).sum();
    let half_width = quantile(n - 1) * (squares / (n - 1) as f64 / n as f64).sqrt();
    (mean.is_finite() && half_width.is_finite()).then_some((mean, half_width))
}

/// The 97.5 % quantile of Student's t distribution: 95 % lie between −t and t. The relative error is below 1e-9.
pub fn quantile(freedom: usize) -> f64 {
    student::quantile(0.975, freedom as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::noise::Noise;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        let table = [
            (1, 12.706_204_736_170),
            (2, 4.302_652_729_749),
            (3, 3.182_446_305_284),
            (4, 2.776_445_105_198),
            (5, 2.570_581_835_636),
            (9, 2.262_157_162_798),
            (10, 2.228_138_851_986),
            (29, 2.045_229_642_133),
            (30, 2.042_272_456_301),
            (100, 1.983_971_518_524),
            (200, 1.971_896_223_634),
            (201, 1.971_836_506_780),
            (1000, 1.962_339_080_826),
            (100_000, 1.959_987_707_535),
        ];
        for (freedom, t) in table {
            let found = quantile(freedom);
            assert!((found / t - 1.0).abs() < 1e-9, "{freedom}: {found}");
        }
    }

    #[test]
    fn a_known_case() {
        let (mean, half) = interval(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        assert_eq!(mean, 3.0);
        // s = √2.5, t(4) = 2.7764.
        assert!((half - 1.963_243).abs() < 1e-6, "{half}");
        assert_eq!(interval(&[2.0, 2.0]), Some((2.0, 0.0)));
    }

    #[test]
    fn too_few_or_no_numbers_give_none() {
        assert_eq!(interval(&[]), None);
        assert_eq!(interval(&[1.0]), None);
        assert_eq!(interval(&[1.0, f64::NAN]), None);
        assert_eq!(interval(&[f64::MAX, f64::MAX]), None);
    }

    #[test]
    fn nineteen_of_twenty_intervals_hold_the_truth() {
        let mut noise = Noise::new(7);
        for n in [2, 5, 20] {
            let hits = (0..4000).filter(|_| {
                let samples: Vec<f64> = (0..n).map(|_| 10.0 + noise.normal()).collect();
                let (mean, half) = interval(&samples).unwrap();
                (mean - 10.0).abs() <= half
            });
            let share = hits.count() as f64 / 4000.0;
            assert!((share - 0.95).abs() < 0.015, "{n}: {share}");
        }
    }

    proptest! {
        #[test]
        fn it_moves_and_grows_with_its_samples(samples in prop::collection::vec(-1e3..1e3f64, 2..50), by in -1e3..1e3f64, factor in 0.1..10.0f64) {
            let (mean, half) = interval(&samples).unwrap();
            let other: Vec<f64> = samples.iter().map(|sample| sample * factor + by).collect();
            let (other_mean, other_half) = interval(&other).unwrap();
            prop_assert!((other_mean - (mean * factor + by)).abs() < 1e-8);
            prop_assert!((other_half - half * factor).abs() < 1e-7);
        }

        #[test]
        fn more_freedom_means_a_smaller_quantile(freedom in 1usize..5000) {
            prop_assert!(quantile(freedom + 1) < quantile(freedom));
            prop_assert!(quantile(freedom) > 1.959_963_984_540_054);
        }
    }
}
