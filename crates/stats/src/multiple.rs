//! Many tests at once: the false discovery rate.

/// For each of `p`, the smallest rate of false discoveries at which it would be among the discoveries: Benjamini and Hochberg
/// ("Controlling the false discovery rate", Journal of the Royal Statistical Society B 57, 1995), made monotone. In the order
/// of `p`.
///
/// It holds for independent tests and for tests that rise and fall together, such as the percentiles of one run. NaN counts
/// as 1.
pub fn adjusted(p: &[f64]) -> Vec<f64> {
    let of = |index: usize| if p[index].is_nan() { 1.0 } else { p[index] };
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| of(*a).total_cmp(&of(*b)));
    let mut adjusted = vec![1.0; p.len()];
    let mut least = 1.0_f64;
    for (rank, index) in order.into_iter().enumerate().rev() {
        least = least.min(of(index) * (p.len() as f64 / (rank + 1) as f64));
        adjusted[index] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_is_that_of_scipy() {
        // scipy.stats.false_discovery_control of the example in Benjamini and Hochberg's paper.
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
            0.6528, 0.7590, 1.0,
        ];
        let expected = [
            0.0015,
            0.003,
            0.0095,
            0.035_625,
            0.0603,
            0.063_857_142_857,
            0.063_857_142_857,
            0.0645,
            0.0765,
            0.486,
            0.581_181_818_182,
            0.714_875,
            0.753_230_769_231,
            0.813_214_285_714,
            1.0,
        ];
        for (found, expected) in adjusted(&p).into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-11, "{found} {expected}");
        }
    }

    #[test]
    fn nothing_and_no_numbers_discover_nothing() {
        assert!(adjusted(&[]).is_empty());
        assert_eq!(adjusted(&[f64::NAN, 0.01]), [1.0, 0.02]);
    }

    proptest! {
        #[test]
        fn order_does_not_matter_and_nothing_gets_smaller(p in prop::collection::vec(0.0..1.0f64, 1..40)) {
            let forward = adjusted(&p);
            let reversed: Vec<f64> = p.iter().rev().copied().collect();
            let mut backward = adjusted(&reversed);
            backward.reverse();
            prop_assert_eq!(&forward, &backward);
            prop_assert!(forward.iter().zip(&p).all(|(adjusted, p)| adjusted >= p && *adjusted <= 1.0));
        }
    }
}
