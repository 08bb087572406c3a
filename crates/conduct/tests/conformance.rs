//! Every engine and every way to configure it passes the conformance suite.

#![allow(clippy::unwrap_used)]

use annvil_conduct::conformance::conformance;
use annvil_core::record::PhaseResult;
use annvil_core::scenario::{
    Answers, EmbeddedSpec, EngineSpec, Hnsw, Index, Rerank, SearchParams, Storage, StubSpec, Sweep, Variant,
};
use annvil_core::units::HumanDuration;

#[track_caller]
fn conforms(engine: &EngineSpec, variant: &Variant) {
    let found = conformance(engine, variant).unwrap();
    assert_eq!(found.failures(), Vec::<String>::new());
    let kinds: Vec<&str> = found.block.phases.iter().map(|phase| phase.kind.as_str()).collect();
    assert!(kinds.ends_with(&["fetch", "distance", "persist", "restore"]), "{kinds:?}");
    // A suite that checks nothing would pass as well.
    let checks = found.block.phases.iter().map(|phase| match &phase.result {
        PhaseResult::Verify { checks, .. } => checks.len(),
        _ => 0,
    });
    assert!(checks.sum::<usize>() > 50);
}

fn embedded() -> EngineSpec {
    EngineSpec::Embedded(EmbeddedSpec {})
}

fn hnsw(storage: Storage) -> Variant {
    Variant {
        storage,
        index: Index::Hnsw(Hnsw { m: 16, ef_construction: 128, ..Hnsw::default() }),
        search: SearchParams { ef_search: Some(Sweep(vec![200])), ..SearchParams::default() },
        ..Variant::default()
    }
}

#[test]
fn the_flat_scan() {
    conforms(&embedded(), &Variant::default());
}

#[test]
fn hnsw_f32() {
    conforms(&embedded(), &hnsw(Storage::F32));
}

#[test]
fn hnsw_f16() {
    conforms(&embedded(), &hnsw(Storage::F16));
}

#[test]
fn hnsw_i8() {
    conforms(&embedded(), &hnsw(Storage::I8));
}

#[test]
fn hnsw_b1() {
    conforms(&embedded(), &hnsw(Storage::B1));
}

#[test]
fn hnsw_b1_reranked() {
    conforms(&embedded(), &Variant { rerank: Some(Rerank { candidates: 200 }), ..hnsw(Storage::B1) });
}

#[test]
fn the_stub() {
    conforms(&EngineSpec::Stub(StubSpec::default()), &Variant::default());
    let slow = StubSpec { service: Some(HumanDuration::from_millis(1)), ..StubSpec::default() };
    let slow = StubSpec { answers: Answers::Approximate, ..slow };
    let found =
        conformance(&EngineSpec::Stub(StubSpec { service: None, ..slow }), &Variant::default()).unwrap();
    assert_eq!(found.failures(), Vec::<String>::new());
}
