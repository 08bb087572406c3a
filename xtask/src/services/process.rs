//! Processes by their id: which one it is, what it started, and how it is ended.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::str::FromStr;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};

/// How long a process may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(15);

/// A process id and the moment its process started. Ids are used again; the two together are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The process id.
    pub pid: u32,
    /// Clock ticks since the machine started.
    started: u64,
}

impl Identity {
    /// The process that has this id now; nothing where it has ended, or on a system without `/proc`.
    pub fn of(pid: u32) -> Option<Self> {
        let stat = Stat::read(pid)?;
        (!stat.ended).then_some(Self { pid, started: stat.started })
    }

    /// Whether that very process still runs.
    pub fn alive(self) -> bool {
        Self::of(self.pid) == Some(self)
    }

    /// Sends a signal, if the process is still there.
    pub fn signal(self, signal: Signal) {
        if self.alive()
            && let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw)
        {
            // It may have ended in between, which is no less than what was asked for.
            let _ = kill_process(pid, signal);
        }
    }

    /// Everything that it started, and what those started, as far as they run.
    pub fn descendants(self) -> Vec<Self> {
        let mut children: HashMap<u32, Vec<Self>> = HashMap::new();
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            if let Some(stat) = Stat::read(pid).filter(|stat| !stat.ended) {
                children.entry(stat.parent).or_default().push(Self { pid, started: stat.started });
            }
        }
        let mut found = children.remove(&self.pid).unwrap_or_default();
        let mut next = 0;
        while let Some(one) = found.get(next) {
            let more = children.remove(&one.pid).unwrap_or_default();
            found.extend(more);
            next += 1;
        }
        found
    }

    /// Ends it and all that it started at once, with no chance to tidy up.
    pub fn kill(self) {
        // Stopped first: it must not start another one while they are counted.
        self.signal(Signal::STOP);
        let descendants = self.descendants();
        self.signal(Signal::KILL);
        for one in descendants {
            one.signal(Signal::KILL);
        }
    }

    /// Asks it to end by `signal`, waits, and kills it where that does not help.
    pub fn end(self, signal: Signal) -> anyhow::Result<()> {
        self.signal(signal);
        if self.gone(PATIENCE) {
            return Ok(());
        }
        self.kill();
        if !self.gone(PATIENCE) {
            bail!("process {} does not end, not even by SIGKILL", self.pid);
        }
        Ok(())
    }

    /// Waits until it has ended. Tells whether it has.
    pub fn gone(self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        while self.alive() {
            if Instant::now() > until {
                return false;
            }
            sleep(Duration::from_millis(10));
        }
        true
    }
}

/// As part of a file name.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.pid, self.started)
    }
}

impl FromStr for Identity {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let parts = text.split_once('-').with_context(|| format!("`{text}` names no process"))?;
        Ok(Self { pid: parts.0.parse()?, started: parts.1.parse()? })
    }
}

/// What `/proc/PID/stat` tells.
struct Stat {
    /// Ended, though its parent has not asked for its exit code yet.
    ended: bool,
    parent: u32,
    started: u64,
}

impl Stat {
    fn read(pid: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// The second field is the name in brackets, which may hold spaces and brackets itself.
    fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let ended = matches!(*fields.first()?, "Z" | "X");
        Some(Self { ended, parent: fields.get(1)?.parse().ok()?, started: fields.get(19)?.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_shift_the_fields() {
        let text = "7 (a) b) S 3 7 7 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 9911 1 1";
        let stat = Stat::parse(text).unwrap();
        assert_eq!((stat.ended, stat.parent, stat.started), (false, 3, 9911));
    }

    #[test]
    fn another_process_with_the_same_id_is_left_alone() {
        let me = Identity::of(std::process::id()).unwrap();
        assert!(me.alive());
        assert_eq!(me.to_string().parse::<Identity>().unwrap(), me);
        let earlier = Identity { started: me.started - 1, ..me };
        assert!(!earlier.alive());
        earlier.signal(Signal::KILL);
        assert!(me.alive());
    }

    #[test]
    fn killing_takes_what_it_started_with_it() {
        let mut child =
            Command::new("sh").args(["-c", "sleep 60 & echo; wait"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = [0];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut line).unwrap();
        let parent = Identity::of(child.id()).unwrap();
        let below = parent.descendants();
        assert_eq!(below.len(), 1);
        parent.kill();
        assert!(parent.gone(PATIENCE) && below[0].gone(PATIENCE));
        child.wait().unwrap();
    }

    #[test]
    fn what_listens_ends_by_the_signal_that_asked() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let identity = Identity::of(child.id()).unwrap();
        identity.end(Signal::TERM).unwrap();
        let status = child.wait().unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(15));
    }
}
