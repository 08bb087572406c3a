//! What is exported as Parquet, read by its reference implementation. Without it the test says so and passes, except in CI.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use annvil_core::figures::{Figures, Group, Provenance};
use annvil_core::key::MetricKey;
use annvil_core::quantity::{Quantity, Stat};
use annvil_store::{Export, ParquetExport};
use serde_json::{Value, json};

fn python(test: &str) -> Option<PathBuf> {
    let python = std::env::var_os("ANNVIL_PYTHON").map(PathBuf::from);
    if python.is_none() {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{test} needs ANNVIL_PYTHON");
        eprintln!("SKIPPED {test}: ANNVIL_PYTHON is not set; `cargo xtask test` sets it");
    }
    python
}

/// `runs` runs of two figures; every third has no plan, no start and was not complete.
fn group(first: u32, runs: u32) -> Group {
    let mut group = Group::default();
    for number in first..first + runs {
        let bare = number % 3 == 0;
        let run = format!("run-{number}");
        group.runs.push(Provenance {
            run: run.clone(),
            session: run.clone(),
            tool: "annvil".to_owned(),
            scenario: "µ, \"x\"".to_owned(),
            plan_hash: (!bare).then(|| "3f9a".to_owned()),
            started: if bare { String::new() } else { "2026-11-21T10:04:12+02:00".to_owned() },
            complete: !bare,
            ..Provenance::default()
        });
        let key = |stat| MetricKey {
            variant: "hnsw".to_owned(),
            point: String::new(),
            phase: "search".to_owned(),
            form: "search".to_owned(),
            quantity: Quantity::Service,
            stat,
        };
        let values = BTreeMap::from([(key(Stat::P50), f64::from(number) / 7.0), (key(Stat::P999), 1e300)]);
        group.figures.push(Figures { run, block: number, values, ..Figures::default() });
    }
    group
}

fn read(python: &Path, file: &Path) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/history.py");
    let output = Command::new(python).arg("-B").arg(&script).arg(file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn pyarrow_reads_every_figure() {
    let Some(python) = python("pyarrow_reads_every_figure") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.parquet");
    let mut export = ParquetExport::new(std::fs::File::create(&path).unwrap()).unwrap();
    assert_eq!(export.add(&group(0, 5)).unwrap(), 10);
    assert_eq!(export.add(&group(5, 6)).unwrap(), 12);
    export.finish().unwrap();

    let lines = read(&python, &path);
    assert_eq!(lines.len(), 1 + 22);
    let types = &lines[0];
    assert_eq!(types["run"], json!(["string", false]));
    assert_eq!(types["plan_hash"], json!(["string", true]));
    assert_eq!(types["began"], json!(["timestamp[us, tz=UTC]", true]));
    assert_eq!(types["usable"], json!(["bool", false]));
    assert_eq!(types["value"], json!(["double", false]));
    for (at, row) in lines[1..].iter().enumerate() {
        let (number, bare) = (at / 2, (at / 2) % 3 == 0);
        assert_eq!(row["run"], json!(format!("run-{number}")));
        assert_eq!((&row["scenario"], &row["block"]), (&json!("µ, \"x\""), &json!(number)));
        assert_eq!((&row["usable"], &row["branch"]), (&json!(!bare), &Value::Null));
        let known = |value: &str| if bare { Value::Null } else { json!(value) };
        assert_eq!(row["plan_hash"], known("3f9a"));
        assert_eq!(row["began"], known("2026-11-21T08:04:12+00:00"));
        let (figure, value) =
            if at % 2 == 0 { ("service.p50", number as f64 / 7.0) } else { ("service.p99.9", 1e300) };
        assert_eq!((&row["figure"], &row["value"]), (&json!(figure), &json!(value)));
    }
}

#[test]
fn a_table_of_several_row_groups_is_whole() {
    let Some(python) = python("a_table_of_several_row_groups_is_whole") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.parquet");
    let mut export = ParquetExport::new(std::fs::File::create(&path).unwrap()).unwrap();
    export.add(&group(0, 50_001)).unwrap();
    export.finish().unwrap();
    let script = "import sys, pyarrow.compute as pc, pyarrow.parquet as pq; f = pq.ParquetFile(sys.argv[1]); t = f.read(); \
                  print(f.num_row_groups, t.num_rows, pc.sum(t['block']), pc.sum(t['usable']))";
    let output = Command::new(&python).args(["-c", script]).arg(&path).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // Blocks 0 to 50,000, each in two rows; two thirds of them can be judged.
    assert_eq!(text.trim(), "2 100002 2500050000 66668", "{}", String::from_utf8_lossy(&output.stderr));
}
