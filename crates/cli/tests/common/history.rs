//! Runs that tests put into folders: one that was measured, again and again under other names.

#![allow(dead_code, clippy::unwrap_used, clippy::panic, reason = "not every test uses all of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::OnceLock;

use serde_json::{Value, json as value};

use super::{alone, folders, run, stderr};

/// A stub whose calls take a tenth of a millisecond.
pub const SCENARIO: &str = "
data: {name: wordnet-10k, rows: 200, queries_limit: 50}
engine: {stub: {service: 100us}}
variants: {served: {}}
phases:
  - verify: {queries: 1, writes: false}
  - search: {k: 5, queries: 100, warmup: 5}
";

/// A folder with `runs/run-0`, `runs/run-1`, and so on, a minute apart, each of a commit of its own on the branch main.
pub struct History(tempfile::TempDir);

impl History {
    pub fn of(count: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..count {
            write(folder.path(), &format!("run-{number}"), number, |_| {});
        }
        Self(folder)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn runs(&self) -> PathBuf {
        self.path().join("runs")
    }

    pub fn annvil(&self, arguments: &[&str]) -> Output {
        run(self.path(), arguments)
    }

    /// One more, changed.
    pub fn add(&self, name: &str, minute: usize, change: impl FnOnce(&mut Value)) {
        write(self.path(), name, minute, change);
    }
}

fn write(folder: &Path, name: &str, minute: usize, change: impl FnOnce(&mut Value)) {
    let mut record = measured().clone();
    record["id"] = value!(name);
    record["started"] = value!(format!("2026-11-21T{:02}:{:02}:00Z", 10 + minute / 60, minute % 60));
    record["origin"] = value!({"commit": format!("{:07x}c0ffee", 0x1a2_0000 + minute), "branch": "main"});
    change(&mut record);
    let place = folder.join("runs").join(name);
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join("run.json"), record.to_string()).unwrap();
}

/// A record that was measured, and that can be judged whoever else used the processors.
fn measured() -> &'static Value {
    static MEASURED: OnceLock<Value> = OnceLock::new();
    MEASURED.get_or_init(|| {
        let _alone = alone();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("s.yaml"), SCENARIO).unwrap();
        let output = run(folder.path(), &["run", "s.yaml", "--one-process", "--quiet", "--no-store"]);
        let path = folders(folder.path()).pop().unwrap_or_else(|| panic!("{}", stderr(&output)));
        let mut record: Value = serde_json::from_slice(&fs::read(path.join("run.json")).unwrap()).unwrap();
        for block in record["blocks"].as_array_mut().unwrap() {
            for phase in block["phases"].as_array_mut().unwrap() {
                phase["validity"] = value!([]);
            }
        }
        record
    })
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", stderr(output)))
}
