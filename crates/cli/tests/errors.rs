//! What a user gets wrong: one paragraph with what to try, the right exit code, nothing half-written.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::Path;

use common::{fvecs, run, stderr};

const SCENARIO: &str = "\
data: {base: base.fvecs, queries: query.fvecs, metric: l2}
engine: embedded
variants:
  flat: {baseline: true}
  hnsw: {index: {hnsw: {m: 16}}, search: {ef_search: 64}}
phases:
  - search: {k: 10, queries: 50}
";

fn files(folder: &Path) {
    let base = fvecs(500, 16);
    let mut nan = base.clone();
    // Row 77, dimension 3.
    nan.splice(77 * 68 + 16..77 * 68 + 20, f32::NAN.to_le_bytes());
    for (name, bytes) in [
        ("base.fvecs", &base[..]),
        ("nan.fvecs", &nan),
        ("cut.fvecs", &base[..base.len() - 10]),
        ("query.fvecs", &fvecs(50, 16)),
        ("narrow.fvecs", &fvecs(50, 8)),
    ] {
        fs::write(folder.join(name), bytes).unwrap();
    }
}

/// What is changed in the good scenario and into what, flags, exit code, and what the message must hold.
type Mistake = (&'static str, &'static str, &'static [&'static str], i32, &'static [&'static str]);

const TABLE: &[Mistake] = &[
    (
        "ef_search",
        "ef_serach",
        &[],
        2,
        &["unknown key `ef_serach`", "mine.yaml:5:43", "^^^^^^^^^ did you mean `ef_search`?"],
    ),
    ("query.fvecs", "narrow.fvecs", &[], 2, &["base.fvecs have 16 dimensions", "narrow.fvecs have 8"]),
    ("base.fvecs", "nan.fvecs", &[], 2, &["nan.fvecs: row 77, dimension 3, is NaN"]),
    ("base.fvecs", "cut.fvecs", &[], 2, &["cut.fvecs: cut off in row 499", "copy the file again"]),
    ("base.fvecs", "none.fvecs", &[], 2, &["cannot read none.fvecs", "check the path"]),
    ("embedded", "embeded", &[], 2, &["unknown name `embeded`", "mine.yaml:2:9", "did you mean `embedded`?"]),
    ("ef_search: 64", "ef_search: 0", &[], 2, &["must be at least 1, not 0", "mine.yaml:5:54"]),
    ("m: 16", "m: sixteen", &[], 2, &["expected a whole number", "`sixteen`", "mine.yaml:5:28"]),
    ("k: 10", "k: 501", &[], 2, &["k is 501, but the data set has 500 rows", "mine.yaml:7:17"]),
    (
        "{index: {hnsw: {m: 16}}",
        "{storage: i8, index: {hnsw: {m: 16}}",
        &[],
        2,
        &["storage i8 with metric l2", "mine.yaml:5:3", "storage f16"],
    ),
    ("k: 10", "k: 10, where: \"a = 'b'\"", &[], 2, &["the filter does not fit", "`a`", "mine.yaml:7"]),
    ("", "", &["--output", "/proc/none"], 5, &["cannot write to /proc/none", "--output DIR"]),
    ("", "", &["--set", "phases.serach.k=3"], 2, &["`serach`", "did you mean `search`?"]),
    ("", "", &["--set", "phases.search.k=0"], 2, &["`k` must be at least 1", "--set phases.search.k=0"]),
    (
        "",
        "",
        &["--set", "variants.hnws.search.ef_search=5"],
        2,
        &["no variant `hnws`", "did you mean `hnsw`?"],
    ),
    ("", "", &["--set", "k"], 2, &["has no `=`"]),
    ("", "", &["--full"], 2, &["the scenario has no preset `full`"]),
];

#[test]
fn each_mistake_is_named_with_what_to_try_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    files(folder.path());
    for (from, to, flags, code, texts) in TABLE {
        assert!(SCENARIO.contains(from));
        fs::write(folder.path().join("mine.yaml"), SCENARIO.replacen(from, to, 1)).unwrap();
        let output = run(folder.path(), &[&["run", "mine.yaml", "--quiet"], *flags].concat());
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(*code), "{to} {flags:?}: {message}");
        for text in *texts {
            assert!(message.contains(text), "{to} {flags:?}: {message}");
        }
        assert!(message.starts_with("error: "), "{message}");
        assert!(!message.contains("panicked"), "{message}");
        assert!(message.trim_end().lines().count() <= 5, "more than a paragraph: {message}");
        assert!(!folder.path().join("runs").exists(), "{to} {flags:?} left a run behind");
    }
}

#[test]
fn the_scenario_behind_the_table_is_good() {
    let folder = tempfile::tempdir().unwrap();
    files(folder.path());
    fs::write(folder.path().join("mine.yaml"), SCENARIO).unwrap();
    let output = run(folder.path(), &["run", "mine.yaml", "--quiet"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(output.stdout.is_empty() && output.stderr.is_empty(), "quiet is quiet");
}

#[test]
fn no_run_and_no_such_scenario() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["report", "nowhere"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("there is no run at nowhere"));
    let output = run(folder.path(), &["run", "nowhere.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("quick, embedded-store, index-ladder"));
}

#[test]
fn a_record_of_a_newer_schema_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("run.json"), r#"{"schema": 99}"#).unwrap();
    let output = run(folder.path(), &["report", "."]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("newer"), "{}", stderr(&output));
}

#[test]
fn secrets_are_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["run", "quick", "--set", "engine=postgres://me:hunter2@host/db"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!stderr(&output).contains("hunter2"), "{}", stderr(&output));
}
