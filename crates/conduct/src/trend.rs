//! Figures over time out of a store: their changes of level and what they drift by, ready to be drawn.

mod own;

pub use own::history;

use annvil_core::comparison::Scale;
use annvil_core::gate::{GateSpec, MetricPattern};
use annvil_core::key::MetricKey;
use annvil_report::{Drift, Series, TrendChange, TrendPoint};
use annvil_stats::change::{self, Settings};
use annvil_stats::trend::theil_sen;
use annvil_store::{DatabaseError, RunFilter, SeriesPoint, Store};

/// Microseconds of a month of 30.44 days.
const MONTH: f64 = 30.44 * 86_400e6;

/// A drift is not told from less than a week: it would be hours, multiplied.
const SHORTEST: f64 = 7.0 / 30.44;

/// Confidence of a drift's interval.
const CONFIDENCE: f64 = 0.95;

/// Which figures over time.
#[derive(Debug, Clone, Default)]
pub struct TrendSpec {
    /// Figures of these names; those that are judged, if there are none.
    pub patterns: Vec<MetricPattern>,
    /// Of which runs. Those that can't be judged are left out.
    pub filter: RunFilter,
    /// Runs of other plans and machines too, not only those that are like the latest.
    pub across: bool,
}

/// Trends and what of the store they show.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trends {
    /// One series a figure, in the order of their names.
    pub series: Vec<Series>,
    /// The scenario of the latest run, if there is a run.
    pub scenario: Option<String>,
    /// Runs that were left out because of the limit.
    pub older: u64,
    /// Runs that were left out because their plan or machine is another one.
    pub left_out: u64,
}

/// Reads the series of a store.
pub fn trends(store: &Store, spec: &TrendSpec) -> Result<Trends, DatabaseError> {
    let mut filter = RunFilter { usable: true, own: spec.filter.branch.is_none(), ..spec.filter.clone() };
    let Some(latest) = store.runs(&RunFilter { limit: Some(1), ..filter.clone() })?.pop() else {
        return Ok(Trends::default());
    };
    let all = store.count(&filter)?;
    if !spec.across {
        filter.scenario.get_or_insert_with(|| latest.provenance.scenario.clone());
        filter.plan_hash.clone_from(&latest.provenance.plan_hash);
        filter.fingerprint.clone_from(&latest.provenance.fingerprint);
    }
    let alike = store.count(&filter)?;
    let left_out = all.saturating_sub(alike);
    let older = filter.limit.map_or(0, |limit| alike.saturating_sub(u64::from(limit)));
    let judged = GateSpec::default();
    let wanted = |key: &MetricKey| {
        if spec.patterns.is_empty() {
            judged.rule(key).judged == Some(true)
        } else {
            spec.patterns.iter().any(|pattern| pattern.matches(key))
        }
    };
    let mut keys = store.metrics(&filter)?;
    keys.sort();
    keys.retain(wanted);
    let points = store.all_series(&keys, &filter)?;
    let series = keys.iter().zip(&points).map(|(key, points)| series(key, points)).collect();
    Ok(Trends { series, scenario: Some(latest.provenance.scenario), older, left_out })
}

/// One figure with its changes of level, which stay where they are when runs are added, and the drift since the last.
fn series(key: &MetricKey, points: &[SeriesPoint]) -> Series {
    let scale = Scale::of(key.quantity.unit());
    let values: Vec<f64> = points.iter().map(|point| point.value).collect();
    let settings = Settings { scale, ..Settings::default() };
    let changes: Vec<TrendChange> = change::online(&values, &settings)
        .into_iter()
        .map(|found| TrendChange {
            at: found.at,
            before: found.before,
            after: found.after,
            share: found.change,
        })
        .collect();
    let since = changes.last().map_or(0, |change| change.at);
    Series {
        name: key.to_string(),
        quantity: key.quantity,
        points: points
            .iter()
            .map(|point| TrendPoint {
                run: point.run.clone(),
                started: jiff::Timestamp::from_microsecond(point.began)
                    .map(|time| time.to_string())
                    .unwrap_or_default(),
                commit: point.commit.clone(),
                value: point.value,
            })
            .collect(),
        changes,
        drift: drift(&points[since..], scale),
    }
}

/// What a level drifts by in a month; none of too short a time.
fn drift(points: &[SeriesPoint], scale: Scale) -> Option<Drift> {
    let first = points.first()?.began;
    let months: Vec<f64> = points.iter().map(|point| (point.began - first) as f64 / MONTH).collect();
    if *months.last()? < SHORTEST || points.iter().any(|point| point.began == 0) {
        return None;
    }
    let of = |value: f64| if scale == Scale::Ratio { value.ln() } else { value };
    let values: Vec<f64> = points.iter().map(|point| of(point.value)).collect();
    if values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let line = theil_sen(&months, &values, CONFIDENCE)?;
    let back = |slope: f64| if scale == Scale::Ratio { slope.exp_m1() } else { slope };
    Some(Drift { per_month: back(line.slope), low: back(line.low), high: back(line.high) })
}
