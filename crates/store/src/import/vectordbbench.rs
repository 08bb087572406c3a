//! Results of `VectorDBBench`: `result_<date>_<label>_<database>.json`.

use std::collections::BTreeMap;

use annvil_core::quantity::{Quantity, Stat};
use serde::Deserialize;
use serde_json::Value;

use super::error::{Cause, Fault};
use super::names::phases;
use super::result::{Measured, Of, SECOND, Values};

#[derive(Deserialize)]
struct File {
    results: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    metrics: Metrics,
    task_config: Task,
    /// `:)`, `x` if it failed, `?` if it ran out of range.
    #[serde(default)]
    label: String,
}

/// What was measured; times are in seconds, and what was not measured is 0.
#[derive(Deserialize)]
struct Metrics {
    #[serde(default)]
    insert_duration: f64,
    #[serde(default)]
    optimize_duration: f64,
    #[serde(default)]
    load_duration: f64,
    #[serde(default)]
    qps: f64,
    #[serde(default)]
    serial_latency_p99: f64,
    #[serde(default)]
    serial_latency_p95: f64,
    #[serde(default)]
    serial_latency_p50: f64,
    #[serde(default)]
    recall: f64,
    #[serde(default)]
    ndcg: f64,
    #[serde(default)]
    mrr: f64,
    #[serde(default)]
    conc_num_list: Vec<u32>,
    #[serde(default)]
    conc_qps_list: Vec<f64>,
    #[serde(default)]
    conc_latency_p99_list: Vec<f64>,
    #[serde(default)]
    conc_latency_p95_list: Vec<f64>,
    #[serde(default)]
    conc_latency_p50_list: Vec<f64>,
    #[serde(default)]
    conc_latency_avg_list: Vec<f64>,
}

#[derive(Deserialize)]
struct Task {
    db: String,
    #[serde(default)]
    db_config: Config,
    #[serde(default)]
    db_case_config: BTreeMap<String, Value>,
    case_config: CaseConfig,
}

#[derive(Deserialize, Default)]
struct Config {
    #[serde(default)]
    db_label: String,
}

#[derive(Deserialize)]
struct CaseConfig {
    case_id: Value,
    #[serde(default)]
    custom_case: Option<Value>,
    k: Option<u32>,
}

/// Neighbours that are compared where the file does not say.
const DEFAULT_K: u32 = 100;

/// Parameters of the search, which change from case to case within a file.
const SEARCHED_WITH: [&str; 5] = ["ef_search", "ef", "nprobe", "probes", "num_candidates"];

/// Every case of the file in one sample: they ran one after another.
pub(super) fn parse(text: &str) -> Result<Measured, Fault> {
    let file: File = serde_json::from_str(text).map_err(|error| Fault::json(&error))?;
    if file.results.is_empty() {
        return Err(Fault::new(None, "it holds no results"));
    }
    let mut values = Values::default();
    let mut failed = Vec::new();
    let cases: Vec<String> = file.results.iter().map(|case| name(&case.task_config.case_config)).collect();
    let names = phases(cases.iter().map(String::as_str));
    for (number, (case, name)) in file.results.iter().zip(&cases).enumerate() {
        let variant = database(&case.task_config);
        if matches!(case.label.as_str(), "x" | "?") {
            failed.push(format!("{variant}: {name}: VectorDBBench marked it `{}`", case.label));
            continue;
        }
        let point = point(&case.task_config);
        let of = Of { variant: &variant, point: &point, phase: &names[name], form: "" };
        let k = case.task_config.case_config.k.filter(|k| *k > 0).unwrap_or(DEFAULT_K);
        enter(&mut values, of, k, &case.metrics).map_err(|fault| told(fault, number))?;
    }
    if values.0.is_empty() && failed.is_empty() {
        return Err(Fault::new(None, "none of its cases has figures of loading or searching"));
    }
    Ok(Measured { blocks: vec![values], failed, ..Measured::default() })
}

fn told(fault: Fault, number: usize) -> Fault {
    let cause = match fault.cause {
        Cause::Malformed(reason) => Cause::Malformed(format!("case {}: {reason}", number + 1)),
        unreadable @ Cause::Unreadable(_) => unreadable,
    };
    Fault { cause, ..fault }
}

fn enter(values: &mut Values, of: Of<'_>, k: u32, metrics: &Metrics) -> Result<(), Fault> {
    let load = |form| Of { form, ..of };
    values.put(load("load"), Quantity::Time, Stat::Value, metrics.load_duration * SECOND)?;
    values.put(load("insert"), Quantity::Time, Stat::Value, metrics.insert_duration * SECOND)?;
    values.put(load("optimize"), Quantity::Time, Stat::Value, metrics.optimize_duration * SECOND)?;
    let serial = Of { form: "serial", ..of };
    let p50 = (Stat::P50, metrics.serial_latency_p50);
    for (stat, seconds) in
        [p50, (Stat::P95, metrics.serial_latency_p95), (Stat::P99, metrics.serial_latency_p99)]
    {
        values.put(serial, Quantity::Service, stat, seconds * SECOND)?;
    }
    // A recall of 0 is a figure where there was a search, and none where there was not.
    let searched = metrics.serial_latency_p99 > 0.0;
    let shares = [
        (Quantity::Recall { k }, metrics.recall, searched),
        (Quantity::Ndcg { k }, metrics.ndcg, searched),
        (Quantity::Mrr, metrics.mrr, metrics.mrr > 0.0),
    ];
    for (quantity, share, _) in shares.into_iter().filter(|(.., known)| *known) {
        values.put(serial, quantity, Stat::Mean, share)?;
    }
    if metrics.qps > 0.0 {
        values.put(Of { form: "concurrent", ..of }, Quantity::Throughput, Stat::Value, metrics.qps)?;
    }
    for (place, sessions) in metrics.conc_num_list.iter().enumerate() {
        let form = format!("concurrent_{sessions}");
        let of = Of { form: &form, ..of };
        let at = |list: &[f64]| list.get(place).copied();
        // It writes 0 where no query was answered.
        let rate = at(&metrics.conc_qps_list).filter(|rate| *rate > 0.0);
        values.put_known(of, Quantity::Throughput, Stat::Value, rate)?;
        for (stat, list) in [
            (Stat::Mean, &metrics.conc_latency_avg_list),
            (Stat::P50, &metrics.conc_latency_p50_list),
            (Stat::P95, &metrics.conc_latency_p95_list),
            (Stat::P99, &metrics.conc_latency_p99_list),
        ] {
            values.put_known(of, Quantity::Service, stat, at(list).map(|seconds| seconds * SECOND))?;
        }
    }
    Ok(())
}

/// The case: its number, and of custom cases what they are called.
fn name(case: &CaseConfig) -> String {
    let id = match &case.case_id {
        Value::String(name) => name.clone(),
        other => format!("case {other}"),
    };
    let custom = case.custom_case.as_ref();
    let called =
        custom.and_then(|custom| custom.get("dataset_with_size_type").or_else(|| custom.get("name")));
    let filter = custom
        .and_then(|custom| custom.get("filter_rate"))
        .and_then(Value::as_f64)
        .filter(|rate| *rate > 0.0);
    let called = called.and_then(Value::as_str).map(|called| format!(" {called}")).unwrap_or_default();
    let filter = filter.map(|rate| format!(" filter {rate}")).unwrap_or_default();
    format!("{id}{called}{filter}")
}

/// The database with its label, unless that is a time, which it is where none was given: two runs then have nothing in
/// common.
fn database(task: &Task) -> String {
    let label = task.db_config.db_label.trim();
    let is_time = label.get(..4).is_some_and(|year| year.bytes().all(|digit| digit.is_ascii_digit()))
        && label.parse::<jiff::civil::DateTime>().is_ok();
    if label.is_empty() || is_time { task.db.clone() } else { format!("{} {label}", task.db) }
}

fn point(task: &Task) -> String {
    let parts: Vec<String> = SEARCHED_WITH
        .iter()
        .filter_map(|name| Some((name, task.db_case_config.get(*name)?.as_number()?)))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    parts.join(" ")
}
