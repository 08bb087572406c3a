//! `annvil suite`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use annvil_conduct::{Outcome, Overrides, Prepared, machine, prepare};
use annvil_core::units::Nanos;
use annvil_load::cancel::{Cancel, Reason};
use annvil_report::{SuiteScenario, SuiteSummary, failures_csv, stats_csv, suite_table};
use annvil_store::RunFolder;
use anyhow::Context;
use serde_json::json;

use crate::flags::{RunFlags, SuiteFlags};
use crate::history::keep::KeepFlags;
use crate::{interrupt, log, out, paint, run, scenarios, suites, told};

/// Measures a list of scenarios, each in a run folder of its own. One that fails does not keep the others from running.
pub fn suite(flags: &SuiteFlags) -> anyhow::Result<ExitCode> {
    if flags.list {
        return list(flags);
    }
    let (name, suite) = suites::chosen(&flags.names)?;
    let mut overrides = run::overrides(&run_flags(flags, &flags.output))?;
    overrides.preset = overrides.preset.or_else(|| suite.preset.clone());
    check(&suite.scenarios, &overrides)?;

    let now = jiff::Zoned::now();
    let time = now.strftime("%Y-%m-%dT%H-%M-%S").to_string();
    let folder = RunFolder::create(&flags.output, &time, &format!("suite-{name}"), "")
        .map_err(annvil_conduct::RunError::from)?;
    let mut summary = SuiteSummary::new(&name, &now.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string());
    let under_way = Arc::new(Mutex::new(UnderWay::default()));
    let listening = Arc::clone(&under_way);
    interrupt::at_first(flags.quiet, move || lock(&listening).stop()).context("cannot listen for Ctrl-C")?;

    let began = Instant::now();
    let mut worst = Outcome::Good;
    for given in &suite.scenarios {
        let run_flags = run_flags(flags, folder.path());
        let Some(cancel) = lock(&under_way).next() else {
            summary.add(scenario(given, "not run"), None);
            continue;
        };
        log::to_folder(folder.path(), flags.verbose).context("cannot write the log")?;
        tracing::info!("scenario {given}");
        let outcome = one(given, &overrides, &run_flags, cancel, &mut summary);
        log::to_folder(folder.path(), flags.verbose).context("cannot write the log")?;
        tracing::info!("scenario {given}: {}", word(outcome));
        worst = worst.max(outcome);
        summary.seconds = began.elapsed().as_secs_f64();
        summary.exit_code = worst.code();
        save(&folder, &summary)?;
    }
    if lock(&under_way).stopped {
        worst = Outcome::Interrupted;
        summary.exit_code = worst.code();
        save(&folder, &summary)?;
    }
    show(flags, &summary, &folder)?;
    Ok(ExitCode::from(worst.code()))
}

/// The run that a signal stops, and whether one came.
#[derive(Default)]
struct UnderWay {
    stopped: bool,
    cancel: Cancel,
}

impl UnderWay {
    fn stop(&mut self) {
        self.stopped = true;
        self.cancel.raise(Reason::User);
    }

    /// The flag of the next run, unless a signal came. Each has its own: its time limit ends it alone.
    fn next(&mut self) -> Option<Cancel> {
        self.cancel = Cancel::new();
        (!self.stopped).then(|| self.cancel.clone())
    }
}

fn lock(under_way: &Mutex<UnderWay>) -> MutexGuard<'_, UnderWay> {
    under_way.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says what is wrong with scenarios before the first is measured: that may be hours ago when the last one's turn comes.
/// It is an error only if none is left.
fn check(given: &[String], overrides: &Overrides) -> anyhow::Result<()> {
    let mut errors: Vec<anyhow::Error> =
        given.iter().filter_map(|given| planned(given, overrides).err()).collect();
    if errors.len() == given.len()
        && let Some(last) = errors.pop()
    {
        for error in &errors {
            out::say(&paint::error(&told(error)));
        }
        return Err(last);
    }
    for error in &errors {
        out::say(&paint::error(&told(error)));
    }
    Ok(())
}

fn planned(given: &str, overrides: &Overrides) -> anyhow::Result<Prepared> {
    let (file, text) = scenarios::find(given)?;
    Ok(prepare(&file, &text, overrides, machine::usable_cores())?)
}

/// Measures one scenario and adds it to the summary.
fn one(
    given: &str,
    overrides: &Overrides,
    flags: &RunFlags,
    cancel: Cancel,
    summary: &mut SuiteSummary,
) -> Outcome {
    let measured = planned(given, overrides).and_then(|prepared| run::measure(prepared, flags, cancel));
    match measured {
        Ok((record, folder)) => {
            let outcome = Outcome::of(&record);
            let of = SuiteScenario {
                exit_code: Some(outcome.code()),
                run: Some(folder.id()),
                seconds: Some(record.seconds),
                why: run::complaints(&record),
                ..scenario(given, word(outcome))
            };
            summary.add(of, Some(&record));
            outcome
        }
        Err(error) => {
            let outcome = run::outcome(&error);
            let exit_code = Some(outcome.code());
            let why = vec![told(&error)];
            summary.add(SuiteScenario { exit_code, why, ..scenario(given, word(outcome)) }, None);
            outcome
        }
    }
}

fn scenario(given: &str, status: &str) -> SuiteScenario {
    let name = Path::new(given).file_stem().map_or(given.into(), |stem| stem.to_string_lossy());
    SuiteScenario {
        scenario: name.into_owned(),
        status: status.to_owned(),
        exit_code: None,
        run: None,
        seconds: None,
        why: Vec::new(),
    }
}

const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Good => "good",
        Outcome::Inconclusive => "inconclusive",
        Outcome::Missed => "missed",
        Outcome::Invalid => "invalid",
        Outcome::Failed => "failed",
        Outcome::Usage => "usage",
        Outcome::Interrupted => "interrupted",
    }
}

/// What every run of a suite is given.
fn run_flags(flags: &SuiteFlags, output: &Path) -> RunFlags {
    RunFlags {
        scenario: String::new(),
        set: flags.set.clone(),
        quick: flags.quick,
        full: flags.full,
        preset: flags.preset.clone(),
        output: output.to_owned(),
        quiet: flags.quiet,
        tui: false,
        json: false,
        verbose: flags.verbose,
        one_process: flags.one_process,
        // Their folders lie in the suite's, the store beside that.
        keep: KeepFlags { runs: Some(flags.output.clone()), ..flags.keep.clone() },
    }
}

/// Written after every scenario, so that what is there is never lost.
fn save(folder: &RunFolder, summary: &SuiteSummary) -> anyhow::Result<()> {
    let json = serde_json::to_vec_pretty(summary)?;
    let files = [
        ("summary.json", json),
        ("stats.csv", stats_csv(summary).into_bytes()),
        ("failures.csv", failures_csv(summary).into_bytes()),
    ];
    for (name, bytes) in files {
        folder.write(name, &bytes).map_err(annvil_conduct::RunError::from)?;
    }
    Ok(())
}

fn show(flags: &SuiteFlags, summary: &SuiteSummary, folder: &RunFolder) -> anyhow::Result<()> {
    if flags.quiet {
        for scenario in &summary.scenarios {
            for why in &scenario.why {
                out::say(&paint::error(&format!("{}: {why}", scenario.scenario)));
            }
        }
    }
    if flags.json {
        return out::json(summary);
    }
    if flags.quiet {
        return Ok(());
    }
    let table = suite_table(summary, &paint::style());
    let time = Nanos((summary.seconds * 1e9) as u64);
    let ran = summary.scenarios.iter().filter(|scenario| scenario.exit_code.is_some()).count();
    let came =
        format!("{ran} of {} scenarios in {time}, exit code {}", summary.scenarios.len(), summary.exit_code);
    let place = folder.path().join("summary.json");
    out::print(&format!("{table}  {came}\n  summary {}\n", place.display()))
}

/// Shows what a suite holds, or all of them.
fn list(flags: &SuiteFlags) -> anyhow::Result<ExitCode> {
    let suites =
        if flags.names.is_empty() { suites::all()? } else { BTreeMap::from([suites::chosen(&flags.names)?]) };
    let mut held = BTreeMap::new();
    for (name, suite) in &suites {
        held.insert(name, (suite, suite.held()?));
    }
    if flags.json {
        let json: BTreeMap<_, _> = held
            .iter()
            .map(|(name, (suite, scenarios))| (name, json!({"why": suite.why, "scenarios": scenarios})))
            .collect();
        out::json(&json)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut blocks = Vec::new();
    for (name, (suite, scenarios)) in held {
        let widest = scenarios.iter().map(|held| held.scenario.chars().count()).max().unwrap_or(0);
        let mut lines = vec![[name.as_str(), suite.why.as_str()].join("   ").trim_end().to_owned()];
        lines.extend(scenarios.iter().map(|held| {
            let line = format!("  {:<widest$}  {}", held.scenario, first_sentence(&held.why));
            line.trim_end().to_owned()
        }));
        blocks.push(lines.join("\n") + "\n");
    }
    out::print(&blocks.join("\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// The question of a scenario without what explains it.
fn first_sentence(why: &str) -> &str {
    let end = why.find(['?', '.']).map_or(why.len(), |at| at + 1);
    &why[..end]
}
