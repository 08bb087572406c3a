//! The history of runs on the command line: filled by `run` and `import`, listed, shown, pruned, written out.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::fs;

use common::history::{History, SCENARIO, json, stdout};
use common::{alone, annvil, folders, good_but_for_company, run, stderr};

#[test]
fn a_run_is_in_the_history_at_once_unless_it_is_left_out() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("s.yaml"), SCENARIO).unwrap();
    let measure = |flags: &[&str]| {
        let output = run(folder.path(), &[&["run", "s.yaml", "--one-process", "--quiet"], flags].concat());
        assert!(good_but_for_company(&output), "{}", stderr(&output));
        output
    };
    measure(&["--no-store"]);
    assert!(!folder.path().join("runs/history.db").exists());
    let empty = run(folder.path(), &["history", "list"]);
    assert!(stdout(&empty).contains("no runs yet") && empty.status.success());
    assert!(!folder.path().join("runs/history.db").exists(), "looking at a history must not make it");

    measure(&[]);
    let listed = json(&run(folder.path(), &["history", "list", "--json"]));
    let [one] = listed.as_array().unwrap().as_slice() else { panic!("{listed}") };
    let name = one["run"].as_str().unwrap();
    let its_folder = folder.path().join("runs").join(name);
    assert!(folders(folder.path()).contains(&its_folder));
    assert_eq!(one["folder"].as_str().map(|path| folder.path().join(path)), Some(its_folder));
    assert_eq!((one["scenario"].as_str(), one["complete"].as_bool()), (Some("s"), Some(true)));
    let shown = stdout(&run(folder.path(), &["history", "show", name]));
    for text in [name, "served search.service.p50", "plan ", "blocks", "evidence; --all"] {
        assert!(shown.contains(text), "{text} is missing in\n{shown}");
    }

    // That a store which was asked for is none is known before anything is measured.
    let before = folders(folder.path()).len();
    let output = run(folder.path(), &["run", "s.yaml", "--one-process", "--quiet", "--store", "s.yaml"]);
    assert_eq!(output.status.code(), Some(5));
    assert!(stderr(&output).contains("not a store"), "{}", stderr(&output));
    assert_eq!(folders(folder.path()).len(), before);
    // That the usual one can't be written to is no failure of the run.
    let store = folder.path().join("runs/history.db");
    let kept = fs::read(&store).unwrap();
    fs::write(&store, "no store").unwrap();
    let output = measure(&[]);
    assert!(stderr(&output).contains("not in the history"), "{}", stderr(&output));
    fs::write(&store, kept).unwrap();
    let output = annvil()
        .current_dir(folder.path())
        .env("ANNVIL_STORE", "team.db")
        .args(["run", "s.yaml", "--one-process", "--quiet"])
        .output()
        .unwrap();
    assert!(good_but_for_company(&output), "{}", stderr(&output));
    let listed = json(&run(folder.path(), &["history", "list", "--store", "team.db", "--json"]));
    assert_eq!(listed.as_array().unwrap().len(), 1);
}

#[test]
fn a_suite_keeps_its_runs_beside_all_others() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("s.yaml"), SCENARIO).unwrap();
    let output = run(folder.path(), &["suite", "s.yaml", "--one-process", "--quiet"]);
    assert!(good_but_for_company(&output), "{}", stderr(&output));
    let listed = json(&run(folder.path(), &["history", "list", "--json"]));
    assert_eq!(listed.as_array().unwrap().len(), 1);
}

#[test]
fn a_folder_of_runs_is_taken_in_and_what_is_broken_is_named() {
    let history = History::of(4);
    // One in a session of runs that were measured in turns, one cut off, one of something else.
    let session = history.runs().join("2026-11-21T10-00-00-ab-s/a");
    fs::create_dir_all(&session).unwrap();
    fs::write(session.parent().unwrap().join("ab.json"), "{}").unwrap();
    fs::rename(history.runs().join("run-3"), session.join("run-3")).unwrap();
    let cut = fs::read_to_string(history.runs().join("run-2/run.json")).unwrap();
    fs::write(history.runs().join("run-2/run.json"), &cut[..cut.len() / 2]).unwrap();
    fs::create_dir(history.runs().join("other")).unwrap();
    fs::write(history.runs().join("other/run.json"), "{\"schema\": 99}").unwrap();

    let output = history.annvil(&["history", "import", "runs"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("3 runs are in"), "{}", stdout(&output));
    let said = stderr(&output);
    for text in ["run-2", "other", "2 skipped"] {
        assert!(said.contains(text), "{said}");
    }
    let listed = json(&history.annvil(&["history", "list", "--json"]));
    let runs: Vec<_> = listed.as_array().unwrap().iter().map(|run| run["run"].as_str().unwrap()).collect();
    assert_eq!(runs, ["run-3", "run-1", "run-0"]);
    assert_eq!(listed[0]["session"], "2026-11-21T10-00-00-ab-s");
    assert_eq!(listed[1]["session"], "run-1");
    let text = stdout(&history.annvil(&["history", "list", "--limit", "2"]));
    assert!(text.contains("the latest 2 of 3") && text.contains("1a20003"), "{text}");
    let branch = json(&history.annvil(&["history", "list", "--branch", "none", "--json"]));
    assert_eq!(branch.as_array().unwrap().len(), 0);

    for (arguments, says) in [
        (vec!["history", "import", "nowhere"], "cannot read nowhere"),
        (vec!["history", "show", "run-"], "several runs begin with"),
        (vec!["history", "show", "x", "--store", "nothing/x.db"], "no store at nothing/x.db"),
        (vec!["history", "prune"], "--keep N"),
        (vec!["history", "prune", "--before", "yesterday"], "2026-11-21"),
    ] {
        let output = history.annvil(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(says), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn a_damaged_store_is_built_anew_from_the_folders() {
    let history = History::of(3);
    assert!(history.annvil(&["history", "import"]).status.success());
    let path = history.runs().join("history.db");
    fs::write(&path, vec![7; 20_000]).unwrap();
    let output = history.annvil(&["history", "list"]);
    assert_eq!(output.status.code(), Some(5));
    assert!(stderr(&output).contains("annvil history import runs/"), "{}", stderr(&output));
    fs::rename(&path, history.runs().join("broken")).unwrap();
    assert!(history.annvil(&["history", "import", "runs/"]).status.success());
    assert_eq!(json(&history.annvil(&["history", "list", "--json"])).as_array().unwrap().len(), 3);
}

#[test]
fn pruning_leaves_what_a_baseline_holds() {
    let history = History::of(6);
    assert!(history.annvil(&["history", "import"]).status.success());
    assert!(history.annvil(&["baseline", "save", "first", "run-0"]).status.success());
    let left = || {
        let listed = json(&history.annvil(&["history", "list", "--json"]));
        let names: Vec<_> =
            listed.as_array().unwrap().iter().map(|run| run["run"].as_str().unwrap().to_owned()).collect();
        names.join(" ")
    };
    let output = history.annvil(&["history", "prune", "--keep", "2", "--dry-run"]);
    assert!(stdout(&output).contains("3 runs would be removed"), "{}", stdout(&output));
    assert_eq!(left(), "run-5 run-4 run-3 run-2 run-1 run-0");
    let output = history.annvil(&["history", "prune", "--before", "2026-11-21T10:02:00Z"]);
    assert!(stdout(&output).contains("run-0 stays: the baseline first holds it"), "{}", stdout(&output));
    assert_eq!(left(), "run-5 run-4 run-3 run-2 run-0");
    assert!(history.runs().join("run-1").is_dir(), "folders stay");
    let pruned = json(&history.annvil(&["history", "prune", "--keep", "2", "--folders", "--json"]));
    assert_eq!(pruned["removed"], serde_json::json!(["run-3", "run-2"]));
    assert_eq!(pruned["folders"].as_array().unwrap().len(), 2);
    assert!(!history.runs().join("run-3").exists() && history.runs().join("run-0").is_dir());
    assert_eq!(left(), "run-5 run-4 run-0");
}

#[test]
fn every_figure_is_written_out() {
    let history = History::of(2);
    assert!(history.annvil(&["history", "import"]).status.success());
    let output = history.annvil(&["history", "export", "--output", "all.csv"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = fs::read_to_string(history.path().join("all.csv")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("run,session,tool,scenario,plan_hash,fingerprint,branch,commit,started"));
    let p50: Vec<&&str> = lines.iter().filter(|line| line.contains(",service.p50,")).collect();
    assert!(p50.len() == 2 && p50[0].starts_with("run-0,") && p50[1].contains(",main,1a20001"), "{p50:?}");
    let said = json(&history.annvil(&["history", "export", "--output", "all.parquet", "--json"]));
    assert_eq!(said["rows"].as_u64(), Some(lines.len() as u64 - 1));
    let bytes = fs::read(history.path().join("all.parquet")).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    let output = history.annvil(&["history", "export", "--output", "nowhere/all.csv"]);
    assert!(stderr(&output).contains("nowhere/all.csv"), "{}", stderr(&output));
}
