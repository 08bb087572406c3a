//! One run of pgbench.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, bail};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use super::side::Done;
use crate::interrupt::Interrupt;
use crate::services::postgres::{Install, Server};

/// How often a run is looked at.
const TICK: Duration = Duration::from_millis(10);

/// pgbench with its flags, on one thread.
#[derive(Debug)]
pub(super) struct Pgbench<'a> {
    pub(super) install: &'a Install,
    pub(super) server: &'a Server,
    pub(super) flags: Vec<String>,
    /// Processor seconds that it takes to start and to end.
    pub(super) start: f64,
}

impl<'a> Pgbench<'a> {
    /// Finds out what pgbench takes before and after its work.
    pub(super) fn new(
        install: &'a Install,
        server: &'a Server,
        flags: Vec<String>,
        interrupt: &Interrupt,
    ) -> anyhow::Result<Self> {
        let mut pgbench = Self { install, server, flags, start: 0.0 };
        pgbench.start = pgbench.go("-t", 1, interrupt)?.cpu;
        Ok(pgbench)
    }

    /// Runs for so many seconds.
    pub(super) fn run(&self, seconds: u32, interrupt: &Interrupt) -> anyhow::Result<Done> {
        let done = self.go("-T", seconds, interrupt)?;
        Ok(Done { cpu: done.cpu - self.start, ..done })
    }

    fn go(&self, length: &str, value: u32, interrupt: &Interrupt) -> anyhow::Result<Done> {
        interrupt.check()?;
        let address = self.server.address();
        let mut child = Command::new(self.install.bin.join("pgbench"))
            .args(["-h", "127.0.0.1", "-p", &address.port.to_string(), "-U", &address.user])
            .args(&self.flags)
            .args([length, &value.to_string()])
            .arg(&address.database)
            .env("PGPASSWORD", &address.password)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start pgbench")?;
        let cpu = match ended(&child, interrupt) {
            Ok(cpu) => cpu,
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(error);
            }
        };
        let output = child.wait_with_output().context("cannot read what pgbench says")?;
        interrupt.check()?;
        if !output.status.success() {
            bail!(
                "pgbench ended with {}:\n{}",
                output.status,
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        let said = String::from_utf8_lossy(&output.stdout);
        let (count, rate) = read(&said).with_context(|| format!("pgbench said:\n{said}"))?;
        Ok(Done { count, wall: count / rate, cpu })
    }
}

/// Waits for the end of a process without taking it away, and gives its processor seconds. With `-j 1` pgbench has no thread but
/// its first.
fn ended(child: &Child, interrupt: &Interrupt) -> anyhow::Result<f64> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("no process id")?;
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    while waitid(WaitId::Pid(pid), options).context("cannot ask for a child's status")?.is_none() {
        interrupt.check()?;
        sleep(TICK);
    }
    let path = format!("/proc/{}/schedstat", child.id());
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let nanoseconds = text.split_whitespace().next().and_then(|number| number.parse::<f64>().ok());
    Ok(nanoseconds.with_context(|| format!("{path} holds `{text}`"))? / 1e9)
}

/// Transactions, and transactions a second.
fn read(said: &str) -> Option<(f64, f64)> {
    let after = |text: &str| {
        let rest = said.lines().find_map(|line| line.strip_prefix(text))?;
        rest.split([' ', '/']).next()?.parse::<f64>().ok()
    };
    let (count, failed) =
        (after("number of transactions actually processed: ")?, after("number of failed transactions: ")?);
    (failed == 0.0).then_some((count, after("tps = ")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_pgbench_are_read() {
        let said = "number of clients: 4\nnumber of transactions actually processed: 172334\n\
                    number of failed transactions: 0 (0.000%)\ntps = 57501.125 (without initial connection time)\n";
        assert_eq!(read(said), Some((172_334.0, 57_501.125)));
        assert_eq!(read(&said.replace("transactions: 0", "transactions: 1")), None);
        let counted = said.replace("172334", "4/4");
        assert_eq!(read(&counted).map(|read| read.0), Some(4.0));
    }
}
