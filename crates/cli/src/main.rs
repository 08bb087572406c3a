//! The `annvil` binary: flags, progress, exit codes; nothing else.

use std::process::ExitCode;

use annvil_core::secret::mask;
use clap::Parser;

mod aa;
mod ab;
mod baseline;
mod built;
#[cfg(feature = "postgres")]
mod check;
mod ci;
mod compare;
mod conceal;
mod data;
mod engines;
mod flags;
mod gate;
mod history;
mod init;
mod interrupt;
mod limit;
mod log;
mod out;
mod paint;
mod progress;
mod report;
mod run;
mod scenarios;
mod schema;
mod selftest;
mod sides;
mod source;
mod suite;
mod suites;
mod summary;
mod tui;

use flags::{Cli, Verb};

fn main() -> ExitCode {
    let arguments = conceal::arguments();
    conceal::mask_panics();
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return misread(&error),
    };
    let result = match cli.verb {
        None => run::run(&cli.run.flags()),
        Some(Verb::Run(flags)) => run::run(&flags.flags()),
        Some(Verb::Suite(flags)) => suite::suite(&flags),
        Some(Verb::Limit(flags)) => limit::limit(&flags),
        Some(Verb::Compare(flags)) => compare::compare(&flags),
        Some(Verb::Gate(flags)) => gate::gate(&flags),
        Some(Verb::Ci(flags)) => ci::ci(&flags),
        Some(Verb::Ab(flags)) => ab::ab(&flags),
        Some(Verb::Aa(flags)) => aa::aa(&flags),
        Some(Verb::Report(flags)) => report::report(&flags),
        Some(Verb::Data(verb)) => data::data(&verb),
        Some(Verb::History(verb)) => history::history(&verb),
        Some(Verb::Baseline(verb)) => baseline::baseline(&verb),
        Some(Verb::Init(flags)) => init::init(&flags),
        #[cfg(feature = "postgres")]
        Some(Verb::Engines(flags)) => check::run(&flags),
        #[cfg(not(feature = "postgres"))]
        Some(Verb::Engines(flags)) => engines::engines(&flags),
        Some(Verb::Selftest(flags)) => selftest::selftest(&flags),
        Some(Verb::Schema(flags)) => schema::schema(&flags),
        Some(Verb::Variant) => run::variant(),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            let code = run::exit_code(&error);
            out::say(&paint::error(&told(&error)));
            code
        }
    }
}

/// Shows help, or what is wrong with the arguments, of which none may be shown that holds a password.
fn misread(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    let masked = mask(&text);
    if masked == text {
        error.exit();
    }
    out::say(masked.trim_end());
    ExitCode::from(annvil_conduct::Outcome::Usage.code())
}

/// An error and its causes, without those whose text stands in the error already, and without passwords.
fn told(error: &anyhow::Error) -> String {
    let told = error.chain().map(ToString::to_string).fold(String::new(), |told, cause| {
        if told.is_empty() {
            cause
        } else if told.contains(&cause) {
            told
        } else {
            format!("{told}: {cause}")
        }
    });
    mask(&told)
}
