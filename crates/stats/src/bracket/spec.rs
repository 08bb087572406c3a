//! What a search is to do.

use thiserror::Error;

/// Where to search, and how hard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchSpec {
    /// The first and lowest level to try; above zero.
    pub from: f64,
    /// The highest level to try; `None` searches upward without end, bounded by `max_trials` only.
    pub to: Option<f64>,
    /// The factor from one level to the next until one fails; above 1.
    pub growth: f64,
    /// The search ends when the lowest level that failed exceeds the highest that held by at most this share of it. Zero
    /// is for whole levels: it ends when they are neighbours.
    pub tolerance: f64,
    /// Trials of which the majority decides a level; odd. A level ends as soon as its majority is certain.
    pub repeats: u32,
    /// Most trials in all, counting those that could not measure; at least 1.
    pub max_trials: u32,
    /// Whether levels are whole numbers. `from` is then rounded up and `to` down.
    pub whole: bool,
}

impl Default for SearchSpec {
    /// From 1 upward without end, doubling, to 2 %, two of three, at most 60 trials.
    fn default() -> Self {
        Self { from: 1.0, to: None, growth: 2.0, tolerance: 0.02, repeats: 3, max_trials: 60, whole: false }
    }
}

/// Why a search cannot begin.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum SpecError {
    /// The first level is no number above zero.
    #[error("the lowest level is {0}; give a number above 0")]
    From(f64),
    /// The highest level is below the first, or no number.
    #[error("the highest level is {to}; give a number from {from}, the lowest level, upward")]
    To {
        /// The first level, rounded up if levels are whole.
        from: f64,
        /// The highest level, rounded down if levels are whole.
        to: f64,
    },
    /// Levels would not grow.
    #[error("levels grow by a factor of {0}; give a number above 1")]
    Growth(f64),
    /// The tolerance is no share, or zero where levels are not whole.
    #[error("the tolerance is {0}; give a share above 0, such as 0.02")]
    Tolerance(f64),
    /// No majority is certain.
    #[error("each level is tried {0} times; give an odd number, so that there is a majority")]
    Repeats(u32),
    /// No trial is allowed.
    #[error("no trial is allowed; give at least 1")]
    Trials,
}

impl SearchSpec {
    /// Checks each field, and rounds whole levels.
    pub(super) fn checked(mut self) -> Result<Self, SpecError> {
        if !self.from.is_finite() || self.from <= 0.0 {
            return Err(SpecError::From(self.from));
        }
        if self.whole {
            self.from = self.from.ceil();
            self.to = self.to.map(f64::floor);
        }
        if let Some(to) = self.to.filter(|to| !to.is_finite() || *to < self.from) {
            return Err(SpecError::To { from: self.from, to });
        }
        if !self.growth.is_finite() || self.growth <= 1.0 {
            return Err(SpecError::Growth(self.growth));
        }
        let smallest = if self.whole { 0.0 } else { f64::EPSILON };
        if !self.tolerance.is_finite() || self.tolerance < smallest {
            return Err(SpecError::Tolerance(self.tolerance));
        }
        if self.repeats.is_multiple_of(2) {
            return Err(SpecError::Repeats(self.repeats));
        }
        if self.max_trials == 0 {
            return Err(SpecError::Trials);
        }
        Ok(self)
    }
}
