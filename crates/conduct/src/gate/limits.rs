//! What speaks against a candidate: regressions beyond their margin, changes beyond what is allowed, objectives and limits
//! of its own.

use annvil_core::comparison::{Comparison, MetricComparison, Scale, Verdict};
use annvil_core::gate::{Fired, GateSpec, Rule, Severity, SeverityBands};
use annvil_core::objective::Grade;
use annvil_core::quantity::{Better, format_value};
use annvil_core::record::ObjectiveResult;

use super::missed;
use super::unused::Names;
use crate::compare::amount;

/// Objectives that were missed, were critical, or are unknown.
pub(super) fn objectives(
    results: &[ObjectiveResult],
    rule: Rule,
    bands: &SeverityBands,
    names: &Names,
) -> Vec<Fired> {
    let mut fired = Vec::new();
    for result in results {
        let objective = &result.objective.objective;
        for judged in &result.judged {
            let shown = judged.value.map(|value| format_value(judged.key.quantity, value));
            let severity = match judged.grade {
                Grade::Met | Grade::Near => continue,
                Grade::Critical => Severity::Critical,
                Grade::Missed => missed(bands, judged.margin.map(|margin| -margin)),
                Grade::Unknown => Severity::Moderate,
            };
            let words = match (judged.grade, shown) {
                (Grade::Unknown, _) | (_, None) => {
                    format!("`{objective}` was not measured{}", names.hint(&judged.key.phase))
                }
                (Grade::Critical, Some(value)) => format!("{value} misses `{objective}`, and is critical"),
                (_, Some(value)) => format!("{value} misses `{objective}`"),
            };
            fired.push(Fired {
                key: judged.key.clone(),
                rule,
                severity,
                value: judged.value,
                limit: judged.target,
                words,
            });
        }
    }
    fired
}

/// Changes against the baseline: those that are REGRESSED, and those beyond what is allowed that are worse without doubt.
pub(super) fn changes(comparison: &Comparison, spec: &GateSpec) -> Vec<Fired> {
    let mut fired = Vec::new();
    for metric in &comparison.metrics {
        let Some(worse_by) = metric.worse_by() else { continue };
        let mut fire = |rule: Rule, by: f64, words: String| {
            fired.push(Fired {
                key: metric.key.clone(),
                rule,
                severity: spec.severity.of_metric(metric),
                value: Some(metric.b),
                limit: Some(limit(metric, by)),
                words,
            });
        };
        if metric.verdict == Verdict::Regressed {
            let words = format!(
                "{} worse, margin {}",
                amount(metric.scale, worse_by),
                amount(metric.scale, metric.margin)
            );
            fire(Rule::Statistics, metric.margin, words);
        }
        let allowed = spec.rule(&metric.key).worse;
        if let Some(allowed) = allowed.filter(|allowed| worse_by > allowed.0 && is_worse(metric)) {
            let words = format!(
                "{} worse, at most {} is allowed",
                amount(metric.scale, worse_by),
                amount(metric.scale, allowed.0)
            );
            fire(Rule::Relative, allowed.0, words);
        }
    }
    fired
}

/// Whether the interval leaves no doubt that it became worse at all.
fn is_worse(metric: &MetricComparison) -> bool {
    metric.change.is_some_and(|change| match metric.key.quantity.better() {
        Better::Lower => change.low > 0.0,
        Better::Higher => change.high < 0.0,
    })
}

/// The value from which on a change counts.
fn limit(metric: &MetricComparison, by: f64) -> f64 {
    let by = match metric.key.quantity.better() {
        Better::Lower => by,
        Better::Higher => -by,
    };
    match metric.scale {
        Scale::Ratio => metric.a * (1.0 + by),
        Scale::Difference => metric.a + by,
    }
}
