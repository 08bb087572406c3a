//! The order of figures: worst first.

use annvil_core::comparison::{Comparison, MetricComparison, Verdict};

/// The figures of a comparison: what regressed most beyond its margin first, then what is not decided, what improved, what
/// did not change. Within one verdict those nearest to trouble come first.
pub(crate) fn ordered(comparison: &Comparison) -> Vec<&MetricComparison> {
    let mut metrics: Vec<&MetricComparison> = comparison.metrics.iter().collect();
    metrics.sort_by(|a, b| rank(a.verdict).cmp(&rank(b.verdict)).then(trouble(b).total_cmp(&trouble(a))));
    metrics
}

fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Regressed => 0,
        Verdict::Inconclusive => 1,
        Verdict::Improved => 2,
        Verdict::Equivalent => 3,
    }
}

/// How far a figure became worse, counted in its margin.
fn trouble(metric: &MetricComparison) -> f64 {
    metric.worse_by().unwrap_or(0.0) / metric.margin.max(1e-6)
}
