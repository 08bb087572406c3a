//! Whether a series has become flat: the end of a warm-up.
//!
//! Readings are gathered into windows, and each window becomes its median, which single slow operations do not move. A line
//! is fitted to the last few medians by least squares. The series is flat if either
//!
//! 1. the line rises or falls over their span by no more than `flat` of their mean, or
//! 2. its slope cannot be told from zero (|t| < 2) *and* too little can hide in the scatter: the rise and two standard errors
//!    of it together are at most four times `flat` of the mean.
//!
//! The second rule keeps moderate noise from blocking a warm-up whose drift, if any, is below the noise. Its cap keeps a
//! rough series from passing because nothing could be told; such a series can still pass by the first rule in a lucky
//! moment, and otherwise ends at the bound.
//!
//! Two things are asked of the caller. The span of all windows must be as long as the slowest change that matters: a drift
//! that is slow against it looks flat. And a window must be long enough for medians to scatter by less than `flat`. A decay
//! with a time constant of 200 readings, watched in five windows of 20 to within 2 %, has typically 5 % left to go when it is
//! called flat if single readings scatter by up to 2 %, but 14 % (and 34 % in the worst of a hundred) if by 10 %.

use std::collections::VecDeque;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A slope of fewer standard errors cannot be told from zero.
const DISTINCT: f64 = 2.0;

/// How many times `flat` the rise and two standard errors may be together for the second rule to count.
const CAP: f64 = 4.0;

/// What counts as flat, and how long to wait for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SteadySpec {
    /// Readings in a window; at least 1.
    pub window: usize,
    /// How many of the last windows are looked at; at least 3, fewer leave no scatter to judge by.
    pub windows: usize,
    /// The change over these windows that still counts as flat, as a share of their mean.
    pub flat: f64,
    /// After so many windows it ends without being flat; at least `windows`.
    pub most: usize,
}

impl Default for SteadySpec {
    /// Five windows of 100 readings, 2 %, at most 100 windows.
    fn default() -> Self {
        Self { window: 100, windows: 5, flat: 0.02, most: 100 }
    }
}

/// What is known of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Not flat yet.
    Unsettled,
    /// Flat.
    Flat {
        /// Readings until then.
        after: u64,
    },
    /// Not flat within the bound.
    Bounded,
}

/// A series under watch.
#[derive(Debug, Clone)]
pub struct Steady {
    spec: SteadySpec,
    readings: u64,
    window: Vec<f64>,
    medians: VecDeque<f64>,
    verdict: Verdict,
}

impl Steady {
    /// Watches a new series. Fields of `spec` below their least value are raised to it.
    pub fn new(spec: SteadySpec) -> Self {
        let windows = spec.windows.max(3);
        let spec = SteadySpec { window: spec.window.max(1), windows, most: spec.most.max(windows), ..spec };
        Self {
            spec,
            readings: 0,
            window: Vec::with_capacity(spec.window),
            medians: VecDeque::with_capacity(windows),
            verdict: Verdict::Unsettled,
        }
    }

    /// Takes the next reading. Once the verdict is `Flat` or `Bounded` it stays. A reading that is no finite number counts
    /// toward the bound and is otherwise passed over.
    ///
    /// Costs a few nanoseconds, and once a window some ten nanoseconds a reading of it for the median.
    pub fn push(&mut self, value: f64) -> Verdict {
        if self.verdict != Verdict::Unsettled {
            return self.verdict;
        }
        self.readings += 1;
        if value.is_finite() {
            self.window.push(value);
            if self.window.len() == self.spec.window {
                self.close_window();
            }
        }
        let bound = (self.spec.most as u64).saturating_mul(self.spec.window as u64);
        if self.verdict == Verdict::Unsettled && self.readings >= bound {
            self.verdict = Verdict::Bounded;
        }
        self.verdict
    }

    /// The verdict on what was pushed so far.
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    fn close_window(&mut self) {
        let middle = self.window.len() / 2;
        let (_, median, _) = self.window.select_nth_unstable_by(middle, f64::total_cmp);
        if self.medians.len() == self.spec.windows {
            self.medians.pop_front();
        }
        self.medians.push_back(*median);
        self.window.clear();
        if self.medians.len() == self.spec.windows && is_flat(&self.medians, self.spec.flat) {
            self.verdict = Verdict::Flat { after: self.readings };
        }
    }
}

/// Applies both rules; see the module.
fn is_flat(medians: &VecDeque<f64>, flat: f64) -> bool {
    let n = medians.len() as f64;
    let span = n - 1.0;
    let mean = medians.iter().sum::<f64>() / n;
    let centred = || medians.iter().enumerate().map(|(i, median)| (i as f64 - span / 2.0, median - mean));
    let spread = n * (n * n - 1.0) / 12.0; // Σ (i − mean of i)²
    let slope = centred().map(|(i, median)| i * median).sum::<f64>() / spread;
    let rise = (slope * span).abs();
    let allowed = flat * mean.abs();
    if rise <= allowed {
        return true;
    }
    let scatter = centred().map(|(i, median)| (median - slope * i).powi(2)).sum::<f64>() / (n - 2.0);
    let error = (scatter / spread).sqrt() * span;
    rise < DISTINCT * error && rise + DISTINCT * error <= CAP * allowed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::noise::Noise;

    const SPEC: SteadySpec = SteadySpec { window: 20, windows: 5, flat: 0.02, most: 200 };

    fn watch(spec: SteadySpec, mut value: impl FnMut(u64) -> f64) -> Verdict {
        let mut steady = Steady::new(spec);
        let bound = (spec.window * spec.most) as u64;
        (0..bound).map(|i| steady.push(value(i))).find(|verdict| *verdict != Verdict::Unsettled).unwrap()
    }

    #[test]
    fn a_decay_with_noise_is_flat_only_after_it() {
        for (noise_share, most_left, typical) in [(0.0, 0.06, 0.06), (0.02, 0.10, 0.06), (0.10, 0.40, 0.20)] {
            let mut all_left = Vec::new();
            for seed in 0..100 {
                let mut noise = Noise::new(seed);
                let verdict = watch(SPEC, |i| {
                    100.0 * (1.0 + 5.0 * (-(i as f64) / 200.0).exp()) * (1.0 + noise_share * noise.normal())
                });
                let Verdict::Flat { after } = verdict else { panic!("{seed}: {verdict:?}") };
                // What was left of the start-up at the beginning of the last window.
                let left = 5.0 * (-((after - 20) as f64) / 200.0).exp();
                assert!(left < most_left, "{noise_share} {seed}: after {after}, {left} left");
                all_left.push(left);
            }
            all_left.sort_by(f64::total_cmp);
            assert!(all_left[50] < typical, "{noise_share}: {}", all_left[50]);
        }
    }

    #[test]
    fn a_rise_passes_if_moderate_noise_explains_it() {
        // One line, which rises by 2.2 in 101, with some scatter around it, none, and twice as much.
        let around = |scatter: f64| {
            let noise = [-0.9, 2.05, -2.0, 1.45, -0.6];
            (0..5).map(|i| 99.9 + 0.55 * i as f64 + scatter * noise[i]).collect::<VecDeque<f64>>()
        };
        assert!(is_flat(&around(1.0), 0.02));
        assert!(!is_flat(&around(0.0), 0.02));
        assert!(!is_flat(&around(2.0), 0.02));
    }

    #[test]
    fn slow_single_readings_do_not_matter() {
        let verdict = watch(SPEC, |i| if i % 7 == 0 { 5000.0 } else { 100.0 });
        assert_eq!(verdict, Verdict::Flat { after: 100 });
    }

    #[test]
    fn a_drift_is_never_flat() {
        let drift = |i| 100.0 + i as f64;
        assert_eq!(watch(SteadySpec { most: 100, ..SPEC }, drift), Verdict::Bounded);
        let mut noise = Noise::new(3);
        let drift = |i: u64| (100.0 + i as f64) * (1.0 + 0.02 * noise.normal());
        assert_eq!(watch(SteadySpec { most: 40, ..SPEC }, drift), Verdict::Bounded);
    }

    #[test]
    fn moderate_noise_does_not_block() {
        for seed in 0..200 {
            let mut noise = Noise::new(seed);
            let verdict = watch(SPEC, |_| 100.0 * (1.0 + 0.1 * noise.normal()));
            let Verdict::Flat { after } = verdict else { panic!("{seed}: {verdict:?}") };
            assert!(after <= 400, "{seed}: {after}");
        }
    }

    #[test]
    fn rough_noise_is_no_proof_of_being_flat() {
        let at_once = (0..200).filter(|seed| {
            let mut noise = Noise::new(*seed);
            let rough = SteadySpec { window: 1, most: 5, ..SPEC };
            watch(rough, |_| 100.0 * (1.0 + 0.5 * noise.normal())) != Verdict::Bounded
        });
        let passed = at_once.count();
        assert!(passed <= 20, "{passed} of 200");
    }

    #[test]
    fn what_is_no_number_still_ends() {
        assert_eq!(watch(SPEC, |_| f64::NAN), Verdict::Bounded);
        let mut steady = Steady::new(SPEC);
        for i in 0..200 {
            steady.push(if i % 2 == 0 { f64::NAN } else { 1.0 });
        }
        assert_eq!(steady.verdict(), Verdict::Flat { after: 200 });
        assert_eq!(steady.push(1e9), Verdict::Flat { after: 200 });
    }

    proptest! {
        #[test]
        fn a_constant_is_flat_at_the_first_possible_moment(value in -1e9..1e9f64, window in 1usize..50, windows in 3usize..12) {
            let spec = SteadySpec { window, windows, flat: 0.0, most: windows };
            // A sum of equal numbers may round, hence the share of a rounding error.
            let spec = SteadySpec { flat: 1e-12, ..spec };
            prop_assert_eq!(watch(spec, |_| value), Verdict::Flat { after: (window * windows) as u64 });
        }

        #[test]
        fn it_always_ends_in_time(values in prop::collection::vec(prop::num::f64::ANY, 1..50), window in 0usize..9, windows in 0usize..9, most in 0usize..20) {
            let spec = SteadySpec { window, windows, flat: 0.02, most };
            let mut steady = Steady::new(spec);
            let bound = window.max(1) * windows.max(3).max(most);
            for i in 0..bound {
                steady.push(values[i % values.len()]);
            }
            prop_assert!(steady.verdict() != Verdict::Unsettled);
        }
    }
}
