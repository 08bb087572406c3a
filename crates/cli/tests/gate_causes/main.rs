//! Causes of regressions that are really there: each is made, and the gate finds it in what was measured. Of every other cause
//! it is silent, also where that would make it as slow. Time that a hypervisor takes can't be made here: that cause is proved
//! in `annvil-conduct`, from the kernel's files to its name.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

#[path = "../common/mod.rs"]
mod common;
mod index;
mod memory;
mod processor;
#[cfg(feature = "postgres")]
#[path = "../postgres/server.rs"]
#[allow(dead_code, reason = "not all of it is needed here")]
mod server;
#[cfg(feature = "postgres")]
mod table;

use std::fs;
use std::path::Path;

use annvil_core::gate::{Cause, Evidence, GateReport};
use annvil_core::key::MetricKey;
use annvil_core::quantity::format_value;
use common::{annvil, run, stderr};

/// Runs a side: with a single one nothing is known of how runs differ.
const RUNS: usize = 3;

/// Runs that may be invalid before nothing more is tried.
const INVALID: usize = 8;

/// Times that a change is measured while something else on the machine shows in its figures.
const TRIES: usize = 3;

/// What is said of the machine itself, whatever was changed: true where others use it meanwhile.
const COMPANY: [&str; 2] = ["client-bound", "machine-busy"];

/// Says that nothing could be found out.
fn skipped(why: &str) {
    eprintln!("skipped {}: {why}", std::thread::current().name().unwrap_or_default());
}

/// A scenario in a folder of its own, and the address of its server.
struct Place {
    folder: tempfile::TempDir,
    url: String,
}

impl Place {
    fn of(scenario: &str, url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("s.yaml"), scenario).unwrap();
        Self { folder, url: url.to_owned() }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Measures with changes until enough runs can be judged; their folders, joined. `None` on a machine that is too busy: that
    /// nothing is judged there is as it should be.
    fn measure(&self, set: &[&str]) -> Option<String> {
        self.measure_where(set, |_| true)
    }

    /// The same of runs that are as they are wanted.
    fn measure_where(&self, set: &[&str], wanted: impl Fn(&str) -> bool) -> Option<String> {
        let mut good: Vec<String> = Vec::new();
        for _ in 0..RUNS + INVALID {
            let mut command = annvil();
            command.current_dir(self.path()).env("DATABASE_URL", &self.url).args(["run", "s.yaml", "--json"]);
            for set in set {
                command.args(["--set", set]);
            }
            let output = command.output().unwrap();
            let record: serde_json::Value = serde_json::from_slice(&output.stdout)
                .unwrap_or_else(|error| panic!("{error}: {}", stderr(&output)));
            match output.status.code() {
                Some(0) => good.extend(record["id"].as_str().filter(|id| wanted(id)).map(str::to_owned)),
                Some(4) => {}
                code => panic!("{code:?}: {}", stderr(&output)),
            }
            if good.len() == RUNS {
                return Some(good.join("+"));
            }
        }
        skipped(&format!("this machine is too busy to judge a run of {set:?}"));
        None
    }

    /// Holds one side against another.
    fn judged(&self, before: &str, after: &str) -> GateReport {
        let flags = ["gate", "--run", after, "--baseline", before, "--across-plans", "--json"];
        let output = run(self.path(), &flags);
        let report: GateReport = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", stderr(&output)));
        for cause in &report.causes {
            self.is_measured(cause, before, after);
        }
        report
    }

    /// Measures with a change, which must be a regression whose causes are these and no others but those that may be true too.
    /// The change's runs, if they can be judged.
    fn causes(&self, before: &str, set: &[&str], causes: &[&str], also: &[&str]) -> Option<String> {
        for left in (0..TRIES).rev() {
            let after = self.measure(set)?;
            let report = self.judged(before, &after);
            let other = |name: &&str| !causes.contains(name) && !also.contains(name);
            let others: Vec<&str> = named(&report).into_iter().filter(other).collect();
            // It is true of the machine, and says nothing of the change: once more.
            if !others.is_empty() && others.iter().all(|name| COMPANY.contains(name)) {
                if left == 0 {
                    skipped(&format!("others use this machine: {others:?}"));
                    return None;
                }
                continue;
            }
            assert_eq!(report.exit_code, 1, "{set:?}: {}", report.sentence);
            let missing: Vec<&&str> = causes.iter().filter(|name| !named(&report).contains(name)).collect();
            assert!(missing.is_empty(), "{set:?}: no word of {missing:?}: {:#?}", report.causes);
            assert!(others.is_empty(), "{set:?}: {others:?} should be silent: {:#?}", report.causes);
            return Some(after);
        }
        None
    }

    /// A cause cites what was measured on both sides: each of its figures lies among those of the runs' own files, and the
    /// first stands in its sentence.
    fn is_measured(&self, cause: &Cause, before: &str, after: &str) {
        assert!(!cause.evidence.is_empty() && !cause.advice.is_empty(), "{cause:?}");
        for evidence in &cause.evidence {
            for (side, value) in [(before, evidence.a), (after, evidence.b)] {
                let values = self.values(side, &evidence.key);
                let (low, high) =
                    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                        (value.min(low), value.max(high))
                    });
                let near = 1e-6 * value.abs();
                assert!(low - near <= value && value <= high + near, "{value} of {values:?}: {cause:?}");
            }
        }
        let Evidence { key, a, b } = &cause.evidence[0];
        for value in [*a, *b] {
            let text = format_value(key.quantity, value);
            assert!(cause.sentence.contains(&text), "{text}: {cause:?}");
        }
    }

    /// A figure as it stands in `metrics.csv` of each run of a side, whatever its point.
    fn values(&self, side: &str, key: &MetricKey) -> Vec<f64> {
        let mut values = Vec::new();
        for id in side.split('+') {
            let text = fs::read_to_string(self.path().join("runs").join(id).join("metrics.csv")).unwrap();
            for line in text.lines() {
                let fields: Vec<&str> = line.split(',').collect();
                let (quantity, stat) = (key.quantity.to_string(), key.stat.to_string());
                if [fields[0], fields[2], fields[3], fields[4], fields[5]]
                    == [&*key.variant, &*key.phase, &*key.form, &*quantity, &*stat]
                {
                    values.push(fields[7].parse().unwrap());
                }
            }
        }
        assert_eq!(values.len(), side.split('+').count(), "{key}");
        values
    }
}

fn named(report: &GateReport) -> Vec<&str> {
    report.causes.iter().map(|cause| cause.name.as_str()).collect()
}

/// The cause of a name.
fn of<'a>(report: &'a GateReport, name: &str) -> &'a Cause {
    report.causes.iter().find(|cause| cause.name == name).unwrap()
}
