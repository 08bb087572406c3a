//! Two sides measured in turns, from the command line.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use annvil_conduct::ab::{AbRecord, Ended, Which};
use annvil_core::comparison::{Comparison, Verdict};
use common::{alone, annvil, run, stderr};

/// Answers after two milliseconds, whatever else the machine does in them.
const SCENARIO: &str = "\
data: {name: wordnet-10k, rows: 200, queries_limit: 50}
engine: {stub: {service: 2ms}}
variants: {stub: {baseline: true}, other: {}}
phases:
  - verify: {queries: 1, writes: false}
  - search: {name: single, queries: 150, warmup: 5}
objectives: [single.service.p50 <= 3 x baseline]
gate:
  metrics:
    load: {judged: false}
    settle: {judged: false}
    memory: {judged: false}
    single.p95: {judged: false}
    single.p99: {judged: false}
";

fn ab(folder: &Path, arguments: &[&str]) -> Output {
    fs::write(folder.join("mine.yaml"), SCENARIO).unwrap();
    run(folder, &[&["ab", "mine.yaml"], arguments].concat())
}

/// The one session below `runs`.
fn session(folder: &Path) -> PathBuf {
    let all = fs::read_dir(folder.join("runs")).unwrap().map(|entry| entry.unwrap().path());
    let sessions: Vec<PathBuf> = all.filter(|path| path.is_dir()).collect();
    assert_eq!(sessions.len(), 1, "{sessions:?}");
    sessions.into_iter().next().unwrap()
}

fn record(folder: &Path) -> AbRecord {
    serde_json::from_slice(&fs::read(session(folder).join("ab.json")).unwrap()).unwrap()
}

/// Whether the machine let it be measured; others may take the processors while tests run side by side.
fn could_measure(output: &Output) -> bool {
    if output.status.code() == Some(4) {
        eprintln!("not judged, the machine is busy: {}", stderr(output));
    }
    output.status.code() != Some(4)
}

fn verdict(comparison: &Comparison, name: &str) -> Verdict {
    let found = comparison.metrics.iter().find(|metric| metric.key.to_string().contains(name));
    assert!(found.is_some(), "no {name}: {:?}", comparison.metrics);
    found.unwrap().verdict
}

#[test]
fn a_side_that_is_slower_by_8_percent_regresses() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--a", "stub", "--b", "engine.stub.service=2.16ms", "--rounds", "10", "--one-process"];
    let output = ab(folder.path(), &arguments);
    let record = record(folder.path());
    let session = session(folder.path());
    // Whatever became of it, every block has a folder of its own below its side.
    for block in &record.blocks {
        assert!(session.join(block.side.letter()).join(&block.run).join("run.json").is_file(), "{block:?}");
    }
    if !could_measure(&output) {
        return;
    }
    let comparison = record.comparison.unwrap();
    assert_eq!(output.status.code(), Some(1), "{}\n{:#?}", stderr(&output), comparison.metrics);
    assert_eq!(verdict(&comparison, "single.search.service.p50"), Verdict::Regressed);
    assert!(comparison.interleaved && comparison.a.sessions == 1);
    assert_eq!(
        (comparison.a.name.as_str(), comparison.b.name.as_str()),
        ("stub", "stub, engine.stub.service=2.16ms")
    );
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("REGRESSED") && said.contains("confirmed"), "{said}");
    assert!(said.contains(" pairs of blocks in ") && !said.contains(" in 0 ns"), "{said}");
    assert!(
        stderr(&output).lines().filter(|line| line.starts_with("  pair")).count() >= 12,
        "{}",
        stderr(&output)
    );
    assert!(fs::read_to_string(session.join("summary.md")).unwrap().contains("REGRESSED"));
}

#[test]
fn sides_that_are_equal_do_not_regress() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    // A variant against another that is the same.
    let output =
        ab(folder.path(), &["--a", "stub", "--b", "other", "--rounds", "4", "--one-process", "--json"]);
    if !could_measure(&output) {
        return;
    }
    let printed: AbRecord = serde_json::from_slice(&output.stdout).unwrap();
    let comparison = printed.comparison.unwrap();
    assert!(matches!(output.status.code(), Some(0 | 3)), "{:#?}", comparison.metrics);
    assert!(comparison.metrics.iter().all(|metric| metric.verdict != Verdict::Regressed));
    let p50 =
        comparison.metrics.iter().find(|metric| metric.key.to_string().ends_with("service.p50")).unwrap();
    assert_eq!(p50.key.variant, "other");
    assert_eq!(p50.key_a.as_ref().unwrap().variant, "stub");
    let sides: Vec<Which> =
        printed.blocks.iter().filter(|block| block.counts).map(|block| block.side).collect();
    assert_eq!(sides.iter().filter(|side| **side == Which::A).count() * 2, sides.len());
    // Further on, the folder is compared like any other.
    let again = run(folder.path(), &["compare", session(folder.path()).to_str().unwrap(), "--json"]);
    let compared: Comparison =
        serde_json::from_slice(&again.stdout).unwrap_or_else(|_| panic!("{}", stderr(&again)));
    assert_eq!((compared.a.blocks, compared.b.blocks), (comparison.a.blocks, comparison.b.blocks));
    assert!(compared.interleaved);
}

#[test]
fn a_parameter_of_a_phase_can_be_the_side() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    // Twice as many sessions do twice as much.
    let arguments =
        ["--b", "phases.single.sessions=2", "--a", "stub", "--rounds", "3", "--one-process", "--json"];
    let output = ab(folder.path(), &arguments);
    if !could_measure(&output) {
        return;
    }
    let printed: AbRecord = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed.b.name, "stub, phases.single.sessions=2");
    let comparison = printed.comparison.unwrap();
    assert_eq!(
        verdict(&comparison, "single.search.throughput"),
        Verdict::Improved,
        "{:#?}",
        comparison.metrics
    );
}

#[test]
fn another_program_measures_a_side() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_annvil");
    let arguments = ["--b-program", program, "--rounds", "3", "--json"];
    let output = ab(folder.path(), &arguments);
    if !could_measure(&output) {
        return;
    }
    let printed: AbRecord =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(&output)));
    assert_eq!(printed.b.name, program);
    let comparison = printed.comparison.unwrap();
    assert!(
        comparison.metrics.iter().all(|metric| metric.verdict != Verdict::Regressed),
        "{:#?}",
        comparison.metrics
    );
    assert_eq!(comparison.a.blocks, comparison.b.blocks);
    // What is no program is said by name.
    let output = ab(folder.path(), &["--b-program", "/nowhere/annvil"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("/nowhere/annvil"), "{}", stderr(&output));
}

#[test]
fn mistakes_are_named_before_anything_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, part) in [
        (&[][..], "both sides are the same"),
        (&["--b", "othr"], "did you mean `other`?"),
        (&["--b", "engine.stub.servce=1ms"], "did you mean `service`?"),
        (&["--b", "stub", "--b", "other"], "one variant"),
        (&["--a", "stub", "--b", "other", "--tui"], "--tui"),
        (&["--b", "other", "--budget", "soon"], "soon"),
        // Nobody wrote `--set engine.postgres.url`.
        (
            &["--a", "stub", "--b", "postgres://me:hunter2@localhost/db"],
            "side b is postgres://me:***@localhost/db, a postgresql server, and the scenario's engine is `stub`",
        ),
    ] {
        let output = ab(folder.path(), arguments);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.to_lowercase().contains(part), "{arguments:?}: {said}");
        assert!(
            !said.contains("--set engine.postgres") && !said.contains("hunter2"),
            "{arguments:?}: {said}"
        );
    }
    assert!(!folder.path().join("runs").exists());
}

#[test]
fn passwords_of_sides_are_shown_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = SCENARIO.replace("{stub: {service: 2ms}}", "{postgres: {}}");
    fs::write(folder.path().join("server.yaml"), scenario).unwrap();
    let url = |port: u16| format!("postgres://me:hunter2@127.0.0.1:{port}/db");
    // Nobody listens at either port.
    let arguments = ["ab", "server.yaml", "--a", &url(1), "--b", &url(2), "--rounds", "3"];
    let output = run(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
    let mut all = format!("{}{}", stderr(&output), String::from_utf8_lossy(&output.stdout));
    for entry in fs::read_dir(session(folder.path())).unwrap() {
        all.push_str(&fs::read_to_string(entry.unwrap().path()).unwrap_or_default());
    }
    assert!(!all.contains("hunter2") && all.contains("me:***@127.0.0.1:1"), "{all}");
}

/// Starts a session of processes of its own and waits until so many blocks count.
fn started(folder: &Path, blocks: usize) -> Child {
    fs::write(folder.join("mine.yaml"), SCENARIO).unwrap();
    let arguments = ["ab", "mine.yaml", "--a", "stub", "--b", "other", "--rounds", "50"];
    let child = annvil()
        .current_dir(folder)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let counted = || {
        let session = fs::read_dir(folder.join("runs")).ok()?.find_map(Result::ok)?.path();
        let record: AbRecord = serde_json::from_slice(&fs::read(session.join("ab.json")).ok()?).ok()?;
        Some(record.blocks.len())
    };
    while counted().is_none_or(|counted| counted < blocks) {
        assert!(began.elapsed() < Duration::from_mins(2), "the session does not get on");
        std::thread::sleep(Duration::from_millis(50));
    }
    child
}

fn send(signal: &str, pid: u32) {
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
}

#[test]
fn what_was_measured_before_a_kill_can_be_compared() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let child = started(folder.path(), 7);
    send("-KILL", child.id());
    child.wait_with_output().unwrap();
    let record = record(folder.path());
    assert_eq!((record.ended, record.exit_code), (None, None));
    let good = |side| record.blocks.iter().filter(|block| block.counts && block.side == side).count();
    let pairs = good(Which::A).min(good(Which::B));
    if pairs < 2 {
        eprintln!("too few blocks could be judged, the machine is busy");
        return;
    }
    let output = run(folder.path(), &["compare", session(folder.path()).to_str().unwrap(), "--json"]);
    let compared: Comparison =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(&output)));
    assert_eq!((compared.a.blocks, compared.b.blocks), (pairs, pairs));
}

#[test]
fn a_session_without_a_whole_pair_can_t_be_compared() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let child = started(folder.path(), 0);
    send("-INT", child.id());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    let output = run(folder.path(), &["compare", session(folder.path()).to_str().unwrap()]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("was interrupted before a pair of blocks was whole"), "{said}");
}

#[test]
fn ctrl_c_gives_the_verdict_of_what_is_there() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let child = started(folder.path(), 6);
    send("-INT", child.id());
    let output = child.wait_with_output().unwrap();
    let record = record(folder.path());
    if record.ended == Some(Ended::Invalid) {
        eprintln!("not judged, the machine is busy");
        return;
    }
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert_eq!(record.ended, Some(Ended::Interrupted));
    assert!(String::from_utf8_lossy(&output.stdout).contains("interrupted"), "{}", stderr(&output));
    if record.blocks.iter().filter(|block| block.counts).count() >= 6 {
        assert!(record.comparison.is_some());
    }
}
