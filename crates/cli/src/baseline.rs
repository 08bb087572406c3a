//! `annvil baseline`: named groups of runs that later runs are held against.

mod accept;
mod change;
mod save;
mod show;

use std::path::Path;
use std::process::ExitCode;

use annvil_conduct::origin;
use annvil_core::units::counted;
use annvil_store::Baseline;
use clap::Subcommand;

/// What to do with baselines.
#[derive(Debug, Subcommand)]
pub enum BaselineVerb {
    /// Save runs under a name: version 1, or the next if there is such a baseline. Old versions stay.
    Save(save::SaveFlags),
    /// List baselines and their versions.
    List(show::ListFlags),
    /// Show a baseline: what it stands for now, and what is accepted against it.
    Show(show::ShowFlags),
    /// Make a version of a baseline the next version of another.
    Promote(change::PromoteFlags),
    /// Delete a baseline, or a version of it. Its runs stay.
    Delete(change::DeleteFlags),
    /// Accept a change that is known, with the reason: the gate acknowledges it.
    Accept(accept::AcceptFlags),
}

/// Does it.
pub fn baseline(verb: &BaselineVerb) -> anyhow::Result<ExitCode> {
    match verb {
        BaselineVerb::Save(flags) => save::save(flags)?,
        BaselineVerb::List(flags) => show::list(flags)?,
        BaselineVerb::Show(flags) => show::show(flags)?,
        BaselineVerb::Promote(flags) => change::promote(flags)?,
        BaselineVerb::Delete(flags) => change::delete(flags)?,
        BaselineVerb::Accept(flags) => accept::accept(flags)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Who does it, as far as anyone knows.
fn who(given: Option<&String>) -> Option<String> {
    let user = || {
        ["USER", "USERNAME"].iter().find_map(|name| std::env::var(name).ok()).filter(|name| !name.is_empty())
    };
    given.cloned().or_else(|| origin::detect(Path::new(".")).who).or_else(user)
}

/// What a baseline is made of, in a few words.
fn what(baseline: &Baseline) -> String {
    match &baseline.rolling {
        Some(rolling) => {
            let branch = rolling.branch.as_ref().map_or_else(String::new, |branch| format!(" of {branch}"));
            format!("the latest {}{branch}, {}", counted(u64::from(rolling.runs), "run"), baseline.scenario)
        }
        None => format!("{}, {}", counted(baseline.runs.len() as u64, "run"), baseline.scenario),
    }
}
