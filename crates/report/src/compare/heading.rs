//! What is said before the figures: how many samples, on which machine, how small a change could be seen.

use std::collections::BTreeSet;

use annvil_core::comparison::{Comparison, EqualRecall, Scale};
use annvil_core::units::count;

use super::words::{amount, change, values};
use crate::text::one_line;

/// `5 + 5 runs interleaved on the same machine`, `smallest detectable change 2.4 %`.
pub(crate) fn heading(comparison: &Comparison) -> Vec<String> {
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
    said.extend(
        comparison
            .detectable
            .map(|least| format!("smallest detectable change {}", amount(Scale::Ratio, least))),
    );
    said
}

/// Speeds at equal recall, a sentence each.
pub(crate) fn recalls(comparison: &Comparison) -> Vec<String> {
    comparison.equal_recall.iter().map(at_recall).collect()
}

fn at_recall(equal: &EqualRecall) -> String {
    let quantity = equal.key.quantity;
    let mut said = format!(
        "at recall {:.4}, {} {}: {} {} {}",
        equal.recall,
        equal.variant,
        equal.phase,
        quantity,
        equal.key.stat,
        values(quantity, equal.a, equal.b)
    );
    if let Some(measured) = &equal.change {
        said.push_str(&format!(", {}", change(Scale::of(quantity.unit()), measured)));
    }
    said.push_str(&format!(", {}", equal.verdict));
    one_line(&said)
}
