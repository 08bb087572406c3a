//! What a comparison can find: its power, the smallest change that it detects, and the runs that it needs.
//!
//! By the noncentral t distribution, exact for normal samples; the bootstrap is planned for as if it were t. Changes, margins
//! and errors are on one scale: logarithms for ratios.

use statrs::distribution::{ContinuousCDF, Normal};

use crate::student;

/// Power with which changes count as detectable, and with which further runs are planned.
pub const USUAL: f64 = 0.8;

/// How likely it is that a true change of `effect` is found to lie beyond `margin`: that the whole interval of `confidence`
/// does. Given the standard error of the change and its degrees of freedom.
pub fn power(effect: f64, margin: f64, error: f64, freedom: f64, confidence: f64) -> f64 {
    if error == 0.0 {
        return if effect > margin { 1.0 } else { 0.0 };
    }
    let critical = student::quantile(f64::midpoint(1.0, confidence), freedom);
    student::above_shifted(critical, freedom, (effect - margin) / error)
}

/// The smallest true change that is found beyond `margin` with the power asked for, which is between 0.05 and 1.
pub fn detectable(margin: f64, error: f64, freedom: f64, confidence: f64, power: f64) -> f64 {
    if error == 0.0 {
        return margin;
    }
    let critical = student::quantile(f64::midpoint(1.0, confidence), freedom);
    // As normal scores, power is almost a straight line over the shift: a few secants find it.
    let score = |share: f64| Normal::standard().inverse_cdf(share.clamp(1e-15, 1.0 - 1e-15));
    let wanted = score(power);
    let beyond = |shift: f64| score(student::above_shifted(critical, freedom, shift)) - wanted;
    let mut shift = critical + wanted;
    let mut last = (1.05 * critical + wanted, beyond(1.05 * critical + wanted));
    for _ in 0..50 {
        let over = beyond(shift);
        if over.abs() < 1e-10 || over == last.1 {
            break;
        }
        let next = shift - over * (shift - last.0) / (over - last.1);
        last = (shift, over);
        shift = next;
    }
    margin + shift * error
}

/// The fewest runs a side, from 2, with which a true change of `effect` is found beyond `margin` by Welch's t, where single
/// runs scatter by `noise` (a standard deviation). `None` if `most` do not reach it.
pub fn runs_needed(
    effect: f64,
    margin: f64,
    noise: f64,
    confidence: f64,
    power_wanted: f64,
    most: u32,
) -> Option<u32> {
    fewest(2, most, |runs| {
        let runs = f64::from(runs);
        power(effect, margin, noise * (2.0 / runs).sqrt(), 2.0 * (runs - 1.0), confidence) >= power_wanted
    })
}

/// The smallest of `from..=to` that holds, where all above one that holds do.
pub(crate) fn fewest(from: u32, to: u32, holds: impl Fn(u32) -> bool) -> Option<u32> {
    let (mut low, mut high) = (from, from);
    while !holds(high) {
        if high >= to {
            return None;
        }
        low = high + 1;
        high = (high.saturating_mul(2)).clamp(low, to);
    }
    while low < high {
        let middle = u32::midpoint(low, high);
        if holds(middle) { high = middle } else { low = middle + 1 }
    }
    Some(high)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn runs_needed_are_those_of_the_noncentral_t() {
        // The first n whose power by scipy.stats.nct reaches .8.
        assert_eq!(runs_needed(0.05, 0.02, 0.016, 0.95, 0.8, 100), Some(6));
        assert_eq!(runs_needed(0.1, 0.02, 0.016, 0.95, 0.8, 100), Some(3));
        assert_eq!(runs_needed(0.05, 0.02, 0.05, 0.95, 0.8, 100), Some(45));
        assert_eq!(runs_needed(0.05, 0.02, 0.05, 0.95, 0.8, 44), None);
        assert_eq!(runs_needed(0.02, 0.02, 0.05, 0.95, 0.8, 1_000_000), None);
    }

    #[test]
    fn without_error_the_margin_itself_is_detectable() {
        assert_eq!(detectable(0.02, 0.0, 4.0, 0.95, 0.8), 0.02);
        assert_eq!((power(0.03, 0.02, 0.0, 4.0, 0.95), power(0.02, 0.02, 0.0, 4.0, 0.95)), (1.0, 0.0));
    }

    #[test]
    fn the_fewest_are_found_wherever_they_begin() {
        for first in 1..70 {
            assert_eq!(fewest(1, 64, |n| n >= first), (first <= 64).then_some(first), "{first}");
        }
    }

    proptest! {
        #[test]
        fn what_is_detectable_has_the_power_asked_for(
            margin in 0.0..0.1f64, error in 0.001..0.1f64, freedom in 1.0..60.0f64, wanted in 0.1..0.95f64,
            confidence in 0.6..0.999f64
        ) {
            let change = detectable(margin, error, freedom, confidence, wanted);
            prop_assert!((power(change, margin, error, freedom, confidence) - wanted).abs() < 1e-6);
        }
    }
}
