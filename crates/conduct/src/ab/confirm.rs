//! A flagged regression stands only if the blocks that came after it was flagged point the same way.

use annvil_core::comparison::{Comparison, MetricComparison, Scale, Verdict};
use annvil_core::figures::Group;
use annvil_core::key::MetricKey;
use annvil_core::quantity::Better;

use super::looks::{CONFIRMING, Watch};

/// How the remark on a regression begins that too few blocks came after.
const UNCONFIRMED: &str = "looks worse, but was not confirmed";

/// Whether a figure looked worse when there was no budget left to confirm it: nobody can tell then.
pub(super) fn is_unconfirmed(comparison: &Comparison) -> bool {
    comparison
        .metrics
        .iter()
        .any(|metric| metric.remarks.iter().any(|remark| remark.starts_with(UNCONFIRMED)))
}

/// A block of each side that ran one after the other.
#[derive(Debug, Clone, Default)]
pub(super) struct Pair {
    /// Figures of side `a`.
    pub(super) a: Group,
    /// Figures of side `b`.
    pub(super) b: Group,
}

/// Takes back what was not confirmed, with a remark. The verdict is otherwise that of all blocks.
pub(super) fn confirm(comparison: &mut Comparison, pairs: &[Pair], watch: &Watch) {
    for metric in comparison.metrics.iter_mut().filter(|metric| metric.verdict == Verdict::Regressed) {
        let after = watch.flagged(&metric.key).unwrap_or(pairs.len());
        let confirming = pairs.get(after..).unwrap_or_default();
        let remark = if confirming.len() < CONFIRMING {
            format!("{UNCONFIRMED}: {} of {CONFIRMING} pairs of fresh builds came after it", confirming.len())
        } else if worse_by(metric, confirming).is_none_or(|worse| worse <= 0.0) {
            format!(
                "looked worse after {after} pairs, but not in the {} that were to confirm it",
                confirming.len()
            )
        } else {
            metric.remarks.push(format!("confirmed by {} pairs of fresh builds", confirming.len()));
            continue;
        };
        metric.verdict = Verdict::Inconclusive;
        metric.remarks.push(remark);
    }
}

/// The mean change of a figure in some pairs, positive if worse.
fn worse_by(metric: &MetricComparison, pairs: &[Pair]) -> Option<f64> {
    let key_a = metric.key_a.as_ref().unwrap_or(&metric.key);
    let changes: Vec<f64> = pairs
        .iter()
        .filter_map(|pair| {
            let (a, b) = (value(&pair.a, key_a)?, value(&pair.b, &metric.key)?);
            Some(match metric.scale {
                Scale::Ratio => (b / a).ln(),
                Scale::Difference => b - a,
            })
        })
        .collect();
    let mean = changes.iter().sum::<f64>() / changes.len() as f64;
    let worse = match metric.key.quantity.better() {
        Better::Lower => mean,
        Better::Higher => -mean,
    };
    worse.is_finite().then_some(worse)
}

fn value(group: &Group, key: &MetricKey) -> Option<f64> {
    group.figures.iter().find_map(|figures| figures.values.get(key)).copied()
}

#[cfg(test)]
mod tests {
    use annvil_core::figures::Figures;

    use super::*;
    use crate::ab::tests::{comparison, key};

    fn pair(a: f64, b: f64) -> Pair {
        let group = |value| Group {
            figures: vec![Figures { values: [(key(0), value)].into(), ..Figures::default() }],
            ..Group::default()
        };
        Pair { a: group(a), b: group(b) }
    }

    /// The verdict after a flag at the third pair and these pairs after it.
    fn after(pairs: &[Pair]) -> (Verdict, String) {
        let mut all = vec![pair(1.0, 1.1), pair(1.0, 1.1), pair(1.0, 1.1)];
        all.extend_from_slice(pairs);
        let mut watch = Watch::default();
        let mut comparison = comparison(&[Verdict::Regressed]);
        watch.look(&comparison, 3, false);
        confirm(&mut comparison, &all, &watch);
        (comparison.metrics[0].verdict, comparison.metrics[0].remarks.join("; "))
    }

    #[test]
    fn blocks_that_point_elsewhere_do_not_confirm() {
        let (verdict, remark) = after(&[pair(1.0, 1.08), pair(1.0, 1.01), pair(1.0, 1.1)]);
        assert_eq!((verdict, remark.as_str()), (Verdict::Regressed, "confirmed by 3 pairs of fresh builds"));
        let (verdict, remark) = after(&[pair(1.0, 0.99), pair(1.0, 1.0), pair(1.0, 1.0)]);
        assert_eq!(verdict, Verdict::Inconclusive);
        assert!(remark.contains("after 3 pairs"), "{remark}");
        let (verdict, remark) = after(&[pair(1.0, 1.1), pair(1.0, 1.1)]);
        assert_eq!(verdict, Verdict::Inconclusive);
        assert!(remark.contains("2 of 3 pairs"), "{remark}");
    }
}
