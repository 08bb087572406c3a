//! What a search found.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Decision, Search};

/// So many levels with one voice beyond a stray trial overrule it.
const OVERRULE: usize = 2;

/// What is known of the highest level that holds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// The geometric middle of the highest level that held and the lowest that failed, both by majority; rounded down if
    /// levels are whole, so that it is the former where they are neighbours. `None` unless there are both.
    pub estimate: Option<f64>,
    /// The highest level that held by majority; lower if the trials are not consistent. `None` if no level held.
    pub low: Option<f64>,
    /// The lowest level that failed by majority; higher if the trials are not consistent. `None` if no level failed.
    pub high: Option<f64>,
    /// On which sides the level is bounded.
    pub bounded: Bounded,
    /// Whether no trial failed at a level below one where another trial held, apart from strays. If false, `low` and `high`
    /// are widened to the next levels beyond such trials, as far as levels were tried.
    ///
    /// A stray is a failed trial with two levels above it at which every trial held, or a trial that held with two levels
    /// below it at which every trial failed.
    pub consistent: bool,
    /// The lowest level that could not be measured; nothing was tried from there upward afterwards.
    pub unmeasured: Option<f64>,
    /// Why the search ended.
    pub ended: Ended,
    /// Trials reported, counting those that could not measure.
    pub trials: u32,
}

/// On which sides the highest level that holds is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bounded {
    /// It lies between `low` and `high`.
    Both,
    /// It is less than `from`, which is `high`: no level held.
    BelowFrom,
    /// It is at least `low`, the highest level that was tried with an outcome: no level failed. `low` is `to` unless the
    /// search ended early.
    AboveTo,
    /// Nothing is known: no level was decided.
    Neither,
}

/// Why a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// It has not: the answer is what is known so far.
    NotYet,
    /// Within tolerance, or at one end of the range.
    Found,
    /// No trials were left; the interval is wider than the tolerance.
    OutOfTrials,
    /// The levels above `low` could not be measured.
    Unmeasured,
}

impl Search {
    /// What is known now; final once [`next`](Search::next) is `None`. Trials of a level that is not decided do not count.
    pub fn answer(&self) -> Answer {
        let mut low = self.highest_held();
        let mut high = self.decided(Decision::Failed).next();
        let bounded = match (low, high) {
            (Some(_), Some(_)) => Bounded::Both,
            (None, Some(_)) => Bounded::BelowFrom,
            (Some(_), None) => Bounded::AboveTo,
            (None, None) => Bounded::Neither,
        };
        let middle = low.zip(high).map(|(low, high)| low.sqrt() * high.sqrt());
        let contradiction = self.contradiction();
        if let Some((failed, held)) = contradiction {
            let below = self.decided(Decision::Held).rfind(|level| *level < failed);
            low = below.or_else(|| self.decided(Decision::Held).next());
            let above = self.decided(Decision::Failed).find(|level| *level > held);
            high = above.or_else(|| self.decided(Decision::Failed).next_back());
        }
        Answer {
            estimate: middle.map(|middle| if self.spec.whole { middle.floor() } else { middle }),
            low,
            high,
            bounded,
            consistent: contradiction.is_none(),
            unmeasured: self.decided(Decision::Unknown).next(),
            ended: self.ended(),
            trials: self.trials,
        }
    }

    fn ended(&self) -> Ended {
        let unknown = self.decided(Decision::Unknown).next();
        if self.next().is_some() {
            Ended::NotYet
        } else if self.current.is_some() {
            Ended::OutOfTrials
        } else if unknown.is_some() && unknown == self.ceiling() {
            Ended::Unmeasured
        } else {
            Ended::Found
        }
    }

    /// The lowest level with a failed trial and the highest with one that held, strays apart, if the first is below the
    /// second.
    fn contradiction(&self) -> Option<(f64, f64)> {
        let levels = &self.levels;
        let all_held = |at: usize| levels[at].held > 0 && levels[at].failed == 0;
        let all_failed = |at: usize| levels[at].failed > 0 && levels[at].held == 0;
        let failed = (0..levels.len()).find(|&at| {
            levels[at].failed > 0
                && (at + 1..levels.len()).filter(|&above| all_held(above)).count() < OVERRULE
        })?;
        let held = (0..levels.len()).rfind(|&at| {
            levels[at].held > 0 && (0..at).filter(|&below| all_failed(below)).count() < OVERRULE
        })?;
        (failed < held).then(|| (levels[failed].level, levels[held].level))
    }
}
