//! Equivalence: that a change lies within a margin, shown by two one-sided tests.
//!
//! D. J. Schuirmann, "A comparison of the two one-sided tests procedure and the power approach for assessing the equivalence
//! of average bioavailability", Journal of Pharmacokinetics and Biopharmaceutics 15, 1987. At a level α it says the same as
//! the interval of 1 − 2α lying within the margin.

use crate::student;

/// The p of "the change lies outside ± `margin`", given its estimate, its standard error and the error's degrees of freedom.
/// All on one scale. With an error of zero it is 0 within the margin (its ends included), else 1.
pub fn tost(estimate: f64, error: f64, freedom: f64, margin: f64) -> f64 {
    let room = margin - estimate.abs();
    if error == 0.0 {
        return if room >= 0.0 { 0.0 } else { 1.0 };
    }
    // Of the two tests the one at the nearer end has the larger p.
    student::above(room / error, freedom)
}

/// How likely it is that a true change of `effect` is found to lie within ± `margin`, at a level of `alpha` for each test.
///
/// By the noncentral t for each test, and the two failures added up: never too high, and right to the third digit where it
/// is above one half (Chow, Shao and Wang, *Sample Size Calculations in Clinical Research*, section 3.2).
pub fn power(effect: f64, margin: f64, error: f64, freedom: f64, alpha: f64) -> f64 {
    if error == 0.0 {
        return if effect.abs() <= margin { 1.0 } else { 0.0 };
    }
    let critical = student::quantile(1.0 - alpha, freedom);
    let upper = student::above_shifted(critical, freedom, (margin - effect) / error);
    let lower = student::above_shifted(critical, freedom, (margin + effect) / error);
    (upper + lower - 1.0).max(0.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn power_is_that_of_integration() {
        // The bivariate integral over the noncentral t's, by quadrature in SciPy.
        for (effect, margin, error, expected, within) in [
            (0.0, 0.02, 0.005, 0.953_305_47, 2e-6),
            (0.005, 0.02, 0.006, 0.721_579_67, 2e-4),
            (0.0, 0.02, 0.008, 0.487_952_50, 0.013),
            (0.0, 0.02, 0.05, 0.0, 0.01),
        ] {
            let found = power(effect, margin, error, 8.0, 0.05);
            assert!(found <= expected && found >= expected - within, "{found} {expected}");
        }
    }

    #[test]
    fn without_error_the_ends_of_the_margin_belong_to_it() {
        assert_eq!((tost(0.02, 0.0, 4.0, 0.02), tost(0.021, 0.0, 4.0, 0.02)), (0.0, 1.0));
        assert_eq!((power(0.0, 0.0, 0.0, 4.0, 0.05), power(-0.1, 0.05, 0.0, 4.0, 0.05)), (1.0, 0.0));
    }

    proptest! {
        #[test]
        fn it_says_what_the_interval_says(
            estimate in -0.05..0.05f64, error in 0.001..0.03f64, freedom in 1.0..40.0f64, margin in 0.0..0.1f64
        ) {
            let half = student::quantile(0.95, freedom) * error;
            let within = estimate - half > -margin && estimate + half < margin;
            prop_assert_eq!(tost(estimate, error, freedom, margin) < 0.05, within);
        }
    }
}
