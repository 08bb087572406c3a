//! `annvil limit`: any scenario becomes a search for its limit; what can't is said in words.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::Path;

use annvil_core::record::{PhaseResult, RunRecord};
use annvil_core::scenario::{Phase, Walk};
use common::{alone, run, stderr};

const SCENARIO: &str = "\
data: {name: wordnet-10k, rows: 200, queries_limit: 50}
engine: {stub: {service: 1ms, capacity: 1}}
variants:
  slow: {baseline: true}
  other: {}
phases:
  - search: {k: 5, queries: 100}
  - mixed: {mix: {upsert: 1}, operations: 10}
objectives:
  - search.service.p95 < 100ms
  - '*.success >= 99%': {except: {slow: a reason}}
  - search.recall@5.mean >= 0.9
  - search.throughput >= 10/s
  - search.service.p50 <= 2 x baseline
  - mixed.upsert.service.p95 < 1s
  - settle.time < 10s
";

fn planned(folder: &Path, text: &str, arguments: &[&str]) -> Result<RunRecord, String> {
    fs::write(folder.join("mine.yaml"), text).unwrap();
    let common = ["limit", "mine.yaml", "--json", "--one-process"];
    let output = run(folder, &[&common[..], arguments].concat());
    let printed = serde_json::from_slice(&output.stdout);
    printed.map_err(|_| stderr(&output))
}

#[test]
fn the_scenarios_own_objectives_are_held() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    // So short that it ends with the first level.
    let arguments = ["--rate", "400/s..400/s", "--for", "200ms", "--repeats", "1", "--variant", "other"];
    let record = planned(folder.path(), SCENARIO, &arguments).unwrap();
    assert_eq!(record.plan.variants.len(), 1);
    let kinds: Vec<&str> = record.plan.phases.iter().map(Phase::kind).collect();
    assert_eq!(kinds, ["load", "settle", "verify", "limit"]);
    let Some(Phase::Limit(limit)) = record.plan.phases.last() else { panic!("no limit") };
    let held: Vec<String> = limit.hold.iter().map(|entry| entry.objective.to_string()).collect();
    assert_eq!(held, ["limit.response.p95 < 100ms", "limit.success >= 99%", "limit.recall@5.mean >= 0.9"]);
    assert_eq!((limit.k, limit.repeats), (5, 1));
    assert!(matches!(&limit.walk, Walk::Rate(rate) if rate.from.to_string() == "400/s"));
    let last = record.blocks[0].phases.last().unwrap();
    assert!(matches!(&last.result, PhaseResult::Limit(limit) if !limit.trials.is_empty()));
}

#[test]
fn flags_say_what_is_raised_and_what_must_hold() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--sessions", "1..1", "--for", "100ms", "--hold", "service.p50 < 1s", "--k", "3"];
    let more = ["--hold", "*.success >= 90%", "--tolerance", "0.3", "--repeats", "1"];
    let record = planned(folder.path(), SCENARIO, &[&flags[..], &more].concat()).unwrap();
    let Some(Phase::Limit(limit)) = record.plan.phases.last() else { panic!("no limit") };
    let held: Vec<String> = limit.hold.iter().map(|entry| entry.objective.to_string()).collect();
    assert_eq!(held, ["limit.service.p50 < 1s", "*.success >= 90%"]);
    assert!(matches!(&limit.walk, Walk::Sessions(sessions) if (sessions.from, sessions.to) == (1, Some(1))));
    assert_eq!((limit.k, limit.tolerance), (3, 0.3));
    // What is measured before the load is judged as before.
    let objectives: Vec<String> =
        record.plan.objectives.iter().map(|entry| entry.objective.to_string()).collect();
    assert_eq!(objectives, ["settle.time < 10s"]);
}

#[test]
fn a_limit_phase_of_its_own_is_kept() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let own = "\n  - limit: {name: far, hold: [far.response.p95 < 1s], walk: {rate: {from: 400/s, to: 400/s}}, for: 200ms, repeats: 1}\nobjectives:\n  - far.throughput >= 1/s\n";
    let text = SCENARIO.replace("\nobjectives:\n", own);
    let record = planned(folder.path(), &text, &["--for", "100ms"]).unwrap();
    let Some(Phase::Limit(limit)) = record.plan.phases.last() else { panic!("no limit") };
    assert_eq!((record.plan.phases.len(), limit.hold.len()), (4, 1));
    assert_eq!(limit.duration.unwrap().to_string(), "100ms");
    let objectives: Vec<String> =
        record.plan.objectives.iter().map(|entry| entry.objective.to_string()).collect();
    assert_eq!(objectives, ["far.throughput >= 1/s", "settle.time < 10s"]);
}

#[test]
fn what_cannot_work_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let none = SCENARIO.split("objectives:").next().unwrap();
    for (text, arguments, expected) in [
        (
            none,
            &[][..],
            "says how long one may take, so there is no limit to find\n  Say what must hold: --hold",
        ),
        (&SCENARIO.replace("search.service.p95 < 100ms", "search.mrr >= 0.5"), &[], "no limit to find"),
        (SCENARIO, &["--variant", "othr"], "there is no variant `othr`\n  Did you mean `other`?"),
        (SCENARIO, &["--hold", "respons.p95 < 1s"], "no quantity is called `respons`"),
        (SCENARIO, &["--hold", "search.response.p95 < 1s"], "`search` is not this phase"),
        (SCENARIO, &["--hold", "memory < 1MB"], "a trial has no memory"),
        (SCENARIO, &["--hold", "recall@10 >= 0.9"], "the searches of this phase have k 5"),
        (SCENARIO, &["--sessions", "1..x"], "`x` is no number of sessions"),
        (SCENARIO, &["--rate", "fast"], "--rate fast"),
        (SCENARIO, &["--rate", "9/s..8/s"], "`to` is below `from`"),
        (SCENARIO, &["--repeats", "2"], "it must be odd"),
        (SCENARIO, &["--for", "soon"], "--for soon"),
        (SCENARIO, &["--rate", "9/s", "--sessions", "1"], "cannot be used with"),
    ] {
        let error = planned(folder.path(), text, arguments).unwrap_err();
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
    assert!(!folder.path().join("runs").exists());
}
