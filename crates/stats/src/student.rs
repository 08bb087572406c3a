//! Student's t distribution, central and noncentral, for any degrees of freedom above zero.
//!
//! Infinite degrees of freedom are the normal distribution. The noncentral distribution is Lenth's algorithm AS 243 ("Cumulative
//! distribution function of the non-central t distribution", Applied Statistics 38, 1989), on the incomplete beta function of
//! `statrs`.

use std::f64::consts::PI;

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};
use statrs::function::beta::beta_reg;
use statrs::function::gamma::ln_gamma;

/// Degrees of freedom from which quantiles are had by expansion: inverting the beta function loses digits there.
const MANY: f64 = 1e4;

/// Degrees of freedom from which tails are those of the normal distribution to within 1e-8.
const NORMAL: f64 = 1e7;

/// A noncentrality beyond which the weights of AS 243 would underflow.
const FAR: f64 = 37.0;

/// The quantile of t with `freedom` degrees: the share `p`, 0 to 1, lies below it. NaN if `freedom` is not above zero or `p`
/// is no share.
pub fn quantile(p: f64, freedom: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p == 0.0 || p == 1.0 {
        return if p == 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    if freedom >= MANY {
        // Abramowitz and Stegun, 26.7.5.
        let x = Normal::standard().inverse_cdf(p);
        let first = (x.powi(3) + x) / 4.0;
        let second = (5.0 * x.powi(5) + 16.0 * x.powi(3) + 3.0 * x) / 96.0;
        return x + first / freedom + second / freedom.powi(2);
    }
    StudentsT::new(0.0, 1.0, freedom).map_or(f64::NAN, |t| t.inverse_cdf(p))
}

/// The share of t with `freedom` degrees that lies above `t`. Exact in the tail: 1e-12 is not rounded to zero.
pub fn above(t: f64, freedom: f64) -> f64 {
    if freedom >= NORMAL {
        return Normal::standard().sf(t);
    }
    StudentsT::new(0.0, 1.0, freedom).map_or(f64::NAN, |student| student.sf(t))
}

/// The share of the noncentral t with `freedom` degrees and noncentrality `shift` that lies above `t`.
///
/// It is the power of a one-sided test: `t` its critical value, `shift` the true effect in standard errors. Absolute error
/// below 1e-9 up to a shift of 37; beyond, the normal distribution with the variance of t is taken.
pub fn above_shifted(t: f64, freedom: f64, shift: f64) -> f64 {
    if freedom >= NORMAL {
        return Normal::standard().sf(t - shift);
    }
    if shift.abs() > FAR {
        // Johnson and Kotz: the distribution of t is close to normal around the shift.
        let scale = (1.0 + t * t / (2.0 * freedom)).sqrt();
        return Normal::standard().sf((t * (1.0 - 1.0 / (4.0 * freedom)) - shift) / scale);
    }
    if t < 0.0 {
        return 1.0 - above_shifted(-t, freedom, -shift);
    }
    1.0 - below(t, freedom, shift)
}

/// The share below `t` ≥ 0: a sum over Poisson weights of incomplete beta functions, each had from the one before.
fn below(t: f64, freedom: f64, shift: f64) -> f64 {
    let base = Normal::standard().cdf(-shift);
    let square = t * t;
    let (x, rest) = (square / (square + freedom), freedom / (square + freedom));
    if x == 0.0 {
        return base;
    }
    let (lambda, b) = (shift * shift, freedom / 2.0);
    let mut whole = 0.5 * (-lambda / 2.0).exp();
    let mut half = (2.0 / PI).sqrt() * whole * shift;
    let mut left = 0.5 - whole;
    let power = rest.powf(b);
    let mut odd = beta_reg(0.5, b, x);
    let mut odd_step = 2.0 * power * (0.5 * x.ln() - 0.5 * PI.ln() - ln_gamma(b) + ln_gamma(b + 0.5)).exp();
    let mut even = -(b * rest.ln()).exp_m1();
    let mut even_step = b * x * power;
    let mut sum = whole * odd + half * even;
    for j in 1..5000 {
        let j = f64::from(j);
        odd -= odd_step;
        even -= even_step;
        odd_step *= x * (j + b - 0.5) / (j + 0.5);
        even_step *= x * (j + b) / (j + 1.0);
        whole *= lambda / (2.0 * j);
        half *= lambda / (2.0 * j + 1.0);
        sum += whole * odd + half * even;
        left -= whole;
        if (2.0 * left * (odd - odd_step)).abs() < 1e-13 {
            break;
        }
    }
    (sum + base).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near(found: f64, expected: f64, within: f64) {
        assert!((found - expected).abs() <= within, "{found} instead of {expected}");
    }

    #[test]
    fn quantiles_and_tails_are_those_of_scipy() {
        // scipy.stats.t.ppf and .sf, 1.17.
        for (p, freedom, expected) in [
            (0.975, 4.0, 2.776_445_105_197_793_4),
            (0.975, 2.5, 3.574_654_842_003_681_7),
            (0.999, 7.3, 4.688_865_993_538_372),
            (0.6, 1.0, 0.324_919_696_232_906_3),
            (0.05, 12.0, -1.782_287_555_649_319_4),
            (0.999_999_5, 3.0, 130.154_589_561_927_57),
            (0.9999, 1e3, 3.732_851_604_575_396_7),
            (0.9999, 1e5, 3.719_154_382_641_372_4),
            (0.975, f64::INFINITY, 1.959_963_984_540_054),
        ] {
            near(quantile(p, freedom) / expected, 1.0, 1e-9);
        }
        for (t, freedom, expected) in [
            (2.5, 4.0, 0.033_383_272_405_994_07),
            (30.0, 8.0, 8.267_628_375_894_88e-10),
            (-1.0, 3.7, 0.810_929_300_119_773_7),
            (6.0, 1e9, 9.865_879_822_492_407e-10),
        ] {
            near(above(t, freedom) / expected, 1.0, 1e-6);
        }
    }

    #[test]
    fn the_noncentral_tail_is_that_of_scipy() {
        // scipy.stats.nct.sf, 1.17.
        for (t, freedom, shift, expected) in [
            (2.776_445_105_198, 4.0, 2.87, 0.583_298_333_434_068_5),
            (2.306, 8.0, 2.87, 0.710_867_860_852_705_3),
            (0.0, 5.0, 1.0, 0.841_344_746_068_542_9),
            (-1.5, 7.0, 0.5, 0.965_465_351_691_007_8),
            (2.0, 3.0, -1.0, 0.009_968_500_632_730_935),
            (12.706, 1.0, 15.0, 0.760_766_686_683_527_9),
            (1.96, 200.0, 2.5, 0.705_356_979_398_790_6),
            (3.0, 2.5, 0.0, 0.036_288_047_774_515_914),
            (5.0, 30.0, 8.0, 0.994_454_982_788_986_8),
            (40.0, 6.0, 36.0, 0.438_178_090_911_165_1),
        ] {
            near(above_shifted(t, freedom, shift), expected, 1e-9);
        }
        // Beyond the series, the approximation takes over without a jump worth seeing.
        near(above_shifted(37.0, 9.0, 37.1), above_shifted(37.0, 9.0, 36.9), 0.02);
    }

    #[test]
    fn what_has_no_distribution_is_no_number() {
        assert!(quantile(1.5, 4.0).is_nan() && quantile(0.5, 0.0).is_nan() && above(1.0, -1.0).is_nan());
        assert_eq!((quantile(0.0, 3.0), quantile(1.0, 3.0)), (f64::NEG_INFINITY, f64::INFINITY));
    }

    proptest! {
        #[test]
        fn tails_and_quantiles_belong_together(p in 0.001..0.999f64, freedom in 1.0..500.0f64) {
            prop_assert!((above(quantile(p, freedom), freedom) - (1.0 - p)).abs() < 1e-8);
            prop_assert!((above_shifted(quantile(p, freedom), freedom, 0.0) - (1.0 - p)).abs() < 1e-8);
        }

        #[test]
        fn power_rises_with_the_shift(t in 0.5..6.0f64, freedom in 1.0..60.0f64, shift in 0.0..20.0f64) {
            prop_assert!(above_shifted(t, freedom, shift + 0.1) + 1e-10 >= above_shifted(t, freedom, shift));
        }
    }
}
