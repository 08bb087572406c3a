//! What a gate came to, in a sentence or two.

use std::collections::BTreeSet;

use annvil_core::comparison::{Comparison, MetricComparison, Scale, Verdict};
use annvil_core::gate::GateReport;
use annvil_core::key::MetricKey;
use annvil_core::units::counted;

use super::{blind, gone};
use crate::compare::amount;

/// The sentence of a report that is complete but for it.
pub(super) fn sentence(report: &GateReport, baseline: Option<&str>, missing: Option<&str>) -> String {
    match report.exit_code {
        130 => return "Interrupted: what was measured until then is kept, and nothing is judged.".to_owned(),
        2 if report.refused.is_some() => return refused(report),
        4 => {
            return match &report.refused {
                Some(_) => refused(report),
                None => format!("This run cannot be judged: {}.", first(&report.invalid)),
            };
        }
        5 => return format!("Nothing was judged, because something failed: {}.", first(&report.failed)),
        _ => {}
    }
    let mut sentences = Vec::new();
    if !report.failed.is_empty() {
        sentences.push(format!("Failed: {}.", first(&report.failed)));
    }
    if let Some(worst) = report.fired.first() {
        // Several rules may speak of one figure.
        let others: BTreeSet<&MetricKey> =
            report.fired.iter().map(|fired| &fired.key).filter(|key| **key != worst.key).collect();
        let more = match others.len() {
            0 => String::new(),
            more => format!(", and {}", counted(more as u64, "more figure")),
        };
        sentences.push(format!("{}: {}{more}.", worst.key, worst.words));
    }
    match (&report.comparison, baseline) {
        (Some(comparison), Some(baseline)) if report.fired.is_empty() => {
            sentences.push(well(report, comparison, baseline));
        }
        (None, None) => sentences.push(format!(
            "{}: only objectives and limits were judged.",
            missing.unwrap_or("No baseline was given")
        )),
        _ => {}
    }
    if report.exit_code == 3
        && let Some(comparison) = &report.comparison
    {
        let gone = gone(comparison);
        if gone.is_empty() {
            sentences.push(cannot_tell(report, comparison));
        } else {
            sentences
                .push(format!("But nothing was measured of {}, which the baseline has.", gone.join(", ")));
        }
    }
    sentences.join(" ")
}

fn refused(report: &GateReport) -> String {
    let text = report.refused.as_deref().unwrap_or_default();
    format!("The baseline was refused: {}.", text.lines().next().unwrap_or_default())
}

fn first(reasons: &[String]) -> &str {
    reasons.first().map_or("it did not come to its end", |reason| {
        reason.lines().next().unwrap_or_default().trim_end_matches('.')
    })
}

/// Nothing speaks against the change.
fn well(report: &GateReport, comparison: &Comparison, baseline: &str) -> String {
    let count = |verdict| comparison.metrics.iter().filter(|metric| metric.verdict == verdict).count();
    let mut parts = Vec::new();
    for (verdict, words) in [
        (Verdict::Equivalent, "within their margins"),
        (Verdict::Improved, "better"),
        (Verdict::Inconclusive, "undecided"),
    ] {
        let count = count(verdict);
        if count > 0 {
            parts.push(format!("{count} {words}"));
        }
    }
    let accepted = match report.acknowledged.len() {
        0 => String::new(),
        1 => " but for 1 figure, which was accepted".to_owned(),
        more => format!(" but for {more} figures, which were accepted"),
    };
    let all = counted(comparison.metrics.len() as u64, "figure");
    format!("Nothing regressed against {baseline}{accepted}: of {all} {}.", parts.join(", "))
}

/// The change that may hide in a figure: the smallest that would have been found, or what a wider margin holds.
fn hidden_in(metric: &MetricComparison) -> Option<f64> {
    match metric.verdict {
        Verdict::Equivalent => Some(metric.margin),
        _ => metric.detectable,
    }
}

/// What could hide.
fn cannot_tell(report: &GateReport, comparison: &Comparison) -> String {
    let hidden: Vec<&MetricComparison> =
        blind(comparison, report.must_detect).into_iter().map(|at| &comparison.metrics[at]).collect();
    // Times and rates of phases scatter most, and what people ask about is the searching. A point of recall counts as ten
    // percent of a latency.
    let rank = |metric: &MetricComparison| {
        let size = match metric.scale {
            Scale::Ratio => 1.0,
            Scale::Difference => 10.0,
        };
        (!metric.key.form.is_empty(), size * hidden_in(metric).unwrap_or(f64::INFINITY))
    };
    let order = |one: (bool, f64), other: (bool, f64)| one.0.cmp(&other.0).then(one.1.total_cmp(&other.1));
    let Some(worst) = hidden.iter().max_by(|one, other| order(rank(one), rank(other))) else {
        return String::new();
    };
    let change = match hidden_in(worst) {
        Some(change) => {
            format!("a change of {} in {} would not have been found", amount(worst.scale, change), worst.key)
        }
        None => format!("nothing is known of how {} scatters", worst.key),
    };
    let help = match worst.more_runs {
        Some(1) => "1 more run a side may decide it".to_owned(),
        Some(runs) => format!("about {runs} more runs a side may decide it"),
        None => "more runs a side tell more".to_owned(),
    };
    format!("But {change}, and must_detect is {}: {help}.", report.must_detect)
}
