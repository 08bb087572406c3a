//! The same variants on several numbers of rows: truth, baselines and figures are those of each size.

#![allow(clippy::unwrap_used, clippy::panic)]

use annvil_conduct::event::Event;
use annvil_conduct::{Overrides, Run, prepare};
use annvil_core::objective::Grade;
use annvil_core::quantity::{Quantity, Stat};
use annvil_core::record::{PhaseResult, RunRecord, metrics};

const SIZED: &str = "\
data: {name: wordnet-10k, rows: 900}
engine: stub
sizes: [200, 600]
variants:
  exact: {baseline: true}
  again: {}
  all: {rows: 900}
phases:
  - search: {k: 10, queries: 100, warmup: 10}
  - search: {name: nouns, k: 5, queries: 50, warmup: 10, where: \"pos = 'n'\"}
objectives:
  - search.recall@10.mean >= 0.9999
  - nouns.recall@5.mean >= 0.9999
  - search.throughput >= 0.001 x baseline: {only: {again: all sizes of it}}
  - search.throughput >= 0.001 x 'exact': {only: {again 600: one of them}}
";

fn measured(text: &str) -> RunRecord {
    let folder = tempfile::tempdir().unwrap();
    let prepared =
        prepare("s.yaml", text, &Overrides::default(), 1).unwrap_or_else(|error| panic!("{error}"));
    Run::new(prepared, folder.path()).begin().unwrap().measure(&mut |_: &Event| {}).unwrap()
}

fn throughput(record: &RunRecord, variant: &str) -> f64 {
    let all = metrics(record);
    let found = all.iter().find(|metric| {
        let key = &metric.key;
        (key.variant.as_str(), key.phase.as_str(), key.quantity, key.stat)
            == (variant, "search", Quantity::Throughput, Stat::Value)
    });
    found.unwrap().value
}

#[test]
fn each_size_has_rows_truth_and_baseline_of_its_own() {
    let record = measured(SIZED);
    let names: Vec<&str> = record.blocks.iter().map(|block| block.variant.as_str()).collect();
    assert_eq!(names, ["exact 200", "again 200", "exact 600", "again 600", "all"]);
    assert_eq!(record.plan.dataset.rows, 900);
    for block in &record.blocks {
        assert_eq!(block.failure, None, "{}", block.variant);
        let wanted = record.plan.variant(&block.variant).unwrap().rows(&record.plan.dataset) as u64;
        let loaded = block.phases.iter().find_map(|phase| match phase.result {
            PhaseResult::Load { rows, .. } => Some(rows),
            _ => None,
        });
        assert_eq!(loaded, Some(wanted), "{}", block.variant);
        assert_eq!(block.memory.as_ref().unwrap().usage.rows, Some(wanted), "{}", block.variant);
    }
    // Every answer of a scan is right among the rows of its size, and no other rows count.
    for result in &record.objectives[..2] {
        assert_eq!(result.judged.len(), 3);
        for judged in &result.judged {
            assert_eq!(judged.value, Some(1.0), "{}", judged.key.variant);
        }
    }
    let targets = |index: usize| {
        let judged = &record.objectives[index].judged;
        judged.iter().map(|one| (one.key.variant.as_str(), one.target.unwrap())).collect::<Vec<_>>()
    };
    let of = |size: &str| 0.001 * throughput(&record, &format!("exact {size}"));
    assert_eq!(targets(2), [("again 200", of("200")), ("again 600", of("600"))]);
    assert_eq!(targets(3), [("again 600", of("600"))]);
    assert!(
        record
            .objectives
            .iter()
            .flat_map(|result| &result.judged)
            .all(|judged| judged.grade != Grade::Missed)
    );
}

#[test]
fn sizes_fit_the_data_set() {
    let refused = |from: &str, to: &str| {
        assert!(SIZED.contains(from), "{from}");
        let text = SIZED.split("objectives:").next().unwrap().replace(from, to);
        let result = prepare("s.yaml", &text, &Overrides::default(), 1);
        result.err().unwrap().to_string()
    };
    for (from, to, start) in [
        ("[200, 600]", "[200, 901]", "901 rows are asked for, and the data set has 900 in s.yaml:3:14"),
        (
            "rows: 900}\nphases",
            "rows: 2k}\nphases",
            "2000 rows are asked for, and the data set has 900 in s.yaml:7:15",
        ),
        ("[200, 600]", "[9, 600]", "k is 10, but the smallest size has 9 rows in s.yaml:9:17"),
        (
            "pos = 'n'",
            "pos = 'x'",
            "the filter selects none of the 200 rows of the smallest size in s.yaml:10:",
        ),
    ] {
        let error = refused(from, to);
        assert!(error.starts_with(start), "{to}: {error}");
    }
}

#[test]
fn a_variant_may_have_a_metric_of_its_own() {
    let text = "\
data: {name: wordnet-10k, rows: 300, queries_limit: 50}
engine: stub
variants:
  theirs: {baseline: true}
  l1: {metric: l1}
  l2: {metric: l2}
phases: [search]
objectives:
  - search.recall@10.mean >= 0.9999
";
    let record = measured(text);
    assert!(record.blocks.iter().all(|block| block.failure.is_none()), "{:?}", record.blocks);
    assert!(record.objectives[0].judged.iter().all(|judged| judged.value == Some(1.0)));
    assert_eq!(record.objectives[0].judged.len(), 2);
    let hash = |text: &str| prepare("s.yaml", text, &Overrides::default(), 1).unwrap().plan.hash();
    assert_ne!(hash(text), hash(&text.replace("metric: l1", "metric: l2")));
}
