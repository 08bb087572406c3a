//! Who learns what a gate came to: the terminal, the CI system, whom notifications go to.

use std::io::Write as _;

use annvil_conduct::{Outcome, notify};
use annvil_core::gate::GateReport;
use annvil_core::secret::Secret;
use annvil_report::artefacts;
use anyhow::Context;

use super::GatingFlags;
use crate::{out, paint};

/// What the terminal shows.
pub fn show(report: &GateReport, gating: &GatingFlags) -> anyhow::Result<()> {
    if gating.json {
        out::json(report)?;
    } else if !gating.quiet {
        out::print(&annvil_report::gate_terminal(report, &paint::style()))?;
    }
    // Whoever reads neither still learns why it did not pass.
    if gating.quiet && report.exit_code != Outcome::Good.code() {
        out::say(&paint::error(&report.sentence));
    }
    if let Some(refused) = report.refused.as_ref().filter(|_| !gating.json && !gating.quiet) {
        out::say(&paint::error(refused));
    }
    Ok(())
}

/// What the CI system shows: annotations, the summary of the step.
pub fn ci_system(report: &GateReport, ci: Option<&str>, json: bool) -> anyhow::Result<()> {
    if ci != Some("github") {
        return Ok(());
    }
    if !json {
        out::print(&artefacts::github_annotations(report))?;
    }
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let written = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .and_then(|mut file| file.write_all(artefacts::github_step_summary(report).as_bytes()));
    if let Err(error) = written.context("cannot write the summary of the step") {
        // The gate's answer does not depend on who reads it.
        out::say(&paint::error(&format!("{error:#}")));
    }
    Ok(())
}

/// Notifies whom flags and variables name. What becomes of that changes nothing.
pub fn notify(report: &GateReport, gating: &GatingFlags) {
    if report.exit_code == Outcome::Good.code() && !gating.notify_always {
        return;
    }
    let named = |flags: &[String], variable: &str| {
        let variable = std::env::var(variable).ok().filter(|address| !address.trim().is_empty());
        flags.iter().cloned().chain(variable).map(Secret::new).collect::<Vec<_>>()
    };
    let slack = named(&gating.notify_slack, "ANNVIL_NOTIFY_SLACK").into_iter().map(notify::Target::Slack);
    let teams = named(&gating.notify_teams, "ANNVIL_NOTIFY_TEAMS").into_iter().map(notify::Target::Teams);
    let others =
        named(&gating.notify_webhook, "ANNVIL_NOTIFY_WEBHOOK").into_iter().map(notify::Target::Webhook);
    let targets: Vec<notify::Target> = slack.chain(teams).chain(others).collect();
    if targets.is_empty() {
        return;
    }
    for sent in notify::send(&targets, &annvil_report::notice(report), notify::LIMIT) {
        if let Err(error) = sent.result {
            out::say(&paint::error(&format!("{} was not notified: {error}", sent.target)));
        }
    }
}
