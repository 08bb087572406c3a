//! The highest load that was found, level by level.

use annvil_core::form::Params;
use annvil_core::objective::{Objective, Target};
use annvil_core::quantity::{Quantity, Stat};
use annvil_core::record::{LimitRecord, PhaseResult, TrialRecord};
use annvil_core::scenario::Phase;
use annvil_core::units::{count, rate_text};

use super::figures::middle;
use super::{VariantView, View, label};

/// What a `limit` phase found of one variant at one point, in one block.
pub(crate) struct Limit<'a, 'v> {
    pub(crate) variant: &'v VariantView<'a>,
    pub(crate) point: &'a Params,
    pub(crate) block: u32,
    pub(crate) record: &'a LimitRecord,
}

/// All trials of one level, the middle of what they measured.
pub(crate) struct Level<'a> {
    pub(crate) level: f64,
    pub(crate) trials: Vec<&'a TrialRecord>,
}

/// A `limit` phase, over all variants.
pub(crate) struct Limits<'a, 'v> {
    pub(crate) phase: &'a str,
    /// What had to hold.
    pub(crate) hold: Vec<&'a Objective>,
    pub(crate) found: Vec<Limit<'a, 'v>>,
}

/// Every `limit` phase, in the plan's order.
pub(crate) fn limits<'a, 'v>(view: &'v View<'a>) -> Vec<Limits<'a, 'v>> {
    let mut all: Vec<Limits<'a, 'v>> = Vec::new();
    for variant in view.variants.iter().filter(|variant| !variant.is_wrong()) {
        for block in &variant.blocks {
            for phase in &block.phases {
                let PhaseResult::Limit(record) = &phase.result else { continue };
                let found = Limit { variant, point: &phase.point, block: block.block, record };
                match all.iter_mut().find(|known| known.phase == phase.name) {
                    Some(known) => known.found.push(found),
                    None => all.push(Limits {
                        phase: &phase.name,
                        hold: hold(view, &phase.name),
                        found: vec![found],
                    }),
                }
            }
        }
    }
    all.sort_by_key(|limits| view.record.plan.phases.iter().position(|phase| phase.name() == limits.phase));
    all
}

fn hold<'a>(view: &View<'a>, name: &str) -> Vec<&'a Objective> {
    let planned = view.record.plan.phases.iter().find(|phase| phase.name() == name);
    match planned {
        Some(Phase::Limit(keys)) => keys.hold.iter().map(|entry| &entry.objective).collect(),
        _ => Vec::new(),
    }
}

impl Limits<'_, '_> {
    /// The latency that is asked for and which percentile of it, if one of the three that are kept is.
    pub(crate) fn asked(&self) -> Option<(Stat, f64)> {
        self.hold.iter().find_map(|objective| match (objective.quantity, objective.stat, &objective.target) {
            (
                Quantity::Response | Quantity::Service,
                stat @ (Stat::P50 | Stat::P95 | Stat::P99),
                Target::Absolute(target),
            ) => Some((stat, *target)),
            _ => None,
        })
    }
}

impl<'a> Limit<'a, '_> {
    /// The variant at its point; the block where there are several.
    pub(crate) fn name(&self) -> String {
        let name = label::at(self.variant.name(), self.point);
        if self.variant.blocks.len() > 1 { format!("{name}, build {}", self.block + 1) } else { name }
    }

    /// The answer as a sentence.
    pub(crate) fn answer(&self) -> String {
        let answer = crate::text::one_line(&self.record.answer);
        // What is known of nothing is not known of the variant.
        if answer.starts_with("nothing") {
            format!("{}: {answer}.", self.name())
        } else {
            format!("{} {answer}.", self.name())
        }
    }

    /// Its trials by level, from the lowest.
    pub(crate) fn levels(&self) -> Vec<Level<'a>> {
        let mut levels: Vec<Level<'a>> = Vec::new();
        for trial in &self.record.trials {
            match levels.iter_mut().find(|known| known.level == trial.level) {
                Some(known) => known.trials.push(trial),
                None => levels.push(Level { level: trial.level, trials: vec![trial] }),
            }
        }
        levels.sort_by(|a, b| a.level.total_cmp(&b.level));
        levels
    }

    /// A level as it is read: a rate, or a number of sessions.
    pub(crate) fn level(&self, level: f64) -> String {
        if self.record.rates { rate_text(level) } else { count(level.round() as u64) }
    }
}

impl Level<'_> {
    /// The middle over its trials.
    pub(crate) fn figure(&self, figure: impl Fn(&TrialRecord) -> Option<f64>) -> Option<f64> {
        middle(self.trials.iter().filter_map(|trial| figure(trial)).collect())
    }

    /// Trials that held, that did not, and that could not measure.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        let of = |met| self.trials.iter().filter(|trial| trial.met == met).count();
        (of(Some(true)), of(Some(false)), of(None))
    }

    /// Whether it held, in words.
    pub(crate) fn held(&self) -> String {
        match self.counts() {
            (held, 0, 0) if held > 0 => "held".to_owned(),
            (0, missed, 0) if missed > 0 => "missed".to_owned(),
            (0, 0, _) => "invalid".to_owned(),
            (held, missed, invalid) => {
                let parts = [(held, "held"), (missed, "missed"), (invalid, "invalid")];
                let parts = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}"));
                parts.collect::<Vec<_>>().join(", ")
            }
        }
    }

    /// Why the first trial of the worst kind did not hold.
    pub(crate) fn why(&self) -> Option<String> {
        let of = |met| self.trials.iter().find(|trial| trial.met == met && !trial.why.is_empty());
        of(Some(false)).or_else(|| of(None)).map(|trial| why(trial))
    }
}

/// What was missed in a trial, or why it was invalid, on one line.
pub(crate) fn why(trial: &TrialRecord) -> String {
    crate::text::one_line(&trial.why.join("; ").replace('`', ""))
}
