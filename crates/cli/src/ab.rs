//! `annvil ab`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use annvil_conduct::ab::{Ab, AbRecord, Budget, Ended, Look, ROUNDS, Side, Told};
use annvil_conduct::machine;
use annvil_core::units::{Nanos, counted};
use clap::Args;

use crate::flags::RunFlags;
use crate::{log, out, paint, sides};

/// Time for all blocks where nobody says how long.
const BUDGET: Duration = Duration::from_mins(10);

/// Flags of `annvil ab`.
#[derive(Debug, Clone, Args)]
pub struct AbFlags {
    /// What makes side a: a variant's name, KEY=VALUE as in --set, or the URL of a server; as often as needed. The scenario
    /// as it is written unless given.
    #[arg(long, value_name = "WHAT")]
    pub a: Vec<String>,
    /// What makes side b, likewise: the candidate, whose changes against a are judged.
    #[arg(long, value_name = "WHAT")]
    pub b: Vec<String>,
    /// Another annvil that measures side a.
    #[arg(long, value_name = "PATH")]
    pub a_program: Option<PathBuf>,
    /// Another annvil that measures side b.
    #[arg(long, value_name = "PATH")]
    pub b_program: Option<PathBuf>,
    /// Time for all blocks, such as 10min; at least three blocks a side are measured. [default: 10min, without --rounds]
    #[arg(long, value_name = "TIME", value_parser = sides::time)]
    pub budget: Option<Duration>,
    /// Blocks a side at most; at least three are measured. [default: 20]
    #[arg(long, value_name = "N")]
    pub rounds: Option<usize>,
    /// The store with this machine's A/A figures. [default: the variable `ANNVIL_STORE`, or history.db beside the runs]
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    /// Flags of `run`.
    #[command(flatten)]
    pub run: RunFlags,
}

/// Measures two sides in turns until it is clear which is better.
pub fn ab(flags: &AbFlags) -> anyhow::Result<ExitCode> {
    let run = &flags.run;
    let written = sides::written(run)?;
    let side = |texts: &[String], program: &Option<PathBuf>| {
        Side::read(texts, program.clone()).map_err(sides::error)
    };
    let (a, b) = (side(&flags.a, &flags.a_program)?, side(&flags.b, &flags.b_program)?);
    let budget = Budget {
        time: flags.budget.or(flags.rounds.is_none().then_some(BUDGET)),
        rounds: flags.rounds.unwrap_or(ROUNDS),
    };
    let ab = Ab::prepare(&written, a, b, budget, machine::usable_cores()).map_err(sides::error)?;
    let known = match ab.plan_hash() {
        Some(plan) => {
            sides::place(run, flags.store.as_ref()).known_of(&machine::environment().fingerprint, plan)?
        }
        None => None,
    };
    let session = ab.knowing(known).begin(&run.output, sides::setting(run)?).map_err(sides::error)?;
    let folder = session.folder().clone();
    log::to_folder(folder.path(), run.verbose)?;
    let record = session.record();
    sides::say(run, &headline(record));
    let record = session
        .measure(&mut |told| match told {
            Told::Block { .. } => {}
            Told::Done(block) => {
                let name = format!("pair {:<2} {}", block.pair, block.side);
                sides::say(run, &sides::block_line(&name, block.seconds, &block.invalid, block.counts));
            }
            Told::Look(look) => sides::say(run, &look_line(look)),
        })
        .map_err(sides::error)?;
    show(&record, flags)?;
    if !flags.run.json && !flags.run.quiet {
        out::print(&format!("  {}\n", folder.path().display()))?;
    }
    let code = record.exit_code.unwrap_or_default();
    sides::complain(&record.reasons, code);
    Ok(sides::code(record.exit_code))
}

fn headline(record: &AbRecord) -> String {
    let pairs = counted(record.rounds as u64, "pair");
    let bound = match record.budget {
        Some(seconds) => format!("{} or {pairs} at most", Nanos((seconds * 1e9) as u64)),
        None => format!("{pairs} at most"),
    };
    format!("annvil ab · {} · a: {} · b: {} · {bound}", record.scenario, record.a.name, record.b.name)
}

fn look_line(look: &Look) -> String {
    let regressed = match (look.regressed, look.unconfirmed) {
        (0, _) => String::new(),
        (worse, 0) => format!("; {worse} worse"),
        (worse, open) => format!("; {worse} worse, {open} of them to be confirmed"),
    };
    let pairs = counted(look.of.max(look.pairs) as u64, "pair");
    let of = if look.of > look.pairs { format!("{} of {pairs}", look.pairs) } else { pairs };
    let figures = counted(look.judged as u64, "figure");
    format!("  after {of}: {} of {figures} decided{regressed}", look.decided)
}

fn show(record: &AbRecord, flags: &AbFlags) -> anyhow::Result<()> {
    if flags.run.json {
        return out::json(record);
    }
    if flags.run.quiet {
        return Ok(());
    }
    if let Some(comparison) = &record.comparison {
        out::print(&annvil_report::comparison_terminal(comparison, &paint::style()))?;
    }
    out::print(&format!("  {}\n", ending(record)))
}

/// Why it ended, after how much.
fn ending(record: &AbRecord) -> String {
    let pairs = record.looks.last().map_or(0, |look| look.pairs);
    let time = Nanos((record.seconds * 1e9) as u64);
    let of = format!("{} of blocks in {time}", counted(pairs as u64, "pair"));
    match record.ended {
        Some(Ended::Decided) => format!("everything is decided after {of}"),
        Some(Ended::Spent) => format!("the budget is spent: {of}"),
        Some(Ended::Invalid) => "stopped: too many blocks can't be judged on this machine now".to_owned(),
        Some(Ended::Failed) => "stopped: a block failed".to_owned(),
        Some(Ended::Interrupted) | None => "interrupted; what was measured until then is kept".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_told_in_a_line() {
        let look = |pairs, regressed, unconfirmed| {
            look_line(&Look { pairs, of: 8, level: 0.01, judged: 12, decided: 5, regressed, unconfirmed })
        };
        assert_eq!(look(3, 0, 0), "  after 3 of 8 pairs: 5 of 12 figures decided");
        assert_eq!(
            look(5, 2, 1),
            "  after 5 of 8 pairs: 5 of 12 figures decided; 2 worse, 1 of them to be confirmed"
        );
        assert_eq!(look(8, 1, 0), "  after 8 pairs: 5 of 12 figures decided; 1 worse");
        let one = Look { pairs: 1, of: 1, level: 0.01, judged: 1, decided: 0, regressed: 0, unconfirmed: 0 };
        assert_eq!(look_line(&one), "  after 1 pair: 0 of 1 figure decided");
    }
}
