//! Figures of distances, from a seeded sample and its exact neighbours among all rows.

use std::collections::BTreeSet;

use annvil_core::dataset::{Neighbours, Queries};
use annvil_core::metric::Metric;
use annvil_core::truth::Truth;
use annvil_core::vector::Vectors;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::Serialize;

use super::Asked;
use super::vectors::{Spread, VectorFigures};
use crate::error::DataError;
use crate::intrinsic::{self, MLE_NEIGHBOURS};
use crate::{exact, precise};

/// Neighbours that two metrics are compared by.
const NEAREST: usize = 10;

/// Queries whose shipped answers are computed again.
const CHECKED: usize = 50;

/// What the sampled rows' neighbourhoods are like.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Geometry {
    /// The metric of the distances.
    pub metric: Metric,
    /// Rows that were sampled.
    pub sampled: usize,
    /// Distance to the nearest other row.
    pub nearest: Option<Spread>,
    /// Distance to the tenth.
    pub tenth: Option<Spread>,
    /// Distance of two rows chosen at random.
    pub random: Option<Spread>,
    /// Intrinsic dimension by maximum likelihood with 20 neighbours.
    pub intrinsic_mle: Option<f64>,
    /// Intrinsic dimension by the ratio of the two nearest.
    pub intrinsic_two_nn: Option<f64>,
    /// Mean distance over mean nearest distance.
    pub relative_contrast: Option<f64>,
    /// Skewness of how often rows are among the ten nearest.
    pub hubness: Option<f64>,
}

/// Queries against rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QueriesAndRows {
    /// Queries that were looked at.
    pub queries: usize,
    /// Their distance to the nearest row.
    pub nearest: Option<Spread>,
    /// Queries that are rows of the base themselves.
    pub identical: usize,
    /// Median distance of queries to their nearest row, over that of rows: 1 if queries are drawn as rows are.
    pub ratio: Option<f64>,
}

/// Neighbours by two metrics.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Overlap {
    /// One metric.
    pub one: Metric,
    /// The other.
    pub other: Metric,
    /// Share of the ten nearest by one that are among the ten nearest by the other.
    pub share: f64,
}

/// Shipped answers against computed ones.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TruthCheck {
    /// Queries whose answers were computed again.
    pub queries: usize,
    /// Answers a query that were compared.
    pub k: usize,
    /// Share of the shipped answers that are right by the metric that is meant.
    pub right: f64,
    /// Another metric by which more of them are right.
    pub better: Option<(Metric, f64)>,
}

pub(super) fn geometry(base: &Vectors, metric: Metric, asked: Asked) -> Result<Option<Geometry>, DataError> {
    if base.rows() < 3 {
        return Ok(None);
    }
    let rows = intrinsic::sampled(base.rows(), asked.sample, asked.seed);
    let around = intrinsic::neighbourhoods(base, metric, rows, MLE_NEIGHBOURS, asked.threads)?;
    // In the set's own metric, which users know. By inner product a row is seldom the nearest to itself, so distances there
    // are Euclidean.
    let metric = if metric == Metric::InnerProduct { Metric::L2 } else { metric };
    let own = |at: usize| {
        let pair =
            |(row, ids): (&usize, &Vec<u64>)| Some(between(base, metric, *row, *ids.get(at)? as usize));
        Spread::of(around.rows.iter().zip(&around.ids).filter_map(pair).collect())
    };
    Ok(Some(Geometry {
        metric,
        sampled: around.rows.len(),
        nearest: own(0),
        tenth: own(9),
        random: Spread::of(random_pairs(base, metric, asked)),
        intrinsic_mle: intrinsic::mle(&around.distances, MLE_NEIGHBOURS),
        intrinsic_two_nn: intrinsic::two_nn(&around.distances),
        relative_contrast: intrinsic::relative_contrast(base, metric, &around, asked.seed),
        hubness: intrinsic::hubness(around.ids.iter().map(|ids| &ids[..ids.len().min(NEAREST)]), base.rows()),
    }))
}

fn between(base: &Vectors, metric: Metric, a: usize, b: usize) -> f64 {
    let (mut one, mut other) = (vec![0.0; base.dim()], vec![0.0; base.dim()]);
    base.write_f32(a, &mut one);
    base.write_f32(b, &mut other);
    precise::distance(metric, &one, &other)
}

fn random_pairs(base: &Vectors, metric: Metric, asked: Asked) -> Vec<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(asked.seed);
    let rows = base.rows();
    let mut pair = || {
        let first = random.random_range(0..rows);
        // Any row but the first.
        (first, (first + random.random_range(1..rows)) % rows)
    };
    (0..asked.sample).map(|_| pair()).map(|(a, b)| between(base, metric, a, b)).collect()
}

pub(super) fn queries_and_rows(
    base: &Vectors,
    queries: &Vectors,
    geometry: &Geometry,
    asked: Asked,
) -> Option<QueriesAndRows> {
    let metric = geometry.metric;
    let numbers = intrinsic::sampled(queries.rows(), asked.sample, asked.seed);
    let sample = picked(queries, &numbers)?;
    let truth = exact::answers(base, &sample, metric, 1, None, asked.threads);
    let identical = (0..sample.rows()).zip(&truth).filter(|(query, answer)| {
        answer.ids.first().is_some_and(|id| {
            let mut row = vec![0.0; base.dim()];
            base.write_f32(*id as usize, &mut row);
            row == sample.row(*query)
        })
    });
    let identical = identical.count();
    let nearest = Spread::of(truth.iter().filter_map(|answer| answer.distances.first().copied()).collect());
    // As lengths, so that the ratio does not depend on the metric's scale.
    let length =
        |spread: &Option<Spread>| spread.map(|s| intrinsic::length(metric, s.p50)).filter(|x| *x > 0.0);
    let ratio = length(&nearest).zip(length(&geometry.nearest)).map(|(queries, rows)| queries / rows);
    Some(QueriesAndRows { queries: numbers.len(), nearest, identical, ratio })
}

fn picked(vectors: &Vectors, rows: &[usize]) -> Option<Queries> {
    let mut values = vec![0.0; rows.len() * vectors.dim()];
    for (row, out) in rows.iter().zip(values.chunks_exact_mut(vectors.dim().max(1))) {
        vectors.write_f32(*row, out);
    }
    Queries::new(values, vectors.dim())
}

/// How much the choice of the metric matters; nothing for normalised vectors, where cosine, inner product and Euclidean
/// distance give one order.
pub(super) fn overlaps(
    base: &Vectors,
    queries: Option<&Vectors>,
    figures: &VectorFigures,
    metric: Metric,
    asked: Asked,
) -> Vec<Overlap> {
    const FAMILY: [Metric; 3] = [Metric::Cosine, Metric::InnerProduct, Metric::L2];
    if figures.normalised || !FAMILY.contains(&metric) || base.rows() < 2 {
        return vec![];
    }
    let from = queries.unwrap_or(base);
    let numbers = intrinsic::sampled(from.rows(), asked.sample.min(200), asked.seed);
    let Some(sample) = picked(from, &numbers) else { return vec![] };
    let nearest = |metric| exact::answers(base, &sample, metric, NEAREST, None, asked.threads);
    let ours = nearest(metric);
    let others = FAMILY.into_iter().filter(|other| *other != metric);
    others.map(|other| Overlap { one: metric, other, share: shared(&ours, &nearest(other)) }).collect()
}

fn shared(one: &Truth, other: &Truth) -> f64 {
    let common: usize =
        one.iter().zip(other).map(|(a, b)| a.ids.iter().filter(|id| b.ids.contains(id)).count()).sum();
    let all: usize = one.iter().map(|answer| answer.ids.len()).sum();
    if all == 0 { 0.0 } else { common as f64 / all as f64 }
}

pub(super) fn check_truth(
    base: &Vectors,
    queries: &Vectors,
    shipped: &Neighbours,
    metric: Metric,
    asked: Asked,
) -> Option<TruthCheck> {
    let numbers = intrinsic::sampled(queries.rows().min(shipped.ids.len()), CHECKED, asked.seed);
    let lists: Vec<&Vec<u64>> = numbers.iter().map(|query| &shipped.ids[*query]).collect();
    let k = lists.iter().map(|ids| ids.len()).max().filter(|k| *k > 0)?.min(NEAREST);
    let sample = picked(queries, &numbers)?;
    let right = |metric| {
        let truth = exact::answers(base, &sample, metric, k, None, asked.threads);
        let mut found = 0;
        let mut all = 0;
        for (query, (ids, answer)) in lists.iter().zip(&truth).enumerate() {
            let reach = answer.reach(k).unwrap_or(f64::NEG_INFINITY);
            all += answer.possible(k);
            // Ties count, as in recall.
            let near = |id: &u64| {
                let mut row = vec![0.0; base.dim()];
                (*id as usize) < base.rows() && {
                    base.write_f32(*id as usize, &mut row);
                    precise::distance(metric, sample.row(query), &row) <= reach + 1e-6 * reach.abs()
                }
            };
            let different: BTreeSet<&u64> = ids.iter().take(k).collect();
            found += different.into_iter().filter(|id| near(id)).count();
        }
        if all == 0 { 0.0 } else { found as f64 / all as f64 }
    };
    let ours = right(metric);
    let better = if ours > 0.95 {
        None
    } else {
        // Of values that are no bits all dimensions differ: by Hamming everything is equally near, by Jaccard nearly so.
        let possible =
            |other: &Metric| *other != metric && !matches!(other, Metric::Hamming | Metric::Jaccard);
        let others = Metric::ALL.into_iter().filter(possible).map(|other| (other, right(other)));
        others.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, share)| *share > ours + 0.02)
    };
    Some(TruthCheck { queries: numbers.len(), k, right: ours, better })
}
