//! Looking before the end: how much of the error each look may spend.
//!
//! K. Lan and D. `DeMets`, "Discrete sequential boundaries for clinical trials", Biometrika 70, 1983, with the spending function
//! that is like O'Brien and Fleming's bounds: hardly anything early, almost everything at the end. Each direction spends half.
//! What a look has left to spend follows from the chance to have ended before it, by numerical integration (P. Armitage,
//! C. `McPherson` and B. Rowe, "Repeated significance tests on accumulating data", Journal of the Royal Statistical Society A
//! 132, 1969).
//!
//! The bounds are those of normal scores. For t they hold closely if the level is kept and the bound taken from t.

use statrs::distribution::{Continuous, ContinuousCDF, Normal};

/// Steps of the integration at each look; even, for Simpson's rule.
const STEPS: usize = 400;

/// No bound is further out: its level is 1e-15.
const FURTHEST: f64 = 8.0;

/// The two-sided level at which look `look` of `looks`, counted from 1 and evenly spaced, may decide so that all together err
/// with `alpha`. `None` if there is no such look or `alpha` is not between 0 and 1.
///
/// The interval at this look has the confidence 1 − level.
pub fn level(look: usize, looks: usize, alpha: f64) -> Option<f64> {
    let fractions: Vec<f64> = (1..=looks).map(|look| look as f64 / looks as f64).collect();
    levels(&fractions, alpha)?.get(look.checked_sub(1)?).copied()
}

/// The levels of looks at these `fractions` of the largest sample, which ascend from above 0 to at most 1. `None` if they do
/// not, or `alpha` is not between 0 and 1.
pub fn levels(fractions: &[f64], alpha: f64) -> Option<Vec<f64>> {
    let ascend = fractions.windows(2).all(|two| two[0] < two[1]);
    let within = fractions.first().is_none_or(|first| *first > 0.0)
        && fractions.last().is_none_or(|last| *last <= 1.0);
    if !(ascend && within && alpha > 0.0 && alpha < 1.0) {
        return None;
    }
    let normal = Normal::standard();
    let outer = normal.inverse_cdf(1.0 - alpha / 4.0);
    let mut spent = 0.0;
    let mut walk = Walk::start();
    let mut levels = Vec::with_capacity(fractions.len());
    for fraction in fractions {
        let allowed = 2.0 * normal.sf(outer / fraction.sqrt());
        let bound = walk.bound(*fraction, allowed - spent);
        walk.go(*fraction, bound);
        spent = allowed;
        levels.push(2.0 * normal.sf(bound));
    }
    Some(levels)
}

/// The distribution of the score (the sum so far, of variance 1 at the end) where no look has decided: points and weights.
struct Walk {
    points: Vec<(f64, f64)>,
    fraction: f64,
}

impl Walk {
    fn start() -> Self {
        Self { points: vec![(0.0, 1.0)], fraction: 0.0 }
    }

    /// The bound, in standard errors, that is crossed upward for the first time at `fraction` with the chance `spend`.
    fn bound(&self, fraction: f64, spend: f64) -> f64 {
        let step = (fraction - self.fraction).sqrt();
        let normal = Normal::standard();
        let crossed = |bound: f64| -> f64 {
            let at = bound * fraction.sqrt();
            self.points.iter().map(|(score, weight)| weight * normal.sf((at - score) / step)).sum()
        };
        let (mut low, mut high) = (0.0, FURTHEST);
        for _ in 0..50 {
            let middle = f64::midpoint(low, high);
            if crossed(middle) > spend { low = middle } else { high = middle }
        }
        high
    }

    /// Goes on to `fraction` and leaves out what crosses `bound` on either side.
    fn go(&mut self, fraction: f64, bound: f64) {
        let step = (fraction - self.fraction).sqrt();
        let normal = Normal::standard();
        // Nothing worth counting lies beyond the furthest bound.
        let edge = bound * fraction.sqrt();
        let width = 2.0 * edge / STEPS as f64;
        let next = (0..=STEPS).map(|at| {
            let score = width * at as f64 - edge;
            let density: f64 = self
                .points
                .iter()
                .map(|(from, weight)| weight * normal.pdf((score - from) / step) / step)
                .sum();
            let simpson = if at == 0 || at == STEPS {
                1.0
            } else if at % 2 == 1 {
                4.0
            } else {
                2.0
            };
            (score, density * simpson * width / 3.0)
        });
        self.points = next.collect();
        self.fraction = fraction;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::Noise;

    #[test]
    fn bounds_are_those_of_the_tables() {
        // Reboussin et al., "Computations for group sequential boundaries using the Lan–DeMets spending function method",
        // Controlled Clinical Trials 21, 2000: five even looks, two-sided .05.
        let normal = Normal::standard();
        let bounds = [4.8769, 3.3569, 2.6803, 2.2898, 2.0310];
        for (look, bound) in (1..).zip(bounds) {
            let found = normal.inverse_cdf(1.0 - level(look, 5, 0.05).unwrap() / 2.0);
            assert!((found - bound).abs() < 2e-4, "{look}: {found}");
        }
    }

    #[test]
    fn one_look_may_spend_it_all_and_the_last_of_many_nearly_so() {
        assert!((level(1, 1, 0.05).unwrap() - 0.05).abs() < 1e-9);
        let many = levels(&(1..=20).map(|look| f64::from(look) / 20.0).collect::<Vec<f64>>(), 0.05).unwrap();
        assert!(many.windows(2).all(|two| two[0] <= two[1]));
        // By a grid of 2,000 steps.
        assert!((many[19] - 0.033_768).abs() < 1e-5, "{}", many[19]);
    }

    #[test]
    fn all_looks_together_err_as_often_as_asked() {
        let normal = Normal::standard();
        let bounds: Vec<f64> =
            (1..=5).map(|look| normal.inverse_cdf(1.0 - level(look, 5, 0.1).unwrap() / 2.0)).collect();
        let mut noise = Noise::new(3);
        let ended = (0..20_000).filter(|_| {
            let mut sum = 0.0;
            bounds.iter().zip(1..).any(|(bound, look)| {
                sum += noise.normal();
                (sum / f64::from(look).sqrt()).abs() > *bound
            })
        });
        let share = ended.count() as f64 / 20_000.0;
        assert!((share - 0.1).abs() < 0.008, "{share}");
    }

    #[test]
    fn looks_that_are_none_have_no_level() {
        assert_eq!(level(0, 5, 0.05), None);
        assert_eq!(level(6, 5, 0.05), None);
        assert_eq!(level(1, 5, 0.0), None);
        assert_eq!(levels(&[0.5, 0.4], 0.05), None);
        assert_eq!(levels(&[0.5, 1.1], 0.05), None);
        assert_eq!(levels(&[], 0.05), Some(vec![]));
    }
}
