//! `annvil history list`.

use std::process::ExitCode;

use annvil_core::units::count;
use annvil_store::{RunFilter, RunRow};
use clap::Args;

use super::{Align, table};
use crate::source::PlaceFlags;
use crate::{out, paint};

/// Flags of `annvil history list`.
#[derive(Debug, Clone, Args)]
pub struct ListFlags {
    /// Which runs.
    #[command(flatten)]
    pub which: FilterFlags,
    /// At most so many.
    #[arg(long, value_name = "N", default_value = "20")]
    pub limit: u32,
    /// Where the store is.
    #[command(flatten)]
    pub place: PlaceFlags,
    /// Answer as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Which runs.
#[derive(Debug, Clone, Default, Args)]
pub struct FilterFlags {
    /// Only runs of this scenario.
    #[arg(long, value_name = "NAME")]
    pub scenario: Option<String>,
    /// Only runs of this branch of your project.
    #[arg(long, value_name = "NAME")]
    pub branch: Option<String>,
    /// Only runs of this commit, or of commits that begin so.
    #[arg(long, value_name = "SHA")]
    pub commit: Option<String>,
}

impl FilterFlags {
    /// The same for the store.
    pub fn filter(&self, limit: Option<u32>) -> RunFilter {
        RunFilter {
            scenario: self.scenario.clone(),
            branch: self.branch.clone(),
            commit: self.commit.clone(),
            limit,
            ..RunFilter::default()
        }
    }
}

/// Lists runs.
pub fn list(flags: &ListFlags) -> anyhow::Result<ExitCode> {
    let Some(store) = flags.place.there_or_none_yet()? else {
        if flags.json {
            out::json(&Vec::<RunRow>::new())?;
        } else {
            out::print("  no runs yet: `annvil run` makes one\n")?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    let filter = flags.which.filter(Some(flags.limit));
    let runs = store.runs(&filter)?;
    if flags.json {
        out::json(&runs)?;
        return Ok(ExitCode::SUCCESS);
    }
    let all = store.count(&filter)?;
    if runs.is_empty() {
        out::print(if all == 0 { "  no runs fit\n" } else { "" })?;
        return Ok(ExitCode::SUCCESS);
    }
    let head = [
        ("run", Align::Left),
        ("scenario", Align::Left),
        ("branch", Align::Left),
        ("commit", Align::Left),
        ("machine", Align::Left),
        ("blocks", Align::Right),
        ("state", Align::Left),
    ];
    let rows: Vec<_> = runs.iter().map(cells).collect();
    let mut text = table(head, &rows, paint::style().width);
    if all > runs.len() as u64 {
        let shown = count(runs.len() as u64);
        text.push_str(&format!("  the latest {shown} of {}; --limit shows more\n", count(all)));
    }
    out::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn cells(run: &RunRow) -> [String; 7] {
    let about = &run.provenance;
    let or_none = |text: Option<&str>, length: usize| {
        text.map_or_else(|| "–".to_owned(), |text| text.chars().take(length).collect())
    };
    [
        about.run.clone(),
        about.scenario.clone(),
        or_none(about.origin.branch.as_deref(), 24),
        or_none(about.origin.commit.as_deref(), 9),
        or_none(about.fingerprint.as_deref(), 8),
        count(u64::from(run.blocks)),
        state(run).to_owned(),
    ]
}

/// What became of a run, in a word or two.
pub fn state(run: &RunRow) -> &'static str {
    let about = &run.provenance;
    if !about.failed.is_empty() {
        "failed"
    } else if !about.complete {
        "not complete"
    } else if about.invalid.is_empty() {
        "good"
    } else {
        "invalid"
    }
}
