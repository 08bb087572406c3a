//! The gate: a candidate's own objectives and limits, the comparison with its baseline, what speaks against it, why, and the
//! exit code.

use std::collections::BTreeSet;

use annvil_core::comparison::{Comparison, MetricComparison, SCHEMA, Scale, Verdict};
use annvil_core::figures::Group;
use annvil_core::gate::{
    Acknowledged, Amount, Fired, GateReport, GateSpec, MetricPattern, Rule, SeverityBands,
};
use annvil_core::key::MetricKey;
use annvil_core::record::Origin;

use crate::compare::{CompareSpec, Refused, compare};
use crate::outcome::Outcome;

pub mod artefacts;
pub mod causes;
mod limits;
mod measured;
mod sentence;
mod unused;

pub use measured::Measured;
use unused::Names;

/// What a gate is given.
#[derive(Debug)]
pub struct Given<'a> {
    /// Name of the scenario, or of another tool's results.
    pub name: String,
    /// When it is decided, RFC 3339.
    pub decided: String,
    /// The change that is judged.
    pub origin: Origin,
    /// What a change may cost.
    pub spec: &'a GateSpec,
    /// The candidate.
    pub candidate: &'a Measured,
    /// What it is held against; none if there is no baseline yet.
    pub baseline: Option<&'a Group>,
    /// Why there is none, for the sentence.
    pub missing: Option<String>,
    /// Whether there is one, of another plan or machine: then nobody can tell whether something regressed.
    pub unlike: bool,
    /// How they are compared; its `gate` is not looked at.
    pub compare: CompareSpec,
    /// Changes that somebody accepted.
    pub accepted: &'a [Accepted],
}

/// A change that somebody accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// Figures that it is about.
    pub pattern: MetricPattern,
    /// How much worse than the baseline they may be; without bounds if none.
    pub up_to: Option<Amount>,
    /// Why.
    pub reason: String,
    /// Who accepted it.
    pub who: String,
    /// When, RFC 3339.
    pub when: String,
}

/// Judges a candidate.
pub fn gate(given: Given<'_>) -> GateReport {
    let Given { name, decided, origin, spec, candidate, baseline, missing, unlike, compare: how, accepted } =
        given;
    let invalid = candidate.group.runs.iter().flat_map(|run| run.invalid.clone()).collect::<Vec<_>>();
    let failed = candidate.group.runs.iter().flat_map(|run| run.failed.clone()).collect::<Vec<_>>();
    let how = CompareSpec { gate: spec.clone(), ..how };
    let usable = invalid.is_empty() && failed.is_empty() && candidate.outcome < Outcome::Invalid;
    let compared = baseline.filter(|_| usable).map(|baseline| compare(baseline, &candidate.group, &how));
    let names = Names::of(&candidate.group, baseline);
    let (comparison, refused) = match compared {
        None => (None, None),
        Some(Ok(mut comparison)) => {
            comparison.remarks.extend(names.unused(spec));
            (Some(comparison), None)
        }
        Some(Err(refused)) => (None, Some(refused)),
    };
    let mut report = GateReport {
        schema: SCHEMA,
        name,
        decided,
        origin,
        comparison: None,
        objectives: candidate.objectives.clone(),
        fired: Vec::new(),
        causes: Vec::new(),
        acknowledged: Vec::new(),
        must_detect: spec.must_detect,
        invalid,
        failed,
        refused: refused.as_ref().map(ToString::to_string),
        sentence: String::new(),
        exit_code: 0,
    };
    // What is invalid or was stopped is not judged: neither met nor missed.
    if report.invalid.is_empty() && candidate.outcome != Outcome::Interrupted {
        report.fired = limits::objectives(&candidate.objectives, Rule::Objective, &spec.severity, &names);
        let always = candidate.always(spec);
        report.fired.extend(limits::objectives(&always, Rule::Absolute, &spec.severity, &names));
    }
    if let Some(comparison) = &comparison {
        let (fired, acknowledged) = acknowledge(limits::changes(comparison, spec), comparison, accepted);
        report.fired.extend(fired);
        report.acknowledged = acknowledged;
        if let Some(baseline) = baseline {
            report.causes = causes::causes(baseline, &candidate.group, comparison);
        }
    }
    report.fired.sort_by(|one, other| {
        // Of equal weight, what searches do comes before times and sizes of phases.
        let order = |fired: &Fired| {
            (std::cmp::Reverse(fired.severity), fired.key.form.is_empty(), fired.rule, fired.key.clone())
        };
        order(one).cmp(&order(other))
    });
    let mut outcome = outcome(&report, comparison.as_ref(), refused.as_ref(), candidate.outcome);
    if unlike {
        outcome = outcome.max(Outcome::Inconclusive);
    }
    report.comparison = comparison;
    report.exit_code = outcome.code();
    report.sentence =
        sentence::sentence(&report, baseline.map(|baseline| baseline.name.as_str()), missing.as_deref());
    report
}

/// Sets aside what was accepted, as far as it was.
fn acknowledge(
    fired: Vec<Fired>,
    comparison: &Comparison,
    accepted: &[Accepted],
) -> (Vec<Fired>, Vec<Acknowledged>) {
    let mut acknowledged: Vec<Acknowledged> = Vec::new();
    let left = fired
        .into_iter()
        .filter(|fired| {
            // Two pairs of variants may have one candidate: the worse of them decides.
            let own = comparison.metrics.iter().filter(|metric| metric.key == fired.key);
            let worse_by = own.filter_map(MetricComparison::worse_by).max_by(f64::total_cmp);
            let own = accepted.iter().rev().find(|accepted| {
                accepted.pattern.matches(&fired.key)
                    && accepted.up_to.is_none_or(|up_to| worse_by.is_some_and(|by| by <= up_to.0))
            });
            let Some(own) = own else { return true };
            if acknowledged.iter().all(|known| known.key != fired.key) {
                acknowledged.push(Acknowledged {
                    key: fired.key.clone(),
                    reason: own.reason.clone(),
                    who: own.who.clone(),
                    when: own.when.clone(),
                });
            }
            false
        })
        .collect();
    (left, acknowledged)
}

/// How the process ends.
fn outcome(
    report: &GateReport,
    comparison: Option<&Comparison>,
    refused: Option<&Refused>,
    measured: Outcome,
) -> Outcome {
    let refused = refused.map_or(Outcome::Good, Refused::outcome);
    let fired = if report.fired.is_empty() { Outcome::Good } else { Outcome::Missed };
    let blind = comparison.is_some_and(|comparison| {
        !blind(comparison, report.must_detect).is_empty() || !gone(comparison).is_empty()
    });
    let blind = if blind { Outcome::Inconclusive } else { Outcome::Good };
    measured.max(refused).max(fired).max(blind)
}

/// How a comparison ends the process by itself: 1 with a regression, 3 if one could hide.
pub fn outcome_of(comparison: &Comparison, must_detect: Amount) -> Outcome {
    if comparison.metrics.iter().any(|metric| metric.verdict == Verdict::Regressed) {
        Outcome::Missed
    } else if blind(comparison, must_detect).is_empty() {
        Outcome::Good
    } else {
        Outcome::Inconclusive
    }
}

/// Positions of the figures that are not decided and whose smallest detectable change is larger than it must be, and of those
/// that are within a margin wider than that. Of recall
/// and other shares a tenth as much counts, in points: 1 point where `must_detect` is 10 %.
pub fn blind(comparison: &Comparison, must_detect: Amount) -> Vec<usize> {
    let limit = |scale| match scale {
        Scale::Ratio => must_detect.0,
        Scale::Difference => must_detect.0 / 10.0,
    };
    let hides = |metric: &MetricComparison| {
        let limit = limit(metric.scale);
        match metric.verdict {
            Verdict::Inconclusive => metric.detectable.is_none_or(|change| change > limit),
            // On a machine that scatters so much A/A has widened the margin, and within it lies what must be found.
            Verdict::Equivalent => metric.widened && metric.margin > limit,
            Verdict::Regressed | Verdict::Improved => false,
        }
    };
    comparison.metrics.iter().enumerate().filter(|(_, metric)| hides(metric)).map(|(at, _)| at).collect()
}

/// Quantities of variants, phases and forms of the baseline of which the candidate has no figure that is judged: what is not measured any
/// more cannot be said to be as it was. Single percentiles come and go with the number of samples, and are no loss.
pub(crate) fn gone(comparison: &Comparison) -> Vec<String> {
    let place = |key: &MetricKey| {
        [key.variant.clone(), key.phase.clone(), key.form.clone(), key.quantity.to_string()]
    };
    let matched = |key: &MetricKey| {
        comparison
            .metrics
            .iter()
            .any(|metric| place(metric.key_a.as_ref().unwrap_or(&metric.key)) == place(key))
    };
    let lost = comparison.unmatched.iter().filter(|unmatched| unmatched.in_a && !matched(&unmatched.key));
    let names = lost.map(|unmatched| {
        let [variant, phase, form, quantity] = place(&unmatched.key);
        let mut words = vec![variant, phase.clone()];
        words.extend(Some(form).filter(|form| *form != phase));
        words.push(quantity);
        words.retain(|word| !word.is_empty());
        words.join(" ")
    });
    names.collect::<BTreeSet<String>>().into_iter().collect()
}

/// Severity of an objective or limit that was missed by so much of its target.
fn missed(bands: &SeverityBands, share: Option<f64>) -> annvil_core::gate::Severity {
    bands.of(Scale::Ratio, share.unwrap_or(0.0))
}
