//! Figures of many runs as one table: a row for each figure of each block.

mod csv;
mod parquet;
mod thrift;

use std::collections::BTreeMap;
use std::io;

use annvil_core::figures::{Group, Provenance};

pub use csv::CsvExport;
pub use parquet::ParquetExport;

use crate::filter::{micros, usable};

/// A table that is being written.
pub trait Export {
    /// Adds the figures of runs; how many rows that were.
    fn add(&mut self, group: &Group) -> io::Result<u64>;

    /// Ends the table. Without it what was written can't be read.
    fn finish(self) -> io::Result<()>;
}

/// Columns, in order.
const COLUMNS: [&str; 19] = [
    "run",
    "session",
    "tool",
    "scenario",
    "plan_hash",
    "fingerprint",
    "branch",
    "commit",
    "started",
    "began",
    "usable",
    "block",
    "variant",
    "point",
    "phase",
    "form",
    "figure",
    "value",
    "unit",
];

/// A row.
struct Row<'a> {
    run: &'a Provenance,
    /// Microseconds since 1970; none if unknown.
    began: Option<i64>,
    usable: bool,
    block: u32,
    variant: &'a str,
    point: &'a str,
    phase: &'a str,
    form: &'a str,
    /// Quantity and statistic.
    figure: String,
    value: f64,
    unit: String,
}

/// Hands out every row of a group.
fn rows<'a>(group: &'a Group, mut each: impl FnMut(Row<'a>) -> io::Result<()>) -> io::Result<u64> {
    let runs: BTreeMap<&str, &Provenance> = group.runs.iter().map(|run| (run.run.as_str(), run)).collect();
    let mut count = 0;
    for figures in &group.figures {
        let Some(run) = runs.get(figures.run.as_str()) else { continue };
        for (key, value) in &figures.values {
            count += 1;
            each(Row {
                run,
                began: Some(micros(&run.started)).filter(|began| *began != 0),
                usable: usable(run),
                block: figures.block,
                variant: &key.variant,
                point: &key.point,
                phase: &key.phase,
                form: &key.form,
                figure: format!("{}.{}", key.quantity, key.stat),
                value: *value,
                unit: key.quantity.unit().to_string(),
            })?;
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use annvil_core::figures::Figures;
    use annvil_core::key::MetricKey;
    use annvil_core::quantity::{Quantity, Stat};

    use super::*;

    /// Two runs: one with everything that can be known, one with as little as there can be.
    pub(super) fn group() -> Group {
        let key = |variant: &str| MetricKey {
            variant: variant.to_owned(),
            point: "ef_search=64".to_owned(),
            phase: "search".to_owned(),
            form: "search".to_owned(),
            quantity: Quantity::Service,
            stat: Stat::P999,
        };
        let full = Provenance {
            run: "a".to_owned(),
            session: "a".to_owned(),
            tool: "annvil".to_owned(),
            scenario: "quick, \"mine\"".to_owned(),
            plan_hash: Some("3f9a".to_owned()),
            fingerprint: Some("c0ffee".to_owned()),
            started: "2026-11-21T10:04:12Z".to_owned(),
            complete: true,
            ..Provenance::default()
        };
        let bare = Provenance { run: "b".to_owned(), ..Provenance::default() };
        let figures = |run: &str, block: u32, value: f64| Figures {
            run: run.to_owned(),
            block,
            values: BTreeMap::from([(key("hnsw"), value), (key("µ"), 0.1)]),
            ..Figures::default()
        };
        Group {
            name: "g".to_owned(),
            runs: vec![full, bare],
            figures: vec![figures("a", 0, 1.5), figures("a", 1, 2.5), figures("b", 0, 1e-300)],
        }
    }
}
