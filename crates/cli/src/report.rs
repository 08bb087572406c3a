//! `annvil report`.

use std::process::ExitCode;

use annvil_conduct::trend::history;
use annvil_conduct::{RunError, reports};
use annvil_store::{RunFolder, Store};
use anyhow::Context;

use crate::flags::ReportFlags;
use crate::run::show;

/// Shows a run and writes its reports again.
pub fn report(flags: &ReportFlags) -> anyhow::Result<ExitCode> {
    let folder = RunFolder::open(&flags.run).map_err(RunError::from)?;
    let text = folder.read_record().map_err(RunError::from)?;
    let record =
        annvil_report::read(&text).with_context(|| format!("cannot read {}", folder.path().display()))?;
    // The store that lies beside the runs; one that is elsewhere, or can't be read, only leaves the history out.
    let above = folder.path().parent().map(Store::address_beside);
    let store = above.and_then(Result::ok).and_then(|address| Store::read(&address).ok().flatten());
    let series = store.and_then(|store| history(&store, &record).ok()).unwrap_or_default();
    reports::write(&folder, &record, &series)?;
    show(&record, folder.path(), flags.json, flags.quiet)?;
    Ok(ExitCode::SUCCESS)
}
