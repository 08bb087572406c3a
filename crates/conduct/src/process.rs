//! A variant in a process of its own: no variant inherits another's allocator, and one that crashes takes nothing along.
//!
//! The conducting process starts the same binary again, writes a [`Job`] as one line to its standard input and reads
//! events, one a line, from its standard output. Closing the input, or its own end, asks the other process to stop.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use annvil_core::plan::Plan;
use annvil_core::record::{Failure, FailureKind};
use annvil_load::cancel::{Cancel, Reason};
use serde::{Deserialize, Serialize};

use crate::asking::{COUNTERS, REMOVAL};
use crate::block::{BlockJob, interrupted, run_block};
use crate::error::RunError;
use crate::event::{Event, Sink};
use crate::inputs::Inputs;

/// How long a process that was asked to stop may take.
const GRACE: Duration = Duration::from_secs(10);

/// The same where a server has to be asked for its counters and to remove what was made.
const REMOTE_GRACE: Duration = REMOVAL.saturating_add(COUNTERS).saturating_add(GRACE);

/// What a process is asked to do.
#[derive(Debug, Serialize, Deserialize)]
pub struct Job {
    /// The plan.
    pub plan: Plan,
    /// Its secrets, which the plan itself is written without. The pipe between the two processes is the only place where
    /// they stand in the clear.
    pub secrets: Secrets,
    /// Name of the variant.
    pub variant: String,
    /// Number of the block.
    pub block: u32,
    /// What is left of the run's time, in seconds.
    pub seconds_left: f64,
    /// Folder with the exact answers.
    pub shared: PathBuf,
    /// Empty folder for the engine's working files.
    pub scratch: PathBuf,
}

/// Texts that are handed on and shown to nobody.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// The secrets of a plan.
    pub fn of(plan: &Plan) -> Self {
        Self(plan.revealed())
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({} of them)", self.0.len())
    }
}

/// Starts `program` with `arguments` for a job, hands its events to `sink` and waits for its end.
pub fn conduct(
    program: &Path,
    arguments: &[&str],
    job: &Job,
    cancel: &Cancel,
    sink: &mut dyn Sink,
) -> Result<(), RunError> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(RunError::Process)?;
    let mut input = child.stdin.take();
    if let Some(input) = &mut input {
        let mut line = serde_json::to_string(job).map_err(|error| RunError::Process(error.into()))?;
        line.push('\n');
        // A process that has died already is found out below.
        let _ = input.write_all(line.as_bytes());
    }
    let lines = lines(&mut child);
    let mut relay = Relay { ended: false, failed: false, phase: String::new(), sink };
    let mut asked: Option<Instant> = None;
    let grace = if job.plan.engine.is_remote() { REMOTE_GRACE } else { GRACE };
    loop {
        match lines.recv_timeout(Duration::from_millis(50)) {
            Ok(line) => relay.take(&line),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if asked.is_none() && cancel.reason().is_some() {
            asked = Some(Instant::now());
            if let Some(mut input) = input.take() {
                let _ = input.write_all(if cancel.reason() == Some(Reason::TimeLimit) {
                    b"time\n"
                } else {
                    b"stop\n"
                });
            }
        }
        if asked.is_some_and(|asked| asked.elapsed() > grace) {
            let _ = child.kill();
        }
    }
    let status = child.wait().map_err(RunError::Process)?;
    if !relay.ended {
        let (kind, message) = match cancel.reason() {
            Some(reason) => (FailureKind::Interrupted, interrupted(reason).to_owned()),
            None => (FailureKind::Engine, format!("the variant's process ended early: {status}")),
        };
        relay.end(kind, message);
    }
    Ok(())
}

/// The child's lines, read by a thread of their own so that waiting for one can be given up.
fn lines(child: &mut Child) -> Receiver<String> {
    let (sender, receiver) = channel();
    if let Some(output) = child.stdout.take() {
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
    }
    receiver
}

struct Relay<'a> {
    ended: bool,
    failed: bool,
    phase: String,
    sink: &'a mut dyn Sink,
}

impl Relay<'_> {
    fn take(&mut self, line: &str) {
        let Ok(event) = serde_json::from_str::<Event>(line) else {
            // Something in the process wrote to standard output; it is not ours to interpret.
            tracing::warn!(line, "unexpected line from a variant's process");
            return;
        };
        match &event {
            Event::PhaseStarted { name, .. } => self.phase.clone_from(name),
            Event::BlockFailed(_) => self.failed = true,
            Event::BlockDone => self.ended = true,
            _ => {}
        }
        self.sink.event(&event);
    }

    fn end(&mut self, kind: FailureKind, message: String) {
        if !self.failed {
            self.sink.event(&Event::BlockFailed(Failure { phase: self.phase.clone(), kind, message }));
        }
        self.sink.event(&Event::BlockDone);
    }
}

/// The other side: does the job on standard input and tells events on standard output. For the binary's hidden verb.
pub fn serve() -> Result<(), RunError> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(RunError::Process)?;
    let mut job: Job = serde_json::from_str(&line).map_err(|error| RunError::Process(error.into()))?;
    job.plan.reveal(job.secrets.0);
    let cancel = Cancel::new();
    let listener = cancel.clone();
    std::thread::spawn(move || {
        let mut word = String::new();
        // The end of input means that nobody waits for the result any more.
        let _ = std::io::stdin().lock().read_line(&mut word);
        listener.raise(if word.trim() == "time" { Reason::TimeLimit } else { Reason::User });
    });
    let mut tell = |event: &Event| {
        let mut out = std::io::stdout().lock();
        let told = serde_json::to_string(event)
            .map_err(std::io::Error::from)
            .and_then(|line| writeln!(out, "{line}"))
            .and_then(|()| out.flush());
        if told.is_err() {
            cancel.raise(Reason::User);
        }
    };
    let inputs = Inputs::load(&job.plan, &job.variant, &job.shared)?;
    let block = BlockJob {
        plan: &job.plan,
        variant: &job.variant,
        block: job.block,
        inputs: &inputs,
        scratch: job.scratch.clone(),
        cancel: cancel.clone(),
        deadline: Instant::now() + Duration::from_secs_f64(job.seconds_left.max(0.0)),
        own_process: true,
    };
    run_block(&block, &mut tell);
    Ok(())
}
