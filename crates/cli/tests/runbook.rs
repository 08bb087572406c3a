//! The shipped runbook end to end, on less data.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;

use annvil_core::record::{PhaseResult, RunRecord};
use common::{folders, good_but_for_company, run, stderr};

#[test]
fn the_shipped_runbook_says_how_right_answers_are_at_every_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["run", "runbook", "--quick", "--set", "phases.runbook.queries=100"];
    let output = run(folder.path(), &arguments);
    assert!(good_but_for_company(&output), "{}", stderr(&output));
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    for text in ["replace 500..1000 with 3000..3500", "ghosts", "at worst (step", "runbook.recall@10.mean"] {
        assert!(shown.contains(text), "{text} is missing in\n{shown}");
    }
    let run = folders(folder.path()).swap_remove(0);
    let record: RunRecord = serde_json::from_slice(&fs::read(run.join("run.json")).unwrap()).unwrap();
    for block in &record.blocks {
        let PhaseResult::Runbook(book) = &block.phases.last().unwrap().result else {
            unreachable!("{block:?}")
        };
        let held: Vec<u64> = book.steps.iter().map(|step| step.held).collect();
        assert_eq!(held, [1500, 1500, 2500, 2500, 2500, 2500, 1700, 1700, 2500, 2500, 2500]);
        let worst = book.worst().unwrap().recall().unwrap().mean;
        assert!(
            if block.variant == "hnsw" { worst > 0.5 } else { worst >= 1.0 },
            "{} {worst}",
            block.variant
        );
    }
    for file in ["summary.md", "report.html", "metrics.csv"] {
        let text = fs::read_to_string(run.join(file)).unwrap();
        assert!(
            text.contains("runbook") && (file == "metrics.csv" || text.contains("delete 0..800")),
            "{file}"
        );
    }
    assert!(fs::read_to_string(run.join("metrics.csv")).unwrap().contains("worst"));
}
