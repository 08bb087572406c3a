//! `annvil baseline save`.

use std::path::Path;

use annvil_store::{BaselineSpec, Rolling, Store};
use anyhow::bail;
use clap::Args;

use super::{what, who};
use crate::history::import;
use crate::out;
use crate::source::PlaceFlags;

/// Flags of `annvil baseline save`.
#[derive(Debug, Clone, Args)]
pub struct SaveFlags {
    /// Its name.
    pub name: String,
    /// Runs: names, their beginnings, or folders; or results of another tool, such as `criterion:target/criterion`.
    pub runs: Vec<String>,
    /// Go along with new runs: stand for the latest so many that fit.
    #[arg(long, value_name = "N")]
    pub rolling: Option<u32>,
    /// Go along with this branch alone.
    #[arg(long, value_name = "NAME", requires = "rolling")]
    pub branch: Option<String>,
    /// Go along with this scenario; that of the runs, or of the latest one, unless given.
    #[arg(long, value_name = "NAME", requires = "rolling")]
    pub scenario: Option<String>,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Who saves it. [default: as the CI system or the system says]
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Where the store is.
    #[command(flatten)]
    pub place: PlaceFlags,
    /// Answer as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Saves a version.
pub fn save(flags: &SaveFlags) -> anyhow::Result<()> {
    if flags.runs.is_empty() && flags.rolling.is_none() {
        bail!(
            "a baseline is made of runs\n  Give their names or folders; or --rolling N, for the latest N that fit. \
             `annvil history list` shows what there is."
        );
    }
    let store = flags.place.open()?;
    let mut runs = Vec::new();
    for given in &flags.runs {
        runs.extend(named(&store, &flags.place, given)?);
    }
    let rolling = flags.rolling.map(|runs| Rolling {
        runs,
        branch: flags.branch.clone(),
        scenario: flags.scenario.clone(),
    });
    let spec = BaselineSpec { runs, rolling, who: who(flags.by.as_ref()), reason: flags.reason.clone() };
    let saved = store.save_baseline(&flags.name, &spec)?;
    if flags.json {
        return out::json(&saved);
    }
    out::print(&format!("  {saved} is saved: {}\n", what(&saved)))
}

/// Names of the runs that a text means. Runs that lie in a folder are taken in on the way.
fn named(store: &Store, place: &PlaceFlags, given: &str) -> anyhow::Result<Vec<String>> {
    if let Some(found) = import::results(given)? {
        return Ok(import::take_in_results(store, found.group)?.runs);
    }
    let below = place.output.join(given);
    let path = [Path::new(given), &below].into_iter().find(|path| path.exists() && !given.is_empty());
    let Some(path) = path else { return Ok(vec![store.find(given)?.provenance.run]) };
    let folder = if path.is_file() { path.parent().unwrap_or(path) } else { path };
    let taken = import::take_in(store, folder)?;
    if let Some(skipped) = taken.skipped.first() {
        bail!("cannot read the run at {}: {}", skipped.folder.display(), skipped.why);
    }
    if taken.runs.is_empty() {
        bail!("no run lies in {}\n  Give a run's name or its folder.", folder.display());
    }
    Ok(taken.runs)
}
