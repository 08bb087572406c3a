//! What an estimate comes to, alone and among many.

use super::{Estimate, Scale, Spec, Verdict, Worse};
use crate::multiple;

/// What a change comes to: REGRESSED or IMPROVED if its interval lies wholly beyond the margin, EQUIVALENT if the interval
/// for equivalence lies within (ends included), else INCONCLUSIVE.
pub fn verdict(estimate: &Estimate, spec: &Spec) -> Verdict {
    let above = spec.margin;
    // A ratio falls by as much as it would rise if the sides were exchanged.
    let below = match spec.scale {
        Scale::Ratio => -spec.margin / (1.0 + spec.margin),
        Scale::Difference => -spec.margin,
    };
    let (up, down) = match spec.worse {
        Worse::Higher => (Verdict::Regressed, Verdict::Improved),
        Worse::Lower => (Verdict::Improved, Verdict::Regressed),
    };
    if estimate.low > above {
        up
    } else if estimate.high < below {
        down
    } else if estimate.low90 >= below && estimate.high90 <= above {
        Verdict::Equivalent
    } else {
        Verdict::Inconclusive
    }
}

/// What the changes of a family of metrics come to, judged together: a metric is REGRESSED or IMPROVED only if it is so alone
/// *and* among the discoveries at a false discovery rate of `q`, by Benjamini and Hochberg on the null that the change lies
/// within the margin. What is not stays INCONCLUSIVE. In the order of `estimates`.
///
/// The p of that null is twice the smaller of the two one-sided ones, so that a family of one at q = 0.05 says what its
/// 95 % interval says. Changes for the better count in the family as those for the worse do.
pub fn verdicts(estimates: &[(Estimate, Spec)], q: f64) -> Vec<Verdict> {
    let p: Vec<f64> = estimates.iter().map(|(of, _)| (2.0 * of.p.min(of.p_better)).min(1.0)).collect();
    let judge = |((estimate, spec), adjusted): (&(Estimate, Spec), f64)| match verdict(estimate, spec) {
        Verdict::Regressed | Verdict::Improved if adjusted > q => Verdict::Inconclusive,
        alone => alone,
    };
    estimates.iter().zip(multiple::adjusted(&p)).map(judge).collect()
}
