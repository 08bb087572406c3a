//! The report of a run ends with the history of the runs like it, and is whole without a store.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;

use common::history::{History, SCENARIO};
use common::{alone, folders, stderr};

#[test]
fn a_report_ends_with_the_earlier_runs_of_its_plan() {
    let history = History::of(5);
    let _alone = alone();
    fs::write(history.path().join("s.yaml"), SCENARIO).unwrap();
    assert!(history.annvil(&["history", "import", "runs"]).status.success());
    // The page of a run that was just measured; none if other work on this machine made it invalid each time.
    let page = |flags: &[&str]| {
        for _ in 0..4 {
            let output = history.annvil(&[&["run", "s.yaml", "--one-process", "--quiet"], flags].concat());
            if output.status.code() == Some(0) {
                let measured =
                    folders(history.path()).into_iter().rfind(|path| path.join("report.html").exists());
                return Some(fs::read_to_string(measured.unwrap().join("report.html")).unwrap());
            }
            assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
        }
        assert!(std::env::var_os("CI").is_none(), "the machine is too busy to measure");
        eprintln!("SKIPPED: the machine is too busy to measure");
        None
    };
    let Some(with) = page(&[]) else { return };
    let (_, section) = with.split_once("<section id=\"history\">").unwrap();
    for part in
        ["The latest 6 runs", "served search.service.p50", "served search.throughput", "2026-11-21", "</svg>"]
    {
        assert!(section.contains(part), "{part}: {section}");
    }
    // Without a store, and with one that can't be read, the report is whole.
    let Some(without) = page(&["--no-store"]) else { return };
    assert!(!without.contains("id=\"history\"") && without.contains("id=\"environment\""));
    fs::write(history.runs().join("history.db"), "no store").unwrap();
    let Some(broken) = page(&[]) else { return };
    assert!(!broken.contains("id=\"history\"") && broken.contains("id=\"environment\""));
}
