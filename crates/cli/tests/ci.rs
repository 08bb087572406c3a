//! `annvil ci`: the first run on the main branch makes the baseline, a request is held against it.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::fs;
use std::path::Path;
use std::process::Output;

use annvil_core::gate::GateReport;
use common::{alone, annvil, stderr};

const SCENARIO: &str = "
data: {name: wordnet-10k, rows: 200, queries_limit: 50}
engine: {stub: {service: 10ms}}
variants: {served: {}}
phases:
  - verify: {queries: 1, writes: false}
  - search: {k: 5, queries: 60, warmup: 5}
gate: {must_detect: 100 %}
";

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// Runs in a job of GitHub's on a branch, again while others took the processors.
fn ci(folder: &Path, branch: &str, request: bool, further: &[&str]) -> Output {
    let mut last = None;
    for _ in 0..4 {
        let mut command = annvil();
        command.current_dir(folder).args(["ci", "s.yaml", "--one-process", "--json"]).args(further);
        command.env("GITHUB_ACTIONS", "true").env("GITHUB_SHA", COMMIT);
        command.env("GITHUB_STEP_SUMMARY", folder.join("step.md"));
        if request {
            command.env("GITHUB_REF", "refs/pull/7/merge").env("GITHUB_HEAD_REF", branch);
        } else {
            command.env("GITHUB_REF", format!("refs/heads/{branch}")).env("GITHUB_REF_NAME", branch);
        }
        let output = command.output().unwrap();
        let code = output.status.code();
        last = Some(output);
        if code != Some(4) {
            break;
        }
    }
    last.unwrap()
}

/// Whether others took the processors all the time, which must not be in CI.
fn is_too_busy(output: &Output) -> bool {
    let busy = output.status.code() == Some(4);
    assert!(!busy || std::env::var_os("CI").is_none(), "this machine is too busy: {}", stderr(output));
    busy
}

fn report(output: &Output) -> GateReport {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", stderr(output)))
}

#[test]
fn main_makes_the_baseline_and_requests_are_held_against_it() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("s.yaml"), SCENARIO).unwrap();

    let request = ci(folder.path(), "topic", true, &[]);
    if is_too_busy(&request) {
        return;
    }
    let early = report(&request);
    assert!(early.sentence.starts_with("There is no baseline `main` yet"), "{}", early.sentence);
    assert_eq!((early.origin.request.as_deref(), early.origin.commit.as_deref()), (Some("7"), Some(COMMIT)));

    for _ in 0..2 {
        let main = ci(folder.path(), "main", false, &[]);
        assert!(matches!(main.status.code(), Some(0 | 3 | 4)), "{}", stderr(&main));
    }
    let request = ci(folder.path(), "topic", true, &["--artefacts", "out"]);
    if is_too_busy(&request) {
        return;
    }
    let held = report(&request);
    let comparison = held.comparison.as_ref().unwrap_or_else(|| panic!("{}", held.sentence));
    assert!(comparison.a.name.starts_with("main@"), "{}", comparison.a.name);
    assert!(matches!(held.exit_code, 0 | 3), "{}", held.sentence);
    // What is appended to the page of the step is the whole summary.
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(read("step.md").ends_with(&read("out/summary.md")), "{}", read("step.md"));
    assert!(folder.path().join("out/junit.xml").is_file());
    let record = comparison.b.runs[0].clone();
    assert_eq!(record.origin.branch.as_deref(), Some("topic"));
}
