//! Ctrl-C while servers run: what was started ends first, then this process.

use std::fmt;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::process::Signal;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::services::process::Identity;

/// How long what was interrupted may take to end.
const PATIENCE: Duration = Duration::from_secs(15);

/// The signal that came, if one did.
#[derive(Clone, Debug)]
pub struct Interrupt(Arc<AtomicUsize>);

/// The error of what was interrupted.
#[derive(Clone, Copy, Debug)]
pub struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

impl Interrupt {
    /// From now on, signals don't end this process.
    pub fn listen() -> anyhow::Result<Self> {
        let came = Arc::new(AtomicUsize::new(0));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            let number = usize::try_from(signal).context("a signal has a number")?;
            signal_hook::flag::register_usize(signal, Arc::clone(&came), number)
                .context("cannot listen for Ctrl-C")?;
        }
        Ok(Self(came))
    }

    /// An error once a signal came.
    pub fn check(&self) -> anyhow::Result<()> {
        if self.0.load(Ordering::Relaxed) == 0 { Ok(()) } else { Err(Interrupted.into()) }
    }

    /// Runs a command to its end, or to the end that a signal brings about. Tells whether the command succeeded.
    pub fn run(&self, command: &mut Command) -> anyhow::Result<()> {
        self.check()?;
        let name = command.get_program().display().to_string();
        let mut child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let mut asked: Option<Instant> = None;
        loop {
            if let Some(status) = child.try_wait().context("cannot ask for a child's status")? {
                self.check()?;
                anyhow::ensure!(status.success(), "{name} ended with {status}");
                return Ok(());
            }
            if self.check().is_err()
                && let Some(identity) = Identity::of(child.id())
            {
                match asked {
                    // A terminal tells everybody; whoever signals by id tells this process only.
                    None => {
                        asked = Some(Instant::now());
                        for one in identity.descendants().into_iter().chain([identity]) {
                            one.signal(Signal::TERM);
                        }
                    }
                    Some(at) if at.elapsed() > PATIENCE => identity.kill(),
                    Some(_) => {}
                }
            }
            sleep(Duration::from_millis(50));
        }
    }
}
