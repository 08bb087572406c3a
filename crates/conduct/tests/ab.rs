//! Two sides that are the same, measured for real: nothing may be said to have regressed.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use annvil_conduct::ab::{Ab, AbRecord, Budget, Ended, Setting, Side, Stop, Written};
use annvil_conduct::{Isolation, Overrides};
use annvil_core::comparison::Verdict;
use annvil_core::record::{Build, Origin};

const STUB: &str = "
data: {name: wordnet-10k, rows: 200, queries_limit: 50}
engine: {stub: {service: 1ms}}
variants: {same: {}, other: {}}
phases:
  - verify: {queries: 1, writes: false}
  - search: {name: single, queries: 250, warmup: 5}
";

const EMBEDDED: &str = "
data: {name: wordnet-10k, rows: 2000, queries_limit: 200}
engine: embedded
variants:
  same: {index: {hnsw: {m: 8, ef_construction: 32}}, search: {ef_search: 32}}
  other: {index: {hnsw: {m: 8, ef_construction: 32}}, search: {ef_search: 32}}
phases:
  - verify: {queries: 10, writes: false}
  - search: {name: single, queries: 3000, warmup: 200}
";

fn session(name: &str, text: &str, seed: u64, rounds: usize) -> AbRecord {
    let place = tempfile::tempdir().unwrap();
    let overrides = Overrides { set: vec![("seed".to_owned(), seed.to_string())], ..Overrides::default() };
    let written = Written { given: name.to_owned(), file: name.to_owned(), text: text.to_owned(), overrides };
    let side = |variant: &str| Side::read(&[variant.to_owned()], None).unwrap();
    let budget = Budget { time: None, rounds };
    let ab = Ab::prepare(&written, side("same"), side("other"), budget, 1).unwrap();
    let setting = Setting {
        isolation: Isolation::Shared,
        build: Build::default(),
        origin: Origin::default(),
        stop: Stop::new(),
    };
    ab.begin(place.path(), setting).unwrap().measure(&mut |_| {}).unwrap()
}

#[test]
fn sides_that_are_the_same_share_what_they_need_and_do_not_regress() {
    let record = session("stub.yaml", STUB, 1, 3);
    if record.ended == Some(Ended::Invalid) {
        eprintln!("not judged, the machine is busy: {:?}", record.reasons);
        return;
    }
    let comparison = record.comparison.unwrap();
    assert!(comparison.metrics.len() > 3 && comparison.interleaved);
    let regressed: Vec<_> =
        comparison.metrics.iter().filter(|metric| metric.verdict == Verdict::Regressed).collect();
    assert!(regressed.is_empty(), "{regressed:#?}");
}

/// Some ten minutes on a quiet machine: `cargo test --release -p annvil-conduct --test ab -- --ignored --nocapture`.
#[test]
#[ignore = "takes minutes of a quiet machine"]
fn no_false_regression_in_a_hundred_real_comparisons() {
    let mut false_alarms = Vec::new();
    // Figures of one session share its luck: a comparison is a session.
    let mut all = 0;
    for (name, text) in [("stub.yaml", STUB), ("embedded.yaml", EMBEDDED)] {
        let (mut comparisons, mut sessions, mut busy) = (0, 0, 0);
        for seed in 0.. {
            let record = session(name, text, seed, 5);
            let Some(comparison) = record.comparison.filter(|_| record.ended != Some(Ended::Invalid)) else {
                busy += 1;
                assert!(busy < 20, "the machine is not fit: {:?}", record.reasons);
                continue;
            };
            sessions += 1;
            comparisons += comparison.metrics.len();
            let regressed =
                comparison.metrics.into_iter().filter(|metric| metric.verdict == Verdict::Regressed);
            false_alarms.extend(regressed.map(|metric| format!("{name} {seed}: {metric:?}")));
            if sessions >= 50 {
                break;
            }
        }
        eprintln!("{name}: {sessions} sessions of {comparisons} figures, {busy} could not be judged");
        all += sessions;
    }
    eprintln!("{} false REGRESSED in {all} comparisons of the same with the same", false_alarms.len());
    assert!(all >= 100 && false_alarms.is_empty(), "{false_alarms:#?}");
}
