//! `annvil aa`.

use std::process::ExitCode;
use std::time::Duration;

use annvil_conduct::aa::{Aa, AaReport, Told};
use annvil_conduct::ab::Ended;
use annvil_conduct::machine;
use annvil_core::units::Nanos;
use annvil_store::Store;
use clap::Args;

use crate::flags::RunFlags;
use crate::{log, out, sides};

mod table;

/// Flags of `annvil aa`.
#[derive(Debug, Clone, Args)]
pub struct AaFlags {
    /// Time for all blocks; at least six are measured. Variants that don't fit into it are left out, the slowest first.
    #[arg(long, value_name = "TIME", default_value = "4min", value_parser = sides::time)]
    pub budget: Duration,
    /// Blocks at most; at least six are measured. [default: 12]
    #[arg(long, value_name = "N")]
    pub rounds: Option<usize>,
    /// The store that keeps the figures. [default: the variable `ANNVIL_STORE`, or history.db beside the runs]
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    /// Flags of `run`.
    #[command(flatten)]
    pub run: RunFlags,
}

/// Compares a scenario with itself.
pub fn aa(flags: &AaFlags) -> anyhow::Result<ExitCode> {
    let run = &flags.run;
    let written = sides::written(run)?;
    let aa =
        Aa::prepare(&written, flags.budget, flags.rounds, machine::usable_cores()).map_err(sides::error)?;
    // A store that can't be opened is known before anything is measured.
    let store = sides::place(run, flags.store.as_ref()).open()?;
    let earlier = store.aa_sessions(&machine::environment().fingerprint, aa.plan_hash())?;
    let session = aa.begin(&run.output, sides::setting(run)?, earlier).map_err(sides::error)?;
    let folder = session.folder().clone();
    log::to_folder(folder.path(), run.verbose)?;
    let budget = Nanos::from(flags.budget);
    sides::say(run, &format!("annvil aa · {} against itself · {budget}", session.scenario()));
    let report = session
        .measure(&mut |told| match told {
            Told::Block(..) => {}
            Told::Done(block) => {
                sides::say(run, &sides::block_line("block", block.seconds, &block.invalid, block.counts));
            }
            Told::LeftOut(variants) => {
                sides::say(run, &format!("  {} left out: no time for six blocks", variants.join(", ")));
            }
        })
        .map_err(sides::error)?;
    let kept = keep(&store, &report)?;
    let text = table::text(&report, run.verbose);
    folder.write("summary.md", format!("```\n{text}```\n").as_bytes())?;
    show(flags, &report, &text, kept)?;
    sides::complain(&report.reasons, report.exit_code.unwrap_or_default());
    Ok(sides::code(report.exit_code))
}

/// Stores what was found; a session that was stopped before six blocks says too little. Whether it did.
fn keep(store: &Store, report: &AaReport) -> anyhow::Result<bool> {
    let stored = report.to_store().filter(|_| !matches!(report.ended, Some(Ended::Failed | Ended::Invalid)));
    if let Some(record) = &stored {
        store.save_aa(record)?;
    }
    Ok(stored.is_some())
}

fn show(flags: &AaFlags, report: &AaReport, text: &str, kept: bool) -> anyhow::Result<()> {
    if flags.run.json {
        return out::json(report);
    }
    if flags.run.quiet {
        return Ok(());
    }
    out::print(text)?;
    let next = if kept {
        "kept for this machine and plan: compare, ab and gate use it"
    } else {
        "not kept: it takes six blocks that can be judged, and not too many that cannot"
    };
    out::print(&format!("  {next}\n"))
}
