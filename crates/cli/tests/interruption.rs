//! Stopping in the middle, and processes that die: what was measured is kept and the exit code says what happened.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use annvil_core::record::{FailureKind, PhaseResult, RunRecord, Status};
use common::{annvil, folders, good_but_for_company, stderr};

const SCENARIO: &str = "\
data: {name: wordnet-10k, rows: 500, queries_limit: 100}
engine: embedded
variants: {flat: {baseline: true}, second: {}}
phases:
  - verify: {writes: false}
  - search: {name: short, queries: 100}
  - search: {name: long, for: 60s}
";

fn start(folder: &Path, arguments: &[&str]) -> Child {
    fs::write(folder.join("mine.yaml"), SCENARIO).unwrap();
    annvil()
        .current_dir(folder)
        .args(["run", "mine.yaml"])
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn record(folder: &Path) -> Option<RunRecord> {
    let run = folders(folder).into_iter().next()?;
    serde_json::from_str(&fs::read_to_string(run.join("run.json")).ok()?).ok()
}

/// Waits until the record on the disk has the short phase: the long one has begun.
fn wait_for_long_phase(folder: &Path) {
    let began = Instant::now();
    while !record(folder).is_some_and(|record| record.blocks.iter().any(|block| block.phases.len() >= 4)) {
        assert!(began.elapsed() < Duration::from_mins(1), "the run does not get on");
        std::thread::sleep(Duration::from_millis(50));
    }
    std::thread::sleep(Duration::from_millis(300));
}

fn send(signal: &str, pid: u32) {
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
}

/// The variant's process: the only child of the run's process.
fn child_of(pid: u32) -> u32 {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    children.split_whitespace().next().unwrap().parse().unwrap()
}

fn names(record: &RunRecord) -> Vec<&str> {
    record.blocks[0].phases.iter().map(|phase| phase.name.as_str()).collect()
}

#[test]
fn ctrl_c_keeps_what_was_measured() {
    let folder = tempfile::tempdir().unwrap();
    let run = start(folder.path(), &[]);
    wait_for_long_phase(folder.path());
    let began = Instant::now();
    send("-INT", run.id());
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    let record = record(folder.path()).unwrap();
    assert_eq!((record.status, record.blocks.len()), (Status::Interrupted, 1));
    assert_eq!(names(&record), ["load", "settle", "verify", "short", "long"]);
    // The phase that was cut short kept what it had.
    let PhaseResult::Measured { forms, .. } = &record.blocks[0].phases[4].result else {
        panic!("not measured")
    };
    assert!(forms[0].operations > 100);
    let reports: Vec<PathBuf> = fs::read_dir(folder.path().join("runs").join(&record.id))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(reports.iter().any(|path| path.ends_with("report.html")), "{reports:?}");
    assert!(!reports.iter().any(|path| path.to_string_lossy().contains(".work-")), "{reports:?}");
    assert!(String::from_utf8_lossy(&output.stdout).to_lowercase().contains("interrupted"));
}

#[test]
fn a_variant_whose_process_dies_fails_alone() {
    let folder = tempfile::tempdir().unwrap();
    let run = start(folder.path(), &["--set", "phases.long.for=4s"]);
    wait_for_long_phase(folder.path());
    send("-KILL", child_of(run.id()));
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(5));
    let record = record(folder.path()).unwrap();
    assert_eq!(record.status, Status::Failed);
    let failure = record.blocks[0].failure.as_ref().unwrap();
    assert_eq!((failure.kind, failure.phase.as_str()), (FailureKind::Engine, "long"));
    assert_eq!(names(&record), ["load", "settle", "verify", "short"]);
    assert_eq!(record.blocks[1].failure, None, "the next variant was measured");
}

#[test]
fn the_time_limit_ends_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let run = start(folder.path(), &["--set", "time_limit=3s"]);
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let record = record(folder.path()).unwrap();
    assert_eq!(record.status, Status::Interrupted);
    assert!(record.blocks[0].failure.as_ref().unwrap().message.contains("time limit"));
    assert!(record.seconds < 10.0, "{}", record.seconds);
}

#[test]
fn two_runs_at_once_have_two_folders() {
    let folder = tempfile::tempdir().unwrap();
    let both: Vec<Child> =
        (0..2).map(|_| start(folder.path(), &["--quiet", "--set", "phases.long.for=200ms"])).collect();
    for run in both {
        let output = run.wait_with_output().unwrap();
        assert!(good_but_for_company(&output), "{}", stderr(&output));
    }
    assert_eq!(folders(folder.path()).len(), 2);
}

#[test]
fn the_variants_process_ends_with_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = start(folder.path(), &[]);
    wait_for_long_phase(folder.path());
    let child = child_of(run.id());
    send("-KILL", run.id());
    run.wait().unwrap();
    let began = Instant::now();
    while Path::new(&format!("/proc/{child}")).exists() {
        assert!(began.elapsed() < Duration::from_secs(10), "an orphan goes on measuring");
        std::thread::sleep(Duration::from_millis(50));
    }
    // Killed without a word: the record on the disk is whole and says so.
    assert_eq!(record(folder.path()).unwrap().status, Status::Running);
}
