//! Changes as readings arrive.

use super::evidence::{Noise, Sums};
use super::{CLIP, ChangePoint, Settings, deviation, middle, size};

/// A change that the last so many readings do not show is no longer looked for.
const WINDOW: usize = 30;

/// So many readings before a moment say what the level was. With the window: short enough for a slow drift to pass.
const BEFORE: usize = 60;

/// Noise is learnt from so many readings.
const MEMORY: usize = 150;

/// Nothing is reported before there are so many readings: noise is hardly known yet.
const FIRST: usize = 16;

/// Noise is learnt anew at every so manieth reading, and at each while the level is young.
const REFRESH: usize = 8;

/// A level is young until it has so many readings.
const YOUNG: usize = 24;

/// By how much a step must fit better than a drift: squared standard deviations of a mean.
const MARGIN: f64 = 1.0;

/// See [`Settings::online`].
const TILT: f64 = 0.4;

/// A series under watch. What it reports depends only on the readings so far, so a reported change never moves or vanishes.
#[derive(Debug, Clone)]
pub struct Online {
    settings: Settings,
    /// Readings pushed, finite or not.
    pushed: usize,
    /// The finite ones, and their indices.
    values: Vec<f64>,
    indices: Vec<usize>,
    /// Where the level began, in `values`.
    start: usize,
    /// The greatest |value|.
    greatest: f64,
    /// Readings of the levels before, less their medians; the last of them.
    closed: Vec<f64>,
    learnt: Option<Learnt>,
    sums: Sums,
}

/// What is known of a level.
#[derive(Debug, Clone)]
struct Learnt {
    centre: f64,
    deviation: f64,
    noise: Noise,
}

impl Online {
    /// Watches a new series.
    pub fn new(settings: Settings) -> Self {
        let settings = Settings { shortest: settings.shortest.max(2), ..settings };
        Self {
            settings,
            pushed: 0,
            values: Vec::new(),
            indices: Vec::new(),
            start: 0,
            greatest: 0.0,
            closed: Vec::new(),
            learnt: None,
            sums: Sums::default(),
        }
    }

    /// Takes the next reading, and reports a change if it has become evident by it. One that is no finite number is passed
    /// over; it keeps its index.
    pub fn push(&mut self, value: f64) -> Option<ChangePoint> {
        let index = self.pushed;
        self.pushed += 1;
        if !value.is_finite() {
            return None;
        }
        self.values.push(value);
        self.indices.push(index);
        self.greatest = self.greatest.max(value.abs());
        let n = self.values.len();
        let length = n - self.start;
        if n < FIRST || length < 2 * self.settings.shortest {
            return None;
        }
        if self.learnt.is_none() || n.is_multiple_of(REFRESH) || length < YOUNG {
            self.learnt = self.learn();
        }
        let at = self.change()?;
        Some(self.close(at, index))
    }

    /// Where the level ended, in `values`, if it did.
    fn change(&mut self) -> Option<usize> {
        let Learnt { centre, deviation, noise } = self.learnt.as_ref()?;
        let from = self.start.max(self.values.len().saturating_sub(BEFORE + WINDOW));
        let standardised = |value: &f64| ((value - centre) / deviation).clamp(-CLIP, CLIP);
        self.sums.refill(self.values[from..].iter().map(standardised));
        let (sums, n, shortest) = (&self.sums, self.sums.len(), self.settings.shortest);
        let longest = WINDOW.max(shortest).min(n - shortest);
        // Every moment of late, and some of those before: neighbours have nearly the same evidence.
        let further = std::iter::successors(Some(shortest), |after| Some(after + (after / 8).max(1)));
        let evidence = further.take_while(|after| *after <= longest).map(|after| {
            let at = n - after;
            let evidence = sums.evidence(at.saturating_sub(BEFORE)..at, at..n, noise);
            (evidence - TILT * (after as f64 / shortest as f64).ln(), at)
        });
        let (evidence, at) = evidence.fold((0.0, 0), |a, b| if b.0 > a.0 { b } else { a });
        if evidence < self.settings.online || sums.drifts(0..n, at, MARGIN, noise) {
            return None;
        }
        // The level must have held for long enough wherever it fits best.
        let gains = (n - longest..n).map(|at| (sums.gain(0..n, at), at));
        let at = gains.fold((0.0, 0), |a, b| if b.0 > a.0 { b } else { a }).1;
        (n - at >= shortest).then_some(from + at)
    }

    /// `None` if all readings are 0.
    fn learn(&self) -> Option<Learnt> {
        let level = &self.values[self.start..];
        // The last readings may belong to a new level. Where little else is known they count all the same: a run of high ones
        // is more often autocorrelation.
        let settled = level.len().saturating_sub(REFRESH).max(self.settings.shortest);
        let young = level.len() < YOUNG;
        let (of_centre, of_noise) = match (young, self.closed.len() < FIRST) {
            (true, true) => (level.len(), level.len()),
            (true, false) => (settled, settled),
            (false, _) => (settled, level.len()),
        };
        let centre = middle(&level[of_centre.saturating_sub(MEMORY)..of_centre]);
        let recent = &level[of_noise.saturating_sub(MEMORY)..of_noise];
        let earlier = &self.closed[self.closed.len().saturating_sub(MEMORY - recent.len())..];
        let mut residuals: Vec<f64> =
            earlier.iter().copied().chain(recent.iter().map(|value| value - centre)).collect();
        let deviation = deviation(&residuals, self.greatest)?;
        for value in &mut residuals {
            *value /= deviation;
        }
        Some(Learnt { centre, deviation, noise: Noise::of(&residuals, BEFORE + WINDOW + 1) })
    }

    /// Begins a level at `at`, in `values`.
    fn close(&mut self, at: usize, found: usize) -> ChangePoint {
        let (before, after) = (middle(&self.values[self.start..at]), middle(&self.values[at..]));
        let last = self.start.max(at.saturating_sub(MEMORY));
        self.closed.extend(self.values[last..at].iter().map(|value| value - before));
        self.closed.drain(..self.closed.len().saturating_sub(MEMORY));
        self.start = at;
        self.learnt = None;
        let change = size(self.settings.scale, before, after);
        ChangePoint { at: self.indices[at], before, after, change, found }
    }
}
