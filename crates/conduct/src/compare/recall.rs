//! Recall query by query: the same queries were asked on both sides, so that what one query is harder than another is no
//! uncertainty.
//!
//! What is left is twofold: which queries were asked, and which index was built, for a graph that is built in parallel answers a
//! little otherwise each time. The first is the paired test of `annvil_stats::paired`; the variance of builds, from the blocks
//! themselves or from A/A, is added to its error by Satterthwaite.

use std::collections::BTreeMap;

use annvil_core::comparison::Scale;
use annvil_core::figures::Group;
use annvil_core::key::MetricKey;
use annvil_core::quantity::{Quantity, Stat};
use annvil_stats::compare::{Between, Estimate, Spec, Verdict, verdict};
use annvil_stats::{paired, power, student};

use super::CompareSpec;
use super::figure::{Judged, fill};

/// Share of the queries of either side that the other must have.
const SHARED: f64 = 0.9;

/// Fewest queries that say something by themselves.
const FEW: usize = 10;

/// Replaces the estimates of recalls of which both sides have the same queries.
pub(super) fn per_query(a: &Group, b: &Group, judged: &mut [Judged], spec: &CompareSpec) {
    for one in judged {
        let key = one.metric.key.clone();
        if !matches!(key.quantity, Quantity::Recall { .. }) || key.stat != Stat::Mean {
            continue;
        }
        let key_a = one.metric.key_a.as_ref().unwrap_or(&key);
        let Some((_, asked)) = one.tested else { continue };
        let (of_a, of_b) = (queries(a, key_a), queries(b, &key));
        let found = paired::non_inferior(&of_a, &of_b, asked.margin, asked.confidence, spec.seed);
        let Ok(found) = found else { continue };
        let share = found.queries as f64 / (found.queries + found.unmatched).max(1) as f64;
        if found.queries < FEW || share < SHARED {
            continue;
        }
        let estimate = match builds(a, b, (key_a, &key), &asked) {
            Some((variance, freedom)) if found.estimate.error > 0.0 || found.estimate.effect != 0.0 => {
                widened(found.estimate, variance, freedom, &asked)
            }
            // Every query was answered alike: there is nothing that builds could differ by.
            _ => found.estimate,
        };
        fill(&mut one.metric, &estimate, &asked);
        one.metric.method = format!("query by query, over {} queries", found.queries);
        one.tested = Some((estimate, asked));
    }
}

/// Recall of each query, over all blocks of a side.
fn queries(group: &Group, key: &MetricKey) -> Vec<(u64, f64)> {
    let mut sums: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
    for (query, recall) in group.figures.iter().filter_map(|figures| figures.by_query.get(key)).flatten() {
        let sum = sums.entry(*query).or_default();
        *sum = (sum.0 + f64::from(*recall), sum.1 + 1.0);
    }
    sums.into_iter().map(|(query, (sum, count))| (u64::from(query), sum / count)).collect()
}

/// The variance that the difference of the sides has from their builds, with its degrees of freedom.
fn builds(a: &Group, b: &Group, keys: (&MetricKey, &MetricKey), asked: &Spec) -> Option<(f64, f64)> {
    let (a, b) = (a.sessions(keys.0).concat(), b.sessions(keys.1).concat());
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let squares = |side: &[f64]| {
        let mean = side.iter().sum::<f64>() / side.len() as f64;
        side.iter().map(|value| (value - mean).powi(2)).sum::<f64>()
    };
    let freedom = a.len() + b.len() - 2;
    let (variance, freedom) = if freedom > 0 {
        ((squares(&a) + squares(&b)) / freedom as f64, freedom as f64)
    } else {
        let between = asked.between.unwrap_or_else(|| Between::assumed(Scale::Difference));
        let freedom = if between.freedom == usize::MAX { f64::INFINITY } else { between.freedom as f64 };
        (between.sd.powi(2), freedom)
    };
    Some((variance * (1.0 / a.len() as f64 + 1.0 / b.len() as f64), freedom))
}

/// An estimate whose error has another, independent part.
fn widened(estimate: Estimate, variance: f64, freedom: f64, asked: &Spec) -> Estimate {
    let own = estimate.error.powi(2);
    let error = (own + variance).sqrt();
    if error == 0.0 || variance == 0.0 {
        return estimate;
    }
    let share = |part: f64, freedom: f64| if part > 0.0 { part.powi(2) / freedom } else { 0.0 };
    let parts = share(own, estimate.freedom) + share(variance, freedom);
    let freedom = if parts > 0.0 { (own + variance).powi(2) / parts } else { f64::INFINITY };
    let tail = (1.0 - asked.confidence) / 2.0;
    let half = |tail: f64| student::quantile(1.0 - tail, freedom) * error;
    let beyond = |by: f64| student::above((by - asked.margin) / error, freedom);
    let mut widened = Estimate {
        low: estimate.effect - half(tail),
        high: estimate.effect + half(tail),
        low90: estimate.effect - half(2.0 * tail),
        high90: estimate.effect + half(2.0 * tail),
        // Lower is worse.
        p: beyond(-estimate.effect),
        p_better: beyond(estimate.effect),
        error,
        freedom,
        detectable: Some(power::detectable(asked.margin, error, freedom, asked.confidence, power::USUAL)),
        more_runs: None,
        ..estimate
    };
    if verdict(&widened, asked) == Verdict::Inconclusive {
        widened.more_runs = estimate.more_runs.filter(|_| own > variance);
    }
    widened
}
