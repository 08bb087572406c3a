//! `annvil data get postgres://…`: a table that is there, as a data set.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use annvil_conduct::RunError;
use annvil_core::metric::Metric;
use annvil_core::secret::Secret;
use annvil_core::units::count;
use annvil_engines::pull::{self, PullError, Pulled, Wanted};
use anyhow::bail;
use clap::Args;
use serde_json::json;

use super::bar;
use super::get::GetFlags;
use crate::{interrupt, out};

/// Flags of `annvil data get` for a table of a PostgreSQL database.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "A table of PostgreSQL")]
pub struct TableFlags {
    /// The table, if the address is postgres://…; with its schema if that is not on the search path.
    #[arg(long, value_name = "TABLE")]
    pub table: Option<String>,
    /// Its column of vectors; the only one there is unless given.
    #[arg(long, value_name = "COLUMN", requires = "table")]
    pub vector: Option<String>,
    /// The column that tells rows apart; the primary key unless given.
    #[arg(long, value_name = "COLUMN", requires = "table")]
    pub id: Option<String>,
    /// Columns that become labels, beside the id.
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', requires = "table")]
    pub labels: Vec<String>,
    /// A column that becomes the rows' text.
    #[arg(long, value_name = "COLUMN", requires = "table")]
    pub text: Option<String>,
    /// Rows to draw; all unless given. Recall of the table itself needs all.
    #[arg(long, value_name = "N", requires = "table")]
    pub rows: Option<usize>,
    /// Queries to draw, from the rows unless `--queries-from` is given. [default: 1000]
    #[arg(long, value_name = "N", requires = "table")]
    pub queries: Option<usize>,
    /// Draw queries from another column of vectors.
    #[arg(long, value_name = "TABLE.COLUMN", requires = "table")]
    pub queries_from: Option<String>,
    /// The metric; that of the indexes over the column unless given.
    #[arg(long, value_name = "METRIC", requires = "table")]
    pub metric: Option<Metric>,
    /// What is drawn depends on it. [default: 42]
    #[arg(long, value_name = "N", requires = "table")]
    pub seed: Option<u64>,
}

/// Whether an address is a database's.
pub fn is_database(what: &str) -> bool {
    ["postgres://", "postgresql://"].iter().any(|start| what.starts_with(start))
}

/// Reads a table into a folder.
pub fn get(flags: &GetFlags) -> anyhow::Result<ExitCode> {
    let url = Secret::new(flags.what.clone());
    let runtime = annvil_load::time::runtime()?;
    let Some(table) = &flags.of_table.table else {
        let tables = runtime.block_on(pull::tables(&url)).map_err(RunError::from)?;
        let there = if tables.is_empty() {
            "No table of it has a column of vectors.".to_owned()
        } else {
            format!("Tables with vectors: {}.", tables.join(", "))
        };
        bail!("nothing says which table of the database: add --table\n  {there}");
    };
    let Some(into) = &flags.into else {
        bail!("nothing says where the set goes\n  Add `--into DIR`, a folder that does not exist yet.");
    };
    if flags.sha256.is_some() {
        bail!("a table has no SHA-256\n  Leave --sha256 out; the set's manifest gets one for each file.");
    }
    if into.exists() {
        bail!("{} exists\n  Choose another name, or remove it.", into.display());
    }
    annvil_data::convert::check_folder_name(into)?;
    let wanted = wanted(flags, url, table);
    let stopped = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&stopped);
    interrupt::at_first(true, move || stop.store(true, Ordering::Relaxed))?;
    let began = Instant::now();
    let bar = bar::bar("rows", flags.json);
    let progress = |done: u64, all: u64| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let pulled = runtime.block_on(pull::pull(&wanted, into, &progress, &|| stopped.load(Ordering::Relaxed)));
    bar.finish_and_clear();
    match pulled {
        Ok(pulled) => {
            let seconds = began.elapsed().as_secs_f64();
            if flags.json {
                out::json(&json!({"set": pulled, "seconds": seconds}))?;
            } else {
                out::print(&told(&pulled, into, seconds))?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(PullError::Server(error)) => Err(RunError::from(error).into()),
        Err(PullError::Data(error)) => Err(error.into()),
        Err(PullError::Stopped) => {
            out::say("stopped; nothing is left");
            Ok(ExitCode::from(130))
        }
    }
}

fn wanted(flags: &GetFlags, url: Secret, table: &str) -> Wanted {
    let of_table = &flags.of_table;
    Wanted {
        url,
        table: table.to_owned(),
        vector: of_table.vector.clone(),
        id: of_table.id.clone(),
        labels: of_table.labels.iter().map(|label| label.trim().to_owned()).collect(),
        text: of_table.text.clone(),
        rows: of_table.rows,
        queries: of_table.queries.unwrap_or(1_000),
        queries_from: of_table.queries_from.clone(),
        metric: of_table.metric,
        seed: of_table.seed.unwrap_or(42),
    }
}

/// What was written, what it is worth, and how to go on.
fn told(pulled: &Pulled, into: &Path, seconds: f64) -> String {
    // A bare name would be that of a set in the box or a fetched one.
    let into = if into.components().count() == 1 { Path::new(".").join(into) } else { into.to_owned() };
    let by = pulled.metric_of.as_ref().map_or_else(String::new, |index| format!(" (by the index {index})"));
    let labels: Vec<&str> = pulled.labels.iter().map(|(name, _)| name.as_str()).collect();
    let mut lines = vec![format!(
        "  {}.{}: {} × {} {} {}{by}, labels {}; written to {} in {seconds:.1} s",
        pulled.table,
        pulled.vector,
        count(pulled.rows),
        pulled.dim,
        pulled.element,
        pulled.metric,
        labels.join(", "),
        into.display()
    )];
    if pulled.without_vector > 0 {
        lines.push(format!("  {} rows without a vector are left out", count(pulled.without_vector)));
    }
    lines.push(match &pulled.queries_from {
        Some(from) => format!("  {} queries drawn from {from}", count(pulled.queries)),
        None => format!(
            "  {} queries are rows of the table: each finds itself first, which is easier than a question; \
             --queries-from table.column takes others",
            count(pulled.queries)
        ),
    });
    if let Some(why) = &pulled.unsound {
        lines.push(format!(
            "  a run refuses this set: {why}; `annvil data inspect {}` says more",
            into.display()
        ));
    }
    if pulled.is_whole() {
        lines.push(format!(
            "next, the table as it is, with the address in DATABASE_URL:\n  data: {}\n  engine:\n    postgres:\n      \
             sql: {}\n      id_label: {}\n      read_only: true\n{}",
            into.display(),
            serde_json::Value::from(pulled.sql.as_str()),
            serde_json::Value::from(pulled.id.as_str()),
            // The plan must use such an index. Without one nothing is claimed of it.
            pulled.index.as_ref().map_or_else(String::new, |index| format!(
                "variants:\n  as it is: {{index: {{{index}: {{}}}}}}\n"
            )),
        ));
    } else {
        lines.push(format!(
            "  these are {} of {} rows: they do not tell the recall of the table itself, which answers rows that are not among \
             them.\n  Leave --rows out for that; a table that Annvil makes of these rows can be measured.\nnext: annvil data inspect {}\n",
            count(pulled.rows),
            count(pulled.of),
            into.display()
        ));
    }
    lines.join("\n")
}
