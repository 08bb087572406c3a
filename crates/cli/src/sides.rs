//! What `ab` and `aa` have in common: the scenario, how blocks are measured, where runs and A/A figures lie.

use std::path::Path;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use annvil_conduct::ab::{AbError, Setting, Stop, Written};
use annvil_conduct::{Isolation, Outcome, origin};
use annvil_core::units::{HumanDuration, Nanos};
use anyhow::{Context, bail};

use crate::flags::RunFlags;
use crate::source::PlaceFlags;
use crate::{built, interrupt, out, run, scenarios};

/// A time such as `10m` on the command line.
pub fn time(text: &str) -> Result<Duration, String> {
    let time = HumanDuration::from_str(text).map_err(|error| error.to_string())?;
    if time.nanos() == Nanos::ZERO {
        Err("write a time such as 10min or 90s".to_owned())
    } else {
        Ok(time.as_duration())
    }
}

/// The scenario that is meant, with the changes that all blocks share.
pub fn written(flags: &RunFlags) -> anyhow::Result<Written> {
    if flags.tui {
        bail!(
            "`--tui` shows a single run; here there are many\n  Leave it out: there is a line for every block."
        );
    }
    let (file, text) = scenarios::find(&flags.scenario)?;
    Ok(Written { given: flags.scenario.clone(), file, text, overrides: run::overrides(flags)? })
}

/// How every block is measured; the first Ctrl-C asks for the end.
pub fn setting(flags: &RunFlags) -> anyhow::Result<Setting> {
    let stop = Stop::new();
    let asked = stop.clone();
    interrupt::at_first(flags.quiet, move || asked.stop()).context("cannot listen for Ctrl-C")?;
    let isolation = if flags.one_process {
        Isolation::Shared
    } else {
        let program = std::env::current_exe().context("cannot find this program's own file")?;
        Isolation::OwnProcess { program, arguments: vec!["__variant".to_owned()] }
    };
    Ok(Setting { isolation, build: built::build(), origin: origin::detect(Path::new(".")), stop })
}

/// The error of a session, as the exit code is found by.
pub fn error(error: AbError) -> anyhow::Error {
    match error {
        AbError::Run(error) => error.into(),
        other if other.is_usage() => other.into(),
        // A program that fails is not the user's mistake.
        other => std::io::Error::other(other.to_string()).into(),
    }
}

/// Where runs lie, and the store of A/A figures.
pub fn place(flags: &RunFlags, store: Option<&String>) -> PlaceFlags {
    PlaceFlags { output: flags.output.clone(), store: store.cloned() }
}

/// Says a line while blocks are measured.
pub fn say(flags: &RunFlags, line: &str) {
    if !flags.quiet {
        out::say(line);
    }
}

/// What became of a block, after what it was called.
pub fn block_line(name: &str, seconds: f64, invalid: &[String], counts: bool) -> String {
    let time = Nanos((seconds * 1e9) as u64);
    match invalid.first() {
        Some(reason) => format!("  {name}  {time}  can't be judged, is measured again: {reason}"),
        None if counts => format!("  {name}  {time}"),
        None => format!("  {name}  {time}  not finished"),
    }
}

/// Why a session did not end well, on standard error.
pub fn complain(reasons: &[String], code: u8) {
    for reason in reasons {
        let word = if code == Outcome::Invalid.code() { "invalid: " } else { "" };
        out::say(&crate::paint::error(&format!("{word}{reason}")));
    }
}

/// The exit code of a session's record; one without is not finished.
pub fn code(code: Option<u8>) -> ExitCode {
    ExitCode::from(code.unwrap_or(Outcome::Interrupted.code()))
}
