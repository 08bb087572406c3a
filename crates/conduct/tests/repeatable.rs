//! The same seed gives the same plan, the same order of queries and, with one building thread, the same answers.

#![allow(clippy::unwrap_used)]

use annvil_conduct::event::Event;
use annvil_conduct::{Overrides, Run, prepare};
use annvil_core::record::{PhaseResult, RunRecord};

const SCENARIO: &str = "
data: {name: wordnet-10k, rows: 3000}
engine: embedded
build_threads: 1
variants: {hnsw: {storage: i8, index: {hnsw: {m: 8, ef_construction: 32}}, search: {ef_search: [10, 20]}}}
phases: [search: {k: 10, queries: 300}]
";

fn run(set: &[(&str, &str)]) -> RunRecord {
    let output = tempfile::tempdir().unwrap();
    let set = set.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect();
    let overrides = Overrides { set, ..Overrides::default() };
    let prepared = prepare("same.yaml", SCENARIO, &overrides, 2).unwrap();
    Run::new(prepared, output.path()).begin().unwrap().measure(&mut |_: &Event| {}).unwrap()
}

/// Recall of each asked query at each point. 300 of 1,000 queries are asked, so the set of them shows the order's seed.
fn recalls(record: &RunRecord) -> Vec<Vec<(u32, f32)>> {
    assert_eq!(record.blocks[0].failure, None);
    let measured = record.blocks[0].phases.iter().filter_map(|phase| match &phase.result {
        PhaseResult::Measured { forms, .. } => Some(forms[0].recall.as_ref().unwrap().by_query.clone()),
        _ => None,
    });
    measured.collect()
}

#[test]
fn the_same_seed_twice() {
    let (one, two) = (run(&[]), run(&[]));
    assert_eq!(one.plan_hash, two.plan_hash);
    assert_eq!(recalls(&one), recalls(&two));
    let other = run(&[("seed", "43")]);
    assert_ne!(one.plan_hash, other.plan_hash);
    let asked = |record| recalls(record)[0].iter().map(|(query, _)| *query).collect::<Vec<_>>();
    assert_ne!(asked(&one), asked(&other));
}

#[test]
fn the_hash_is_of_what_is_measured_not_of_prose_or_places() {
    let hash = |set: &[(&str, &str)]| {
        let set = set.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect();
        prepare("a/b.yaml", SCENARIO, &Overrides { set, ..Overrides::default() }, 2).unwrap().plan.hash()
    };
    let plain = hash(&[]);
    assert_eq!(plain, hash(&[("why", "prose")]));
    assert_eq!(plain, hash(&[("variants.hnsw.why", "prose")]));
    let objective = |why: &str| format!("[{{search.throughput > 1/s: {{only: {{hnsw: {why}}}}}}}]");
    assert_eq!(
        hash(&[("objectives", &objective("one reason"))]),
        hash(&[("objectives", &objective("another"))])
    );
    assert_ne!(plain, hash(&[("objectives", &objective("one reason"))]));
    assert_ne!(plain, hash(&[("variants.hnsw.index.hnsw.m", "9")]));
    assert_ne!(plain, hash(&[("data.rows", "2999")]));
}
