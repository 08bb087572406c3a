//! Objectives that end a phase as soon as its figures so far miss them.

use annvil_core::form::Form;
use annvil_core::objective::{Grade, ObjectiveEntry, Target};
use annvil_core::plan::{Plan, PlannedVariant};
use annvil_core::quantity::{Quantity, Stat, format_value};
use annvil_load::recorder::Part;

/// The objectives of a phase that may end it.
pub(super) struct Abort<'a> {
    entries: Vec<&'a ObjectiveEntry>,
    forms: &'a [Form],
    open: bool,
}

impl<'a> Abort<'a> {
    /// Those that bind a variant in a phase. Relative ones need figures that are not there yet, and are left to the end.
    pub(super) fn new(
        plan: &'a Plan,
        variant: &PlannedVariant,
        phase: &str,
        forms: &'a [Form],
        open: bool,
    ) -> Self {
        let entries = plan
            .objectives
            .iter()
            .filter(|entry| entry.abort && entry.binds(&variant.name) && !variant.configuration.baseline)
            .filter(|entry| entry.objective.phase.matches(phase))
            .filter(|entry| matches!(entry.objective.target, Target::Absolute(_)))
            .collect();
        Self { entries, forms, open }
    }

    /// The first objective that the totals so far miss, in words.
    pub(super) fn missed(&self, totals: &[Part]) -> Option<String> {
        self.entries.iter().find_map(|entry| {
            let objective = &entry.objective;
            let selected =
                self.forms.iter().zip(totals).filter(|(form, _)| {
                    objective.form.as_ref().is_none_or(|wanted| wanted.matches(&form.name))
                });
            for (_, total) in selected {
                let Some(value) = value(total, objective.quantity, objective.stat, self.open) else {
                    continue;
                };
                let judgement = objective.judge(value, None, None);
                if matches!(judgement.grade, Grade::Missed | Grade::Critical) {
                    let value = format_value(objective.quantity, value);
                    return Some(format!("`{objective}` is missed: {value} so far"));
                }
            }
            None
        })
    }
}

fn value(total: &Part, quantity: Quantity, stat: Stat, open: bool) -> Option<f64> {
    let failed = total.failed();
    match quantity {
        Quantity::Service => total.service.stat(stat),
        Quantity::Response if open => total.response.as_ref()?.stat(stat),
        Quantity::QueueWait if open => total.queue_wait.as_ref()?.stat(stat),
        Quantity::Success if total.operations + failed > 0 => {
            Some(total.operations as f64 / (total.operations + failed) as f64)
        }
        _ => None,
    }
}
