//! What is no result of a tool is named, with its line and the reason.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};

use annvil_store::import::{ImportError, Tool, import};
use proptest::prelude::*;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import").join(name)
}

/// The line and the text of the error that `content` leads to.
fn fault(tool: Tool, content: &[u8]) -> (Option<usize>, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("result");
    fs::write(&path, content).unwrap();
    let error = import(tool, &path).expect_err("this is no result");
    let line = if let ImportError::Malformed { line, .. } = &error { *line } else { None };
    (line, error.to_string().replace(&folder.path().display().to_string(), ""))
}

#[test]
fn files_that_are_cut_off() {
    let cut = |name: &str, lines: usize| {
        let text = fs::read_to_string(fixture(name)).unwrap();
        text.lines().take(lines).collect::<Vec<_>>().join("\n")
    };
    let cases = [
        (Tool::Hyperfine, "hyperfine/count.json", 10, 10, "EOF while parsing"),
        (Tool::K6, "k6/summary-export.json", 30, 30, "EOF while parsing"),
        (
            Tool::Vectordbbench,
            "vectordbbench/result_20261122_small_pgvector.json",
            20,
            20,
            "EOF while parsing",
        ),
        (Tool::Locust, "locust/api_stats.csv", 3, 3, "it ends before the row `Aggregated`"),
        (
            Tool::Pgbench,
            "pgbench/tpcb.txt",
            5,
            5,
            "it ends without a line that begins with `latency average =`",
        ),
    ];
    for (tool, name, lines, line, reason) in cases {
        let (found, text) = fault(tool, cut(name, lines).as_bytes());
        assert_eq!(found, Some(line), "{name}: {text}");
        assert!(text.starts_with(&format!("/result:{line} is no result of {tool}: {reason}")), "{text}");
    }
    let log = fs::read_to_string(fixture("pgbench/intervals/pgbench_log.21897")).unwrap();
    let (line, text) = fault(Tool::Pgbench, &log.as_bytes()[..log.len() - 5]);
    assert!(line == Some(4) && text.contains("the line is cut off"), "{text}");
}

#[test]
fn wrong_types_and_values() {
    let cases: [(Tool, &str, Option<usize>, &str); 14] = [
        (
            Tool::Hyperfine,
            "{\"results\": [\n{\"command\": \"a\",\n\"mean\": \"fast\"}]}",
            Some(3),
            "invalid type: string \"fast\", expected f64",
        ),
        (Tool::Hyperfine, "{\"results\": []}", None, "it holds no results"),
        (
            Tool::Hyperfine,
            "{\"results\": [{\"command\": \"a\", \"mean\": 1, \"times\": [-1]}]}",
            None,
            "hyperfine a.time.value is -1000000000, which nothing can have",
        ),
        (Tool::K6, "{\"metrics\": {}}", None, "it holds no times, rates or checks"),
        (Tool::K6, "{}", None, "it has no key `metrics`"),
        (Tool::K6, "{\"metrics\": {\"checks\": {\"value\": 7}}}", None, "and a share is 1 at most"),
        (Tool::Vectordbbench, "{\"results\":\n7}", Some(2), "invalid type: integer `7`, expected a sequence"),
        (Tool::Locust, "Type,Name\nGET,/\n", Some(2), "missing field `Request Count`"),
        (Tool::Pgbench, "latency average = soon ms\n", Some(1), "`soon` is no number"),
        (Tool::Pgbench, "0 1 1219 0 1795310744 5\n0 2 x 0 1 1\n", Some(2), "`x` is no number of a log"),
        (
            Tool::Csv,
            "metric,value\nsearch.service.p95,9.2\n",
            Some(2),
            "service is a time: write 9.2ms, not 9.2",
        ),
        (Tool::Csv, "metric,value\n\nsearch.respons.p95,9ms\n", Some(3), "did you mean `response`?"),
        (Tool::Csv, "metric,value\na.time,1s\na.time,2s\n", Some(3), "csv a.time.value is there twice"),
        (Tool::Csv, "name,value,better\na,1s,higher\n", Some(2), "of time, lower is better"),
    ];
    for (tool, content, line, reason) in cases {
        let (found, text) = fault(tool, content.as_bytes());
        assert!(text.contains(reason), "{text}");
        assert_eq!(found, line, "{text}");
        // What to try stands on a line of its own.
        assert!(
            text.lines().nth(1).is_some_and(|advice| advice.starts_with("  ") && advice.ends_with('.')),
            "{text}"
        );
    }
}

#[test]
fn tables_with_other_columns_and_rows() {
    let (line, text) = fault(Tool::Csv, b"metric,value,colour\na.time,1s,red\n");
    assert!(text.contains("unknown field `colour`") && line.is_some(), "{text}");
    let (line, text) = fault(Tool::Csv, b"metric,value\na.time,1s,2s\n");
    assert!(line == Some(2) && text.contains("the row has 3 fields, the first one has 2"), "{text}");
    let (line, text) = fault(Tool::Csv, b"name,value\nhits,95%\n");
    assert!(line == Some(2) && text.contains("a value with the unit `%` is no time, rate or size"), "{text}");
    let (line, text) = fault(Tool::Csv, b"metric,value,started\na.time,1s,yesterday\n");
    assert!(line == Some(2) && text.contains("`yesterday` is no time with its zone"), "{text}");
}

#[test]
fn an_empty_file_and_one_that_is_no_text() {
    for tool in Tool::ALL.into_iter().filter(|tool| *tool != Tool::Criterion) {
        let (_, text) = fault(tool, b"");
        assert!(text.starts_with("/result") && text.contains(&format!("is no result of {tool}")), "{text}");
        let (_, text) = fault(tool, &[0xff, 0xfe, 0x00]);
        assert!(text.contains("it is not text in UTF-8"), "{text}");
    }
}

#[test]
fn another_tools_file_is_recognized() {
    let other = [
        (Tool::Hyperfine, "k6/summary-export.json", Tool::K6),
        (Tool::K6, "hyperfine/count.json", Tool::Hyperfine),
        (Tool::Vectordbbench, "hyperfine/count.json", Tool::Hyperfine),
        (Tool::Csv, "locust/api_stats.csv", Tool::Locust),
        (Tool::Locust, "csv/names.csv", Tool::Csv),
        (Tool::Pgbench, "csv/metrics.csv", Tool::Csv),
        (Tool::Hyperfine, "criterion", Tool::Criterion),
    ];
    for (taken_for, name, tool) in other {
        let text = import(taken_for, &fixture(name)).unwrap_err().to_string();
        let named = text.contains(&format!("It looks like a result of {tool}: try {tool}:"));
        // A folder can't be opened as a file, whoever wrote it.
        assert!(named || name == "criterion", "{text}");
    }
}

#[test]
fn files_that_are_not_there() {
    let text = import(Tool::Hyperfine, &fixture("missing.json")).unwrap_err().to_string();
    assert!(text.contains("missing.json") && text.contains("hyperfine --export-json FILE"), "{text}");
    let text = import(Tool::Criterion, &fixture("missing")).unwrap_err().to_string();
    assert!(text.starts_with("cannot read") && text.contains("target/criterion"), "{text}");
    let text = import(Tool::Criterion, &fixture("k6")).unwrap_err().to_string();
    assert!(text.contains("no benchmark below it has results called `new`"), "{text}");
}

#[test]
fn baselines_of_criterion_are_chosen_by_name() {
    let path = |name: &str| PathBuf::from(format!("{}@{name}", fixture("criterion").display()));
    let main = import(Tool::Criterion, &path("main")).unwrap();
    assert_eq!(main.runs[0].scenario, "criterion");
    let text = import(Tool::Criterion, &path("old")).unwrap_err().to_string();
    assert!(text.contains("results called `old`") && text.contains("main, new"), "{text}");
}

/// The files that cuts are made of.
const TEXTS: [(Tool, &str); 10] = [
    (Tool::Hyperfine, "hyperfine/count.json"),
    (Tool::K6, "k6/summary-export.json"),
    (Tool::K6, "k6/machine-readable.json"),
    (Tool::Locust, "locust/api_stats.csv"),
    (Tool::Vectordbbench, "vectordbbench/result_20261122_small_pgvector.json"),
    (Tool::Pgbench, "pgbench/rate.txt"),
    (Tool::Pgbench, "pgbench/scripts.txt"),
    (Tool::Pgbench, "pgbench/intervals/pgbench_log.21897"),
    (Tool::Csv, "csv/metrics.csv"),
    (Tool::Csv, "csv/names.csv"),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever is cut out of a file and whatever byte is put in its place: it is read or refused, never more than that, and
    /// no figure is one that nothing can have.
    #[test]
    fn no_cut_of_a_file_is_the_end_of_the_reader(
        which in 0..TEXTS.len(),
        as_tool in prop::option::of(0..Tool::ALL.len()),
        from in 0.0..1.0_f64,
        length in prop_oneof![Just(0.0), 0.0..0.05_f64, Just(1.0)],
        byte in prop::option::of(any::<u8>()),
    ) {
        let (tool, name) = TEXTS[which];
        let tool = as_tool.map_or(tool, |other| Tool::ALL[other]);
        let mut bytes = fs::read(fixture(name)).unwrap();
        let from = (from * bytes.len() as f64) as usize;
        let to = (from + (length * bytes.len() as f64) as usize).min(bytes.len());
        bytes.splice(from..to, byte);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result");
        fs::write(&path, bytes).unwrap();
        match import(tool, &path) {
            Ok(group) => {
                for figures in &group.figures {
                    prop_assert!(figures.values.values().all(|value| value.is_finite() && *value >= 0.0));
                }
            }
            Err(error) => prop_assert!(error.to_string().contains("result"), "{}", error),
        }
    }
}
