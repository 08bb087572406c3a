//! `annvil gate`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use annvil_conduct::gate::{Accepted, Given, Measured, artefacts, gate as judge};
use annvil_conduct::{Outcome, Prepared, machine, notify, origin, prepare};
use annvil_core::figures::Group;
use annvil_core::gate::{GateReport, GateSpec};
use annvil_core::record::{Origin, RunRecord};
use annvil_core::secret::Secret;
use annvil_load::cancel::Cancel;
use annvil_store::Resolved;
use annvil_store::import::Tool;
use anyhow::{Context, bail};
use clap::Args;

use crate::compare::HowFlags;
use crate::flags::RunFlags;
use crate::source::{self, Found, PlaceFlags};
use crate::{interrupt, out, paint, run, scenarios};

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

/// Flags that a gate and `ci` share.
#[derive(Debug, Clone, Default, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct GatingFlags {
    /// Read what a change may cost from a file instead of the scenario's `gate:`.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Change a key of the scenario, or of what a change may cost: `--set gate.must_detect=5%`.
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Apply the scenario's preset `quick`: less of everything.
    #[arg(long, conflicts_with = "full")]
    pub quick: bool,
    /// Apply the scenario's preset `full`: all there is.
    #[arg(long)]
    pub full: bool,
    /// Apply a preset of the scenario by its name.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["quick", "full"])]
    pub preset: Option<String>,
    /// Measure the scenario so often, each time as a run of its own.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub repeat: u32,
    /// Write summary.md, regression.md, ci-summary.md, junit.xml, raw.json and more into a folder.
    #[arg(long, value_name = "DIR")]
    pub artefacts: Option<PathBuf>,
    /// Tell a channel of Slack what is wrong: the address of its incoming webhook. The variable `ANNVIL_NOTIFY_SLACK` does
    /// the same, and no other user of the machine can see it.
    #[arg(long, value_name = "URL")]
    pub notify_slack: Vec<String>,
    /// The same for Teams; the variable `ANNVIL_NOTIFY_TEAMS`.
    #[arg(long, value_name = "URL")]
    pub notify_teams: Vec<String>,
    /// The same for any receiver of JSON; the variable `ANNVIL_NOTIFY_WEBHOOK`.
    #[arg(long, value_name = "URL")]
    pub notify_webhook: Vec<String>,
    /// Notify also if nothing is wrong.
    #[arg(long)]
    pub notify_always: bool,
    /// How sides are compared.
    #[command(flatten)]
    pub how: HowFlags,
    /// Print the gate's report as JSON.
    #[arg(long)]
    pub json: bool,
    /// Print nothing but the error, if there is one.
    #[arg(long, short)]
    pub quiet: bool,
    /// Show what is done in more detail.
    #[arg(long, short)]
    pub verbose: bool,
    /// Run all variants in this process. Memory figures are then not reported.
    #[arg(long)]
    pub one_process: bool,
    /// Where runs and baselines are.
    #[command(flatten)]
    pub place: PlaceFlags,
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

/// What a candidate is held against.
#[derive(Default)]
pub struct Against {
    /// The baseline's figures.
    pub group: Option<Group>,
    /// The baseline, if it is one of the store.
    pub resolved: Option<Resolved>,
    /// Why there is none.
    pub missing: Option<String>,
    /// Whether there is one, of another plan or machine.
    pub unlike: bool,
}

/// Measures or takes a candidate, judges it and ends as it came to.
pub fn gate(flags: &GateFlags) -> anyhow::Result<ExitCode> {
    let origin = origin::detect(Path::new("."));
    let candidate = candidate(flags, &origin)?;
    let against = against(flags.baseline.as_deref(), &flags.gating.place, &candidate.measured.group)?;
    let report = decide(&candidate, &against, &flags.gating, origin)?;
    Ok(ExitCode::from(report.exit_code))
}

/// What is judged.
pub fn candidate(flags: &GateFlags, origin: &Origin) -> anyhow::Result<Candidate> {
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
    measured(flags.scenario.as_deref().unwrap_or("quick"), gating, origin)
}

/// What was measured before.
fn taken(found: Found, gating: &GatingFlags) -> anyhow::Result<Candidate> {
    let spec = source::gate_spec(gating.config.as_deref(), found.gate(), &gating.set)?;
    let Some(last) = found.group.runs.last() else { bail!("there is nothing to judge") };
    let (name, run) = (last.scenario.clone(), last.run.clone());
    let mut group = found.group;
    group.name = if group.runs.len() == 1 { run } else { format!("{} runs", group.runs.len()) };
    let measured = if found.records.len() == group.runs.len() {
        Measured::runs(&group.name, &found.records)
    } else {
        Measured::figures(group)
    };
    Ok(Candidate { name, measured, spec })
}

/// Measures a scenario, as often as asked.
fn measured(scenario: &str, gating: &GatingFlags, origin: &Origin) -> anyhow::Result<Candidate> {
    let flags = run_flags(scenario, gating);
    let (file, text) = scenarios::find(scenario)?;
    let Prepared { plan, dataset } =
        prepare(&file, &text, &run::overrides(&flags)?, machine::usable_cores())?;
    let of_gate: Vec<String> =
        gating.set.iter().filter(|set| set.trim_start().starts_with("gate.")).cloned().collect();
    let spec = match &gating.config {
        Some(config) => source::gate_spec(Some(config), None, &of_gate)?,
        None => plan.gate.clone(),
    };
    let cancel = Cancel::new();
    interrupt::listen(cancel.clone(), gating.quiet).context("cannot listen for Ctrl-C")?;
    let name = plan.name.clone();
    let mut records: Vec<RunRecord> = Vec::new();
    for _ in 0..gating.repeat {
        let prepared = Prepared { plan: plan.clone(), dataset: std::sync::Arc::clone(&dataset) };
        let (record, _) = run::measure_change(prepared, &flags, cancel.clone(), origin.clone())?;
        records.push(record);
        if cancel.reason().is_some() {
            break;
        }
    }
    let called = match records.as_slice() {
        [one] => one.id.clone(),
        several => format!("{} runs", several.len()),
    };
    Ok(Candidate { name, measured: Measured::runs(&called, &records), spec })
}

fn run_flags(scenario: &str, gating: &GatingFlags) -> RunFlags {
    // Keys of the gate do not change what is measured; those of a file of its own have no place in the scenario.
    let own = |set: &&String| gating.config.is_none() || !set.trim_start().starts_with("gate.");
    RunFlags {
        scenario: scenario.to_owned(),
        set: gating.set.iter().filter(own).cloned().collect(),
        quick: gating.quick,
        full: gating.full,
        preset: gating.preset.clone(),
        output: gating.place.output.clone(),
        quiet: gating.quiet || gating.json,
        tui: false,
        json: false,
        verbose: gating.verbose,
        one_process: gating.one_process,
        keep: crate::history::keep::KeepFlags { store: gating.place.store.clone(), ..Default::default() },
    }
}

/// What a candidate is held against. Its own runs are no part of that, though a baseline may have taken them in.
fn against(given: Option<&str>, place: &PlaceFlags, candidate: &Group) -> anyhow::Result<Against> {
    let Some(given) = given else { return Ok(Against::default()) };
    let name = given.strip_prefix("baseline:").unwrap_or(given);
    let is_path = given == name && (Path::new(given).exists() || given.contains(['+', ':']));
    let found = if is_path {
        place.find(given)?
    } else {
        match named(name, place)? {
            Ok(found) => found,
            // A misspelt name would switch the gate off for ever.
            Err(missing) => bail!(
                "{missing}\n  annvil baseline list shows what there is; annvil ci begins a baseline by itself."
            ),
        }
    };
    Ok(held_against(found, candidate, given))
}

/// A baseline, or the run of this name; else why there is none.
fn named(name: &str, place: &PlaceFlags) -> anyhow::Result<Result<Found, String>> {
    let Some(store) = place.existing()? else {
        if place.output.join(name).is_dir() {
            return place.find(name).map(Ok);
        }
        return Ok(Err(format!("There is no baseline `{name}` yet, for there is no store of runs")));
    };
    let (short, version) = annvil_store::split(name);
    match store.resolve(short, version) {
        Ok(resolved) => {
            Ok(Ok(Found { group: resolved.group.clone(), records: Vec::new(), baseline: Some(resolved) }))
        }
        Err(annvil_store::DatabaseError::Missing { what, help }) => {
            let text = format!("{what}. {help}");
            let why = text.trim_end_matches('.').replacen("there is", "There is", 1);
            Ok(place.find(name).map_err(|_| why))
        }
        Err(error) => Err(error.into()),
    }
}

/// A baseline without the candidate's own runs.
pub fn held_against(found: Found, candidate: &Group, given: &str) -> Against {
    let mut group = found.group;
    let own = |run: &str| candidate.runs.iter().any(|own| own.run == run);
    group.runs.retain(|run| !own(&run.run));
    group.figures.retain(|figures| !own(&figures.run));
    if group.runs.is_empty() {
        let missing = Some(format!("The baseline `{given}` has no run but the one that is judged"));
        return Against { missing, ..Against::default() };
    }
    Against { group: Some(group), resolved: found.baseline, ..Against::default() }
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
        Some(resolved) => accepted(resolved, &gating.place)?,
        None => Vec::new(),
    };
    let mut compare = gating.how.spec()?;
    compare.known = gating.place.known(group)?;
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
    show(&report, gating)?;
    tell(&report, gating);
    // Last, so that a folder that can't be written to hides no verdict.
    if let Some(folder) = &gating.artefacts {
        artefacts::write(folder, &report, group, against.group.as_ref())?;
    }
    Ok(report)
}

fn accepted(resolved: &Resolved, place: &PlaceFlags) -> anyhow::Result<Vec<Accepted>> {
    let accepted = place.open()?.accepted(resolved)?.into_iter().map(|acceptance| Accepted {
        pattern: acceptance.pattern,
        up_to: acceptance.up_to,
        reason: acceptance.reason,
        who: acceptance.who,
        when: acceptance.when,
    });
    Ok(accepted.collect())
}

fn show(report: &GateReport, gating: &GatingFlags) -> anyhow::Result<()> {
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

/// Notifies whom flags and variables name. What becomes of that changes nothing.
fn tell(report: &GateReport, gating: &GatingFlags) {
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
