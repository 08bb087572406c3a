//! `annvil gate`.

mod against;
mod flags;
mod tell;

use std::path::Path;
use std::process::ExitCode;

use annvil_conduct::gate::{Given, Measured, artefacts, gate as judge};
use annvil_conduct::{Prepared, machine, origin, prepare};
use annvil_core::gate::{GateReport, GateSpec};
use annvil_core::record::{Origin, RunRecord};
use annvil_load::cancel::Cancel;
use annvil_store::import::Tool;
use anyhow::{Context, bail};
use clap::Args;

use crate::source::{self, Found};
use crate::{interrupt, out, run, scenarios};

pub use against::{Against, held_against};
pub use flags::GatingFlags;

/// Flags of `annvil gate`.
#[derive(Debug, Clone, Default, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct GateFlags {
    /// A scenario to measure and judge: a file, or the name of a shipped one. [default: quick]
    pub scenario: Option<String>,
    /// Judge runs that were measured before: their folders or names; they count as runs of one candidate.
    #[arg(long, value_name = "RUN", num_args = 1.., conflicts_with_all = ["scenario", "from"])]
    pub run: Vec<String>,
    /// Judge results of another tool: its name, and its files or folders.
    #[arg(long, value_names = ["TOOL", "PATH"], num_args = 2.., conflicts_with = "scenario")]
    pub from: Vec<String>,
    /// What it is held against: the name of a baseline, with its version (main@3) or without; or runs, as in `compare`.
    #[arg(long, value_name = "NAME")]
    pub baseline: Option<String>,
    /// Flags of a gate.
    #[command(flatten)]
    pub gating: GatingFlags,
}

/// A candidate and what it may cost.
pub struct Candidate {
    /// Its name.
    pub name: String,
    /// What was measured.
    pub measured: Measured,
    /// What a change may cost.
    pub spec: GateSpec,
}

/// Measures or takes a candidate, judges it and ends as it came to.
pub fn gate(flags: &GateFlags) -> anyhow::Result<ExitCode> {
    let origin = origin::detect(Path::new("."));
    // First: that a baseline or its store is not there must be known before anything is measured.
    let found =
        flags.baseline.as_deref().map(|given| against::find(given, &flags.gating.place)).transpose()?;
    let candidate = candidate(flags, found.as_ref(), &origin)?;
    let against = match (found, &flags.baseline) {
        (Some(found), Some(given)) => held_against(found, &candidate.measured.group, given),
        _ => Against::default(),
    };
    let report = decide(&candidate, &against, &flags.gating, origin)?;
    Ok(ExitCode::from(report.exit_code))
}

/// What is judged.
pub fn candidate(flags: &GateFlags, against: Option<&Found>, origin: &Origin) -> anyhow::Result<Candidate> {
    let gating = &flags.gating;
    if let [tool, paths @ ..] = flags.from.as_slice() {
        let tool: Tool = tool.parse()?;
        let found = source::foreign(tool, &paths.iter().map(String::as_str).collect::<Vec<_>>())?;
        return taken(found, gating);
    }
    if !flags.run.is_empty() {
        let mut all = Found::default();
        for text in &flags.run {
            let found = gating.place.find(text)?;
            let known = |name: &str| all.group.runs.iter().any(|run| run.run == name);
            if let Some(twice) = found.group.runs.iter().find(|run| known(&run.run)) {
                bail!(
                    "the run {} is given twice\n  A run counted twice would make it look more certain than it is.",
                    twice.run
                );
            }
            all.group.add(found.group);
            all.records.extend(found.records);
        }
        return taken(all, gating);
    }
    measured(flags.scenario.as_deref().unwrap_or("quick"), gating, against, origin)
}

/// What was measured before.
fn taken(found: Found, gating: &GatingFlags) -> anyhow::Result<Candidate> {
    let spec = source::gate_spec(gating.config.as_deref(), found.gate(), &gating.set)?;
    let Some(last) = found.group.runs.last() else { bail!("there is nothing to judge") };
    let (name, run) = (last.scenario.clone(), last.run.clone());
    let mut group = found.group;
    group.name = if group.runs.len() == 1 { run } else { format!("{} runs", group.runs.len()) };
    if found.records.len() < group.runs.len() && group.runs.iter().any(|run| run.tool == "annvil") {
        out::say(
            "warning: the folders of these runs are gone, so their objectives are not judged\n  \
             What a change may cost is what --config says, or the defaults.",
        );
    }
    let measured = if found.records.len() == group.runs.len() {
        Measured::runs(&group.name, &found.records)
    } else {
        Measured::figures(group)
    };
    Ok(Candidate { name, measured, spec })
}

/// Measures a scenario, as often as asked.
fn measured(
    scenario: &str,
    gating: &GatingFlags,
    against: Option<&Found>,
    origin: &Origin,
) -> anyhow::Result<Candidate> {
    let flags = gating.run(scenario);
    let (file, text) = scenarios::find(scenario)?;
    let Prepared { plan, dataset } =
        prepare(&file, &text, &run::overrides(&flags)?, machine::usable_cores())?;
    let hash = plan.hash();
    let other = against.and_then(|found| {
        found.group.runs.iter().filter_map(|run| run.plan_hash.as_ref()).find(|own| **own != hash)
    });
    if let Some(other) = other.filter(|_| !gating.how.across_plans) {
        bail!(
            "the baseline is of another plan: {} instead of {}\n  A plan is a scenario with its data, its settings and its phases. If the difference is what you ask about, compare with --across-plans.",
            short(other),
            short(&hash)
        );
    }
    let spec = match &gating.config {
        Some(config) => source::gate_spec(Some(config), None, &gating.set_of_gate())?,
        None => plan.gate.clone(),
    };
    let cancel = Cancel::new();
    interrupt::listen(cancel.clone(), gating.quiet).context("cannot listen for Ctrl-C")?;
    let name = plan.name.clone();
    let mut records: Vec<RunRecord> = Vec::new();
    let say = |text: &str| {
        if gating.repeat > 1 && !gating.quiet && !gating.json {
            out::say(text);
        }
    };
    // Of several runs one that means nothing is measured again, as often as there are runs.
    let mut spare = if gating.repeat > 1 { gating.repeat } else { 0 };
    while (records.len() as u32) < gating.repeat {
        say(&format!("run {} of {}", records.len() + 1, gating.repeat));
        let prepared = Prepared { plan: plan.clone(), dataset: std::sync::Arc::clone(&dataset) };
        let (record, _) = run::measure_change(prepared, &flags, cancel.clone(), origin.clone())?;
        if cancel.reason().is_some() {
            records.push(record);
            break;
        }
        match record.invalid().first() {
            Some(reason) if spare > 0 => {
                spare -= 1;
                say(&format!("  it can't be judged, and is measured again: {reason}"));
            }
            _ => records.push(record),
        }
    }
    let called = match records.as_slice() {
        [one] => one.id.clone(),
        several => format!("{} runs", several.len()),
    };
    Ok(Candidate { name, measured: Measured::runs(&called, &records), spec })
}

/// As much of a hash as people tell apart.
fn short(hash: &str) -> &str {
    hash.get(..8).unwrap_or(hash)
}

/// Judges, writes what is asked for, tells whom it concerns.
pub fn decide(
    candidate: &Candidate,
    against: &Against,
    gating: &GatingFlags,
    origin: Origin,
) -> anyhow::Result<GateReport> {
    let group = &candidate.measured.group;
    let accepted = match &against.resolved {
        Some(resolved) => against::accepted(resolved, &gating.place)?,
        None => Vec::new(),
    };
    let mut compare = gating.how.spec()?;
    compare.known = gating.place.known(group)?;
    // The system that decides, not the one that measured.
    let ci = origin.ci.clone();
    let recorded = group.runs.last().map(|run| run.origin.clone()).filter(|own| !own.is_empty());
    let report = judge(Given {
        name: candidate.name.clone(),
        decided: jiff::Zoned::now().strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        origin: recorded.unwrap_or(origin),
        spec: &candidate.spec,
        candidate: &candidate.measured,
        baseline: against.group.as_ref(),
        missing: against.missing.clone(),
        unlike: against.unlike,
        compare,
        accepted: &accepted,
    });
    tell::show(&report, gating)?;
    tell::ci_system(&report, ci.as_deref(), gating.json)?;
    tell::notify(&report, gating);
    // Last, so that a folder that can't be written to hides no verdict.
    if let Some(folder) = &gating.artefacts {
        artefacts::write(folder, &report, group, against.group.as_ref())?;
    }
    Ok(report)
}
