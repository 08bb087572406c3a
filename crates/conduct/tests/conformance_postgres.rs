//! Every way to keep vectors in Postgres passes the conformance suite. Without a server a test says so and passes, except
//! in CI.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use annvil_conduct::conformance::conformance;
use annvil_core::record::PhaseResult;
use annvil_core::scenario::{EngineSpec, Pooler, PostgresSpec, Variant};
use annvil_core::secret::Secret;

/// Puts a variant, as it is written in a scenario, through the suite on the server of a variable.
#[track_caller]
fn conforms(variable: &str, variant: &str, adjust: impl FnOnce(&mut PostgresSpec)) {
    let Ok(url) = std::env::var(variable) else {
        assert!(std::env::var_os("CI").is_none(), "{variable} is not set: run `cargo xtask services up`");
        let name = std::thread::current().name().unwrap_or_default().to_owned();
        return eprintln!("skipped {name}: {variable} is not set");
    };
    let mut spec = PostgresSpec { url: Some(Secret::new(url)), ..PostgresSpec::default() };
    "annvil_conformance".clone_into(&mut spec.schema);
    adjust(&mut spec);
    let variant: Variant = serde_json::from_str(variant).unwrap();
    let found = conformance(&EngineSpec::Postgres(Box::new(spec)), &variant).unwrap();
    assert_eq!(found.failures(), Vec::<String>::new());
    // A suite that checks nothing would pass as well.
    let checks = found.block.phases.iter().map(|phase| match &phase.result {
        PhaseResult::Verify { checks, .. } => checks.len(),
        _ => 0,
    });
    assert!(checks.sum::<usize>() > 50);
}

/// Graphs of the suite's few rows: the planner would scan them, and filters leave too few candidates.
const SEARCH: &str =
    r#""search": {"ef_search": 200, "iterative_scan": "relaxed_order", "set": {"enable_seqscan": "off"}}"#;

fn hnsw(rest: &str, index: &str) -> String {
    format!(r#"{{{rest} "index": {{"hnsw": {{{index}}}}}, {SEARCH}}}"#)
}

#[test]
fn no_index() {
    conforms("PGVECTOR_URL", "{}", |_| ());
}

#[test]
fn no_index_behind_a_pooler() {
    conforms("PGBOUNCER_URL", "{}", |spec| spec.pooler = Pooler::Transaction);
}

#[test]
fn hnsw_behind_a_pooler() {
    conforms("PGBOUNCER_URL", &hnsw("", ""), |spec| spec.pooler = Pooler::Transaction);
}

#[test]
fn vector_hnsw() {
    conforms("PGVECTOR_URL", &hnsw("", ""), |_| ());
}

#[test]
fn vector_hnsw_with_a_pool() {
    conforms("PGVECTOR_URL", &hnsw("", ""), |spec| spec.pool = Some(2));
}

#[test]
fn halfvec_hnsw() {
    conforms("PGVECTOR_URL", &hnsw(r#""storage": "halfvec","#, ""), |_| ());
}

#[test]
fn bits_of_vectors_ranked_again() {
    conforms("PGVECTOR_URL", &hnsw(r#""rerank": {"candidates": 200},"#, r#""quantize": "bit""#), |_| ());
}

#[test]
fn sparsevec() {
    conforms("PGVECTOR_URL", r#"{"storage": "sparsevec"}"#, |_| ());
}

#[test]
fn ivfflat() {
    let variant = r#"{"index": {"ivfflat": {"lists": 20}}, "search": {"probes": 20, "set": {"enable_seqscan": "off"}}}"#;
    conforms("PGVECTOR_URL", variant, |_| ());
}

#[test]
fn diskann() {
    let variant = r#"{"index": {"diskann": {}}, "search": {"search_list_size": 200, "rescore": 200, "set": {"enable_seqscan": "off"}}}"#;
    conforms("VECTORSCALE_URL", variant, |_| ());
}
