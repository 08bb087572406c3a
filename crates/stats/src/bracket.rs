//! The highest level at which something holds: a rate, a number of sessions, whatever can be set and tried.
//!
//! [`Search`] says which level to try and is told whether it held; it knows nothing of load. Levels grow from `from` by a
//! factor until one fails, then the interval between the highest that held and the lowest that failed is halved on a
//! logarithmic scale, because levels span decades. A level is tried until a majority of `repeats` has spoken.
//!
//! Majorities never contradict each other, since only levels between the last that held and the first that failed are
//! tried. Single trials can: a trial that failed at a level below one where another held. Then the limit is blurred by
//! more than the tolerance, and the answer says so and is widened. See [`Answer::consistent`].
//!
//! The interval says between which levels the outcome turned; it is no confidence interval. Where the share of trials that
//! hold falls from 88 % to 12 % within ± 4 % of the limit (logistic, scale 2 %), 1,000 seeded searches by two of three to a
//! tolerance of 2 % covered the level that holds half the time in 68 of 100 cases and missed it by more than 4 % in 2 of 100;
//! their estimates were all within 7 %.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod answer;
mod spec;

pub use answer::{Answer, Bounded, Ended};
pub use spec::{SearchSpec, SpecError};

/// Trials in all at one level that may fail to measure before the level counts as unknown.
const MOST_INVALID: u32 = 3;

/// What the trials at one level showed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Level {
    /// The level.
    pub level: f64,
    /// Trials in which it held.
    pub held: u32,
    /// Trials in which it failed.
    pub failed: u32,
    /// Trials that could not measure.
    pub invalid: u32,
}

/// What became of a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Held,
    Failed,
    Unknown,
}

impl Level {
    const fn new(level: f64) -> Self {
        Self { level, held: 0, failed: 0, invalid: 0 }
    }

    const fn decision(&self, repeats: u32) -> Option<Decision> {
        let majority = repeats / 2 + 1;
        if self.held >= majority {
            Some(Decision::Held)
        } else if self.failed >= majority {
            Some(Decision::Failed)
        } else if self.invalid >= MOST_INVALID {
            Some(Decision::Unknown)
        } else {
            None
        }
    }
}

/// A search under way. Ask for the [`next`](Search::next) level, try it, report, until there is none.
#[derive(Debug, Clone)]
pub struct Search {
    spec: SearchSpec,
    /// Decided levels, lowest first.
    levels: Vec<Level>,
    /// The level on trial; `None` once the search has ended.
    current: Option<Level>,
    trials: u32,
}

impl Search {
    /// A search that has tried nothing yet. Fails if a field of `spec` is out of its range.
    pub fn new(spec: SearchSpec) -> Result<Self, SpecError> {
        let spec = spec.checked()?;
        Ok(Self { spec, levels: Vec::new(), current: Some(Level::new(spec.from)), trials: 0 })
    }

    /// The level to try next, the same until a trial is reported; `None` once the search has ended.
    pub fn next(&self) -> Option<f64> {
        self.current.filter(|_| self.trials < self.spec.max_trials).map(|current| current.level)
    }

    /// Reports whether the level held in this trial. Ignored after the end.
    pub fn report(&mut self, met: bool) {
        self.record(|level| if met { level.held += 1 } else { level.failed += 1 });
    }

    /// Reports that the trial could not measure. The level is tried again; after three such trials it counts as unknown, and
    /// no level from it upward is tried: the search goes on below it.
    pub fn report_invalid(&mut self) {
        self.record(|level| level.invalid += 1);
    }

    /// The levels that were tried, lowest first, with the level on trial.
    pub fn levels(&self) -> Vec<Level> {
        let mut levels = self.levels.clone();
        if let Some(current) = self.current.filter(|level| level.held + level.failed + level.invalid > 0) {
            levels.push(current);
        }
        levels.sort_by(|a, b| a.level.total_cmp(&b.level));
        levels
    }

    fn record(&mut self, trial: impl FnOnce(&mut Level)) {
        if self.next().is_none() {
            return;
        }
        let Some(level) = self.current.as_mut() else { return };
        self.trials += 1;
        trial(level);
        if level.decision(self.spec.repeats).is_some() {
            let place = self.levels.partition_point(|other| other.level < level.level);
            self.levels.insert(place, *level);
            self.current = self.choose().map(Level::new);
        }
    }

    /// The next level, from those that are decided; `None` if there is nothing more to learn.
    fn choose(&self) -> Option<f64> {
        let low = self.highest_held()?;
        let Some(ceiling) = self.ceiling() else {
            let top = self.spec.to.unwrap_or(f64::MAX);
            let grown = low * self.spec.growth;
            let grown = if self.spec.whole { grown.round().max(low + 1.0) } else { grown };
            return Some(grown.min(top)).filter(|level| *level > low);
        };
        if ceiling / low - 1.0 <= self.spec.tolerance {
            return None;
        }
        // Not √(low × ceiling), which may be out of range.
        let middle = low.sqrt() * ceiling.sqrt();
        let middle = if self.spec.whole { middle.floor().max(low + 1.0) } else { middle };
        Some(middle).filter(|level| *level > low && *level < ceiling)
    }

    fn decided(&self, wanted: Decision) -> impl DoubleEndedIterator<Item = f64> {
        self.levels
            .iter()
            .filter(move |level| level.decision(self.spec.repeats) == Some(wanted))
            .map(|level| level.level)
    }

    fn highest_held(&self) -> Option<f64> {
        self.decided(Decision::Held).next_back()
    }

    /// The lowest level that failed or could not be measured.
    fn ceiling(&self) -> Option<f64> {
        let unknown = self.decided(Decision::Unknown).next();
        let failed = self.decided(Decision::Failed).next();
        unknown.into_iter().chain(failed).reduce(f64::min)
    }
}

#[cfg(test)]
mod tests;
