//! Objectives held against what was measured.

use annvil_core::key::MetricKey;
use annvil_core::objective::{Grade, Objective, Reference, Selector, Target};
use annvil_core::plan::{Plan, PlannedVariant};
use annvil_core::record::{Judged, MetricValue, ObjectiveResult, RunRecord, metrics};

/// Judges every objective of the plan: each binds every variant but the baseline, unless `only` or `except` say
/// otherwise, at the variant's reported point. A figure that was not measured is unknown, never met.
pub fn judge(record: &RunRecord) -> Vec<ObjectiveResult> {
    let metrics = metrics(record);
    let judge = Judge { plan: &record.plan, metrics: &metrics };
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
}

impl Judge<'_> {
    fn variant(&self, objective: &Objective, variant: &PlannedVariant) -> Vec<Judged> {
        let keys = self.keys(objective, variant);
        if keys.is_empty() {
            let key = MetricKey {
                variant: variant.name.clone(),
                point: variant.report_point(),
                phase: selected(&objective.phase),
                form: objective.form.as_ref().map(selected).unwrap_or_default(),
                quantity: objective.quantity,
                stat: objective.stat,
            };
            return vec![Judged { key, value: None, target: None, margin: None, grade: Grade::Unknown }];
        }
        keys.into_iter()
            .map(|key| {
                let value = self.value(&key);
                let reference = self.reference(Some(&objective.target), &key);
                let critical = self.reference(objective.critical.as_ref(), &key);
                let judgement = objective.judge(value.unwrap_or(f64::NAN), reference, critical);
                Judged {
                    key,
                    value,
                    target: judgement.target,
                    margin: judgement.margin,
                    grade: judgement.grade,
                }
            })
            .collect()
    }

    /// The distinct keys of the variant that the objective means.
    fn keys(&self, objective: &Objective, variant: &PlannedVariant) -> Vec<MetricKey> {
        let point = variant.report_point();
        let mut keys: Vec<MetricKey> = self
            .metrics
            .iter()
            .map(|metric| &metric.key)
            .filter(|key| key.variant == variant.name && (key.point == point || key.point.is_empty()))
            .filter(|key| key.quantity == objective.quantity && key.stat == objective.stat)
            .filter(|key| matches(&objective.phase, &key.phase))
            .filter(|key| objective.form.as_ref().is_none_or(|form| matches(form, &key.form)))
            .cloned()
            .collect();
        keys.sort();
        keys.dedup();
        keys
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

    /// The same figure of the variant that a relative target names.
    fn reference(&self, target: Option<&Target>, key: &MetricKey) -> Option<f64> {
        let Some(Target::Relative { to, .. }) = target else { return None };
        let other = match to {
            Reference::Baseline => self.plan.baseline()?,
            Reference::Variant(name) => self.plan.variant(name)?,
        };
        let point = if key.point.is_empty() { String::new() } else { other.report_point() };
        self.value(&MetricKey { variant: other.name.clone(), point, ..key.clone() })
    }
}

fn matches(selector: &Selector, name: &str) -> bool {
    match selector {
        Selector::Any => true,
        Selector::Name(wanted) => wanted == name,
    }
}

fn selected(selector: &Selector) -> String {
    match selector {
        Selector::Any => "*".to_owned(),
        Selector::Name(name) => name.clone(),
    }
}
