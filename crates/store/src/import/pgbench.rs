//! pgbench: what it prints at the end, or the files of `--log`.

use std::fs;
use std::path::{Path, PathBuf};

use annvil_core::quantity::{Quantity, Stat};

use super::error::Fault;
use super::names::phases;
use super::result::{MILLISECOND, Measured, Of, Values, written};

mod log;

pub(super) use log::looks_like as looks_like_log;

/// What it prints, a file of its log, or a folder with the log's files of one run.
pub(super) fn read(path: &Path) -> Result<Measured, Fault> {
    if path.is_dir() {
        return log::read(&logs(path)?);
    }
    let text = super::file(path)?;
    if log::looks_like(&text) {
        return log::read(&[path.to_owned()]);
    }
    let values = printed(&text)?;
    Ok(Measured { started: written(path), blocks: vec![values], ..Measured::default() })
}

/// The files that the threads of one run wrote: `pgbench_log.123`, `pgbench_log.123.1`, ...
fn logs(folder: &Path) -> Result<Vec<PathBuf>, Fault> {
    let entries = fs::read_dir(folder).map_err(|cause| Fault::unreadable(folder, cause))?;
    let mut files: Vec<(String, PathBuf)> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter_map(|path| Some((process(&path)?, path)))
        .collect();
    files.sort();
    let Some((first, _)) = files.first() else {
        return Err(Fault::new(None, "no file of `pgbench --log` lies in this folder"));
    };
    if files.iter().any(|(process, _)| process != first) {
        return Err(Fault::new(None, "logs of several runs lie in this folder")
            .advice("put those of each run, which have the same number after `pgbench_log.`, into a folder of their own"));
    }
    Ok(files.into_iter().map(|(_, path)| path).collect())
}

/// The number of the process that wrote a log, after its prefix.
fn process(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let mut parts = name.split('.').skip(1);
    let digits = |text: &&str| !text.is_empty() && text.bytes().all(|letter| letter.is_ascii_digit());
    let process = parts.next().filter(digits)?;
    parts
        .all(|part| digits(&part))
        .then(|| format!("{}.{process}", name.split('.').next().unwrap_or_default()))
}

/// The figures of the text, which says what it measured line by line.
fn printed(text: &str) -> Result<Values, Fault> {
    let mut name = "pgbench";
    let mut latency = None;
    let mut spread = Vec::new();
    let mut rate = None;
    let mut share = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        let at = |fault: Fault| Fault { line: Some(number + 1), ..fault };
        // Below this the scripts of a run with several follow, one by one.
        if line.starts_with("SQL script 1:") {
            break;
        }
        if let Some(script) = line.strip_prefix("transaction type:") {
            name = script.trim().trim_start_matches("<builtin:").trim_end_matches('>').trim();
        } else if let Some(rest) = line.strip_prefix("latency average =") {
            latency = Some(milliseconds(rest).map_err(at)?);
        } else if let Some(rest) = line.strip_prefix("rate limit schedule lag: avg ") {
            let (mean, rest) = rest.split_once(" (max ").ok_or_else(|| at(lag(line)))?;
            let max = rest.strip_suffix(") ms").ok_or_else(|| at(lag(line)))?;
            spread = vec![
                (Stat::Mean, milliseconds(mean).map_err(at)?),
                (Stat::Max, milliseconds(max).map_err(at)?),
            ];
        } else if let Some(rest) = line.strip_prefix("tps =") {
            // Older versions print a line with the time of connecting before the one without.
            let including = rest.contains("including connections establishing");
            let value = number_of(rest).map_err(at)?;
            rate = if including { rate.or(Some(value)) } else { Some(value) };
        } else if let Some(rest) = line.strip_prefix("number of failed transactions:") {
            share = Some(failed(rest).map_err(at)?);
        }
    }
    let lines = text.lines().count().max(1);
    let missing =
        |what: &str| Fault::new(lines, format!("it ends without a line that begins with `{what} =`"));
    let latency = latency.ok_or_else(|| missing("latency average"))?;
    let rate = rate.ok_or_else(|| missing("tps"))?;
    let names = phases([name]);
    let of = Of::phase("pgbench", &names[name]);
    let mut values = Values::default();
    // With `--rate` latencies count from the instant at which a transaction was due.
    let quantity = if spread.is_empty() { Quantity::Service } else { Quantity::Response };
    values.put(of, quantity, Stat::Mean, latency)?;
    for (stat, value) in spread {
        values.put(of, Quantity::QueueWait, stat, value)?;
    }
    values.put(of, Quantity::Throughput, Stat::Value, rate)?;
    values.put_known(of, Quantity::Success, Stat::Value, share.map(|failed| 1.0 - failed))?;
    Ok(values)
}

fn lag(line: &str) -> Fault {
    Fault::new(None, format!("`{line}` does not end in an average and a maximum"))
}

/// A number that may be followed by words.
fn number_of(text: &str) -> Result<f64, Fault> {
    let word = text.split_whitespace().next().unwrap_or_default();
    word.parse().map_err(|_| Fault::new(None, format!("`{word}` is no number")))
}

fn milliseconds(text: &str) -> Result<f64, Fault> {
    Ok(number_of(text)? * MILLISECOND)
}

/// The share in `12 (0.120%)`.
fn failed(text: &str) -> Result<f64, Fault> {
    let share = text.split_once('(').and_then(|(_, share)| share.trim_end().strip_suffix("%)"));
    Ok(number_of(
        share.ok_or_else(|| Fault::new(None, format!("`{}` has no share in percent", text.trim())))?,
    )? / 100.0)
}
