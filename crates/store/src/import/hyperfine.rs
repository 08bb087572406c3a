//! hyperfine's `--export-json`.

use std::collections::BTreeMap;

use annvil_core::quantity::{Quantity, Stat};
use serde::Deserialize;

use super::error::Fault;
use super::names::phases;
use super::result::{Measured, Of, SECOND, Values};

#[derive(Deserialize)]
struct Export {
    results: Vec<Benchmark>,
}

/// One command. Times are in seconds.
#[derive(Deserialize)]
struct Benchmark {
    command: String,
    mean: f64,
    times: Option<Vec<f64>>,
    #[serde(default)]
    memory_usage_byte: Option<Vec<f64>>,
    #[serde(default)]
    exit_codes: Option<Vec<Option<i32>>>,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
}

/// Each run of a command is a process of its own and becomes a sample; all are of one session.
pub(super) fn parse(text: &str) -> Result<Measured, Fault> {
    let export: Export = serde_json::from_str(text).map_err(|error| Fault::json(&error))?;
    if export.results.is_empty() {
        return Err(Fault::new(None, "it holds no results"));
    }
    let mut measured = Measured::default();
    let names = phases(export.results.iter().map(|benchmark| benchmark.command.as_str()));
    for benchmark in &export.results {
        let point: Vec<String> =
            benchmark.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let point = point.join(" ");
        let of = Of { point: &point, ..Of::phase("hyperfine", &names[&benchmark.command]) };
        // A file from which the times were taken out still says their mean.
        let mean = [benchmark.mean];
        let times = benchmark.times.as_deref().filter(|times| !times.is_empty()).unwrap_or(&mean);
        let memory = benchmark.memory_usage_byte.as_deref().filter(|bytes| bytes.len() == times.len());
        for (number, time) in times.iter().enumerate() {
            if measured.blocks.len() == number {
                measured.blocks.push(Values::default());
            }
            let block = &mut measured.blocks[number];
            block.put(of, Quantity::Time, Stat::Value, time * SECOND)?;
            block.put_known(of, Quantity::Resident, Stat::Value, memory.map(|bytes| bytes[number]))?;
        }
        // `--ignore-failure` times commands that failed as well.
        let failures = benchmark.exit_codes.iter().flatten().filter(|code| **code != Some(0)).count();
        if failures > 0 {
            measured.failed.push(format!("{}: {failures} of {} runs failed", benchmark.command, times.len()));
        }
    }
    Ok(measured)
}
