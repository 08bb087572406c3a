//! Change points: where a series of readings, one a run, took a new level.
//!
//! A step is told by the evidence that the means on both sides of it differ, as a likelihood ratio on the scale of a standard
//! normal number. What real series hold beside steps is dealt with one by one:
//!
//! * **Outliers and spikes.** A reading counts as no more than 3½ standard deviations from its level, and a level must hold
//!   for [`Settings::shortest`] readings.
//! * **Bursts.** In whole series, a level of fewer than 8 readings after which the one before it comes back is no change.
//! * **Autocorrelation.** The noise's lag-one coefficient is estimated from differences, which steps hardly touch, and
//!   widens the scatter of each mean by what it is worth at that many readings.
//! * **Changing variance.** Each side's mean is judged by its own scatter, moderated by that of the series.
//! * **Slow drift.** A step counts only if it fits better than a line and a parabola through the same readings.
//!
//! [`offline`] sees the whole series: optimal partitioning at a penalty of 3 ln n (Jackson et al. 2005; pruned as by
//! Killick, Fearnhead and Eckley, JASA 2012) proposes steps; the weakest is taken out until all that are left have evidence.
//! [`Online`] weighs every moment of the last 30 readings against up to 60 before it, as each arrives; what it has reported
//! stays where it is, and the levels between its reports are the segments for baselines.
//!
//! Readings that are no finite numbers are passed over; they keep their index. A constant series has no changes.

mod evidence;
mod offline;
mod online;
mod partition;

#[cfg(test)]
mod generator;
#[cfg(test)]
mod tests;

pub use offline::offline;
pub use online::Online;

use annvil_core::comparison::Scale;

use crate::series::{median, scatter};

/// Readings are clipped at so many standard deviations from their level.
const CLIP: f64 = 3.5;

/// The scatter that is taken for a constant series, as a share of its greatest value: no smaller change is of interest.
const LEAST_SCATTER: f64 = 1e-6;

/// How series are cut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// How the size of a change is counted; [`ChangePoint::change`] of a ratio is infinite if the level before is 0.
    pub scale: Scale,
    /// Readings for which a level must hold; at least 2.
    pub shortest: usize,
    /// The evidence for a change in a whole series, in standard deviations.
    pub offline: f64,
    /// The evidence for a change within the last `shortest` readings, in standard deviations, as they arrive. More is asked
    /// of a change that took longer to be seen, because slow drift looks like it: .4 for each time that is e times as long.
    pub online: f64,
}

impl Default for Settings {
    /// Ratios, levels of 5 readings, 3.8 and 4 standard deviations. Over the noise of `cargo xtask bench-stats`: a false change
    /// in some 4,000 readings as they arrive, and in some 10,000 of whole series.
    fn default() -> Self {
        Self { scale: Scale::Ratio, shortest: 5, offline: 3.8, online: 4.0 }
    }
}

/// A new level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChangePoint {
    /// Index of the first reading of the new level.
    pub at: usize,
    /// The median of the level before.
    pub before: f64,
    /// The median of the level after; online, of what had arrived of it.
    pub after: f64,
    /// The size of the change; see [`Settings::scale`].
    pub change: f64,
    /// Index of the reading at which it was reported; in a whole series, the last.
    pub found: usize,
}

/// Changes as [`Online`] reports them, from the first reading to the last.
pub fn online(series: &[f64], settings: &Settings) -> Vec<ChangePoint> {
    let mut online = Online::new(*settings);
    series.iter().filter_map(|value| online.push(*value)).collect()
}

/// The size of a change: a share of the level before, infinite if that is 0, or the difference of the levels.
fn size(scale: Scale, before: f64, after: f64) -> f64 {
    match scale {
        Scale::Ratio if after == before => 0.0,
        Scale::Ratio => after / before - 1.0,
        Scale::Difference => after - before,
    }
}

/// The standard deviation of residuals of a series whose values go up to `greatest`; `None` if that is 0.
///
/// From differences at lags at which autocorrelated noise has nearly forgotten itself.
fn deviation(residuals: &[f64], greatest: f64) -> Option<f64> {
    let deviation = [3, 4, 5].map(|lag| scatter(residuals, lag)).iter().sum::<f64>() / 3.0;
    let deviation = deviation.max(greatest * LEAST_SCATTER);
    (deviation.is_normal() && deviation.recip().is_normal()).then_some(deviation)
}

/// The median of a copy.
fn middle(values: &[f64]) -> f64 {
    median(&mut values.to_vec())
}
