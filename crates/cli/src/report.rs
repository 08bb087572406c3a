//! `annvil report`.

use std::process::ExitCode;

use annvil_conduct::{RunError, reports};
use annvil_store::RunFolder;
use anyhow::Context;

use crate::flags::ReportFlags;
use crate::run::show;

/// Shows a run and writes its reports again.
pub fn report(flags: &ReportFlags) -> anyhow::Result<ExitCode> {
    let folder = RunFolder::open(&flags.run).map_err(RunError::from)?;
    let text = folder.read_record().map_err(RunError::from)?;
    let record =
        annvil_report::read(&text).with_context(|| format!("cannot read {}", folder.path().display()))?;
    reports::write(&folder, &record, &[])?;
    show(&record, folder.path(), flags.json, flags.quiet)?;
    Ok(ExitCode::SUCCESS)
}
