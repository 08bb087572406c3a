//! How strongly readings speak for a step between them, and for a drift instead.

use std::ops::Range;

use super::CLIP;
use crate::series::{autocorrelation, variance};

/// So many readings is the variance of the whole series worth beside a side's own.
const PRIOR: f64 = 15.0;

/// A drift that reaches across this many times the shorter side of a step is looked for as well.
const NEAR: f64 = 1.5;

/// The noise of standardised readings around their levels.
#[derive(Debug, Clone)]
pub(super) struct Noise {
    variance: f64,
    rho: f64,
    /// See [`Noise::widening`], by the number of readings; as far as it was worth keeping.
    widenings: Vec<f64>,
}

impl Noise {
    /// Of readings from which their levels were taken, in standard deviations; `kept` widenings are at hand afterwards.
    pub(super) fn of(residuals: &[f64], kept: usize) -> Self {
        let clipped: Vec<f64> = residuals.iter().map(|value| value.clamp(-CLIP, CLIP)).collect();
        let variance = f64::midpoint(variance(&clipped, 4), variance(&clipped, 5)).max(1e-12);
        let mut noise = Self { variance, rho: autocorrelation(&clipped), widenings: Vec::new() };
        let powers = std::iter::successors(Some(1.0), |power| Some(power * noise.rho));
        noise.widenings =
            powers.take(kept).enumerate().map(|(n, power)| noise.widened(n as f64, power)).collect();
        noise
    }

    /// The variance that independent readings would need for a mean of many to scatter as it does.
    pub(super) fn long_run(&self) -> f64 {
        self.variance * (1.0 + self.rho) / (1.0 - self.rho)
    }

    /// How much the variance of the mean of `n` readings exceeds that of independent ones.
    fn widening(&self, n: f64) -> f64 {
        self.widenings.get(n as usize).copied().unwrap_or_else(|| self.widened(n, self.rho.powf(n)))
    }

    /// `power` is `rho` to the `n`.
    fn widened(&self, n: f64, power: f64) -> f64 {
        let rho = self.rho;
        if rho == 0.0 || n < 2.0 {
            return 1.0;
        }
        (1.0 + rho) / (1.0 - rho) - 2.0 * rho * (1.0 - power) / (n * (1.0 - rho).powi(2))
    }

    /// The variance of a side's mean.
    fn of_mean(&self, side: &Side) -> f64 {
        let variance = (PRIOR * self.variance + side.scatter) / (PRIOR + side.n - 1.0);
        variance * self.widening(side.n) / side.n
    }
}

/// Running sums of readings, for the mean and scatter of any range of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    values: Vec<f64>,
    /// Sum and sum of squares of the readings before each index.
    sums: Vec<[f64; 2]>,
}

struct Side {
    n: f64,
    mean: f64,
    /// Σ (x − mean)².
    scatter: f64,
}

impl Sums {
    /// Takes these readings in place of the ones before.
    pub(super) fn refill(&mut self, values: impl Iterator<Item = f64>) {
        self.values.clear();
        self.values.extend(values);
        self.sums.clear();
        let mut sum = [0.0; 2];
        self.sums.push(sum);
        self.sums.extend(self.values.iter().map(|value| {
            sum = [sum[0] + value, sum[1] + value * value];
            sum
        }));
    }

    pub(super) const fn len(&self) -> usize {
        self.values.len()
    }

    /// Σ (x − mean)².
    pub(super) fn scatter(&self, range: Range<usize>) -> f64 {
        let (a, b) = (self.sums[range.start], self.sums[range.end]);
        let sum = b[0] - a[0];
        (b[1] - a[1] - sum * sum / range.len() as f64).max(0.0)
    }

    /// By how much two levels fit better than one, in squares: what a cut at `at` takes from [`Sums::scatter`].
    pub(super) fn gain(&self, range: Range<usize>, at: usize) -> f64 {
        self.scatter(range.clone()) - self.scatter(range.start..at) - self.scatter(at..range.end)
    }

    fn side(&self, range: Range<usize>) -> Side {
        let n = range.len() as f64;
        let mean = (self.sums[range.end][0] - self.sums[range.start][0]) / n;
        Side { n, mean, scatter: self.scatter(range) }
    }

    /// The evidence that two ranges have different levels: the root of twice the log likelihood ratio of two means at
    /// unknown variance, which is about standard normal if they have the same. Neither may be empty.
    pub(super) fn evidence(&self, before: Range<usize>, after: Range<usize>, noise: &Noise) -> f64 {
        let (a, b) = (self.side(before), self.side(after));
        let freedom = PRIOR + (a.n + b.n - 2.0) / noise.widening(a.n + b.n);
        let t2 = (b.mean - a.mean).powi(2) / (noise.of_mean(&a) + noise.of_mean(&b));
        (freedom * (t2 / freedom).ln_1p()).sqrt()
    }

    /// Whether a drift explains the readings of `range` about as well as a step at `at`: a line or a parabola through all of
    /// them, or a line through those near the step. The step has to be better by `margin`, in squared standard deviations.
    pub(super) fn drifts(&self, range: Range<usize>, at: usize, margin: f64, noise: &Noise) -> bool {
        let margin = margin * noise.variance * noise.widening(range.len() as f64);
        let reach = (NEAR * (at - range.start).min(range.end - at) as f64) as usize;
        let near = range.start.max(at.saturating_sub(reach))..range.end.min(at + reach);
        self.curves(range.clone(), at, true, margin)
            || (near != range && self.curves(near, at, false, margin))
    }

    fn curves(&self, range: Range<usize>, at: usize, parabola: bool, margin: f64) -> bool {
        let n = range.len() as f64;
        let needed = self.gain(range.clone(), at) - margin;
        // Projections on orthogonal polynomials over evenly spaced readings.
        let (middle, second) = ((n - 1.0) / 2.0, (n * n - 1.0) / 12.0);
        let (mut line, mut bend) = (0.0, 0.0);
        for (i, value) in self.values[range].iter().enumerate() {
            let place = i as f64 - middle;
            line += place * value;
            bend += (place * place - second) * value;
        }
        let line = line * line / (n * second);
        let bend = bend * bend / (n * (n * n - 1.0) * (n * n - 4.0) / 180.0);
        line > needed || (parabola && line + bend > needed)
    }
}
