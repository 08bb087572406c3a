//! A table of figures as comma-separated values, for whatever has no importer of its own.
//!
//! Either `metric,value` with names in the grammar of objectives, or `name,value` with any names, of which the unit then
//! tells what was measured. Further columns: `unit`, `better`, `variant`, `point`, `run`, `block`, `started`, `commit`,
//! `branch`.

use std::collections::BTreeMap;

use annvil_core::objective::{Objective, Selector, Target};
use annvil_core::quantity::{Better, Quantity, Stat};
use serde::Deserialize;

use super::error::Fault;
use super::names::phases;
use super::result::{Measured, Of, Values};

const COLUMNS: &str = "the columns are metric (or name) and value, and if need be unit, better, variant, point, run, \
block, started, commit, branch";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    metric: Option<String>,
    name: Option<String>,
    value: String,
    unit: Option<String>,
    better: Option<String>,
    variant: Option<String>,
    point: Option<String>,
    run: Option<String>,
    block: Option<u32>,
    started: Option<String>,
    commit: Option<String>,
    branch: Option<String>,
}

/// A figure without the place where it was measured.
struct Figure {
    phase: String,
    form: String,
    quantity: Quantity,
    stat: Stat,
    value: f64,
}

/// What a run's rows say, block by block.
#[derive(Default)]
struct Run {
    measured: Measured,
    blocks: BTreeMap<u32, Values>,
}

/// Each run that the table names, in the order in which it names them.
pub(super) fn parse(text: &str) -> Result<Vec<Measured>, Fault> {
    let mut reader =
        csv::ReaderBuilder::new().comment(Some(b'#')).trim(csv::Trim::All).from_reader(text.as_bytes());
    let mut rows: Vec<(Option<usize>, Row)> = Vec::new();
    let headers = reader.headers().map_err(|error| fault(&error, text))?.clone();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|error| fault(&error, text))? {
        let line = record.position().map(|position| line_of(text, position));
        let row =
            record.deserialize(Some(&headers)).map_err(|error| Fault { line, ..fault(&error, text) })?;
        rows.push((line, row));
    }
    if rows.is_empty() {
        return Err(Fault::new(None, "it has no row of figures"));
    }
    let names = phases(rows.iter().filter_map(|(_, row)| row.name.as_deref()));
    let mut runs: Vec<Run> = Vec::new();
    for (line, row) in &rows {
        let at = |fault: Fault| Fault { line: *line, ..fault };
        let figure = row.figure(&names).map_err(at)?;
        let run = run_of(row, &mut runs).map_err(at)?;
        let values = run.blocks.entry(row.block.unwrap_or(0)).or_default();
        let of = Of {
            variant: filled(row.variant.as_ref()).unwrap_or("csv"),
            point: filled(row.point.as_ref()).unwrap_or_default(),
            phase: &figure.phase,
            form: &figure.form,
        };
        values.put(of, figure.quantity, figure.stat, figure.value).map_err(at)?;
    }
    let measured = |run: Run| Measured { blocks: run.blocks.into_values().collect(), ..run.measured };
    Ok(runs.into_iter().map(measured).collect())
}

/// The fault that the reader of such tables found.
pub(super) fn fault(error: &csv::Error, text: &str) -> Fault {
    let line = error.position().map(|position| line_of(text, position));
    match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => Fault::new(line, err.to_string()),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            Fault::new(line, format!("the row has {len} fields, the first one has {expected_len}"))
        }
        _ => Fault::new(line, error.to_string()),
    }
}

/// The line of a row. The reader tells where it began to look for one, which is before blank lines and comments.
fn line_of(text: &str, position: &csv::Position) -> usize {
    let rest = text.get(position.byte() as usize..).unwrap_or_default();
    let skipped = rest.lines().take_while(|line| line.trim().is_empty() || line.starts_with('#')).count();
    position.line() as usize + skipped
}

fn filled(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

fn run_of<'r>(row: &Row, runs: &'r mut Vec<Run>) -> Result<&'r mut Run, Fault> {
    let name = filled(row.run.as_ref()).unwrap_or_default();
    let place = runs.iter().position(|run| run.measured.name == name).unwrap_or_else(|| {
        runs.push(Run {
            measured: Measured { name: name.to_owned(), ..Measured::default() },
            ..Run::default()
        });
        runs.len() - 1
    });
    let run = &mut runs[place];
    if let Some(started) = filled(row.started.as_ref()) {
        if started.parse::<jiff::Timestamp>().is_err() {
            let reason = format!("`{started}` is no time with its zone");
            return Err(Fault::new(None, reason).advice("write it like 2026-11-21T10:04:12Z"));
        }
        started.clone_into(&mut run.measured.started);
    }
    let origin = &mut run.measured.origin;
    origin.commit = filled(row.commit.as_ref()).map(str::to_owned).or(origin.commit.take());
    origin.branch = filled(row.branch.as_ref()).map(str::to_owned).or(origin.branch.take());
    Ok(run)
}

impl Row {
    fn figure(&self, names: &BTreeMap<String, String>) -> Result<Figure, Fault> {
        let (number, behind) = split(&self.value);
        let unit = filled(self.unit.as_ref()).unwrap_or(behind);
        // Printed without an exponent, which objectives do not have.
        let number: f64 = number
            .parse()
            .map_err(|_| Fault::new(None, format!("`{}` begins with no number", self.value)))?;
        let value = format!("{number}{}", own(unit));
        let figure = match (filled(self.metric.as_ref()), filled(self.name.as_ref())) {
            (Some(metric), None) => named(metric, &value),
            (None, Some(name)) => plain(&names[name], unit, &value),
            _ => Err(Fault::new(None, "the row has neither a metric nor a name, or both").advice(COLUMNS)),
        }?;
        self.agrees(figure.quantity)?;
        Ok(figure)
    }

    /// A direction that is written must be the one that is known.
    fn agrees(&self, quantity: Quantity) -> Result<(), Fault> {
        let better = match filled(self.better.as_ref()) {
            None => return Ok(()),
            Some("lower") => Better::Lower,
            Some("higher") => Better::Higher,
            Some(other) => {
                return Err(Fault::new(None, format!("`{other}` is neither `lower` nor `higher`")));
            }
        };
        if better == quantity.better() {
            return Ok(());
        }
        let known = if quantity.better() == Better::Lower { "lower" } else { "higher" };
        Err(Fault::new(None, format!("of {quantity}, {known} is better"))
            .advice("give it another unit or name"))
    }
}

/// A name in the grammar of objectives, which also knows what the value must look like.
fn named(metric: &str, value: &str) -> Result<Figure, Fault> {
    let objective: Objective = format!("{metric} <= {value}").parse().map_err(|error| {
        let error: annvil_core::objective::ObjectiveError = error;
        let advice = error.help.clone().unwrap_or_else(|| COLUMNS.to_owned());
        Fault::new(None, error.message).advice(advice)
    })?;
    let name = |selector| match selector {
        Selector::Name(name) => Ok(name),
        Selector::Any => Err(Fault::new(None, "`*` is no name of a phase or form")),
    };
    let Target::Absolute(value) = objective.target else {
        return Err(Fault::new(None, format!("`{value}` is no value")));
    };
    Ok(Figure {
        phase: name(objective.phase)?,
        form: objective.form.map(name).transpose()?.unwrap_or_default(),
        quantity: objective.quantity,
        stat: objective.stat,
        value,
    })
}

/// A figure of any name: its unit tells whether it is a time, a rate or a size.
fn plain(phase: &str, unit: &str, value: &str) -> Result<Figure, Fault> {
    let kinds = [Quantity::Time, Quantity::Throughput, Quantity::Memory];
    kinds.into_iter().find_map(|quantity| named(&format!("{phase}.{quantity}"), value).ok()).ok_or_else(|| {
        let unit = if unit.is_empty() { "no unit".to_owned() } else { format!("the unit `{unit}`") };
        Fault::new(None, format!("a value with {unit} is no time, rate or size"))
            .advice("write ns, us, ms, s, /s, B, kB, MB or GB; other figures need a column `metric` with names like search.recall@10")
    })
}

/// The number and what stands behind it.
fn split(value: &str) -> (&str, &str) {
    let value = value.trim();
    let number = value
        .trim_end_matches(|letter: char| letter.is_alphabetic() || matches!(letter, '/' | '%' | ' ' | '×'));
    (number, value[number.len()..].trim())
}

/// The unit as scenarios spell it.
fn own(unit: &str) -> &str {
    match unit {
        "1/s" | "op/s" | "ops/s" | "req/s" | "rows/s" | "qps" | "QPS" | "rps" | "RPS" | "tps" | "TPS" => "/s",
        "bytes" => "B",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_units_come_apart() {
        for (value, parts) in [
            ("9.2ms", ("9.2", "ms")),
            ("1e-05 s", ("1e-05", "s")),
            ("1.5k/s", ("1.5", "k/s")),
            ("95 %", ("95", "%")),
            ("7", ("7", "")),
        ] {
            assert_eq!(split(value), parts);
        }
    }
}
