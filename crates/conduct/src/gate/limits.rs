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
        let Some(worse_by) = metric.worse_by() else {
            fired.extend(uncertain(metric, spec));
            continue;
        };
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
        if let Some(allowed) = allowed.filter(|allowed| worse_by > allowed.0 && is_certain(metric, spec)) {
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

/// One run against one has no interval. A limit that somebody wrote holds all the same, and says so; a default does not.
fn uncertain(metric: &MetricComparison, spec: &GateSpec) -> Option<Fired> {
    let allowed = spec.written_worse(&metric.key)?;
    let change = match metric.scale {
        Scale::Ratio => metric.b / metric.a - 1.0,
        Scale::Difference => metric.b - metric.a,
    };
    let worse_by = match metric.key.quantity.better() {
        Better::Lower => change,
        Better::Higher => -change,
    };
    (worse_by > allowed.0).then(|| Fired {
        key: metric.key.clone(),
        rule: Rule::Relative,
        severity: spec.severity.of(metric.scale, worse_by),
        value: Some(metric.b),
        limit: Some(limit(metric, allowed.0)),
        words: format!(
            "{} worse, at most {} is allowed; how it scatters is not known",
            amount(metric.scale, worse_by),
            amount(metric.scale, allowed.0)
        ),
    })
}

/// Whether a limit may speak. A default must not raise an alarm by the sheer number of figures: the figure has to be REGRESSED.
/// What somebody wrote fires where the interval leaves no doubt that the figure became worse at all.
fn is_certain(metric: &MetricComparison, spec: &GateSpec) -> bool {
    if spec.written_worse(&metric.key).is_none() {
        return metric.verdict == Verdict::Regressed;
    }
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
