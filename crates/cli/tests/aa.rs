//! A scenario against itself, from the command line: what is found is stored and found again.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::Path;

use annvil_conduct::aa::AaReport;
use annvil_conduct::ab::AbRecord;
use common::{alone, run, stderr};

const SCENARIO: &str = "\
data: {name: wordnet-10k, rows: 200, queries_limit: 50}
engine: {stub: {service: 2ms}}
variants: {stub: {baseline: true}, slow: {}}
phases:
  - verify: {queries: 1, writes: false}
  - search: {name: single, queries: 100, warmup: 5}
blocks: 2
";

fn aa(folder: &Path, arguments: &[&str]) -> Option<AaReport> {
    fs::write(folder.join("mine.yaml"), SCENARIO).unwrap();
    let output = run(folder, &[&["aa", "mine.yaml", "--json", "--one-process"], arguments].concat());
    if output.status.code() == Some(4) {
        eprintln!("not judged, the machine is busy: {}", stderr(&output));
        return None;
    }
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn what_it_finds_is_stored_and_used() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let Some(first) = aa(folder.path(), &["--rounds", "6"]) else { return };
    let good = first.blocks.iter().filter(|block| block.counts).count();
    assert_eq!((good, first.sessions, first.splits, first.left_out.len()), (6, 1, 8, 0));
    let summary = first.summary.as_ref().unwrap();
    assert_eq!((summary.blocks, summary.comparisons % 8, summary.false_alarms), (6, 0, 0));
    assert!(first.figures.iter().all(|figure| figure.between.is_none() && figure.margin > 0.0));
    let p50 = |report: &AaReport| {
        let named =
            |name: &String| name == "stub single.search.service.p50" || name == "stub single.service.p50";
        report.figures.iter().find(|figure| named(&figure.key.to_string())).cloned().unwrap()
    };
    assert!(p50(&first).sd < 0.2 && p50(&first).detectable > p50(&first).margin, "{:?}", p50(&first));

    // The second session knows the first.
    let Some(second) = aa(folder.path(), &["--rounds", "6"]) else { return };
    assert_eq!((second.sessions, second.plan_hash == first.plan_hash), (2, true));
    let between = p50(&second).between.unwrap();
    assert!(between > 0.0 && between < 0.5, "{between}");

    // An interleaved comparison takes its margins, and says what is known of the machine.
    let arguments =
        ["ab", "mine.yaml", "--a", "stub", "--b", "slow", "--rounds", "3", "--one-process", "--json"];
    let output = run(folder.path(), &arguments);
    let record: AbRecord =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(&output)));
    let Some(comparison) = record.comparison else { return };
    let known = comparison.aa.unwrap();
    assert_eq!((known.blocks, known.comparisons), (6, second.summary.unwrap().comparisons));
}

#[test]
fn another_plan_is_not_known() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let Some(first) = aa(folder.path(), &["--rounds", "6"]) else { return };
    let Some(other) = aa(folder.path(), &["--rounds", "6", "--set", "phases.single.queries=90"]) else {
        return;
    };
    assert_eq!((other.sessions, first.plan_hash == other.plan_hash), (1, false));
}
