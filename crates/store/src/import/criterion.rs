//! Criterion's `target/criterion`: a folder a benchmark, in it `new` and a folder for each kept baseline.

use std::fs;
use std::path::{Path, PathBuf};

use annvil_core::quantity::{Quantity, Stat};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::Fault;
use super::names::phases;
use super::result::{Measured, Of, Values, written};

/// Folders within folders: group, function, parameter, and some to spare.
const DEEPEST: usize = 8;

/// The results of the last run.
const LAST: &str = "new";

const ESTIMATES: &str = "estimates.json";
const BENCHMARK: &str = "benchmark.json";

/// What is estimated of the time of an iteration, in nanoseconds.
#[derive(Deserialize)]
struct Estimates {
    mean: Estimate,
    /// The median of the samples' times per iteration.
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
}

#[derive(Deserialize)]
struct Benchmark {
    full_id: String,
    throughput: Option<Throughput>,
}

/// What an iteration works on. Only elements are operations; bytes a second say no more than the time does.
#[derive(Deserialize)]
struct Throughput {
    #[serde(rename = "Elements")]
    elements: Option<f64>,
}

/// All benchmarks of one process, as one sample: its 100 measurements share the process.
pub(super) fn read(path: &Path) -> Result<Measured, Fault> {
    let (root, which) = place(path);
    if let Err(cause) = fs::read_dir(&root) {
        return Err(Fault::unreadable(&root, cause));
    }
    let mut found = Found::default();
    look(&root, &which, DEEPEST, &mut found)?;
    if found.folders.is_empty() {
        found.others.sort();
        found.others.dedup();
        let fault = Fault::new(None, format!("no benchmark below it has results called `{which}`"));
        return Err(match &found.others[..] {
            [] => fault,
            others => {
                fault.advice(format!("there is {}: give it as {}@NAME", others.join(", "), root.display()))
            }
        });
    }
    let mut read = Vec::new();
    for folder in &found.folders {
        let benchmark: Benchmark = json(&folder.join(BENCHMARK))?;
        let estimates: Estimates = json(&folder.join(ESTIMATES))?;
        read.push((benchmark, estimates));
    }
    let names = phases(read.iter().map(|(benchmark, _)| benchmark.full_id.as_str()));
    let mut values = Values::default();
    for ((benchmark, estimates), folder) in read.iter().zip(&found.folders) {
        let of = Of::phase("criterion", &names[&benchmark.full_id]);
        let elements = benchmark.throughput.as_ref().and_then(|throughput| throughput.elements);
        let mean = estimates.mean.point_estimate;
        let rate = elements.filter(|_| mean > 0.0).map(|elements| elements * 1e9 / mean);
        values
            .put(of, Quantity::Service, Stat::Mean, mean)
            .and_then(|()| values.put(of, Quantity::Service, Stat::P50, estimates.median.point_estimate))
            .and_then(|()| values.put_known(of, Quantity::Throughput, Stat::Value, rate))
            .map_err(|fault| fault.in_file(&folder.join(ESTIMATES)))?;
    }
    let started =
        found.folders.iter().map(|folder| written(&folder.join(ESTIMATES))).min().unwrap_or_default();
    Ok(Measured { started, blocks: vec![values], ..Measured::default() })
}

/// The folder of criterion's results, and which of them: those of the baseline behind `@`, or the last.
pub(super) fn place(path: &Path) -> (PathBuf, String) {
    let text = path.to_string_lossy();
    let (folder, which) = match text.rsplit_once('@') {
        Some((folder, which)) if !path.exists() && !which.is_empty() && !which.contains('/') => {
            (PathBuf::from(folder), which.to_owned())
        }
        _ => (path.to_owned(), LAST.to_owned()),
    };
    let below = ["target/criterion", "criterion"].map(|below| folder.join(below));
    (below.into_iter().find(|below| below.is_dir()).unwrap_or(folder), which)
}

/// Whether a result lies in a folder, so many levels down.
pub(super) fn is_here(folder: &Path, deeper: usize) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    let folders =
        entries.filter_map(Result::ok).filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let holds = |folder: &Path| folder.join(ESTIMATES).is_file() && folder.join(BENCHMARK).is_file();
    folders.map(|entry| entry.path()).any(|inner| holds(&inner) || deeper > 0 && is_here(&inner, deeper - 1))
}

#[derive(Default)]
struct Found {
    /// Folders that hold the results which are asked for.
    folders: Vec<PathBuf>,
    /// Names of other results.
    others: Vec<String>,
}

fn look(folder: &Path, which: &str, deeper: usize, found: &mut Found) -> Result<(), Fault> {
    let unreadable = |cause| Fault::unreadable(folder, cause);
    let mut inner = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        // Links are not followed: they may lead in a circle.
        if entry.file_type().map_err(unreadable)?.is_dir() {
            inner.push(entry.path());
        }
    }
    inner.sort();
    for folder in inner {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if folder.join(ESTIMATES).is_file() && folder.join(BENCHMARK).is_file() {
            if name == which { found.folders.push(folder) } else { found.others.push(name) }
        } else if deeper > 0 {
            look(&folder, which, deeper - 1, found)?;
        }
    }
    Ok(())
}

fn json<T: DeserializeOwned>(path: &Path) -> Result<T, Fault> {
    let text = super::file(path)?;
    serde_json::from_str(&text).map_err(|error| Fault::json(&error).in_file(path))
}
