//! A list of scenarios in one command: one that fails keeps no other from running, and everything is in one summary.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{alone, folders, good_but_for_company, run, stderr};
use serde_json::Value;

const GOOD: &str = "\
why: Does a stub answer?
data: {name: wordnet-10k, rows: 200, queries_limit: 50}
engine: {stub: {service: 100us}}
variants: {stub: {}}
phases:
  - search: {queries: 200, warmup: 10}
  - mixed: {mix: {search: 1, upsert: 1}, operations: 100, warmup: 10}
objectives:
  - search.service.p50 < 10s
";

/// A fifth of its calls fail, so that its objective is missed.
const FAILING: &str = "\
data: {name: wordnet-10k, rows: 200, queries_limit: 50}
engine: {stub: {service: 100us, errors: 0.2}}
variants: {stub: {}}
phases:
  - verify: {queries: 1, writes: false}
  - search: {queries: 300, warmup: 10}
objectives:
  - search.success >= 99%
";

/// The one suite folder below `runs`.
fn suite_folder(folder: &Path) -> PathBuf {
    let mut found = folders(folder);
    assert_eq!(found.len(), 1, "{found:?}");
    found.swap_remove(0)
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn column<'a>(rows: &'a Value, name: &str) -> Vec<&'a str> {
    rows.as_array().unwrap().iter().map(|row| row[name].as_str().unwrap()).collect()
}

#[test]
fn everything_is_in_one_summary() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good.yaml"), GOOD).unwrap();
    fs::write(folder.path().join("other.yaml"), GOOD).unwrap();
    let output = run(folder.path(), &["suite", "good.yaml", "other.yaml"]);
    assert!(good_but_for_company(&output), "{}", stderr(&output));
    let suite = suite_folder(folder.path());
    let summary = json(&suite.join("summary.json"));
    assert_eq!(summary["exit_code"].as_i64(), output.status.code().map(i64::from));
    assert_eq!(column(&summary["scenarios"], "scenario"), ["good", "other"]);
    let results = &summary["results"];
    assert_eq!(column(results, "operation"), ["search", "search", "upsert", "search", "search", "upsert"]);
    assert_eq!(column(results, "phase")[..3], ["search", "mixed", "mixed"]);
    assert_eq!((results[0]["operations"].as_u64(), results[0]["success"].as_f64()), (Some(200), Some(1.0)));
    assert_eq!(results[0]["recall"].as_f64(), Some(1.0));
    assert!(
        results[0]["qps"].as_f64().unwrap() > 0.0 && results[0]["p95"].as_f64() >= results[0]["p50"].as_f64()
    );
    for scenario in summary["scenarios"].as_array().unwrap() {
        let run = suite.join(scenario["run"].as_str().unwrap());
        for file in ["run.json", "report.html", "annvil.log"] {
            assert!(fs::metadata(run.join(file)).unwrap().len() > 0, "{file}");
        }
    }
    let stats = fs::read_to_string(suite.join("stats.csv")).unwrap();
    assert_eq!(stats.lines().count(), 7);
    assert!(stats.lines().nth(1).unwrap().starts_with("good,stub,0,search,,search,200,"), "{stats}");
    let failures = fs::read_to_string(suite.join("failures.csv")).unwrap();
    assert_eq!(failures, "scenario,variant,phase,form,kind,count\n");
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(table.contains("mixed.upsert") && table.contains("summary.json"), "{table}");
}

#[test]
fn one_that_fails_keeps_no_other_from_running() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("failing.yaml"), FAILING).unwrap();
    fs::write(folder.path().join("wrong.yaml"), GOOD.replace("queries: 200", "qeries: 200")).unwrap();
    fs::write(folder.path().join("good.yaml"), GOOD).unwrap();
    let arguments = ["suite", "failing.yaml", "wrong.yaml", "good.yaml", "--json", "--set", "seed=7"];
    let output = run(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("did you mean `queries`?"), "{}", stderr(&output));
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let suite = suite_folder(folder.path());
    assert_eq!(printed, json(&suite.join("summary.json")));
    let codes: Vec<_> = printed["scenarios"]
        .as_array()
        .unwrap()
        .iter()
        .map(|scenario| scenario["exit_code"].as_i64())
        .collect();
    assert!(matches!(codes[..], [Some(1 | 4), Some(2), Some(0 | 4)]), "{codes:?}");
    assert!(column(&printed["results"], "scenario").contains(&"good"));
    let good = printed["scenarios"][2]["run"].as_str().unwrap();
    assert_eq!(json(&suite.join(good).join("run.json"))["plan"]["seed"], 7);
    let failures = fs::read_to_string(suite.join("failures.csv")).unwrap();
    let rows: Vec<&str> = failures.lines().skip(1).collect();
    assert!(rows.iter().any(|row| row.starts_with("failing,stub,search,search,other,")), "{failures}");
    assert!(rows.contains(&"wrong,,,,usage,1"), "{failures}");
}

#[test]
fn suites_show_what_they_hold_and_names_that_are_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["suite", "--list", "--json"]);
    let all: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(all.as_object().unwrap().keys().collect::<Vec<_>>(), ["full", "quick", "stress"]);
    assert_eq!(column(&all["stress"]["scenarios"], "scenario"), ["stress", "spike", "soak", "limit"]);
    let output = run(folder.path(), &["suite", "quick", "--list"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.starts_with("quick   ") && text.contains("\n  concurrency-sweep  With how many"), "{text}");
    let output = run(folder.path(), &["suite", "quikc"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("did you mean `quick`?"), "{}", stderr(&output));
    assert!(!folder.path().join("runs").exists());
}
