//! The main figures of a run over the earlier runs like it: which they are, and when there are none.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests may fail, and one prints a time"
)]

use std::path::Path;

use annvil_conduct::trend::history;
use annvil_conduct::{Overrides, Run, prepare};
use annvil_core::figures::{Provenance, figures};
use annvil_core::quantity::{Quantity, Stat};
use annvil_core::record::RunRecord;
use annvil_store::Store;

const SCENARIO: &str = "
data: {name: wordnet-10k, rows: 200, queries_limit: 50}
engine: embedded
variants:
  exact: {baseline: true}
  hnsw: {index: hnsw, search: {ef_search: [16, 32]}, report_at: {ef_search: 32}}
phases:
  - search: {k: 5, queries: 200}
  - search: {name: again, k: 5, queries: 200}
";

/// A run that can be judged, whoever else used the processors.
fn measured(folder: &Path) -> RunRecord {
    let prepared = prepare("s.yaml", SCENARIO, &Overrides::default(), 1).unwrap();
    let mut record = Run::new(prepared, folder).begin().unwrap().measure(&mut |_: &_| {}).unwrap();
    for phase in record.blocks.iter_mut().flat_map(|block| &mut block.phases) {
        phase.validity.clear();
    }
    record
}

/// A store with so many runs, a minute apart; from the twentieth on the medians of `hnsw` are a fifth higher.
fn stored(folder: &Path, record: &RunRecord, runs: usize) -> (Store, RunRecord) {
    let store = Store::open(folder.join("history.db").to_str().unwrap()).unwrap();
    let mut last = record.clone();
    for run in 0..runs {
        last.id = format!("run-{run:03}");
        last.started = format!("2026-11-{:02}T{:02}:{:02}:00Z", 1 + run / 1440, run / 60 % 24, run % 60);
        last.origin.commit = Some(format!("{run:07x}c0ffee"));
        let mut all = figures(&last);
        for (key, value) in all.iter_mut().flat_map(|block| &mut block.values) {
            let noise = 1.0 + 0.002 * ((run * 7 + 3) % 5) as f64;
            let step = if run >= 20 && key.variant == "hnsw" && key.stat == Stat::P50 { 1.2 } else { 1.0 };
            if !matches!(key.quantity, Quantity::Recall { .. }) {
                *value *= noise * step;
            }
        }
        store.add(&Provenance::of(&last), &all, None).unwrap();
    }
    (store, last)
}

#[test]
fn a_run_is_seen_among_the_earlier_runs_like_it() {
    let folder = tempfile::tempdir().unwrap();
    let record = measured(folder.path());
    let (store, last) = stored(folder.path(), &record, 40);
    let series = history(&store, &last).unwrap();
    assert_eq!(
        series.len(),
        8,
        "at most eight: {:?}",
        series.iter().map(|one| &one.name).collect::<Vec<_>>()
    );
    for one in &series {
        assert_eq!((one.points.len(), one.points[39].run.as_str()), (40, "run-039"), "{}", one.name);
        assert!(!one.name.contains("ef_search=16"), "{} is not reported", one.name);
    }
    // What changed is among them, with the commit where it began; the variants stand in the order of the plan.
    let changed: Vec<_> = series.iter().filter(|one| !one.changes.is_empty()).collect();
    assert_eq!(changed.len(), 2, "both medians of hnsw");
    for one in changed {
        assert!(
            one.name.starts_with("hnsw [ef_search=32]") && one.name.ends_with("service.p50"),
            "{}",
            one.name
        );
        let change = one.changes[0];
        assert_eq!((one.points[change.at].commit.as_deref(), one.changes.len()), (Some("0000014c0ffee"), 1));
        assert!((change.share - 0.2).abs() < 0.01, "{change:?}");
    }
    let first_hnsw = series.iter().position(|one| one.name.starts_with("hnsw")).unwrap();
    assert!(series[..first_hnsw].iter().all(|one| one.name.starts_with("exact")), "{first_hnsw}");

    // An earlier run sees nothing of the later ones.
    let earlier = RunRecord { id: "run-005".to_owned(), ..last.clone() };
    assert!(history(&store, &earlier).unwrap().iter().all(|one| one.points.len() == 6));
}

#[test]
fn few_runs_other_plans_and_invalid_runs_are_no_history() {
    let folder = tempfile::tempdir().unwrap();
    let record = measured(folder.path());
    let (store, last) = stored(folder.path(), &record, 3);
    assert_eq!(history(&store, &last).unwrap(), []);
    let (store, last) = stored(folder.path(), &record, 4);
    assert_eq!(history(&store, &last).unwrap().len(), 8);
    // Another plan, another machine, or a run that the store does not have.
    assert_eq!(history(&store, &RunRecord { plan_hash: "other".to_owned(), ..last.clone() }).unwrap(), []);
    let mut moved = last.clone();
    moved.environment.fingerprint = "other".to_owned();
    assert_eq!(history(&store, &moved).unwrap(), []);
    assert_eq!(history(&store, &RunRecord { id: "run-999".to_owned(), ..last }).unwrap(), []);
}

/// Prints how long it takes in a store of 3,000 runs: `cargo test -p annvil-conduct --test trend -- --ignored --nocapture`.
#[test]
#[ignore = "prints a time, and takes a while to fill the store"]
fn how_long_it_takes() {
    let folder = tempfile::tempdir().unwrap();
    let record = measured(folder.path());
    let (store, last) = stored(folder.path(), &record, 3_000);
    let began = std::time::Instant::now();
    let series = history(&store, &last).unwrap();
    eprintln!("{} series of {} points in {:?}", series.len(), series[0].points.len(), began.elapsed());
}
