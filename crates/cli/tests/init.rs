//! `annvil init`: what it writes is read and run by Annvil itself.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::fs;
use std::path::Path;

use annvil_core::document::Document;
use annvil_core::scenario::{self, Scenario};
use common::{alone, fvecs, good_but_for_company, run, stderr};

const ADDRESS: &str = "postgres://me:hunter2@db.example/vectors?sslmode=require";

fn init(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, &[&["init"], arguments].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn parsed(text: &str) -> Scenario {
    Document::parse("annvil.yaml", text).and_then(|document| scenario::read(&document)).unwrap()
}

/// Small, and without objectives that a busy machine would miss.
const SMALL: [&str; 8] = [
    "--set",
    "data.rows=1000",
    "--set",
    "blocks=1",
    "--set",
    "phases.search.for=100ms",
    "--set",
    "objectives=[search.recall@10.mean > 0.5]",
];

#[test]
fn the_scenario_runs_as_it_stands() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let told = init(folder.path(), &[]);
    assert!(told.contains("annvil.yaml") && told.contains("Next: annvil run"), "{told}");
    let output = run(folder.path(), &[&["run", "annvil.yaml", "--quiet"], &SMALL[..]].concat());
    assert!(good_but_for_company(&output), "{}", stderr(&output));
    // What stands in comments is right too.
    let scenario = read(&folder.path().join("annvil.yaml"));
    let opened: String = scenario
        .lines()
        .map(|line| match line.trim_start().strip_prefix("# ") {
            Some(rest) if OPENED.iter().any(|key| rest.trim_start().starts_with(key)) => {
                format!("{}{rest}\n", " ".repeat(line.len() - line.trim_start().len()))
            }
            _ => format!("{line}\n"),
        })
        .collect();
    assert_ne!(opened, scenario);
    fs::write(folder.path().join("opened.yaml"), &opened).unwrap();
    let output = run(folder.path(), &[&["run", "opened.yaml", "--quiet"], &SMALL[..]].concat());
    assert!(good_but_for_company(&output), "{}\n{opened}", stderr(&output));
    let read = parsed(&opened);
    assert_eq!((read.gate.always.len(), read.gate.metrics.len(), read.gate.margins.len()), (2, 1, 3));
}

/// How commented lines of the gate begin.
const OPENED: [&str; 6] =
    ["margins:", "always:", "- search.service", "- search.throughput", "metrics:", "hnsw search"];

#[test]
fn vectors_of_ones_own_are_searched() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("sets")).unwrap();
    fs::write(folder.path().join("sets/mine.fvecs"), fvecs(600, 8)).unwrap();
    init(folder.path(), &["--data", "sets/mine.fvecs", "--output", "bench"]);
    let scenario = folder.path().join("bench/annvil.yaml");
    assert!(
        read(&scenario).contains("data: {path: '../sets/mine.fvecs', metric: cosine}"),
        "{}",
        read(&scenario)
    );
    let output = run(folder.path(), &[&["run", "bench/annvil.yaml", "--quiet"], &SMALL[2..]].concat());
    assert!(good_but_for_company(&output), "{}", stderr(&output));
    let output = run(folder.path(), &["init", "--data", "sets/missing.fvecs", "--force"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
}

#[test]
fn a_server_is_named_by_a_variable() {
    let folder = tempfile::tempdir().unwrap();
    for ci in ["github", "gitlab"] {
        let told = init(folder.path(), &[ADDRESS, "--ci", ci, "--force"]);
        assert!(told.contains("DATABASE_URL"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
    let scenario = read(&folder.path().join("annvil.yaml"));
    parsed(&scenario);
    let files =
        [".github/workflows/annvil.yml", ".gitlab-ci.yml"].map(|name| read(&folder.path().join(name)));
    for text in files.iter().chain([&scenario]) {
        assert!(!text.contains("hunter2") && !text.contains("db.example"), "{text}");
        assert!(text.contains("DATABASE_URL"));
    }
    let output = run(folder.path(), &["init", "qdrant://me:hunter2@host", "--force"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("qdrant://") && !stderr(&output).contains("hunter2"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn what_is_there_stays() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".gitlab-ci.yml"), "mine: true\n").unwrap();
    let output = run(folder.path(), &["init", "--ci", "gitlab"]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.contains(".gitlab-ci.yml is there already") && said.contains("--force"), "{said}");
    // Neither file was touched.
    assert_eq!(read(&folder.path().join(".gitlab-ci.yml")), "mine: true\n");
    assert!(!folder.path().join("annvil.yaml").exists());
    init(folder.path(), &["--ci", "gitlab", "--force"]);
    assert!(read(&folder.path().join(".gitlab-ci.yml")).contains("annvil ci annvil.yaml"));
}

#[test]
fn ci_files_are_yaml_and_their_commands_exist() {
    for address in [&[][..], &[ADDRESS]] {
        let folder = tempfile::tempdir().unwrap();
        for (ci, name) in [("github", ".github/workflows/annvil.yml"), ("gitlab", ".gitlab-ci.yml")] {
            init(folder.path(), &[address, &["--ci", ci, "--force"]].concat());
            let text = read(&folder.path().join(name));
            let yaml: serde_json::Value =
                serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{ci}: {error}"));
            let commands = commands(&yaml);
            assert!(commands.iter().any(|command| command.starts_with("annvil ci ")), "{ci}: {commands:?}");
            for command in commands {
                // With --help nothing is done, and what stands before it is read all the same.
                let words: Vec<&str> =
                    command.split_whitespace().skip(1).map(|word| word.trim_matches('"')).collect();
                let words: Vec<&str> = words.into_iter().filter(|word| *word != "$UPDATE").collect();
                let output = run(folder.path(), &[&words[..], &["--help"]].concat());
                assert_eq!(output.status.code(), Some(0), "{command}\n{}", stderr(&output));
            }
        }
    }
}

/// Every line that runs Annvil, wherever it stands.
fn commands(yaml: &serde_json::Value) -> Vec<String> {
    match yaml {
        serde_json::Value::String(text) => text
            .lines()
            .map(str::trim)
            .filter(|line| line.starts_with("annvil "))
            .map(str::to_owned)
            .collect(),
        serde_json::Value::Array(items) => items.iter().flat_map(commands).collect(),
        serde_json::Value::Object(map) => map.values().flat_map(commands).collect(),
        _ => Vec::new(),
    }
}
