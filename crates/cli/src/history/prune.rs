//! `annvil history prune`.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use annvil_core::units::{count, counted};
use annvil_store::{Prune, RunFolder, RunRow};
use anyhow::{Context, bail};
use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use crate::source::PlaceFlags;
use crate::{out, told};

/// Flags of `annvil history prune`.
#[derive(Debug, Clone, Args)]
pub struct PruneFlags {
    /// Keep the latest so many runs of each scenario.
    #[arg(long, value_name = "N", conflicts_with = "before")]
    pub keep: Option<u32>,
    /// Remove runs that began before a day or an instant: 2026-11-21, 2026-11-21T10:04:12Z.
    #[arg(long, value_name = "DATE", value_parser = instant)]
    pub before: Option<Timestamp>,
    /// Only runs of this scenario.
    #[arg(long, value_name = "NAME")]
    pub scenario: Option<String>,
    /// Remove their folders too: then they are gone.
    #[arg(long)]
    pub folders: bool,
    /// Say what would be removed, and remove nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Where the store is.
    #[command(flatten)]
    pub place: PlaceFlags,
    /// Answer as JSON.
    #[arg(long)]
    pub json: bool,
}

/// A day begins at midnight here.
fn instant(text: &str) -> Result<Timestamp, String> {
    let day = |text: &str| -> Result<Timestamp, jiff::Error> {
        let day: jiff::civil::Date = text.parse()?;
        Ok(day.to_zoned(jiff::tz::TimeZone::system())?.timestamp())
    };
    text.parse::<Timestamp>()
        .or_else(|_| day(text))
        .map_err(|_| "write a day such as 2026-11-21, or an instant such as 2026-11-21T10:04:12Z".to_owned())
}

/// Removes runs.
pub fn prune(flags: &PruneFlags) -> anyhow::Result<ExitCode> {
    if flags.keep.is_none() && flags.before.is_none() {
        bail!(
            "nothing says which runs\n  Give --keep N, for the latest N of each scenario, or --before DATE."
        );
    }
    let store = flags.place.to_change()?;
    let prune = Prune { keep: flags.keep, before: flags.before, scenario: flags.scenario.clone() };
    let found = store.to_prune(&prune)?;
    let names: Vec<String> = found.removable.iter().map(|run| run.provenance.run.clone()).collect();
    let mut gone = Vec::new();
    if !flags.dry_run {
        store.remove(&names)?;
        // Only then: a folder without a run in the store can be taken in again, but not the other way round.
        if flags.folders {
            for run in &found.removable {
                gone.extend(remove_folder(run));
            }
        }
    }
    if flags.json {
        let held: Vec<_> =
            found.held.iter().map(|(run, baseline)| json!({"run": run, "baseline": baseline})).collect();
        out::json(&json!({"removed": names, "held": held, "folders": gone, "dry_run": flags.dry_run}))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = String::new();
    let verb = if flags.dry_run { "would be removed" } else { "removed" };
    text.push_str(&format!("  {} {verb} from {}", counted(names.len() as u64, "run"), store.shown()));
    if flags.folders && !flags.dry_run {
        text.push_str(&format!(", with {}", counted(gone.len() as u64, "folder")));
    }
    text.push('\n');
    if let Some((run, baseline)) = found.held.first() {
        let held = found.held.len() as u64;
        text.push_str(&match held {
            1 => format!("  {run} stays: the baseline {baseline} holds it\n"),
            _ => format!("  {} runs stay: baselines hold them, such as {baseline} {run}\n", count(held)),
        });
    }
    out::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Removes the folder of a run, if what lies there is this run.
fn remove_folder(run: &RunRow) -> Option<PathBuf> {
    let path = run.folder.clone()?;
    let removed = || -> anyhow::Result<bool> {
        let Ok(folder) = RunFolder::open(&path) else { return Ok(false) };
        let record = annvil_report::read(&folder.read_record()?)?;
        if record.id != run.provenance.run {
            return Ok(false);
        }
        fs::remove_dir_all(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        Ok(true)
    };
    match removed() {
        Ok(true) => Some(path),
        Ok(false) => None,
        Err(error) => {
            out::say(&format!("warning: {}", told(&error)));
            None
        }
    }
}
