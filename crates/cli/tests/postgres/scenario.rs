//! Scenarios run in a folder of their own, and what became of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use annvil_core::record::{Block, Check, FailureKind, FormRecord, PhaseRecord, PhaseResult, RunRecord};

use super::common::{annvil, folders, stderr};
use super::server::stdout;

/// A folder with a scenario.
pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub fn new(scenario: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("s.yaml"), scenario).unwrap();
        Self { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// `annvil run` with the address of a database as `DATABASE_URL`.
    pub fn command(&self, url: &str, flags: &[&str]) -> Command {
        let mut command = annvil();
        command.current_dir(self.path()).env("DATABASE_URL", url).args(["run", "s.yaml"]).args(flags);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs to the end.
    pub fn run(&self, url: &str, flags: &[&str]) -> Done {
        self.done(&self.command(url, flags).output().unwrap())
    }

    /// Starts a run that goes on beside the test.
    pub fn start(&self, url: &str) -> Running<'_> {
        self.spawn(&mut self.command(url, &[]))
    }

    /// The same with a command of one's own.
    pub fn spawn(&self, command: &mut Command) -> Running<'_> {
        Running { place: self, child: Some(command.spawn().unwrap()) }
    }

    /// The folder of the only run.
    pub fn run_folder(&self) -> Option<PathBuf> {
        let mut runs = folders(self.path());
        assert!(runs.len() <= 1, "more than one run");
        runs.pop()
    }

    /// The record as it is on the disk now.
    pub fn record(&self) -> Option<RunRecord> {
        serde_json::from_str(&fs::read_to_string(self.run_folder()?.join("run.json")).ok()?).ok()
    }

    /// The report as it was written.
    pub fn report(&self) -> String {
        fs::read_to_string(self.run_folder().unwrap().join("report.html")).unwrap()
    }

    fn done(&self, output: &Output) -> Done {
        Done { code: output.status.code(), out: stdout(output), err: stderr(output), record: self.record() }
    }
}

/// What became of a run.
#[derive(Debug)]
pub struct Done {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
    pub record: Option<RunRecord>,
}

impl Done {
    /// Every block was measured; figures that are invalid because others took the processors count as good.
    #[track_caller]
    pub fn good(self) -> RunRecord {
        assert!(matches!(self.code, Some(0 | 4)), "{:?}: {} {}", self.code, self.err, self.out);
        let record = self.record.unwrap();
        for block in &record.blocks {
            assert_eq!(block.failure, None, "{}", block.variant);
        }
        record
    }

    /// The first block ended by a failure of this kind. Gives back its words.
    #[track_caller]
    pub fn failed(&self, code: i32, kind: FailureKind) -> &str {
        assert_eq!(self.code, Some(code), "{} {}", self.err, self.out);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        let failure = self.record.as_ref().unwrap().blocks[0].failure.as_ref().unwrap();
        assert_eq!(failure.kind, kind, "{failure:?}");
        assert!(failure.message.trim().lines().count() <= 5, "more than a paragraph: {}", failure.message);
        &failure.message
    }
}

/// A run beside the test. It ends with the test.
pub struct Running<'a> {
    place: &'a Place,
    child: Option<Child>,
}

impl Running<'_> {
    pub fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Whether it is over.
    pub fn has_ended(&mut self) -> bool {
        self.child.as_mut().unwrap().try_wait().unwrap().is_some()
    }

    /// Waits until a phase is on the disk; the next one has begun a moment later.
    pub fn wait_for(&mut self, phase: &str) {
        let began = Instant::now();
        let is_there = |record: &RunRecord| {
            record.blocks.iter().any(|block| block.phases.iter().any(|done| done.name == phase))
        };
        while !self.place.record().is_some_and(|record| is_there(&record)) {
            if self.has_ended() {
                let output = self.child.take().unwrap().wait_with_output().unwrap();
                panic!("the run has ended: {} {}", stderr(&output), stdout(&output));
            }
            assert!(began.elapsed() < Duration::from_mins(1), "the run does not get to {phase}");
            std::thread::sleep(Duration::from_millis(20));
        }
        std::thread::sleep(Duration::from_millis(400));
    }

    pub fn end(mut self) -> Done {
        let output = self.child.take().unwrap().wait_with_output().unwrap();
        self.place.done(&output)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The block of a variant.
#[track_caller]
pub fn block<'a>(record: &'a RunRecord, variant: &str) -> &'a Block {
    record.blocks.iter().find(|block| block.variant == variant).unwrap()
}

#[track_caller]
pub fn phase<'a>(block: &'a Block, name: &str) -> &'a PhaseRecord {
    let found = block.phases.iter().find(|phase| phase.name == name);
    found.unwrap_or_else(|| panic!("no phase {name}: {:?}", block.failure))
}

/// What a phase measured of its only form, or its first.
#[track_caller]
pub fn form<'a>(block: &'a Block, name: &str) -> &'a FormRecord {
    let PhaseResult::Measured { forms, .. } = &phase(block, name).result else {
        panic!("{name} measures not")
    };
    &forms[0]
}

/// Mean recall of a phase.
#[track_caller]
pub fn recall(block: &Block, name: &str) -> f64 {
    form(block, name).recall.as_ref().unwrap().mean
}

/// What verification checked, and the plans that it recorded.
#[track_caller]
pub fn verified(block: &Block) -> (&[Check], Vec<&str>) {
    let PhaseResult::Verify { checks, plans } = &phase(block, "verify").result else { panic!("no checks") };
    (checks, plans.iter().map(|plan| plan.plan.as_str()).collect())
}
