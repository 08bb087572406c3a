//! The live view of a run, `--tui`, and the choice between it and plain progress.

use annvil_conduct::event::{Event, Sink};
use annvil_core::plan::Plan;
use annvil_load::cancel::Cancel;

use crate::flags::RunFlags;
use crate::out;
use crate::progress::Progress;

#[cfg(feature = "tui")]
mod figures;
#[cfg(feature = "tui")]
mod list;
#[cfg(feature = "tui")]
mod live;
#[cfg(feature = "tui")]
mod rates;
#[cfg(feature = "tui")]
mod render;
#[cfg(feature = "tui")]
mod screen;
#[cfg(feature = "tui")]
mod state;
#[cfg(feature = "tui")]
mod steps;
#[cfg(all(test, feature = "tui"))]
mod tests;

/// What shows a run.
pub enum Shown {
    /// Lines on standard error.
    Plain(Progress),
    /// The whole terminal.
    #[cfg(feature = "tui")]
    Live(Box<live::Live>),
}

/// Refuses a live view that this binary does not have.
pub fn check(flags: &RunFlags) -> anyhow::Result<()> {
    if flags.tui && !cfg!(feature = "tui") {
        anyhow::bail!(
            "`--tui`: this annvil was built without the live view\n  Leave the flag out, or build with --features tui."
        );
    }
    Ok(())
}

impl Shown {
    /// The live view if it is asked for and standard error is a terminal that can show it, else plain progress.
    pub fn open(flags: &RunFlags, plan: &Plan, cancel: Cancel) -> Self {
        if flags.tui {
            match live(plan, cancel) {
                Ok(live) => return live,
                Err(why) => out::say(&format!("no live view: {why}; progress is shown line by line")),
            }
        }
        Self::Plain(Progress::new(flags.quiet, plan))
    }

    /// Ends the showing: the last bar goes, the terminal is as it was.
    pub fn finish(&mut self) {
        match self {
            Self::Plain(progress) => progress.finish(),
            #[cfg(feature = "tui")]
            Self::Live(live) => live.finish(),
        }
    }
}

impl Sink for Shown {
    fn event(&mut self, event: &Event) {
        match self {
            Self::Plain(progress) => progress.event(event),
            #[cfg(feature = "tui")]
            Self::Live(live) => live.event(event),
        }
    }
}

#[cfg(feature = "tui")]
fn live(plan: &Plan, cancel: Cancel) -> Result<Shown, String> {
    if !std::io::IsTerminal::is_terminal(&std::io::stderr()) {
        return Err("standard error is not a terminal".to_owned());
    }
    if std::env::var_os("TERM").is_none_or(|term| term == "dumb" || term.is_empty()) {
        return Err("the terminal can't move its cursor (TERM)".to_owned());
    }
    let live = live::Live::open(plan, cancel).map_err(|error| format!("the terminal: {error}"))?;
    Ok(Shown::Live(Box::new(live)))
}

#[cfg(not(feature = "tui"))]
fn live(_: &Plan, _: Cancel) -> Result<Shown, String> {
    Err("this annvil was built without it".to_owned())
}

/// Whether a live view has the terminal.
pub fn is_open() -> bool {
    #[cfg(feature = "tui")]
    return screen::is_open();
    #[cfg(not(feature = "tui"))]
    false
}

/// Gives the terminal back before the process ends at once.
pub fn leave() {
    #[cfg(feature = "tui")]
    screen::leave();
}
