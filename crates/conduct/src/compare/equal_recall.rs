//! Speeds at the same recall, read off the frontiers of two sweeps.

use std::collections::{BTreeMap, BTreeSet};

use annvil_core::comparison::{Change, EqualRecall, MetricComparison, Scale, Verdict};
use annvil_core::figures::Group;
use annvil_core::key::MetricKey;
use annvil_core::quantity::{Quantity, Stat};
use annvil_stats::compare::{Spec, Worse, verdict};
use annvil_stats::frontier::{Point, common_recall, compare_at};

use super::CompareSpec;

/// A sweep: variant on side `a`, variant on side `b`, phase, form.
type Sweep = (String, String, String, String);

/// Sessions, blocks in each, points of each block's sweep.
type Blocks = Vec<Vec<Vec<Point>>>;

/// Compares speeds at one recall, wherever a side has several points and the recall of some point is another.
pub(super) fn compare(
    a: &Group,
    b: &Group,
    metrics: &[MetricComparison],
    spec: &CompareSpec,
) -> Vec<EqualRecall> {
    let mut sweeps: BTreeMap<Sweep, (BTreeSet<&str>, bool, u32)> = BTreeMap::new();
    for metric in metrics {
        let Quantity::Recall { k } = metric.key.quantity else { continue };
        let variant_a = metric.key_a.as_ref().map_or(&metric.key.variant, |key| &key.variant);
        let (key, phase) = (&metric.key, metric.key.phase.clone());
        let sweep = (variant_a.clone(), key.variant.clone(), phase, key.form.clone());
        let (points, differs, depth) = sweeps.entry(sweep).or_default();
        points.insert(&key.point);
        *differs |= metric.verdict != Verdict::Equivalent;
        *depth = k;
    }
    let asked =
        |points: &BTreeSet<&str>, differs: bool| points.len() > 1 && (differs || spec.at_recall.is_some());
    let chosen = sweeps.into_iter().filter(|(_, (points, differs, _))| asked(points, *differs));
    chosen.flat_map(|(sweep, (_, _, depth))| of_sweep(a, b, &sweep, depth, metrics, spec)).collect()
}

/// Every latency and rate of a sweep that is judged.
fn of_sweep(
    a: &Group,
    b: &Group,
    sweep: &Sweep,
    depth: u32,
    metrics: &[MetricComparison],
    spec: &CompareSpec,
) -> Vec<EqualRecall> {
    let (variant_a, variant, phase, form) = sweep;
    let costs: BTreeSet<(Quantity, Stat)> = metrics
        .iter()
        .map(|metric| &metric.key)
        .filter(|key| key.variant == *variant && key.phase == *phase && key.form == *form)
        .filter(|key| key.quantity.is_latency() || key.quantity == Quantity::Throughput)
        .map(|key| (key.quantity, key.stat))
        .collect();
    let mut found = Vec::new();
    for (quantity, stat) in costs {
        let of = |group: &Group, variant: &str| blocks(group, variant, phase, form, (quantity, stat), depth);
        let (blocks_a, blocks_b) = (of(a, variant_a), of(b, variant));
        let Some(recall) = spec.at_recall.or_else(|| common_recall(&blocks_a, &blocks_b)) else { continue };
        let key = MetricKey {
            variant: variant.clone(),
            point: String::new(),
            phase: phase.clone(),
            form: form.clone(),
            quantity,
            stat,
        };
        let asked = Spec {
            margin: spec.gate.rule(&key).margin.map_or(0.0, |margin| margin.0),
            confidence: spec.gate.confidence.0,
            seed: spec.seed,
            ..Spec::new(Scale::Ratio, Worse::from(quantity.better()))
        };
        let Ok(estimate) = compare_at(&blocks_a, &blocks_b, recall, &asked) else { continue };
        let told = estimate.low.is_finite() && estimate.high.is_finite();
        found.push(EqualRecall {
            variant: variant.clone(),
            phase: phase.clone(),
            key,
            recall,
            a: estimate.a,
            b: estimate.b,
            change: told.then_some(Change {
                estimate: estimate.effect,
                low: estimate.low,
                high: estimate.high,
                confidence: asked.confidence,
            }),
            verdict: verdict(&estimate, &asked),
        });
    }
    found
}

fn blocks(
    group: &Group,
    variant: &str,
    phase: &str,
    form: &str,
    (quantity, stat): (Quantity, Stat),
    depth: u32,
) -> Blocks {
    let mut sessions: Vec<(&str, Vec<Vec<Point>>)> = Vec::new();
    for figures in &group.figures {
        let costs = figures.values.iter().filter(|(key, _)| {
            key.variant == variant
                && key.phase == phase
                && key.form == form
                && key.quantity == quantity
                && key.stat == stat
        });
        let points: Vec<Point> = costs
            .filter_map(|(key, cost)| {
                let recall =
                    MetricKey { quantity: Quantity::Recall { k: depth }, stat: Stat::Mean, ..key.clone() };
                Some(Point { recall: *figures.values.get(&recall)?, cost: *cost })
            })
            .collect();
        if points.is_empty() {
            continue;
        }
        match sessions.iter_mut().find(|(name, _)| *name == figures.session) {
            Some((_, blocks)) => blocks.push(points),
            None => sessions.push((&figures.session, vec![points])),
        }
    }
    sessions.into_iter().map(|(_, blocks)| blocks).collect()
}
