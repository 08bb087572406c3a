//! A server process in a folder: started, awaited, ended. It leaves a note there, by which other processes can end it.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::Signal;

use super::process::Identity;

/// The note in the folder: the process, and the signal that asks it to end.
const NOTE: &str = "process";

/// What the server says goes here.
const LOG: &str = "log";

/// How long a server may take to answer; recovery after a kill is part of it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether Ctrl-C reaches a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    /// It belongs to this process' terminal job: Ctrl-C ends it too. For servers of tests.
    Job,
    /// It outlives the job.
    None,
}

/// A running server. It ends when this is dropped, unless it was let go.
#[derive(Debug)]
pub struct Daemon {
    folder: PathBuf,
    stop: Signal,
    identity: Identity,
    child: Option<Child>,
}

impl Daemon {
    /// Starts `command` and waits until `ready` says yes to its process id.
    ///
    /// # Errors
    /// It can't be started, ends, or isn't ready in time. The message ends with the last lines of its log.
    pub fn start(
        command: &mut Command,
        folder: &Path,
        stop: Signal,
        tie: Tie,
        mut ready: impl FnMut(u32) -> bool,
    ) -> anyhow::Result<Self> {
        let name = command.get_program().display().to_string();
        let path = folder.join(LOG);
        let log = File::options().create(true).append(true).open(&path);
        let log = log.with_context(|| format!("cannot write {}", path.display()))?;
        let began = log.metadata()?.len();
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        if tie == Tie::None {
            command.process_group(0);
        }
        let mut child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let Some(identity) = Identity::of(child.id()) else {
            let _ = child.kill();
            let status = child.wait()?;
            bail!("{name} ended with {status}, or there is no /proc here\n{}", tail(&path, began));
        };
        let mut daemon = Self { folder: folder.to_owned(), stop, identity, child: Some(child) };
        daemon.note()?;
        let until = Instant::now() + PATIENCE;
        while !ready(identity.pid) {
            if let Some(status) = daemon.ended()? {
                bail!("{name} ended with {status}; its last words:\n{}", tail(&path, began));
            }
            if Instant::now() > until {
                bail!("{name} does not answer; its last words:\n{}", tail(&path, began));
            }
            sleep(Duration::from_millis(20));
        }
        Ok(daemon)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.identity.pid
    }

    /// Ends it in order.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        self.identity.end(self.stop)?;
        self.reap()
    }

    /// Ends it and its children at once, as a crash would.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.identity.kill();
        if !self.identity.gone(PATIENCE) {
            bail!("process {} does not end, not even by SIGKILL", self.identity.pid);
        }
        self.reap()
    }

    /// Lets it run on when this is dropped. Its note in the folder is what is left of it.
    pub fn let_go(mut self) {
        self.child = None;
    }

    /// The exit status, if it has ended.
    fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.child
            .as_mut()
            .map_or(Ok(None), |child| child.try_wait().context("cannot ask for a child's status"))
    }

    fn reap(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.wait().context("cannot ask for a child's status")?;
        }
        Ok(())
    }

    fn note(&self) -> anyhow::Result<()> {
        let signal = if self.stop == Signal::INT { "INT" } else { "TERM" };
        let path = self.folder.join(NOTE);
        fs::write(&path, format!("{} {signal}\n", self.identity))
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.child.is_some()
            && let Err(error) = self.stop()
        {
            eprintln!("warning: {error:#}");
        }
    }
}

/// The server that a folder's note tells of, and the signal that asks it to end. It may have ended since.
pub fn noted(folder: &Path) -> Option<(Identity, Signal)> {
    let note = fs::read_to_string(folder.join(NOTE)).ok()?;
    let (identity, signal) = note.trim().split_once(' ')?;
    let signal = match signal {
        "INT" => Signal::INT,
        _ => Signal::TERM,
    };
    Some((identity.parse().ok()?, signal))
}

/// The last lines of a log, from a position on.
fn tail(path: &Path, from: u64) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(bytes.get(from as usize..).unwrap_or_default());
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.len().saturating_sub(12);
    lines.iter().skip(first).map(|line| format!("  {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("xtask-daemon-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn what_ends_before_it_is_ready_is_quoted() {
        let folder = folder("ends");
        let mut command = shell("echo no room; exit 3");
        let error = Daemon::start(&mut command, &folder, Signal::TERM, Tie::Job, |_| false).unwrap_err();
        fs::remove_dir_all(&folder).unwrap();
        let said = format!("{error:#}");
        assert!(said.contains("exit status: 3") && said.contains("no room"), "{said}");
    }

    #[test]
    fn another_process_ends_it_by_its_note() {
        let folder = folder("note");
        let daemon =
            Daemon::start(&mut shell("exec sleep 60"), &folder, Signal::INT, Tie::None, |_| true).unwrap();
        let (identity, signal) = noted(&folder).unwrap();
        assert_eq!((identity.pid, signal), (daemon.pid(), Signal::INT));
        daemon.let_go();
        assert!(identity.alive());
        super::super::folders::remove(&folder).unwrap();
        assert!(!identity.alive() && !folder.exists());
    }
}
