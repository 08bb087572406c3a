//! A figure over time: a chart with its changes of level, on a terminal and as HTML.

use annvil_core::comparison::Scale;
use annvil_core::quantity::Quantity;

mod chart;
mod table;
mod terminal;

pub use crate::html::trend_html;
pub(crate) use table::{changes, drift};
pub use terminal::trend_terminal;

/// A figure over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What it is, as people read it: the name of its key.
    pub name: String,
    /// What is measured: it says the unit and which direction is an improvement.
    pub quantity: Quantity,
    /// Its points in the order of time.
    pub points: Vec<TrendPoint>,
    /// Where its level changed, in order.
    pub changes: Vec<TrendChange>,
    /// What it drifts by.
    pub drift: Option<Drift>,
}

/// One run of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct TrendPoint {
    /// Name of the run.
    pub run: String,
    /// When it began, RFC 3339.
    pub started: String,
    /// The commit that it measured.
    pub commit: Option<String>,
    /// The figure in base units.
    pub value: f64,
}

/// A change of level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrendChange {
    /// Index of the first point on the new level.
    pub at: usize,
    /// Level before, in base units.
    pub before: f64,
    /// Level after.
    pub after: f64,
    /// The change as a share of the level before; of recall and other shares, the difference.
    pub share: f64,
}

/// What a series drifts by in a month, as a share; of recall and other shares, as a difference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drift {
    /// The estimate.
    pub per_month: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Series {
    /// How its changes are counted.
    pub(crate) fn scale(&self) -> Scale {
        Scale::of(self.quantity.unit())
    }

    /// Its values with their places; those that are no numbers are left out.
    pub(crate) fn values(&self) -> Vec<(usize, f64)> {
        let values = self.points.iter().map(|point| point.value).enumerate();
        values.filter(|(_, value)| value.is_finite()).collect()
    }

    /// The levels between its changes: first point, end, value in base units. Nothing without a change.
    pub(crate) fn levels(&self) -> Vec<(usize, usize, f64)> {
        let mut levels = Vec::new();
        let mut from = 0;
        for change in self.changes.iter().filter(|change| change.at < self.points.len()) {
            levels.push((from, change.at, change.before));
            from = change.at;
        }
        levels.extend(self.changes.last().map(|last| (from, self.points.len(), last.after)));
        levels.retain(|(from, to, value)| from < to && value.is_finite());
        levels
    }
}

impl TrendPoint {
    /// The day on which it began.
    pub(crate) fn day(&self) -> &str {
        self.started.get(..10).unwrap_or(&self.started)
    }

    /// The first characters of its commit.
    pub(crate) fn short_commit(&self) -> Option<String> {
        self.commit.as_deref().map(|commit| commit.chars().take(8).collect())
    }
}
