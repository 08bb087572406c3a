//! When to look, at what level, and when to end.
//!
//! The first look comes after three pairs of blocks, one more after every further pair. Each look may spend a part of the
//! error that is allowed in all (Lan and `DeMets`), which is planned for the pairs that the budget buys: known after the first
//! three, and kept from then on. More pairs add data, they never replace it.

use std::collections::BTreeMap;

use annvil_core::comparison::{Comparison, Verdict};
use annvil_core::key::MetricKey;
use annvil_stats::spending;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Pairs before the first look.
pub const FIRST: usize = 3;

/// Pairs of fresh builds that a flagged regression is confirmed with.
pub const CONFIRMING: usize = 3;

/// The levels of the looks that are planned.
#[derive(Debug, Clone)]
pub(super) struct Looks {
    total: usize,
    levels: Vec<f64>,
}

impl Looks {
    /// Looks after every pair from the third to the last of `total`, which all together err with `alpha`.
    pub(super) fn new(total: usize, alpha: f64) -> Self {
        let total = total.max(FIRST);
        let fractions: Vec<f64> = (FIRST..=total).map(|pairs| pairs as f64 / total as f64).collect();
        Self { total, levels: spending::levels(&fractions, alpha).unwrap_or_default() }
    }

    /// Pairs that are planned.
    pub(super) fn total(&self) -> usize {
        self.total
    }

    /// Two-sided level of a look after so many pairs. Pairs beyond those planned only confirm, at the level of the last.
    pub(super) fn level(&self, pairs: usize) -> f64 {
        let at = pairs.saturating_sub(FIRST).min(self.levels.len().saturating_sub(1));
        // No level can be had only for an error that is not allowed at all; then nothing is decided.
        self.levels.get(at).copied().unwrap_or(f64::MIN_POSITIVE)
    }
}

/// Why no more blocks were measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Everything that is judged is decided.
    Decided,
    /// The budget of time or rounds is spent.
    Spent,
    /// The user stopped it.
    Interrupted,
    /// Too many blocks could not be judged.
    Invalid,
    /// A block failed.
    Failed,
}

/// What the looks so far have shown.
#[derive(Debug, Clone, Default)]
pub(super) struct Watch {
    /// Regressions, and after how many pairs they were first seen.
    flagged: BTreeMap<MetricKey, usize>,
    /// Pairs after which the budget was spent.
    spent: Option<usize>,
}

impl Watch {
    /// Takes a look after so many pairs. Says whether that is the end, and why.
    pub(super) fn look(&mut self, comparison: &Comparison, pairs: usize, spent: bool) -> Option<Ended> {
        let regressed = comparison.metrics.iter().filter(|metric| metric.verdict == Verdict::Regressed);
        for metric in regressed {
            self.flagged.entry(metric.key.clone()).or_insert(pairs);
        }
        if spent {
            self.spent.get_or_insert(pairs);
        }
        let confirming = self.unconfirmed(comparison, pairs) > 0;
        let decided = comparison.metrics.iter().all(|metric| metric.verdict != Verdict::Inconclusive);
        match self.spent {
            _ if decided && !confirming => Some(Ended::Decided),
            // Confirming goes beyond the budget, but not for ever.
            Some(spent) if !confirming || pairs >= spent + CONFIRMING => Some(Ended::Spent),
            _ => None,
        }
    }

    /// How many regressions of a look after so many pairs have too few pairs behind them.
    pub(super) fn unconfirmed(&self, comparison: &Comparison, pairs: usize) -> usize {
        let regressed = comparison.metrics.iter().filter(|metric| metric.verdict == Verdict::Regressed);
        regressed.filter(|metric| !self.has_company(&metric.key, pairs)).count()
    }

    /// Pairs after which a figure was first seen to regress.
    pub(super) fn flagged(&self, key: &MetricKey) -> Option<usize> {
        self.flagged.get(key).copied()
    }

    /// Whether enough pairs came after it was flagged.
    fn has_company(&self, key: &MetricKey, pairs: usize) -> bool {
        self.flagged(key).is_some_and(|flagged| pairs >= flagged + CONFIRMING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ab::tests::comparison;

    use Verdict::{Equivalent, Improved, Inconclusive, Regressed};

    #[test]
    fn early_looks_may_spend_hardly_anything() {
        let looks = Looks::new(10, 0.05);
        assert!(looks.level(3) < 0.001 && looks.level(10) > 0.03 && looks.level(10) < 0.05);
        assert_eq!(looks.level(13), looks.level(10));
        assert_eq!(
            (Looks::new(1, 0.05).total(), Looks::new(3, 0.05).level(3)),
            (3, Looks::new(2, 0.05).level(3))
        );
        assert!((Looks::new(3, 0.05).level(3) - 0.05).abs() < 1e-9);
    }

    #[test]
    fn it_ends_when_everything_is_decided_or_the_budget_is_spent() {
        let look = |verdicts: &[Verdict], spent| Watch::default().look(&comparison(verdicts), 4, spent);
        assert_eq!(look(&[Equivalent, Improved], false), Some(Ended::Decided));
        assert_eq!(look(&[Equivalent, Inconclusive], false), None);
        assert_eq!(look(&[Equivalent, Inconclusive], true), Some(Ended::Spent));
        assert_eq!(look(&[Regressed], true), None);
    }

    #[test]
    fn a_regression_is_confirmed_even_beyond_the_budget() {
        let mut watch = Watch::default();
        let regressed = comparison(&[Regressed, Equivalent]);
        assert_eq!([4, 5, 6].map(|pairs| watch.look(&regressed, pairs, true)), [None; 3]);
        assert_eq!(watch.look(&regressed, 7, true), Some(Ended::Decided));
        // One that shows up only then has no company, and the end is the end.
        let mut watch = Watch::default();
        assert_eq!(watch.look(&regressed, 4, true), None);
        let other = comparison(&[Equivalent, Regressed]);
        assert_eq!(watch.look(&other, 6, true), None);
        assert_eq!(watch.look(&other, 7, true), Some(Ended::Spent));
        assert_eq!(watch.flagged(&other.metrics[1].key), Some(6));
    }
}
