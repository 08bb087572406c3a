//! Baselines on the command line.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;

use common::history::{History, json, stdout};
use common::stderr;
use serde_json::json as value;

#[test]
fn a_baseline_is_saved_shown_promoted_and_deleted() {
    let history = History::of(3);
    let empty = history.annvil(&["baseline", "list"]);
    assert!(stdout(&empty).contains("no baselines yet") && empty.status.success());
    // By folders, which are taken in on the way.
    let output = history.annvil(&[
        "baseline",
        "save",
        "release",
        "runs/run-0",
        "run-1",
        "--reason",
        "1.0",
        "--by",
        "me",
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("release@1 is saved: 2 runs"), "{}", stdout(&output));
    let again = json(&history.annvil(&["baseline", "save", "release", "run-2", "--json"]));
    assert_eq!((&again["version"], &again["runs"]), (&value!(2), &value!(["run-2"])));
    assert_eq!(again["commit"], "1a20002c0ffee");
    let listed = stdout(&history.annvil(&["baseline", "list"]));
    assert!(
        listed.contains("release@2") && listed.contains("release@1") && listed.contains("1.0"),
        "{listed}"
    );
    let shown = stdout(&history.annvil(&["baseline", "show", "release@1"]));
    for text in ["release@1", "by          me", "reason      1.0", "run-0  1a20000c0", "run-1"] {
        assert!(shown.contains(text), "{text} is missing in\n{shown}");
    }
    let output = history.annvil(&["baseline", "promote", "release", "--version", "1", "--to", "stable"]);
    assert!(stdout(&output).contains("stable@1 is promoted from release@1: 2 runs"), "{}", stdout(&output));
    let output = history.annvil(&["baseline", "delete", "release"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("has 2 versions"), "{}", stderr(&output));
    let output = history.annvil(&["baseline", "delete", "release", "--all"]);
    assert!(stdout(&output).contains("2 versions are deleted"), "{}", stdout(&output));
    assert!(history.runs().join("run-0").is_dir());
    let left = json(&history.annvil(&["baseline", "list", "--json"]));
    assert_eq!((left.as_array().unwrap().len(), &left[0]["name"]), (1, &value!("stable")));
}

#[test]
fn runs_that_cannot_stand_together_are_refused_with_the_reason() {
    let history = History::of(1);
    history.add("elsewhere", 1, |record| record["environment"]["fingerprint"] = value!("0ther"));
    history.add("otherwise", 2, |record| record["plan_hash"] = value!("0ther"));
    history.add("stopped", 3, |record| record["status"] = value!("interrupted"));
    history.add("busy", 4, |record| {
        record["blocks"][0]["phases"][0]["validity"] =
            value!([{"name": "client", "valid": false, "figure": "97 % of its cores", "limit": "85 %"}]);
    });
    fs::create_dir(history.runs().join("empty")).unwrap();
    for (arguments, says) in [
        (vec!["run-0", "elsewhere"], "machines differ"),
        (vec!["run-0", "otherwise"], "plans differ"),
        (vec!["stopped"], "did not come to its end"),
        (vec!["busy"], "97 % of its cores"),
        (vec!["nothing"], "no run in"),
        (vec!["empty"], "no run lies in"),
        (vec![], "made of runs"),
        (vec!["--rolling", "3", "--branch", "none"], "branch none"),
    ] {
        let output = history.annvil(&[&["baseline", "save", "b"], &arguments[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(says), "{arguments:?}: {}", stderr(&output));
    }
    let output = history.annvil(&["baseline", "show", "nothing"]);
    assert!(stderr(&output).contains("no baseline `nothing`"), "{}", stderr(&output));
}

#[test]
fn a_rolling_baseline_and_what_is_accepted_against_it() {
    let history = History::of(4);
    assert!(history.annvil(&["history", "import"]).status.success());
    let output =
        history.annvil(&["baseline", "save", "main", "--rolling", "2", "--branch", "main", "--by", "ci"]);
    assert!(
        stdout(&output).contains("the latest 2 runs of main, s"),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
    let shown = json(&history.annvil(&["baseline", "show", "main", "--json"]));
    assert_eq!(shown["stands_for"], value!(["run-2", "run-3"]));
    history.add("run-4", 4, |_| {});
    assert!(history.annvil(&["history", "import"]).status.success());
    let shown = json(&history.annvil(&["baseline", "show", "main", "--json"]));
    assert_eq!((&shown["stands_for"], &shown["segment"]), (&value!(["run-3", "run-4"]), &value!(null)));

    let accept = |further: &[&str]| {
        history.annvil(
            &[&["baseline", "accept", "main", "--by", "me", "--reason", "exact answers"], further].concat(),
        )
    };
    let output = accept(&["--metric", "search.p50", "--up-to", "12%"]);
    assert!(stdout(&output).contains("may be worse up to 12 %"), "{}{}", stdout(&output), stderr(&output));
    assert!(
        stdout(&history.annvil(&["baseline", "show", "main"]))
            .contains("search.p50 up to 12 %: exact answers (me, ")
    );
    let wrong = accept(&["--metric", "serach.p50", "--any-amount"]);
    assert!(
        wrong.status.code() == Some(2) && stderr(&wrong).contains("names no figure"),
        "{}",
        stderr(&wrong)
    );
    let output = history.annvil(&["history", "prune", "--keep", "0", "--json"]);
    assert_eq!(json(&output)["removed"], value!(["run-2", "run-1", "run-0"]));
}

#[test]
fn a_rolling_baseline_says_where_it_begins() {
    let history = History::of(0);
    for number in 0..50 {
        // A fifth fewer operations a second from the 40th run on.
        let wobble = 1.0 + f64::from(number * 37 % 11) / 1000.0;
        let rate = if number < 40 { 5000.0 } else { 4000.0 } * wobble;
        history.add(&format!("run-{number:02}"), number as usize, |record| {
            let phases = record["blocks"][0]["phases"].as_array_mut().unwrap();
            let search = phases.iter_mut().find(|phase| phase["name"] == "search").unwrap();
            let form = &mut search["result"]["measured"]["forms"][0];
            let window = form["operations"].as_f64().unwrap() / rate * 1e9;
            form["window"] = value!(window as u64);
        });
    }
    assert!(history.annvil(&["history", "import"]).status.success());
    assert!(
        history.annvil(&["baseline", "save", "main", "--rolling", "20", "--branch", "main"]).status.success()
    );
    let shown = stdout(&history.annvil(&["baseline", "show", "main"]));
    assert!(shown.contains("at run-40, commit 1a20028c0ffee: served search.throughput.value"), "{shown}");
    assert!(
        (shown.contains("(−20.") || shown.contains("(−19.9"))
            && shown.contains("10 runs before it are left out"),
        "{shown}"
    );
    assert!(!shown.contains("run-39"), "{shown}");
}

/// A result as hyperfine writes it.
fn hyperfine(seconds: [f64; 3]) -> String {
    let results = value!({"results": [{
        "command": "search",
        "mean": seconds.iter().sum::<f64>() / 3.0,
        "stddev": 0.001,
        "median": seconds[1],
        "min": seconds[0],
        "max": seconds[2],
        "times": seconds,
    }]});
    results.to_string()
}

#[test]
fn results_of_other_tools_are_baselines_and_have_a_history() {
    let history = History::of(1);
    let write = |name: &str, seconds| fs::write(history.runs().join(name), hyperfine(seconds)).unwrap();
    for (at, base) in [0.1, 0.1002, 0.0999, 0.1001, 0.0998].into_iter().enumerate() {
        write(&format!("{at}.json"), [base, base + 0.001, base + 0.002]);
    }
    write("slow.json", [0.15, 0.151, 0.152]);
    let good = ["0", "1", "2", "3", "4"].map(|name| format!("runs/{name}.json"));
    let output =
        history.annvil(&[&["baseline", "save", "tool"], &good.each_ref().map(String::as_str)[..]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("tool@1 is saved: 5 runs"), "{}", stdout(&output));

    let gate = |result: &str| {
        history.annvil(&["gate", "--from", "hyperfine", result, "--baseline", "tool", "--json"])
    };
    let slow = gate("runs/slow.json");
    assert_eq!(slow.status.code(), Some(1), "{}", stderr(&slow));
    assert!(json(&slow)["sentence"].as_str().unwrap().contains("worse"), "{}", stdout(&slow));

    // The same result again is the run that is there.
    let again = history.annvil(&["history", "import", "hyperfine:runs/0.json+runs/slow.json"]);
    assert!(stdout(&again).contains("2 runs are in"), "{}{}", stdout(&again), stderr(&again));
    let listed = json(&history.annvil(&["history", "list", "--json"]));
    assert_eq!(listed.as_array().unwrap().iter().filter(|run| run["tool"] == "hyperfine").count(), 6);
}
