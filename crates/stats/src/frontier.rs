//! Speed at equal recall: the frontier of a sweep, and the cost that it has at one recall.
//!
//! A variant that answers faster because it searches less is not faster. Each sweep gives points of recall and cost; those
//! that no other beats in both are its frontier, and what is compared is the cost of both frontiers at one recall.

use thiserror::Error;

use crate::compare::{CompareError, Estimate, Scale, Side, Spec, Worse, compare};

/// One point of a sweep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Share of right answers, 0 to 1.
    pub recall: f64,
    /// A latency, or a throughput where [`Worse::Lower`]; above zero.
    pub cost: f64,
}

/// Why two sweeps cannot be compared at a recall.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum FrontierError {
    /// A sweep ends below the recall.
    #[error(
        "side {side} reaches a recall of {best:.4} at most in one of its blocks, not {recall:.4}; compare at less"
    )]
    Unreached {
        /// `a` or `b`.
        side: char,
        /// The highest recall of the sweep that reaches least; 0 if it has no point.
        best: f64,
        /// The recall asked for.
        recall: f64,
    },
    /// The costs cannot be compared.
    #[error(transparent)]
    Compare(#[from] CompareError),
}

/// The points that no other beats: none has as much recall at less cost. By rising recall, and so by rising cost (falling,
/// for a throughput). Points whose recall is not finite, or whose cost is not finite and above zero, are passed over.
pub fn frontier(points: &[Point], worse: Worse) -> Vec<Point> {
    let usable = |point: &&Point| point.recall.is_finite() && point.cost.is_finite() && point.cost > 0.0;
    let mut sorted: Vec<Point> = points.iter().filter(usable).copied().collect();
    let dear = |point: &Point| if worse == Worse::Higher { point.cost } else { -point.cost };
    // From the highest recall down; of equal recall the cheapest first.
    sorted.sort_by(|x, y| y.recall.total_cmp(&x.recall).then(dear(x).total_cmp(&dear(y))));
    let mut kept: Vec<Point> = Vec::new();
    for point in sorted {
        if kept.last().is_none_or(|last| dear(&point) < dear(last)) {
            kept.push(point);
        }
    }
    kept.reverse();
    kept
}

/// The cost at which a sweep reaches `recall`: interpolated along its frontier, the logarithm of the cost linear in recall.
/// Below the frontier's lowest recall it is that point's cost, since more recall than asked for does no harm. `None` above its
/// highest: nothing is extrapolated.
pub fn cost_at(points: &[Point], recall: f64, worse: Worse) -> Option<f64> {
    let frontier = frontier(points, worse);
    let above = frontier.iter().position(|point| point.recall >= recall)?;
    let high = frontier[above];
    let Some(low) = above.checked_sub(1).map(|below| frontier[below]) else { return Some(high.cost) };
    let share = (recall - low.recall) / (high.recall - low.recall);
    Some((low.cost.ln() + share * (high.cost / low.cost).ln()).exp())
}

/// Compares costs at one recall. Each side is a list of sessions, these of blocks, these of the points of one whole sweep; the
/// cost is read off each block's own frontier, so that the interval holds what both recall and speed scatter by. `spec.worse`
/// says whether the cost is a latency or a throughput; its scale should be [`Scale::Ratio`].
pub fn compare_at(
    a: &[Vec<Vec<Point>>],
    b: &[Vec<Vec<Point>>],
    recall: f64,
    spec: &Spec,
) -> Result<Estimate, FrontierError> {
    debug_assert_eq!(spec.scale, Scale::Ratio);
    let a = costs(a, recall, spec.worse, 'a')?;
    let b = costs(b, recall, spec.worse, 'b')?;
    Ok(compare(&a, &b, spec)?)
}

/// The highest recall that every block of both sides reaches: the last at which they can be compared. `None` without points.
pub fn common_recall(a: &[Vec<Vec<Point>>], b: &[Vec<Vec<Point>>]) -> Option<f64> {
    let blocks = a.iter().chain(b).flatten();
    blocks
        .map(|points| best(points))
        .try_fold(f64::INFINITY, |least, best| Some(least.min(best?)))
        .filter(|recall| recall.is_finite())
}

fn costs(sessions: &[Vec<Vec<Point>>], recall: f64, worse: Worse, side: char) -> Result<Side, FrontierError> {
    let cost = |points: &Vec<Point>| {
        let best = best(points).unwrap_or(0.0);
        cost_at(points, recall, worse).ok_or(FrontierError::Unreached { side, best, recall })
    };
    let sessions = sessions.iter().map(|blocks| blocks.iter().map(cost).collect());
    Ok(Side { sessions: sessions.collect::<Result<_, _>>()? })
}

fn best(points: &[Point]) -> Option<f64> {
    points.iter().map(|point| point.recall).reduce(f64::max)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::compare::{Verdict, verdict};
    use crate::noise::Noise;

    fn points(of: &[(f64, f64)]) -> Vec<Point> {
        of.iter().map(|(recall, cost)| Point { recall: *recall, cost: *cost }).collect()
    }

    #[test]
    fn beaten_points_are_left_out() {
        let sweep = points(&[
            (0.9, 1.0),
            (0.95, 2.0),
            (0.94, 3.0),
            (0.99, 4.0),
            (0.99, 5.0),
            (0.98, 4.0),
            (f64::NAN, 0.1),
            (1.0, 0.0),
        ]);
        assert_eq!(frontier(&sweep, Worse::Higher), points(&[(0.9, 1.0), (0.95, 2.0), (0.99, 4.0)]));
        // As throughputs: what is more is better.
        let sweep = points(&[(0.9, 900.0), (0.95, 950.0), (0.99, 100.0), (0.97, 90.0)]);
        assert_eq!(frontier(&sweep, Worse::Lower), points(&[(0.95, 950.0), (0.99, 100.0)]));
    }

    #[test]
    fn the_cost_between_two_points_is_their_geometric_mean() {
        let sweep = points(&[(0.9, 1.0), (0.98, 4.0)]);
        let at = |recall: f64| cost_at(&sweep, recall, Worse::Higher);
        assert!((at(0.94).unwrap() - 2.0).abs() < 1e-12);
        assert!((at(0.98).unwrap() - 4.0).abs() < 1e-12);
        assert_eq!((at(0.5), at(0.981), cost_at(&[], 0.5, Worse::Higher)), (Some(1.0), None, None));
    }

    /// A block's sweep of an index whose latency is `factor` × 1 / (1 − recall), measured at its own effort.
    fn sweep(factor: f64, shift: f64, noise: &mut Noise) -> Vec<Point> {
        (0..6)
            .map(|step| {
                let miss = 0.2 * (-0.5 * f64::from(step) + shift).exp();
                Point { recall: 1.0 - miss, cost: factor / miss * (0.01 * noise.normal()).exp() }
            })
            .collect()
    }

    #[test]
    fn speed_bought_with_recall_is_no_speed() {
        let mut noise = Noise::new(9);
        let mut side = |factor: f64, shift: f64| -> Vec<Vec<Vec<Point>>> {
            (0..6).map(|_| vec![sweep(factor, shift, &mut noise)]).collect()
        };
        let spec = Spec { margin: 0.03, ..Spec::new(Scale::Ratio, Worse::Higher) };
        // The second is a third faster at each point of its sweep, because it searches less; at one recall it is the same.
        let (a, b) = (side(1.0, 0.0), side(1.0, 0.4));
        assert!(b[0][0][3].cost < 0.75 * a[0][0][3].cost);
        let same = compare_at(&a, &b, 0.95, &spec).unwrap();
        assert!(same.effect.abs() < 0.03, "{same:?}");
        let slower = compare_at(&a, &side(1.2, 0.4), 0.95, &spec).unwrap();
        assert_eq!(verdict(&slower, &spec), Verdict::Regressed);
        assert!((slower.effect - 0.2).abs() < 0.04, "{slower:?}");
    }

    #[test]
    fn what_is_not_reached_is_said() {
        let (low, high) = (points(&[(0.8, 1.0), (0.9, 2.0)]), points(&[(0.99, 3.0)]));
        let (a, b) = (vec![vec![high.clone(), low]], vec![vec![high.clone(), high]]);
        assert_eq!(common_recall(&a, &b), Some(0.9));
        let spec = Spec::new(Scale::Ratio, Worse::Higher);
        let error = compare_at(&a, &b, 0.95, &spec).unwrap_err();
        assert_eq!(error, FrontierError::Unreached { side: 'a', best: 0.9, recall: 0.95 });
        assert_eq!(common_recall(&[], &[]), None);
    }

    proptest! {
        #[test]
        fn more_recall_never_costs_less(of in prop::collection::vec((0.5..1.0f64, 0.1..100.0f64), 1..20), recall in 0.4..1.0f64) {
            let sweep = points(&of);
            let there = cost_at(&sweep, recall, Worse::Higher);
            if let Some(more) = cost_at(&sweep, recall + 0.01, Worse::Higher) {
                prop_assert!(there.unwrap() <= more * (1.0 + 1e-12));
            }
        }
    }
}
