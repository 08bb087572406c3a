//! What is said before the figures: how many samples, on which machine, how small a change could be seen.

use std::collections::BTreeSet;

use annvil_core::comparison::{Comparison, EqualRecall, MetricComparison, Scale, Verdict};
use annvil_core::gate::Family;
use annvil_core::key::MetricKey;
use annvil_core::quantity::Quantity;
use annvil_core::units::{count, counted};

use super::Names;
use super::words::{amount, change, values};
use crate::text::one_line;

/// Points of recall count as so many percent, where figures are told apart by how small a change they show.
const POINTS: f64 = 10.0;

/// `5 + 5 runs interleaved on the same machine`, `smallest detectable change 2.4 % (search p95)`.
pub(crate) fn heading(comparison: &Comparison, names: &Names) -> Vec<String> {
    let (a, b) = (&comparison.a, &comparison.b);
    let number = |n: usize| count(n as u64);
    let mut samples = format!("{} + {} runs", number(a.runs.len()), number(b.runs.len()));
    if (a.blocks, b.blocks) != (a.runs.len(), b.runs.len()) {
        samples = format!("{} + {} blocks of {samples}", number(a.blocks), number(b.blocks));
    }
    samples.push_str(if comparison.interleaved { " interleaved" } else { ", not interleaved" });
    let machines: BTreeSet<_> = a.runs.iter().chain(&b.runs).map(|run| run.fingerprint.as_deref()).collect();
    match machines.len() {
        1 if !machines.contains(&None) => samples.push_str(if comparison.interleaved {
            " on the same machine"
        } else {
            ", on the same machine"
        }),
        0 | 1 => {}
        _ => samples.push_str(", not all on one machine"),
    }
    let mut said = vec![samples];
    said.extend(detectable(comparison, names));
    said
}

/// `smallest detectable change 2.4 % (search p95)`: that of the figure in which a change is hardest to see. It is of the speeds
/// and recalls that are not decided, or of all of them if all are. How fast loading is scatters most and is asked about least:
/// it counts where nothing else was measured.
fn detectable(comparison: &Comparison, names: &Names) -> Option<String> {
    let all = || comparison.metrics.iter();
    let asked = |metric: &&MetricComparison| match Family::of(&metric.key) {
        Family::Latency | Family::Tail | Family::Recall => true,
        Family::Throughput => !is_load(comparison, &metric.key),
        _ => false,
    };
    let open = |metric: &&MetricComparison| metric.verdict == Verdict::Inconclusive;
    let known = |metric: &&MetricComparison| metric.detectable.is_some();
    let pools: [Vec<&MetricComparison>; 4] = [
        all().filter(asked).filter(open).collect(),
        all().filter(asked).filter(known).collect(),
        all().filter(open).collect(),
        all().filter(known).collect(),
    ];
    let pool = pools.into_iter().find(|pool| !pool.is_empty())?;
    let unknown: Vec<_> = pool.iter().filter(|metric| !known(metric)).collect();
    let said = if let [first, others @ ..] = unknown.as_slice() {
        let more = counted(others.len() as u64, "more figure");
        let more = if others.is_empty() { String::new() } else { format!(" and {more}") };
        format!("unknown ({}{more})", names.name(&first.key))
    } else {
        let least = |metric: &MetricComparison| {
            let points = if metric.scale == Scale::Difference { POINTS } else { 1.0 };
            metric.detectable.map_or(0.0, |least| least * points)
        };
        // Of equals the first.
        let worst = pool.iter().rev().max_by(|one, other| least(one).total_cmp(&least(other)))?;
        format!("{} ({})", amount(worst.scale, worst.detectable?), names.name(&worst.key))
    };
    Some(format!("smallest detectable change {said}"))
}

/// Whether a rate is that of a phase that loads or writes: it has no form, and a time of its own.
fn is_load(comparison: &Comparison, rate: &MetricKey) -> bool {
    let time =
        |metric: &MetricComparison| metric.key.quantity == Quantity::Time && metric.key.phase == rate.phase;
    rate.form.is_empty() && comparison.metrics.iter().any(time)
}

/// Speeds at equal recall, a sentence each.
pub(crate) fn recalls(comparison: &Comparison) -> Vec<String> {
    comparison.equal_recall.iter().map(at_recall).collect()
}

fn at_recall(equal: &EqualRecall) -> String {
    let (quantity, stat) = (equal.key.quantity, equal.key.stat);
    let mut said = format!(
        "at recall {:.4}, {} {}: {quantity}{} {}",
        equal.recall,
        equal.variant,
        equal.phase,
        if quantity.default_stat() == Some(stat) { String::new() } else { format!(" {stat}") },
        values(quantity, equal.a, equal.b)
    );
    if let Some(measured) = &equal.change {
        said.push_str(&format!(", {}", change(Scale::of(quantity.unit()), measured)));
    }
    said.push_str(&format!(", {}", equal.verdict));
    one_line(&said)
}
