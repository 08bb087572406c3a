//! The live view where there is no terminal: plain progress, and a line that says so.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;

use common::{good_but_for_company, run, stderr};

const SCENARIO: &str = "\
data: {name: wordnet-10k, rows: 500, queries_limit: 100}
engine: {stub: {}}
variants: {only: {}}
phases: [search: {name: short, queries: 100}]
";

#[test]
fn without_a_terminal_progress_is_plain() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine.yaml"), SCENARIO).unwrap();
    let output = run(folder.path(), &["run", "mine.yaml", "--tui"]);
    let told = stderr(&output);
    if cfg!(feature = "tui") {
        assert!(good_but_for_company(&output), "{told}");
        let mut lines = told.lines();
        let why = "no live view: standard error is not a terminal; progress is shown line by line";
        assert_eq!(lines.next(), Some(why));
        assert!(lines.next().is_some_and(|line| line.contains("annvil")), "{told}");
        assert!(lines.any(|line| line.contains("short")), "{told}");
        assert!(!told.contains('\x1b'), "{told}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("report"));
    } else {
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains("built without the live view"), "{told}");
    }
}

#[test]
fn nothing_and_everything_can_not_be_shown() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["run", "--tui", "--quiet"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("cannot be used with"), "{}", stderr(&output));
}
