//! `annvil data ladder`: labels of known selectivity for any set.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use annvil_core::label::LabelValue;
use annvil_core::units::count;
use annvil_data::synth::ladder::{Order, RUNG, ladder as make};
use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::set::SetFlags;
use crate::out;

/// Flags of `annvil data ladder`.
#[derive(Debug, Clone, Args)]
pub struct LadderFlags {
    #[command(flatten)]
    set: SetFlags,
    /// What the filters have to do with the vectors.
    #[arg(long, value_enum, default_value = "chance")]
    order: By,
    /// Where the choice comes from.
    #[arg(long, value_name = "N", default_value_t = 42)]
    seed: u64,
    /// Write the labels here, a .jsonl file with one object a row.
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
    /// Answer as JSON.
    #[arg(long)]
    json: bool,
}

/// By what the rows are put in order; a filter selects the first ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    /// By chance: filters have nothing to do with the vectors.
    Chance,
    /// By the distance from a row: a filter selects a region, which most queries are far from.
    Row,
    /// By the distance from the first queries: a filter selects what they look for.
    Queries,
}

/// Makes the labels and prints the filters.
pub fn ladder(flags: &LadderFlags) -> anyhow::Result<ExitCode> {
    if flags.out.exists() {
        bail!("{} exists\n  Choose another name, or remove it.", flags.out.display());
    }
    // Not `open`, which holds out queries of a set that has none: labels are for all rows.
    let bundle = annvil_data::bundle(&flags.set.spec())?;
    let in_set = |problem: annvil_data::FormatError| anyhow::anyhow!("{}: {problem}", flags.set.set);
    let metric = || {
        bundle.metric.with_context(|| format!("{} does not say its metric\n  Add --metric.", flags.set.set))
    };
    let base = bundle.base.collect(None).map_err(in_set)?.content;
    let rows = base.rows();
    let queries;
    let order = match flags.order {
        By::Chance => Order::Chance,
        By::Row => Order::FromRow(&base, metric()?),
        By::Queries => {
            let some = bundle
                .queries
                .with_context(|| format!("{} has no queries\n  Add --queries.", flags.set.set))?;
            queries = some.collect(None).map_err(in_set)?.content.to_f32();
            Order::FromQueries(&base, metric()?, &queries)
        }
    };
    let ladder = make(rows, flags.seed, order);
    let write = || -> std::io::Result<()> {
        let mut out = BufWriter::new(File::create_new(&flags.out)?);
        for row in 0..rows {
            let Some(LabelValue::Int(place)) = ladder.column.value(row) else { continue };
            writeln!(out, "{}", json!({ RUNG: place }))?;
        }
        out.flush()
    };
    write().with_context(|| {
        format!("cannot write {}; check the path and the space on its disk", flags.out.display())
    })?;
    if flags.json {
        let rungs = ladder.rungs.iter().map(|rung| {
            json!({"name": rung.name, "filter": rung.filter.to_string(), "matches": rung.matches, "selectivity": rung.selectivity})
        });
        out::json(&json!({"labels": flags.out, "rungs": rungs.collect::<Vec<_>>()}))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = format!("  labels of {} rows written to {}\n", count(rows as u64), flags.out.display());
    for rung in &ladder.rungs {
        text +=
            &format!("  {:8}  where: \"{}\"   {} rows\n", rung.name, rung.filter, count(rung.matches as u64));
    }
    out::print(&text)?;
    Ok(ExitCode::SUCCESS)
}
