//! Rows that come, change and go while they are searched for; and vectors that do not fit.

use std::fs;

use annvil_core::record::{FailureKind, PhaseResult};

use super::common::fvecs;
use super::scenario::{Place, block, phase};
use super::server::Database;

#[test]
fn what_is_written_is_read() {
    let Some(database) = Database::of("PGVECTOR_URL") else { return };
    let scenario = "\
data: {name: wordnet-10k, rows: 600, queries_limit: 50}
engine: postgres
variants:
  scan: {baseline: true}
  hnsw: {index: {hnsw: {}}, search: {ef_search: 400, set: {enable_seqscan: off}}}
phases:
  - verify: {queries: 20}
  - mixed:
      name: users
      mix: {search: 60, upsert: 25, fetch: 10, delete: 5}
      sessions: 3
      for: 2s
      checkpoints: 2
      freshness: 20/s
";
    let record = Place::new(scenario).run(&database.url, &[]).good();
    for (variant, least) in [("scan", 1.0), ("hnsw", 0.95)] {
        let PhaseResult::Measured { forms, checkpoints, freshness, .. } =
            &phase(block(&record, variant), "users").result
        else {
            panic!("not measured")
        };
        for form in forms {
            assert!(form.operations > 0 && form.failures.is_empty(), "{variant}: {:?}", form.failures);
        }
        assert_eq!(checkpoints.len(), 2);
        for point in checkpoints {
            assert_eq!((point.ghosts, point.failed, point.unsure), (0, 0, 0), "{variant}: {point:?}");
            let recall = point.recall.as_ref().unwrap().mean;
            assert!(recall >= least, "{variant}: {recall}");
            assert!(variant == "hnsw" || point.missed_new == 0, "{point:?}");
        }
        let last = checkpoints.last().unwrap();
        assert!(last.inserted > 0 && last.deleted > 0, "{last:?}");
        let freshness = freshness.as_ref().unwrap();
        assert!(freshness.probes > 0, "{freshness:?}");
        assert_eq!((freshness.lost, freshness.failed), (0, 0), "{variant}");
    }
}

#[test]
fn a_table_of_another_dimension_is_named() {
    let Some(database) = Database::of("PGVECTOR_URL") else { return };
    database.sql(
        "create extension vector; create table items (id bigint primary key, embedding vector(3)); \
         insert into items select i, array[i, 1, 2]::vector from generate_series(0, 99) i",
    );
    let scenario = "\
data: {name: wordnet-10k, rows: 100, queries_limit: 20}
engine:
  postgres:
    sql: select id, embedding <=> $query from items where $filter order by embedding <=> $query limit $k
variants: {scan: {}}
phases: [search: {k: 10}]
";
    let place = Place::new(scenario);
    let done = place.run(&database.url, &[]);
    let said = done.failed(5, FailureKind::Engine);
    assert!(said.contains("different vector dimensions 3 and 384"), "{said}");
    assert_eq!(database.sql("select count(*) from items"), ["100"]);
}

#[test]
fn queries_of_another_dimension_are_refused_before_the_server_is_asked() {
    let scenario = "\
data: {base: base.fvecs, queries: query.fvecs, metric: l2}
engine: postgres
variants: {scan: {}}
phases: [search: {k: 10}]
";
    let place = Place::new(scenario);
    fs::write(place.path().join("base.fvecs"), fvecs(100, 16)).unwrap();
    fs::write(place.path().join("query.fvecs"), fvecs(10, 8)).unwrap();
    // Nobody is there.
    let done = place.run("postgres://nobody@127.0.0.1:1/none", &[]);
    assert_eq!(done.code, Some(2), "{}", done.err);
    assert!(done.err.contains("base.fvecs have 16 dimensions"), "{}", done.err);
    assert!(done.record.is_none());
}
