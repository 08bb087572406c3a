//! What a comparison comes to, in a sentence: how much slower or faster, where, and whether as right.

use annvil_core::comparison::{Comparison, MetricComparison, Verdict};
use annvil_core::gate::Family;
use annvil_core::quantity::{Better, Stat};
use annvil_core::units::counted;

use super::amount;

/// The sentence.
pub(super) fn sentence(comparison: &Comparison) -> String {
    let speed = speed(comparison);
    let right = right(comparison);
    let b = &comparison.b.name;
    let mut parts: Vec<String> = [speed, right].into_iter().flatten().collect();
    if parts.is_empty() {
        parts.extend(other(comparison));
    }
    if parts.is_empty() {
        return format!("Nothing can be told of {b} yet.");
    }
    let mut sentence = format!("{b} is {}.", parts.join(", and "));
    if let Some(equal) = comparison.equal_recall.iter().find(|equal| equal.verdict != Verdict::Inconclusive)
        && let Some(change) = equal.change
    {
        let worse = match equal.key.quantity.better() {
            Better::Lower => change.estimate,
            Better::Higher => -change.estimate,
        };
        let how = match equal.verdict {
            Verdict::Equivalent => "as fast".to_owned(),
            _ => format!("{} {}", share(change.estimate), if worse > 0.0 { "slower" } else { "faster" }),
        };
        sentence.push_str(&format!(
            " At a recall of {:.4} it is {how} ({}).",
            equal.recall,
            place(&equal.key.phase, equal.key.stat, equal.key.quantity.is_latency())
        ));
    }
    sentence
}

/// How fast, by the worst of what is decided.
fn speed(comparison: &Comparison) -> Option<String> {
    let speeds = |metric: &&MetricComparison| {
        matches!(Family::of(&metric.key), Family::Latency | Family::Tail | Family::Throughput)
    };
    let all: Vec<&MetricComparison> = comparison.metrics.iter().filter(speeds).collect();
    let most = |verdict: Verdict| {
        let of = all.iter().filter(|metric| metric.verdict == verdict);
        // What a user waits says more than what a machine does.
        of.max_by(|one, other| {
            let order = |metric: &MetricComparison| (metric.key.quantity.is_latency(), size(metric));
            let ((latency, one), (other_latency, other)) = (order(one), order(other));
            latency.cmp(&other_latency).then(one.total_cmp(&other))
        })
    };
    let told = |metric: &MetricComparison, word: &str| {
        let change = metric.change.map_or(0.0, |change| change.estimate);
        let key = &metric.key;
        format!(
            "{} {word} ({} {})",
            share(change),
            key.variant,
            place(&key.phase, key.stat, key.quantity.is_latency())
        )
    };
    match (most(Verdict::Regressed), most(Verdict::Improved)) {
        (Some(worse), Some(better)) => Some(format!("{}, {}", told(worse, "slower"), told(better, "faster"))),
        (Some(worse), None) => Some(told(worse, "slower")),
        (None, Some(better)) => Some(told(better, "faster")),
        (None, None) if all.is_empty() => None,
        (None, None) => {
            let equal = all.iter().filter(|metric| metric.verdict == Verdict::Equivalent).count();
            Some(match (equal, all.len() - equal) {
                (_, 0) => "as fast".to_owned(),
                (0, _) => "perhaps as fast: it can't be told".to_owned(),
                (equal, open) => {
                    format!("as fast in {}, and {open} can't be told", counted(equal as u64, "figure"))
                }
            })
        }
    }
}

/// How right.
fn right(comparison: &Comparison) -> Option<String> {
    let recalls: Vec<&MetricComparison> =
        comparison.metrics.iter().filter(|metric| Family::of(&metric.key) == Family::Recall).collect();
    let worst = recalls.iter().max_by(|one, other| {
        let worse = |metric: &MetricComparison| metric.worse_by().unwrap_or(0.0);
        worse(one).total_cmp(&worse(other))
    })?;
    let change = worst.change.map_or(0.0, |change| change.estimate);
    let size = amount(worst.scale, change.abs());
    let points = match change {
        _ if !size.contains(|digit: char| ('1'..='9').contains(&digit)) => "recall the same".to_owned(),
        change if change < 0.0 => format!("recall −{size}"),
        _ => format!("recall +{size}"),
    };
    let any = |verdict: Verdict| recalls.iter().any(|metric| metric.verdict == verdict);
    Some(match () {
        () if any(Verdict::Regressed) => format!("less right ({points}, {})", worst.key.variant),
        () if any(Verdict::Inconclusive) => format!("perhaps as right: it can't be told ({points})"),
        () if any(Verdict::Improved) && !any(Verdict::Equivalent) => format!("more right ({points})"),
        () => format!("as right ({points})"),
    })
}

/// Without speed and recall: how many figures became what.
fn other(comparison: &Comparison) -> Option<String> {
    let count = |verdict| comparison.metrics.iter().filter(|metric| metric.verdict == verdict).count();
    let counts =
        [(Verdict::Regressed, "worse"), (Verdict::Improved, "better"), (Verdict::Equivalent, "alike")];
    let parts: Vec<String> = counts
        .into_iter()
        .filter_map(|(verdict, word)| {
            Some(count(verdict))
                .filter(|n| *n > 0)
                .map(|n| format!("{word} in {}", counted(n as u64, "figure")))
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// How far from the first side.
fn size(metric: &MetricComparison) -> f64 {
    metric.change.map_or(0.0, |change| change.estimate.ln_1p().abs())
}

fn share(change: f64) -> String {
    amount(annvil_core::comparison::Scale::Ratio, change.abs())
}

/// A figure in short: `search p95`, `search rate`.
fn place(phase: &str, stat: Stat, latency: bool) -> String {
    if latency { format!("{phase} {stat}") } else { format!("{phase} rate") }
}
