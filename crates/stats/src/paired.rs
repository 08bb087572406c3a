//! Whether answers stayed as right as they were, query by query.
//!
//! The same queries are asked on both sides, so what one query is harder than another drops out of the difference: recall is
//! known to a fraction of what two means alone would tell. The sample is the query. That speaks for further queries of the
//! kind asked, on these two indexes; whether another build of them would answer alike is asked by comparing runs.

use std::collections::BTreeMap;

use crate::compare::{CompareError, Estimate, Scale, Side, Spec, Worse, compare};

/// Recall on two sides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NonInferiority {
    /// Recall of both sides and their difference in shares (0.01 is a point); paired t, from ten queries the studentised
    /// bootstrap.
    pub estimate: Estimate,
    /// Queries that both sides have.
    pub queries: usize,
    /// Queries that one side alone has; they count for nothing.
    pub unmatched: usize,
    /// Whether `b` is shown to lose less than the margin, at a level of 1 − confidence.
    pub holds: bool,
}

/// Holds the recall of each query against that of the same query: lists of (query, recall), in any order. A query that stands
/// several times in a list counts with its mean. `margin` is the loss that does not matter, as a share.
///
/// Errors: no query on both sides, a recall that is not finite, a margin or confidence that is none.
pub fn non_inferior(
    a: &[(u64, f64)],
    b: &[(u64, f64)],
    margin: f64,
    confidence: f64,
    seed: u64,
) -> Result<NonInferiority, CompareError> {
    let (a, b) = (by_query(a), by_query(b));
    let pairs: Vec<(f64, f64)> = a.iter().filter_map(|(query, of_a)| Some((*of_a, *b.get(query)?))).collect();
    let (of_a, of_b): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let queries = pairs.len();
    let spec = Spec { margin, confidence, paired: true, seed, ..Spec::new(Scale::Difference, Worse::Lower) };
    let estimate = compare(&Side::session(&of_a), &Side::session(&of_b), &spec)?;
    let holds = estimate.low90 > -margin;
    Ok(NonInferiority { estimate, queries, unmatched: a.len() + b.len() - 2 * queries, holds })
}

fn by_query(list: &[(u64, f64)]) -> BTreeMap<u64, f64> {
    let mut sums: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for (query, recall) in list {
        let sum = sums.entry(*query).or_default();
        *sum = (sum.0 + recall, sum.1 + 1.0);
    }
    sums.into_iter().map(|(query, (sum, count))| (query, sum / count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::{Method, Verdict, verdict};
    use crate::noise::Noise;

    /// Recall of 500 queries of very different hardness; `lost` of every hundred lose a tenth.
    fn recalls(lost: u64) -> Vec<(u64, f64)> {
        let mut noise = Noise::new(5);
        (0..500)
            .map(|query| {
                let right = (10.0 - (4.0 * noise.uniform().powi(3)).floor()) / 10.0;
                (query, if query % 100 < lost { right - 0.1 } else { right })
            })
            .collect()
    }

    #[test]
    fn a_small_loss_is_within_half_a_point_and_a_large_one_is_not() {
        let check = |lost: u64| non_inferior(&recalls(0), &recalls(lost), 0.005, 0.95, 1).unwrap();
        let small = check(2);
        assert!(small.holds && (small.estimate.effect + 0.002).abs() < 1e-12);
        let large = check(30);
        assert!(!large.holds && (large.estimate.effect + 0.03).abs() < 1e-12);
        let spec = Spec::new(Scale::Difference, Worse::Lower);
        assert_eq!(verdict(&large.estimate, &spec), Verdict::Regressed);
        assert_eq!(large.estimate.method, Method::PairedBootstrap);
    }

    #[test]
    fn equal_answers_are_equal() {
        let same = non_inferior(&recalls(0), &recalls(0), 0.005, 0.95, 1).unwrap();
        assert!(same.holds && same.estimate.low == 0.0 && same.estimate.high == 0.0);
    }

    #[test]
    fn queries_are_matched_by_name_and_repeats_averaged() {
        let a = [(3, 0.8), (1, 1.0), (2, 0.9), (9, 0.0)];
        let b = [(1, 1.0), (1, 0.8), (2, 0.9), (3, 0.8)];
        let found = non_inferior(&a, &b, 0.5, 0.95, 1).unwrap();
        assert_eq!((found.queries, found.unmatched), (3, 1));
        assert!((found.estimate.effect + 0.1 / 3.0).abs() < 1e-12);
        assert_eq!(non_inferior(&a[..1], &b[..1], 0.1, 0.95, 1), Err(CompareError::Empty('a')));
    }
}
