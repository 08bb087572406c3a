//! A process that does what a line says and answers with a line.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use anyhow::{Context, bail};

use crate::interrupt::Interrupt;

/// How often Ctrl-C is looked for while a side works.
const TICK: Duration = Duration::from_millis(50);

/// What was done, and what it took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Done {
    /// Operations, or rows.
    pub(super) count: f64,
    /// Seconds.
    pub(super) wall: f64,
    /// Processor seconds of the client.
    pub(super) cpu: f64,
}

impl Done {
    /// Operations a second.
    pub(super) fn rate(self) -> f64 {
        self.count / self.wall
    }

    /// Processor seconds of the client for an operation.
    pub(super) fn cpu_each(self) -> f64 {
        self.cpu / self.count
    }

    /// From `<count> <wall> <cpu>`.
    fn read(line: &str) -> Option<Self> {
        let numbers: Vec<f64> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
        let [count, wall, cpu] = numbers[..] else { return None };
        (count > 0.0 && wall > 0.0).then_some(Self { count, wall, cpu })
    }
}

/// A process that waits for lines. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Side {
    name: &'static str,
    child: Child,
    /// None once it was told that there are no more lines.
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Side {
    /// Starts it and waits until it says `ready`.
    pub(super) fn start(
        name: &'static str,
        command: &mut Command,
        interrupt: &Interrupt,
    ) -> anyhow::Result<Self> {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.with_context(|| format!("cannot start {name}"))?;
        let input = child.stdin.take();
        let output = child.stdout.take().context("no output")?;
        let (sender, lines) = channel();
        // It ends with the output of the process.
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let side = Self { name, child, input, lines };
        match side.line(interrupt)?.trim() {
            "ready" => Ok(side),
            other => bail!("{name} said `{other}` instead of `ready`"),
        }
    }

    /// Has a line done.
    pub(super) fn ask(&mut self, command: &str, interrupt: &Interrupt) -> anyhow::Result<Done> {
        let input = self.input.as_mut().context("it was told to end")?;
        if writeln!(input, "{command}").is_err() {
            interrupt.check()?;
            bail!("{} has ended; see its message above", self.name);
        }
        let line = self.line(interrupt)?;
        Done::read(&line).with_context(|| format!("{} answered `{line}` to `{command}`", self.name))
    }

    fn line(&self, interrupt: &Interrupt) -> anyhow::Result<String> {
        loop {
            interrupt.check()?;
            match self.lines.recv_timeout(TICK) {
                Ok(line) => return Ok(line),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    interrupt.check()?;
                    bail!("{} has ended; see its message above", self.name)
                }
            }
        }
    }

    /// Lets it end in order.
    pub(super) fn end(mut self) -> anyhow::Result<()> {
        self.input = None;
        let status = self.child.wait().context("cannot ask for a child's status")?;
        anyhow::ensure!(status.success(), "{} ended with {status}", self.name);
        Ok(())
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        // One that has ended is none to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_three_numbers() {
        let done = Done::read("300 1.5 0.75\n").unwrap();
        assert_eq!((done.rate(), done.cpu_each()), (200.0, 0.0025));
        assert_eq!([Done::read("300 1.5"), Done::read("0 1 1"), Done::read("a b c")], [None; 3]);
    }
}
