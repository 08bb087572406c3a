//! Objectives held against what was measured.

use annvil_core::key::MetricKey;
use annvil_core::objective::{Grade, Objective, Reference, Target};
use annvil_core::plan::{Plan, PlannedVariant};
use annvil_core::record::{
    Block, Judged, MetricValue, ObjectiveResult, PhaseRecord, PhaseResult, RunRecord, metrics,
};
use annvil_core::scenario::{Phase, measures};

/// Judges every objective of the plan: each binds every variant but the baseline, unless `only` or `except` say
/// otherwise, at the variant's reported point. A figure that was not measured is unknown, never met, and so is every
/// figure of a run that is invalid.
pub fn judge(record: &RunRecord) -> Vec<ObjectiveResult> {
    let metrics = metrics(record);
    let checks = record.blocks.iter().flat_map(|block| &block.phases).flat_map(|phase| &phase.validity);
    let valid = !checks.into_iter().any(|check| check.valid == Some(false));
    let judge = Judge { plan: &record.plan, metrics: &metrics, blocks: &record.blocks, valid };
    record
        .plan
        .objectives
        .iter()
        .map(|entry| {
            let bound = record
                .plan
                .variants
                .iter()
                .filter(|variant| !variant.configuration.baseline && entry.binds(&variant.name));
            let judged = bound.flat_map(|variant| judge.variant(&entry.objective, variant)).collect();
            ObjectiveResult { objective: entry.clone(), judged }
        })
        .collect()
}

struct Judge<'a> {
    plan: &'a Plan,
    metrics: &'a [MetricValue],
    blocks: &'a [Block],
    /// Whether the run can be judged at all.
    valid: bool,
}

impl Judge<'_> {
    fn variant(&self, objective: &Objective, variant: &PlannedVariant) -> Vec<Judged> {
        self.keys(objective, variant)
            .into_iter()
            .map(|key| {
                let value = self.value(&key);
                let reference = self.reference(Some(&objective.target), &key, variant);
                let critical = self.reference(objective.critical.as_ref(), &key, variant);
                let judgement = objective.judge(value.unwrap_or(f64::NAN), reference, critical);
                let good = matches!(judgement.grade, Grade::Met | Grade::Near);
                // What was good until a phase ended early says nothing of the rest of it.
                let known = self.valid && !(good && self.ended_early(&key));
                let grade = if known { judgement.grade } else { Grade::Unknown };
                Judged { key, value, target: judgement.target, margin: judgement.margin, grade }
            })
            .collect()
    }

    /// The keys of the variant that the objective means, in every phase of the plan that can have them: also those that
    /// were not measured, which are unknown. What the engine said it can't do is left out.
    fn keys(&self, objective: &Objective, variant: &PlannedVariant) -> Vec<MetricKey> {
        let mut keys = Vec::new();
        for phase in &self.plan.phases {
            let name = phase.name();
            let meant = objective.phase.matches(name) && measures(phase, objective.quantity);
            if !meant || self.unsupported(variant, name) {
                continue;
            }
            let point = point_of(phase, variant);
            let mut measured: Vec<MetricKey> = self
                .metrics
                .iter()
                .map(|metric| &metric.key)
                .filter(|key| key.variant == variant.name && key.phase == name && key.point == point)
                .filter(|key| key.quantity == objective.quantity && key.stat == objective.stat)
                .filter(|key| objective.form.as_ref().is_none_or(|form| form.matches(&key.form)))
                .cloned()
                .collect();
            measured.sort();
            measured.dedup();
            if measured.is_empty() {
                measured.push(MetricKey {
                    variant: variant.name.clone(),
                    point,
                    phase: name.to_owned(),
                    form: objective.form.as_ref().map(ToString::to_string).unwrap_or_default(),
                    quantity: objective.quantity,
                    stat: objective.stat,
                });
            }
            keys.extend(measured);
        }
        keys
    }

    fn ended_early(&self, key: &MetricKey) -> bool {
        let phases = self.blocks.iter().filter(|block| block.variant == key.variant).flat_map(|b| &b.phases);
        phases.filter(|phase| phase.name == key.phase).any(PhaseRecord::ended_early)
    }

    fn unsupported(&self, variant: &PlannedVariant, phase: &str) -> bool {
        self.blocks.iter().filter(|block| block.variant == variant.name).any(|block| {
            block
                .phases
                .iter()
                .any(|done| done.name == phase && matches!(done.result, PhaseResult::Unsupported { .. }))
        })
    }

    /// The middle of the blocks' values.
    fn value(&self, key: &MetricKey) -> Option<f64> {
        let mut values: Vec<f64> =
            self.metrics.iter().filter(|metric| metric.key == *key).map(|metric| metric.value).collect();
        values.sort_unstable_by(f64::total_cmp);
        let middle = values.len() / 2;
        let upper = *values.get(middle)?;
        Some(if values.len().is_multiple_of(2) { f64::midpoint(values[middle - 1], upper) } else { upper })
    }

    /// The same figure of the variant that a relative target names: of several sizes the one of the same size.
    fn reference(&self, target: Option<&Target>, key: &MetricKey, variant: &PlannedVariant) -> Option<f64> {
        let Some(Target::Relative { to, .. }) = target else { return None };
        let other = match to {
            Reference::Baseline => self.plan.baseline(variant)?,
            Reference::Variant(name) => self.plan.variant_beside(name, variant)?,
        };
        let phase = self.plan.phases.iter().find(|phase| phase.name() == key.phase)?;
        let point = point_of(phase, other);
        self.value(&MetricKey { variant: other.name.clone(), point, ..key.clone() })
    }
}

/// The point under which a phase's figures of a variant are filed: only searches are swept.
fn point_of(phase: &Phase, variant: &PlannedVariant) -> String {
    if crate::block::swept(phase) { variant.report_point() } else { String::new() }
}
