//! k6's summary of a whole test: `--summary-export`, what `handleSummary` is given, and the machine-readable summary.

use std::collections::BTreeMap;

use annvil_core::quantity::{Quantity, Stat};
use serde::Deserialize;

use super::error::Fault;
use super::names::phases;
use super::result::{MILLISECOND, Measured, Of, Values};

#[derive(Deserialize)]
struct Summary {
    /// By name.
    metrics: Option<BTreeMap<String, Metric>>,
    /// The machine-readable summary has a list here.
    results: Option<Results>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Results {
    metrics: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    #[serde(flatten)]
    metric: Metric,
}

#[derive(Deserialize)]
struct Metadata {
    generated_at: Option<String>,
}

/// A metric, its values either beside each other or in `values`.
#[derive(Deserialize)]
struct Metric {
    contains: Option<String>,
    values: Option<Sums>,
    #[serde(flatten)]
    plain: Sums,
}

/// What is told of a metric depends on its type; times are in milliseconds.
#[derive(Deserialize, Clone, Copy, Default)]
struct Sums {
    avg: Option<f64>,
    min: Option<f64>,
    med: Option<f64>,
    max: Option<f64>,
    #[serde(rename = "p(50)")]
    p50: Option<f64>,
    #[serde(rename = "p(90)")]
    p90: Option<f64>,
    #[serde(rename = "p(95)")]
    p95: Option<f64>,
    #[serde(rename = "p(99)")]
    p99: Option<f64>,
    #[serde(rename = "p(99.9)")]
    p999: Option<f64>,
    /// Of a counter: per second. Of a rate: the share, which `--summary-export` calls `value`.
    rate: Option<f64>,
    value: Option<f64>,
}

/// What k6 itself measures in milliseconds, where the file does not say what a metric contains.
const TIMES: [&str; 5] = ["http_req_", "iteration_duration", "group_duration", "ws_", "grpc_req_duration"];

/// The whole test as one sample.
pub(super) fn parse(text: &str) -> Result<Measured, Fault> {
    let summary: Summary = serde_json::from_str(text).map_err(|error| Fault::json(&error))?;
    let metrics: Vec<(String, Metric)> = match (summary.metrics, summary.results) {
        (Some(metrics), _) => metrics.into_iter().collect(),
        (None, Some(results)) => {
            results.metrics.into_iter().map(|named| (named.name, named.metric)).collect()
        }
        (None, None) => return Err(Fault::new(None, "it has no key `metrics`")),
    };
    let names = phases(metrics.iter().map(|(name, _)| name.as_str()));
    let mut values = Values::default();
    for (name, metric) in &metrics {
        // The share that failed belongs to the requests.
        let phase = if name == "http_req_failed" { "http_reqs" } else { &names[name] };
        enter(&mut values, Of::phase("k6", phase), name, metric)?;
    }
    if values.0.is_empty() {
        return Err(Fault::new(None, "it holds no times, rates or checks that k6 has measured"));
    }
    let started = summary.metadata.and_then(|metadata| metadata.generated_at).unwrap_or_default();
    Ok(Measured { started, blocks: vec![values], ..Measured::default() })
}

fn enter(values: &mut Values, of: Of<'_>, name: &str, metric: &Metric) -> Result<(), Fault> {
    let sums = metric.values.unwrap_or(metric.plain);
    let base = name.split('{').next().unwrap_or(name);
    let share = sums.rate.or(sums.value);
    match base {
        "http_reqs" | "iterations" => values.put_known(of, Quantity::Throughput, Stat::Value, sums.rate),
        "checks" => values.put_known(of, Quantity::Success, Stat::Value, share),
        "http_req_failed" => {
            values.put_known(of, Quantity::Success, Stat::Value, share.map(|failed| 1.0 - failed))
        }
        // Of a user's own metrics only times are understood: of a count or a share nobody can tell which way is better.
        _ => {
            let own = metric.contains.as_deref().map(|contains| contains == "time");
            if own.unwrap_or_else(|| TIMES.iter().any(|known| base.starts_with(known))) {
                times(values, of, sums)
            } else {
                Ok(())
            }
        }
    }
}

fn times(values: &mut Values, of: Of<'_>, sums: Sums) -> Result<(), Fault> {
    let stats = [
        (Stat::Mean, sums.avg),
        (Stat::Min, sums.min),
        (Stat::P50, sums.med.or(sums.p50)),
        (Stat::P90, sums.p90),
        (Stat::P95, sums.p95),
        (Stat::P99, sums.p99),
        (Stat::P999, sums.p999),
        (Stat::Max, sums.max),
    ];
    for (stat, value) in stats {
        values.put_known(of, Quantity::Service, stat, value.map(|value| value * MILLISECOND))?;
    }
    Ok(())
}
