//! `annvil history show`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use annvil_core::gate::is_judged;
use annvil_core::key::MetricKey;
use annvil_core::quantity::format_value;
use annvil_core::units::count;
use annvil_store::RunRow;
use clap::Args;
use serde_json::json;

use super::list::state;
use super::{Align, table};
use crate::source::PlaceFlags;
use crate::{out, paint};

/// Flags of `annvil history show`.
#[derive(Debug, Clone, Args)]
pub struct ShowFlags {
    /// Name of the run, or its beginning.
    pub run: String,
    /// Show every figure, also those that are evidence alone.
    #[arg(long)]
    pub all: bool,
    /// Where the store is.
    #[command(flatten)]
    pub place: PlaceFlags,
    /// Answer as JSON, with every figure of every block.
    #[arg(long)]
    pub json: bool,
}

/// Shows a run.
pub fn show(flags: &ShowFlags) -> anyhow::Result<ExitCode> {
    let store = flags.place.there()?;
    // Folders are called as their runs are.
    let given = Path::new(&flags.run);
    let name = given.file_name().filter(|_| given.is_dir()).and_then(|name| name.to_str());
    let run = store.find(name.unwrap_or(&flags.run))?;
    let name = &run.provenance.run;
    let group = store.group(name, std::slice::from_ref(name))?;
    let mut blocks: BTreeMap<&MetricKey, Vec<f64>> = BTreeMap::new();
    for figures in &group.figures {
        for (key, value) in &figures.values {
            blocks.entry(key).or_default().push(*value);
        }
    }
    if flags.json {
        let figures: Vec<_> =
            blocks.iter().map(|(key, values)| json!({"key": key, "blocks": values})).collect();
        out::json(&json!({"run": run, "figures": figures}))?;
        return Ok(ExitCode::SUCCESS);
    }
    let shown = blocks.iter().filter(|(key, _)| flags.all || is_judged(key));
    let rows: Vec<[String; 2]> = shown
        .map(|(key, values)| {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            [key.to_string(), format_value(key.quantity, mean)]
        })
        .collect();
    let mut text = about(&run);
    text.push('\n');
    text.push_str(&table([("figure", Align::Left), ("value", Align::Right)], &rows, paint::style().width));
    if rows.len() < blocks.len() {
        let more = count((blocks.len() - rows.len()) as u64);
        text.push_str(&format!("  {more} more are evidence; --all shows them\n"));
    }
    out::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// What is known of a run, a line each.
fn about(run: &RunRow) -> String {
    let about = &run.provenance;
    let origin = &about.origin;
    let session = (about.session != about.run).then(|| about.session.clone());
    let tool = (about.tool != "annvil").then(|| about.tool.clone());
    let folder = run.folder.as_ref().map(|folder| {
        let gone = if folder.is_dir() { "" } else { " (not here)" };
        format!("{}{gone}", folder.display())
    });
    let lines = [
        ("run", Some(about.run.clone())),
        ("session", session),
        ("measured by", tool),
        ("scenario", Some(about.scenario.clone())),
        ("began", Some(about.started.clone()).filter(|started| !started.is_empty())),
        ("commit", origin.commit.clone()),
        ("branch", origin.branch.clone()),
        ("request", origin.request.clone()),
        ("job", origin.url.clone()),
        ("machine", about.machine.clone()),
        ("fingerprint", about.fingerprint.clone()),
        ("plan", about.plan_hash.clone()),
        ("blocks", Some(count(u64::from(run.blocks)))),
        ("state", Some(state(run).to_owned())),
        ("folder", folder),
    ];
    let known = lines.into_iter().filter_map(|(name, value)| Some(format!("  {name:<12}{}\n", value?)));
    let why = about.failed.iter().chain(&about.invalid).map(|why| format!("  {:<12}{why}\n", ""));
    let (mut text, why): (String, String) = (known.collect(), why.collect());
    text.push_str(&why);
    text
}
