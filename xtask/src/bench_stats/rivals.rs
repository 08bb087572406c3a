//! The rules of criterion and benchstat, written anew from their sources.

use annvil_stats::ranks::mann_whitney;

use super::world::World;

/// Values that criterion takes in its one process, and resamples (it takes 100,000; the interval is the same to a tenth).
pub(crate) const CRITERION_VALUES: usize = 100;
const RESAMPLES: usize = 499;

/// What criterion lets pass: `significance_level` and `noise_threshold` by default (0.8.2).
const SIGNIFICANCE: f64 = 0.05;
const THRESHOLD: f64 = 0.01;

/// Runs that benchstat's documentation asks for, and its default `-alpha`.
pub(crate) const BENCHSTAT_VALUES: usize = 10;
const ALPHA: f64 = 0.05;

/// Criterion 0.8 (`analysis/compare.rs`, `report.rs`): the means differ if Welch's t lies in the outer 5 % of its bootstrap
/// from both samples pooled; then it has regressed if the 95 % percentile interval of the ratio of means lies wholly above 1 %.
pub(crate) fn criterion(a: &[f64], b: &[f64], world: &mut World) -> bool {
    let pooled = [a, b].concat();
    let found = t(a, b);
    let mut draw =
        |from: &[f64], n: usize| -> Vec<f64> { (0..n).map(|_| from[world.below(from.len())]).collect() };
    let below =
        (0..RESAMPLES).filter(|_| t(&draw(&pooled, a.len()), &draw(&pooled, b.len())) < found).count();
    if 2.0 * below.min(RESAMPLES - below) as f64 / RESAMPLES as f64 >= SIGNIFICANCE {
        return false;
    }
    let mut changes: Vec<f64> =
        (0..RESAMPLES).map(|_| mean(&draw(b, b.len())) / mean(&draw(a, a.len())) - 1.0).collect();
    changes.sort_by(f64::total_cmp);
    annvil_stats::describe::quantile(&changes, 0.025).is_some_and(|low| low > THRESHOLD)
}

/// Benchstat: a change is shown if Mann and Whitney's test finds a difference at 5 %, whatever its size.
pub(crate) fn benchstat(a: &[f64], b: &[f64]) -> bool {
    mann_whitney(a, b).is_some_and(|test| test.either < ALPHA && test.higher < test.lower)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Welch's t of `b` − `a`.
fn t(a: &[f64], b: &[f64]) -> f64 {
    let of = |values: &[f64]| {
        let mean = mean(values);
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        (mean, squares / (values.len() - 1) as f64 / values.len() as f64)
    };
    let (a, b) = (of(a), of(b));
    (b.0 - a.0) / (a.1 + b.1).sqrt()
}
