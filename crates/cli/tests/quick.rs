//! The main job end to end, on less data: tables, reports, JSON, and a report made again.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use annvil_core::record::{RunRecord, Status};
use common::{alone, folders, good_but_for_company, run, stderr};

/// The shipped scenario, small: what is tested here is that everything is there, not how fast it is.
const SMALL: [&str; 8] = [
    "--set",
    "data.rows=2000",
    "--set",
    "phases.search.for=200ms",
    "--set",
    "phases.parallel.for=200ms",
    "--set",
    "objectives=[search.recall@10.mean > 0.5]",
];

fn the_run(folder: &Path) -> PathBuf {
    let mut runs = folders(folder);
    assert_eq!(runs.len(), 1, "{runs:?}");
    runs.swap_remove(0)
}

#[test]
fn a_run_leaves_everything_that_is_promised() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &SMALL);
    assert!(good_but_for_company(&output), "{}", stderr(&output));
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    // In company the run is invalid, and says so instead of judging.
    let verdict = if output.status.code() == Some(0) { "✓ search.recall@10.mean" } else { "invalid" };
    for text in ["exact f32", "hnsw f16", "recall@10", "baseline", verdict, "report.html"] {
        assert!(shown.contains(text), "{text} is missing in\n{shown}");
    }
    assert!(!shown.contains('\x1b'), "colour where there is no terminal");
    assert!(stderr(&output).lines().all(|line| line.starts_with("20")), "progress lines are dated");

    let run_folder = the_run(folder.path());
    let record: RunRecord =
        serde_json::from_str(&fs::read_to_string(run_folder.join("run.json")).unwrap()).unwrap();
    assert_eq!((record.status, record.blocks.len()), (Status::Complete, 4));
    let judged = record.objectives.iter().flat_map(|objective| &objective.judged);
    // In company the figures may be invalid, which is no excuse for wrong answers.
    assert!(
        judged.clone().count() > 0
            && judged.clone().all(|judged| judged.value.is_some_and(|value| value > 0.5))
    );
    for block in &record.blocks {
        assert_eq!(block.failure, None);
        let memory = block.memory.as_ref().unwrap();
        assert!(memory.own_process && memory.usage.index.unwrap().0 > 0 && memory.resident().unwrap().0 > 0);
    }
    let size = |name: &str| fs::metadata(run_folder.join(name)).unwrap().len();
    assert!((10_000..1_000_000).contains(&size("report.html")), "{}", size("report.html"));
    assert!(size("run.json") < 3_000_000, "{}", size("run.json"));
    assert!(size("annvil.log") > 0 && size("summary.md") > 0 && size("metrics.csv") > 0);

    let again = run(folder.path(), &["report", run_folder.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
    assert_eq!(
        String::from_utf8(again.stdout).unwrap(),
        shown.replace("runs/", &format!("{}/runs/", folder.path().display()))
    );
}

#[test]
fn json_on_every_verb_that_answers() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["engines", "--json"][..], &["schema", "run"]] {
        let output = run(folder.path(), arguments);
        serde_json::from_slice::<serde_json::Value>(&output.stdout)
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
    }
    let output = run(
        folder.path(),
        &[
            &["run", "quick", "--json", "--set", "variants.'hnsw f32'.index=none"][..],
            &["--set", "variants.'hnsw f32'.search={}"],
            &SMALL,
        ]
        .concat(),
    );
    let record: RunRecord = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(record.plan.variants.len(), 4);
}

#[test]
fn variables_of_the_environment_override_a_scenario() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let output = common::annvil()
        .current_dir(folder.path())
        .args(["run", "quick", "--json", "--quiet"])
        .args(SMALL)
        .env("ANNVIL_SEED", "7")
        .output()
        .unwrap();
    let record: RunRecord = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(record.plan.seed, 7);
}

/// `cargo run` hands what a build script sets on to the program; named `ANNVIL_*` it was read as an override, and the
/// README's first command failed.
#[test]
fn the_build_leaves_no_override_behind() {
    assert!(!include_str!("../build.rs").contains("rustc-env=ANNVIL_"));
}
