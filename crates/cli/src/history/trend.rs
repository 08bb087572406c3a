//! `annvil history trend`: figures over time, with the commits where their level changed.

use std::path::PathBuf;
use std::process::ExitCode;

use annvil_conduct::trend::{TrendSpec, Trends, trends};
use annvil_core::gate::MetricPattern;
use annvil_core::units::counted;
use annvil_report::Series;
use annvil_store::{RunFilter, Store};
use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Value, json};

use crate::{out, paint};

/// Charts that a terminal holds; the others are named by their number.
const CHARTS: usize = 6;

/// Runs below which a step may not have been told from scatter, though it is there.
const LEARNING: usize = 40;

/// Flags of `annvil history trend`.
#[derive(Debug, Clone, Args)]
pub struct TrendFlags {
    /// Which figures, by words of their names: `search.p99`, `"hnsw f16 recall@10"`. All that are judged unless given.
    pub metrics: Vec<MetricPattern>,
    /// Only runs of this scenario; that of the latest run unless given.
    #[arg(long, value_name = "NAME")]
    pub scenario: Option<String>,
    /// Only runs of this branch.
    #[arg(long, value_name = "NAME")]
    pub branch: Option<String>,
    /// At most so many of the latest runs.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub limit: u32,
    /// Runs of other plans and machines too, not only those that are like the latest.
    #[arg(long)]
    pub across: bool,
    /// Draw the charts into this file too: one page of HTML.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Answer as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Shows figures over time.
pub fn trend(store: &Store, flags: &TrendFlags) -> anyhow::Result<ExitCode> {
    let filter = RunFilter {
        scenario: flags.scenario.clone(),
        branch: flags.branch.clone(),
        limit: Some(flags.limit),
        ..RunFilter::default()
    };
    let spec = TrendSpec { patterns: flags.metrics.clone(), filter, across: flags.across };
    let found = trends(store, &spec)?;
    let Some(scenario) = &found.scenario else {
        bail!(
            "no run in {} can be shown\n  Measure one with annvil run, or read a folder of runs with annvil history import runs/.",
            store.shown()
        );
    };
    if found.series.is_empty() {
        let names: Vec<String> = flags.metrics.iter().map(ToString::to_string).collect();
        bail!(
            "no figure of {scenario} has the words of {}\n  Write words of a figure's name, such as search.p99; annvil history show lists the figures of a run.",
            names.join(", ")
        );
    }
    if let Some(file) = &flags.html {
        std::fs::write(file, annvil_report::trend_html(&found.series))
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    if flags.json {
        out::json(&found.series.iter().map(written).collect::<Vec<_>>())?;
    } else {
        out::print(&shown(&found, flags))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Charts of the figures that were asked for; else of those whose level changed, and of others as far as they have room.
fn shown(found: &Trends, flags: &TrendFlags) -> String {
    let mut series: Vec<Series> = found.series.clone();
    let all = series.len();
    if flags.metrics.is_empty() {
        series.sort_by_key(|series| series.changes.is_empty());
        series.truncate(CHARTS);
    }
    let mut text = annvil_report::trend_terminal(&series, &paint::style());
    if all > series.len() {
        text.push_str(&format!(
            "\n  {} more; name what to see: annvil history trend search.p99\n",
            counted((all - series.len()) as u64, "figure")
        ));
    }
    if series.iter().any(|series| series.points.len() < LEARNING && series.changes.is_empty()) {
        text.push_str(
            "\n  a new level is told once some 20 runs before it have shown how a figure scatters\n",
        );
    }
    if found.older > 0 {
        text.push_str(&format!("\n  {} are older; --limit shows more\n", counted(found.older, "run")));
    }
    if found.left_out > 0 {
        text.push_str(&format!(
            "\n  {} of other scenarios, plans or machines left out; --across shows them too\n",
            counted(found.left_out, "run")
        ));
    }
    if let Some(file) = &flags.html {
        text.push_str(&format!("\n  {}\n", file.display()));
    }
    text
}

fn written(series: &Series) -> Value {
    json!({
        "figure": series.name,
        "points": series.points.iter().map(|point| json!({
            "run": point.run, "started": point.started, "commit": point.commit, "value": point.value,
        })).collect::<Vec<_>>(),
        "changes": series.changes.iter().map(|change| json!({
            "run": series.points[change.at].run, "commit": series.points[change.at].commit,
            "before": change.before, "after": change.after, "change": change.share,
        })).collect::<Vec<_>>(),
        "drift_per_month": series.drift.map(|drift| json!({
            "estimate": drift.per_month, "low": drift.low, "high": drift.high,
        })),
    })
}
