//! Ctrl-C: the first asks the run to end and keeps what is there, the second ends the process at once.

use annvil_load::cancel::{Cancel, Reason};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::{out, tui};

/// Raises `cancel` at the first signal.
pub fn listen(cancel: Cancel, quiet: bool) -> std::io::Result<()> {
    at_first(quiet, move || cancel.raise(Reason::User))
}

/// Does something at the first signal.
pub fn at_first(quiet: bool, stop: impl Fn() + Send + 'static) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    std::thread::spawn(move || {
        for (number, _) in signals.forever().enumerate() {
            if number > 0 {
                tui::leave();
                std::process::exit(130);
            }
            stop();
            if !quiet && !tui::is_open() {
                out::say("\nstopping; what was measured is kept. Ctrl-C again stops at once.");
            }
        }
    });
    Ok(())
}

/// Leaves Ctrl-C to the conducting process: a terminal sends it to both.
pub fn ignore() -> std::io::Result<()> {
    let mut signals = Signals::new([SIGINT])?;
    std::thread::spawn(move || signals.forever().for_each(drop));
    Ok(())
}
