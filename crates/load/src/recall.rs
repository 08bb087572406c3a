//! How right answers are, scored after the clock has stopped.
//!
//! An answered row counts if its true distance is no longer than that of the k-th true neighbour, so that rows at equal
//! distance are equally right. Ids that are answered twice count once, padding and unknown ids don't count, and the
//! denominator is what could have been answered: `min(k, matching rows)`.

use std::collections::{BTreeMap, HashSet};

use annvil_core::record::RecallRecord;
use annvil_core::truth::Truth;
use annvil_core::vector::RowId;

use crate::recorder::Answer;

/// Slack for comparing two distances, relative to `1 + |distance|`: rows whose true distances differ by less can't be told
/// apart by an engine that computes in 32-bit floats, and none of them is a mistake.
const EPSILON: f64 = 1e-6;

/// What scoring needs to know besides the answers.
pub struct Judge<'a> {
    /// Exact answers, one a query.
    pub truth: &'a Truth,
    /// Answers wanted.
    pub k: usize,
    /// True distance of a row to a query, `None` if there is no such row; double precision.
    pub distance: &'a dyn Fn(u32, RowId) -> Option<f64>,
}

/// The score of one answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Right rows among the first k, as a share of what could be answered. 1 where nothing matches and nothing came.
    pub recall: f64,
    /// Reciprocal of the place at which the true nearest row stands; 0 if it is missing.
    pub reciprocal_rank: f64,
    /// Gain of the right rows, each discounted by its place (`1 / log2(place + 1)`), over the gain of an exact answer.
    pub ndcg: f64,
    /// Whether fewer rows came than could have.
    pub short: bool,
}

impl Judge<'_> {
    /// Scores one answer; `None` if there is no truth for its query.
    pub fn score(&self, answer: &Answer) -> Option<Score> {
        let exact = self.truth.get(answer.query as usize)?;
        let possible = exact.possible(self.k);
        let Some(reach) = exact.reach(self.k) else {
            let right = f64::from(u8::from(answer.ids.is_empty()));
            return Some(Score { recall: right, reciprocal_rank: right, ndcg: right, short: false });
        };
        let nearest = exact.distances.first().copied().unwrap_or(reach);
        let mut seen = HashSet::with_capacity(answer.ids.len());
        let (mut right, mut gain, mut rank) = (0usize, 0.0, 0.0);
        let mut answered = 0usize;
        for (place, id) in answer.ids.iter().take(self.k).enumerate() {
            let Some(distance) = self.true_distance(answer.query, *id, exact) else { continue };
            if !seen.insert(*id) {
                continue;
            }
            answered += 1;
            if no_farther(distance, reach) {
                right += 1;
                gain += discount(place);
            }
            if rank == 0.0 && no_farther(distance, nearest) {
                rank = 1.0 / (place + 1) as f64;
            }
        }
        let ideal: f64 = (0..possible).map(discount).sum();
        // More rows than `possible` can be right where several share the last distance; none can be more than right.
        let recall = right.min(possible) as f64 / possible as f64;
        Some(Score {
            recall,
            reciprocal_rank: rank,
            ndcg: (gain / ideal).min(1.0),
            short: answered < possible,
        })
    }

    fn true_distance(&self, query: u32, id: RowId, exact: &annvil_core::truth::ExactAnswer) -> Option<f64> {
        match exact.ids.iter().position(|known| *known == id) {
            Some(place) => exact.distances.get(place).copied(),
            None => (self.distance)(query, id),
        }
    }

    /// Scores all answers of a form. `None` without truth, answers or matching rows: unknown, never perfect.
    ///
    /// The sample of the mean's interval is the query: answers to the same query are averaged first.
    pub fn record(&self, answers: &[Answer]) -> Option<RecallRecord> {
        let mut queries: BTreeMap<u32, (f64, u32)> = BTreeMap::new();
        let (mut scored, mut short, mut mrr, mut ndcg) = (0u64, 0u64, 0.0, 0.0);
        for answer in answers {
            // Where nothing matches there is nothing to find: such a query says nothing about recall.
            if self.truth.get(answer.query as usize).is_none_or(|exact| exact.matches == 0) {
                continue;
            }
            let Some(score) = self.score(answer) else { continue };
            let query = queries.entry(answer.query).or_default();
            query.0 += score.recall;
            query.1 += 1;
            scored += 1;
            short += u64::from(score.short);
            mrr += score.reciprocal_rank;
            ndcg += score.ndcg;
        }
        if scored == 0 {
            return None;
        }
        let by_query: Vec<(u32, f32)> =
            queries.iter().map(|(query, (sum, n))| (*query, (sum / f64::from(*n)) as f32)).collect();
        let values: Vec<f64> = queries.values().map(|(sum, n)| sum / f64::from(*n)).collect();
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
        let mut sorted = values;
        sorted.sort_unstable_by(f64::total_cmp);
        Some(RecallRecord {
            k: self.k,
            scored,
            mean,
            half_width: 1.96 * (variance / n).sqrt(),
            p10: sorted[(sorted.len() - 1) / 10],
            queries: sorted.len() as u64,
            mrr: mrr / scored as f64,
            ndcg: ndcg / scored as f64,
            short_answers: short,
            by_query,
        })
    }
}

/// Whether a true distance is no longer than another, as far as 32-bit floats can tell.
pub(crate) fn no_farther(distance: f64, than: f64) -> bool {
    distance <= than + EPSILON * (1.0 + than.abs())
}

fn discount(place: usize) -> f64 {
    1.0 / ((place + 2) as f64).log2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use annvil_core::truth::ExactAnswer;

    /// Rows 0..10 at distance equal to their id, but rows 2 and 3 share distance 2.
    fn distance(_: u32, id: RowId) -> Option<f64> {
        (id < 10).then_some(if id == 3 { 2.0 } else { id as f64 })
    }

    fn score(k: usize, matches: usize, ids: &[RowId]) -> Score {
        let ids_true: Vec<RowId> = (0..k.min(matches) as u64).collect();
        let distances = ids_true.iter().filter_map(|id| distance(0, *id)).collect();
        let truth = vec![ExactAnswer { ids: ids_true, distances, matches }];
        Judge { truth: &truth, k, distance: &distance }
            .score(&Answer { query: 0, ids: ids.to_vec() })
            .unwrap()
    }

    #[test]
    fn ties_repeats_padding_and_short_answers() {
        assert_eq!(score(3, 10, &[0, 1, 2]).recall, 1.0);
        // 3 is as near as 2.
        assert_eq!(score(3, 10, &[0, 1, 3]), score(3, 10, &[0, 1, 2]));
        assert_eq!(score(3, 10, &[0, 0, 0]).recall, 1.0 / 3.0);
        assert_eq!(score(3, 10, &[0, u64::MAX, u64::MAX]).recall, 1.0 / 3.0);
        assert!(score(3, 10, &[0, u64::MAX, u64::MAX]).short);
        // Only what could be answered is asked for.
        assert_eq!(
            score(3, 2, &[0, 1]),
            Score { recall: 1.0, reciprocal_rank: 1.0, ndcg: 1.0, short: false }
        );
        assert_eq!(score(3, 0, &[]).recall, 1.0);
        assert_eq!(score(3, 0, &[1]).recall, 0.0);
        // Answers beyond k don't help.
        assert_eq!(score(1, 10, &[5, 0]).recall, 0.0);
    }

    #[test]
    fn place_matters_to_mrr_and_ndcg() {
        let late = score(3, 10, &[9, 8, 0]);
        assert_eq!(late.reciprocal_rank, 1.0 / 3.0);
        assert!((late.ndcg - 0.5 / (1.0 + 1.0 / 3f64.log2() + 0.5)).abs() < 1e-12);
    }

    #[test]
    fn without_truth_recall_is_unknown() {
        let judge = Judge { truth: &vec![], k: 3, distance: &distance };
        assert_eq!(judge.record(&[Answer { query: 0, ids: vec![0] }]), None);
    }

    #[test]
    fn the_sample_is_the_query() {
        let exact = ExactAnswer { ids: vec![0], distances: vec![0.0], matches: 10 };
        let truth = vec![exact.clone(), exact];
        let judge = Judge { truth: &truth, k: 1, distance: &distance };
        let answer = |query, id| Answer { query, ids: vec![id] };
        let record = judge.record(&[answer(0, 0), answer(0, 0), answer(0, 0), answer(1, 5)]).unwrap();
        assert_eq!((record.mean, record.queries, record.scored), (0.5, 2, 4));
        assert_eq!((record.p10, record.share_below(0.5)), (0.0, 0.5));
    }
}
