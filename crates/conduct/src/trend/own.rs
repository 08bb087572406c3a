//! The main figures of one run over the earlier runs like it, for the end of its own report.

use std::collections::BTreeSet;

use annvil_core::figures::{Provenance, figures};
use annvil_core::key::MetricKey;
use annvil_core::quantity::{Quantity, Stat};
use annvil_core::record::RunRecord;
use annvil_report::Series;
use annvil_store::{DatabaseError, RunFilter, Store};

/// Charts in a report.
const CHARTS: usize = 8;

/// Figures that are looked at to choose them.
const CANDIDATES: usize = 24;

/// Earlier runs that make a history.
const EARLIER: usize = 3;

/// Runs at most: what a chart shows legibly, and a store reads at once.
const RUNS: u32 = 100;

/// The main figures of a run that the store has, over the runs of its plan on its machine up to it: medians, recall, p99 and
/// throughput of each search of each variant. Those whose level changed go first where there are many. Empty if the run can't
/// be judged, or if fewer than three runs came before it.
pub fn history(store: &Store, record: &RunRecord) -> Result<Vec<Series>, DatabaseError> {
    let own = Provenance::of(record);
    if own.plan_hash.is_none() || own.fingerprint.is_none() {
        return Ok(Vec::new());
    }
    let filter = RunFilter {
        scenario: Some(own.scenario),
        plan_hash: own.plan_hash,
        fingerprint: own.fingerprint,
        usable: true,
        own: record.origin.request.is_none(),
        limit: Some(RUNS),
        ..RunFilter::default()
    };
    if store.count(&filter)? <= EARLIER as u64 {
        return Ok(Vec::new());
    }
    let mut found: Vec<(MetricKey, Series)> = Vec::new();
    for key in main(record).into_iter().take(CANDIDATES) {
        let mut points = store.series(&key, &filter)?;
        let Some(at) = points.iter().position(|point| point.run == record.id) else { continue };
        points.truncate(at + 1);
        if at >= EARLIER {
            found.push((key.clone(), super::series(&key, &points)));
        }
    }
    found.sort_by_key(|(_, series)| series.changes.is_empty());
    found.truncate(CHARTS);
    found.sort_by(|(one, _), (other, _)| {
        let place = |key: &MetricKey| (variant(record, key), key.phase.clone(), key.form.clone(), kind(key));
        place(one).cmp(&place(other))
    });
    Ok(found.into_iter().map(|(_, series)| series).collect())
}

/// The main figures, those first that say most: of the reported points alone, the variants that are compared before the one
/// that they are compared with.
fn main(record: &RunRecord) -> Vec<MetricKey> {
    let all: BTreeSet<MetricKey> =
        figures(record).into_iter().flat_map(|block| block.values.into_keys()).collect();
    let reported = |key: &MetricKey| {
        let planned = record.plan.variant(&key.variant);
        planned.is_none_or(|planned| key.point.is_empty() || key.point == planned.report_point())
    };
    let mut main: Vec<MetricKey> =
        all.into_iter().filter(|key| kind(key).is_some() && reported(key)).collect();
    let is_baseline = |key: &MetricKey| {
        record.plan.variant(&key.variant).is_some_and(|planned| planned.configuration.baseline)
    };
    main.sort_by_key(|key| (kind(key), is_baseline(key), variant(record, key)));
    main
}

/// The rank of a kind of figure; none of those that are not shown. Phases without forms load and build.
fn kind(key: &MetricKey) -> Option<u8> {
    match (key.quantity, key.stat) {
        _ if key.form.is_empty() => None,
        (Quantity::Service, Stat::P50) => Some(0),
        (Quantity::Recall { .. }, Stat::Mean) => Some(1),
        (Quantity::Service, Stat::P99) => Some(2),
        (Quantity::Throughput, Stat::Value) => Some(3),
        _ => None,
    }
}

/// The place of a figure's variant in the plan.
fn variant(record: &RunRecord, key: &MetricKey) -> usize {
    record.plan.variants.iter().position(|planned| planned.name == key.variant).unwrap_or(usize::MAX)
}
