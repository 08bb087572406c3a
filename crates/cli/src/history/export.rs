//! `annvil history export`.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use annvil_core::units::count;
use annvil_store::{CsvExport, Export, ParquetExport, RunRow, Store};
use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::list::FilterFlags;
use crate::out;
use crate::source::PlaceFlags;

/// Runs that are read at once.
const AT_ONCE: usize = 500;

/// Flags of `annvil history export`.
#[derive(Debug, Clone, Args)]
pub struct ExportFlags {
    /// Which runs.
    #[command(flatten)]
    pub which: FilterFlags,
    /// The format; as the name of the file says unless given.
    #[arg(long, value_enum)]
    pub format: Option<ExportFormat>,
    /// The file.
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// Folder that runs lie in.
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub runs: PathBuf,
    /// The store of runs and baselines: a file, or `postgres://user@host/database`. [default: the variable `ANNVIL_STORE`, or
    /// history.db beside the runs]
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    /// Answer as JSON.
    #[arg(long)]
    pub json: bool,
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// Comma-separated values with a head line.
    Csv,
    /// Apache Parquet.
    Parquet,
}

/// Writes figures into a file.
pub fn export(flags: &ExportFlags) -> anyhow::Result<ExitCode> {
    let place = PlaceFlags { output: flags.runs.clone(), store: flags.store.clone() };
    let store = place.there()?;
    let format = flags.format.unwrap_or_else(|| match flags.output.extension() {
        Some(end) if end.eq_ignore_ascii_case("parquet") => ExportFormat::Parquet,
        _ => ExportFormat::Csv,
    });
    let runs = store.runs(&flags.which.filter(None))?;
    if runs.is_empty() {
        bail!(
            "no run fits, so {} is left as it is\n  annvil history list shows what there is.",
            flags.output.display()
        );
    }
    // Under another name until it is whole.
    let mut name = flags.output.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let temporary = flags.output.with_file_name(name);
    let written = write(&store, &runs, format, &temporary).and_then(|rows| {
        fs::rename(&temporary, &flags.output)?;
        Ok(rows)
    });
    let rows = written
        .inspect_err(|_| drop(fs::remove_file(&temporary)))
        .with_context(|| format!("cannot write {}", flags.output.display()))?;
    if flags.json {
        out::json(&json!({"runs": runs.len(), "rows": rows, "file": flags.output}))?;
    } else {
        let (runs, rows) = (count(runs.len() as u64), count(rows));
        out::print(&format!("  {rows} figures of {runs} runs in {}\n", flags.output.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn write(store: &Store, runs: &[RunRow], format: ExportFormat, path: &Path) -> anyhow::Result<u64> {
    let mut file = BufWriter::new(File::create(path)?);
    let rows = match format {
        ExportFormat::Csv => all(store, runs, CsvExport::new(&mut file)?)?,
        ExportFormat::Parquet => all(store, runs, ParquetExport::new(&mut file)?)?,
    };
    file.flush()?;
    file.into_inner()?.sync_data()?;
    Ok(rows)
}

/// Writes runs some at a time, the earliest first.
fn all(store: &Store, runs: &[RunRow], mut export: impl Export) -> anyhow::Result<u64> {
    let names: Vec<String> = runs.iter().rev().map(|run| run.provenance.run.clone()).collect();
    let mut rows = 0;
    for some in names.chunks(AT_ONCE) {
        rows += export.add(&store.group("export", some)?)?;
    }
    export.finish()?;
    Ok(rows)
}
