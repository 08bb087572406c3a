//! Recall was traded for speed, or speed for recall: the search tries less, or more, than before.

use annvil_core::comparison::{MetricComparison, Verdict};
use annvil_core::gate::{Cause, Evidence, Family};
use annvil_core::quantity::{Quantity, Stat};

use super::{Place, cause, shown};

pub(super) fn ask(place: &Place<'_>) -> Option<Cause> {
    // A scan in the place of an index is right and slow: nobody traded anything.
    if place.anywhere(Quantity::IndexUsed).is_some_and(|used| used.b < used.a) {
        return None;
    }
    let recall = place.metrics().find(|metric| {
        matches!(metric.key.quantity, Quantity::Recall { .. })
            && metric.key.stat == Stat::Mean
            && matches!(metric.verdict, Verdict::Regressed | Verdict::Improved)
    })?;
    let less_right = recall.verdict == Verdict::Regressed;
    let opposite = if less_right { Verdict::Improved } else { Verdict::Regressed };
    let speed = place.metrics().find(|metric| {
        matches!(Family::of(&metric.key), Family::Latency | Family::Throughput) && metric.verdict == opposite
    })?;
    let evidence = [recall, speed].map(of);
    let (was, is) = shown(&evidence[0]);
    let (took, takes) = shown(&evidence[1]);
    let name = format!("{} {}", speed.key.quantity, speed.key.stat);
    let sentence = if less_right {
        format!(
            "Recall was traded for speed: recall fell from {was} to {is} while {name} went from {took} to {takes}."
        )
    } else {
        format!(
            "Speed was traded for recall: recall rose from {was} to {is} while {name} went from {took} to {takes}."
        )
    };
    Some(cause(
        "recall-traded",
        sentence,
        "Compare the search's effort (ef, probes, re-ranking) of both, or compare at equal recall with a sweep.",
        evidence.into(),
    ))
}

fn of(metric: &MetricComparison) -> Evidence {
    Evidence { key: metric.key.clone(), a: metric.a, b: metric.b }
}
