//! Locust's `…_stats.csv`: a row a request, and one that sums them up.

use std::path::Path;

use annvil_core::quantity::{Quantity, Stat};
use serde::Deserialize;

use super::error::Fault;
use super::names::phases;
use super::result::{MILLISECOND, Measured, Of, Values, written};

/// One kind of request. Times are in milliseconds; a time that nothing is known of is `N/A`.
#[derive(Deserialize)]
struct Row {
    #[serde(rename = "Type")]
    method: String,
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "Request Count")]
    requests: f64,
    #[serde(rename = "Failure Count")]
    failures: f64,
    #[serde(rename = "Average Response Time")]
    mean: String,
    #[serde(rename = "Min Response Time")]
    min: String,
    #[serde(rename = "Max Response Time")]
    max: String,
    #[serde(rename = "Requests/s")]
    rate: f64,
    #[serde(rename = "50%")]
    p50: String,
    #[serde(rename = "90%")]
    p90: String,
    #[serde(rename = "95%")]
    p95: String,
    #[serde(rename = "99%")]
    p99: String,
    #[serde(rename = "99.9%")]
    p999: String,
}

/// The file, or the only `…_stats.csv` of a folder.
pub(super) fn read(path: &Path) -> Result<Measured, Fault> {
    let path = &if path.is_dir() { only(path)? } else { path.to_owned() };
    let measured = parse(&super::file(path)?).map_err(|fault| fault.in_file(path))?;
    Ok(Measured { started: written(path), ..measured })
}

fn only(folder: &Path) -> Result<std::path::PathBuf, Fault> {
    let entries = std::fs::read_dir(folder).map_err(|cause| Fault::unreadable(folder, cause))?;
    let mut files: Vec<_> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.to_string_lossy().ends_with("_stats.csv"))
        .collect();
    match (files.pop(), files.len()) {
        (Some(file), 0) => Ok(file),
        (Some(_), more) => Err(Fault::new(None, format!("{} results lie in this folder", more + 1))
            .advice("give the …_stats.csv itself; several are several runs")),
        (None, _) => Err(Fault::new(None, "no …_stats.csv lies in this folder")),
    }
}

pub(super) fn parse(text: &str) -> Result<Measured, Fault> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for row in reader.deserialize() {
        let row: Row = row.map_err(|error| super::table::fault(&error, text))?;
        rows.push(row);
    }
    let Some(last) = rows.last() else { return Err(Fault::new(None, "it has no row of requests")) };
    if !(last.name == "Aggregated" && last.method.is_empty()) {
        let line = text.lines().count();
        return Err(Fault::new(line, "it ends before the row `Aggregated`")
            .advice("the file is cut off, or Locust was still running: take it when Locust has ended"));
    }
    let kinds: Vec<String> = rows.iter().map(|row| format!("{} {}", row.method, row.name)).collect();
    let names = phases(kinds.iter().map(String::as_str));
    let mut values = Values::default();
    for (number, (row, kind)) in rows.iter().zip(&kinds).enumerate() {
        let of = Of::phase("locust", &names[kind]);
        enter(&mut values, of, row).map_err(|fault| Fault { line: Some(number + 2), ..fault })?;
    }
    Ok(Measured { blocks: vec![values], ..Measured::default() })
}

fn enter(values: &mut Values, of: Of<'_>, row: &Row) -> Result<(), Fault> {
    // A kind that was never requested has no figures.
    if row.requests == 0.0 {
        return Ok(());
    }
    let stats = [
        (Stat::Mean, &row.mean),
        (Stat::Min, &row.min),
        (Stat::P50, &row.p50),
        (Stat::P90, &row.p90),
        (Stat::P95, &row.p95),
        (Stat::P99, &row.p99),
        (Stat::P999, &row.p999),
        (Stat::Max, &row.max),
    ];
    for (stat, text) in stats {
        if text == "N/A" {
            continue;
        }
        let value: f64 = text.parse().map_err(|_| Fault::new(None, format!("`{text}` is no number")))?;
        values.put(of, Quantity::Service, stat, value * MILLISECOND)?;
    }
    values.put(of, Quantity::Throughput, Stat::Value, row.rate)?;
    values.put(of, Quantity::Success, Stat::Value, 1.0 - row.failures / row.requests)
}
