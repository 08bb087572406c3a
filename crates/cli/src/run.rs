//! `annvil run`.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use annvil_conduct::event::{Event, Sink};
use annvil_conduct::{
    Isolation, Outcome, Overrides, Prepared, Run, RunError, machine, origin, prepare, reports, trend,
};
use annvil_core::objective::Grade;
use annvil_core::record::{ObjectiveResult, Origin, RunRecord, Status};
use annvil_core::secret::Secret;
use annvil_data::DataError;
use annvil_load::cancel::Cancel;
use annvil_report::Series;
use annvil_store::{DatabaseError, RunFolder, Store};
use anyhow::{Context, anyhow};

use crate::flags::RunFlags;
use crate::history::keep;
use crate::tui::{self, Shown};
use crate::{built, interrupt, log, out, paint, scenarios};

/// Measures a scenario.
pub fn run(flags: &RunFlags) -> anyhow::Result<ExitCode> {
    let (file, text) = scenarios::find(&flags.scenario)?;
    answer(prepare(&file, &text, &overrides(flags)?, machine::usable_cores())?, flags)
}

/// Measures what is prepared and prints what it came to.
pub fn answer(prepared: Prepared, flags: &RunFlags) -> anyhow::Result<ExitCode> {
    let cancel = Cancel::new();
    interrupt::listen(cancel.clone(), flags.quiet).context("cannot listen for Ctrl-C")?;
    let (record, folder) = measure(prepared, flags, cancel)?;
    show(&record, folder.path(), flags.json, flags.quiet)?;
    if flags.quiet {
        for text in complaints(&record) {
            out::say(&paint::error(&text));
        }
    }
    Ok(ExitCode::from(Outcome::of(&record).code()))
}

/// Measures what is prepared and writes its reports.
pub fn measure(
    prepared: Prepared,
    flags: &RunFlags,
    cancel: Cancel,
) -> anyhow::Result<(RunRecord, RunFolder)> {
    measure_change(prepared, flags, cancel, origin::detect(Path::new(".")))
}

/// The same of a change that is known.
pub fn measure_change(
    prepared: Prepared,
    flags: &RunFlags,
    cancel: Cancel,
    origin: Origin,
) -> anyhow::Result<(RunRecord, RunFolder)> {
    tui::check(flags)?;
    flags.keep.check(&flags.output)?;
    let isolation = if flags.one_process {
        Isolation::Shared
    } else {
        let program = std::env::current_exe().context("cannot find this program's own file")?;
        Isolation::OwnProcess { program, arguments: vec!["__variant".to_owned()] }
    };
    let run = Run::new(prepared, &flags.output)
        .isolated(isolation)
        .built_by(built::build())
        .of_change(origin)
        .stopped_by(cancel.clone());
    let begun = run.begin()?;
    let folder = begun.folder().clone();
    log::to_folder(folder.path(), flags.verbose).context("cannot write the log")?;

    let mut shown = Shown::open(flags, begun.plan(), cancel);
    let mut sink = |event: &Event| {
        note(event);
        shown.event(event);
    };
    let measured = begun.measure(&mut sink);
    shown.finish();
    let record = measured?;
    // Into the store first: its report shows it as the last of the runs like it.
    let store = keep::keep(&flags.keep, &flags.output, &record, folder.path());
    reports::write(&folder, &record, &earlier(store.as_ref(), &record))?;
    Ok((record, folder))
}

/// Its figures over the earlier runs like it. A report is whole without them.
fn earlier(store: Option<&Store>, record: &RunRecord) -> Vec<Series> {
    let history = store.map_or_else(|| Ok(Vec::new()), |store| trend::history(store, record));
    history.unwrap_or_else(|error| {
        tracing::warn!("the report shows no history: {error}");
        Vec::new()
    })
}

/// Why a run did not end well, for those who asked for nothing else.
pub fn complaints(record: &RunRecord) -> Vec<String> {
    if record.status == Status::Interrupted {
        return vec!["interrupted; what was measured until then is kept".to_owned()];
    }
    let failures = record.blocks.iter().filter_map(|block| {
        let failure = block.failure.as_ref()?;
        Some(format!("{}: {}: {}", block.variant, failure.phase, failure.message))
    });
    let invalid: Vec<String> = record.invalid().iter().map(|reason| format!("invalid: {reason}")).collect();
    // What is invalid is not judged, so nothing was missed.
    let judged = record.objectives.iter().filter(|_| invalid.is_empty());
    let missed: Vec<String> = judged.flat_map(not_met).collect();
    failures.chain(invalid).chain(missed).collect()
}

/// What did not meet an objective, in a line for those that missed it and one for those that were not measured.
fn not_met(result: &ObjectiveResult) -> Vec<String> {
    let line = |word: &str, of: &str, which: &dyn Fn(Grade) -> bool| {
        let judged = result.judged.iter().filter(|judged| which(judged.grade));
        let variants: BTreeSet<&str> = judged.map(|judged| judged.key.variant.as_str()).collect();
        let names = variants.into_iter().collect::<Vec<_>>().join(", ");
        (!names.is_empty()).then(|| format!("{word}: {} {of} {names}", result.objective.objective))
    };
    let missed = line("missed", "by", &|grade| matches!(grade, Grade::Missed | Grade::Critical));
    let unknown = line("not measured", "of", &|grade| grade == Grade::Unknown);
    missed.into_iter().chain(unknown).collect()
}

/// Prints a record that lies in a folder.
pub fn show(record: &RunRecord, folder: &Path, json: bool, quiet: bool) -> anyhow::Result<()> {
    if json {
        return out::json(record);
    }
    if quiet {
        return Ok(());
    }
    let tables = annvil_report::terminal(record, &paint::style());
    out::print(&format!("{tables}  report {}\n", folder.join("report.html").display()))
}

/// Runs one variant for the process that started this one.
pub fn variant() -> anyhow::Result<ExitCode> {
    interrupt::ignore().context("cannot listen for Ctrl-C")?;
    log::to_stderr();
    annvil_conduct::process::serve()?;
    Ok(ExitCode::SUCCESS)
}

/// The exit code of an error that kept a run from its end.
pub fn exit_code(error: &anyhow::Error) -> ExitCode {
    ExitCode::from(outcome(error).code())
}

/// The same before it becomes a number.
pub fn outcome(error: &anyhow::Error) -> Outcome {
    let usage = match error.downcast_ref::<RunError>() {
        Some(error) => error.is_usage(),
        // A file that cannot be read is probably not where the user says it is; a disk that is full is no mistake.
        None if error.downcast_ref::<DataError>().is_some() => {
            !matches!(error.downcast_ref::<DataError>(), Some(DataError::Write { .. }))
        }
        None if error.downcast_ref::<DatabaseError>().is_some() => {
            error.downcast_ref::<DatabaseError>().is_some_and(DatabaseError::is_usage)
        }
        // A disk or a pipe that fails is not the user's mistake.
        None => error.chain().all(|cause| cause.downcast_ref::<std::io::Error>().is_none()),
    };
    if usage { Outcome::Usage } else { Outcome::Failed }
}

/// What flags and variables of the environment change.
pub fn overrides(flags: &RunFlags) -> anyhow::Result<Overrides> {
    let preset = match (flags.quick, flags.full) {
        (true, _) => Some("quick".to_owned()),
        (_, true) => Some("full".to_owned()),
        (false, false) => flags.preset.clone(),
    };
    let pair = |text: &String| {
        let (path, value) = text.split_once('=').ok_or_else(|| {
            anyhow!("`--set {text}` has no `=`\n  Write it as --set phases.search.sessions=4.")
        })?;
        Ok((path.trim().to_owned(), value.trim().to_owned()))
    };
    let mut variables: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| {
            name.starts_with(annvil_conduct::prepare::VARIABLES)
                && !annvil_conduct::prepare::NO_KEYS.contains(&name.as_str())
        })
        .collect();
    variables.sort();
    let set = flags.set.iter().map(pair).collect::<anyhow::Result<_>>()?;
    let database_url = std::env::var(annvil_conduct::address::DATABASE_URL).ok().map(Secret::new);
    Ok(Overrides { preset, set, variables, database_url })
}

/// A line in the log for every step.
fn note(event: &Event) {
    match event {
        Event::Preparing { what } => tracing::info!("preparing: {what}"),
        Event::BlockStarted { block, variant } => tracing::info!("block {block}: {variant}"),
        Event::Engine(info) => tracing::info!("engine {} {}", info.name, info.version),
        Event::PhaseStarted { name, point, .. } => {
            tracing::info!("phase {name} {}", annvil_core::scenario::point_name(point));
        }
        Event::PhaseDone(phase) => tracing::info!("phase {} took {}", phase.name, phase.time),
        Event::BlockFailed(failure) => tracing::warn!("{}: {}", failure.phase, failure.message),
        Event::Trial { level, met, .. } => tracing::info!("tried {level}: {met:?}"),
        Event::Advice(advice) => {
            for advice in advice {
                tracing::info!("{}: {}", advice.setting, advice.because);
            }
        }
        Event::Progress { .. } | Event::Second(_) | Event::Memory(_) | Event::BlockDone => {}
    }
}
