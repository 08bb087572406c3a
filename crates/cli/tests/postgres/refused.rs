//! Variants that are not what they claim, and filters that are dropped: refused with the reason, and no speed.

use annvil_core::record::{FailureKind, PhaseResult};

use super::scenario::{Done, Place, verified};
use super::server::Database;

fn place(rows: usize, engine: &str, variant: &str) -> Place {
    Place::new(&format!(
        "data: {{name: wordnet-10k, rows: {rows}, queries_limit: 50}}
engine: {engine}
variants: {{subject: {{{variant}}}}}
phases:
  - search: {{k: 10, queries: 50}}
  - search: {{name: verbs, k: 10, queries: 50, where: pos = 'v'}}
objectives: [search.throughput > 1/s]
"
    ))
}

/// Verification ended it, and nothing was timed.
#[track_caller]
fn refused(done: &Done) -> &str {
    let said = done.failed(1, FailureKind::Verification);
    let block = &done.record.as_ref().unwrap().blocks[0];
    assert!(!block.phases.iter().any(|phase| matches!(phase.result, PhaseResult::Measured { .. })));
    assert!(done.out.contains(said.split(['`', '"']).next().unwrap()), "{said}: {}", done.out);
    said
}

/// The plan is where a reader looks for it.
#[track_caller]
fn shows_plan(place: &Place, done: &Done, node: &str) {
    let (checks, plans) = verified(&done.record.as_ref().unwrap().blocks[0]);
    assert!(checks.iter().any(|check| !check.passed && check.name == "the plan is what the variant claims"));
    assert!(plans.iter().any(|plan| plan.contains(node)), "{plans:?}");
    let report = place.report();
    assert!(report.contains(node) && report.contains("The planner chose"), "no plan in the report");
}

#[test]
fn an_index_of_another_distance() {
    let Some(database) = Database::of("PGVECTOR_URL") else { return };
    let place =
        place(1000, "postgres", "index: {hnsw: {ops: vector_l2_ops}}, search: {set: {enable_seqscan: off}}");
    let done = place.run(&database.url, &[]);
    let said = refused(&done);
    for text in ["does not use its index", "built with vector_l2_ops", "<=>", "ops: vector_cosine_ops"] {
        assert!(said.contains(text), "{text}: {said}");
    }
    shows_plan(&place, &done, "Seq Scan");
}

#[test]
fn a_table_too_small_for_its_index() {
    let Some(database) = Database::of("PGVECTOR_URL") else { return };
    let place = place(60, "postgres", "index: {hnsw: {}}");
    let done = place.run(&database.url, &[]);
    let said = refused(&done);
    assert!(said.contains("the table is small") && said.contains("enable_seqscan: off"), "{said}");
    shows_plan(&place, &done, "Seq Scan");
}

#[test]
fn an_index_that_is_not_there() {
    let Some(database) = Database::of("PGVECTOR_URL") else { return };
    let sql = "{postgres: {sql: 'select id, (embedding + embedding) <=> $query from $table where $filter order by 2 limit $k'}}";
    let place = place(300, sql, "index: {hnsw: {}}, search: {set: {enable_seqscan: off}}");
    let done = place.run(&database.url, &[]);
    assert!(refused(&done).contains("does not use its index"));
    shows_plan(&place, &done, "Seq Scan");
}

#[test]
fn a_filter_that_is_dropped() {
    let Some(database) = Database::of("PGVECTOR_URL") else { return };
    // A statement that answers every row whatever is asked, as a view does that ignores it.
    let sql = "{postgres: {sql: 'select id, embedding <=> $query from $table where $filter or true order by 2 limit $k'}}";
    let place = place(500, sql, "");
    let done = place.run(&database.url, &[]);
    let said = refused(&done);
    assert!(said.contains("pos = 'v'") && said.contains("only rows that the filter selects"), "{said}");
    assert!(place.report().contains("only rows that the filter selects"));
    assert!(
        verified(&done.record.as_ref().unwrap().blocks[0]).1.iter().any(|plan| plan.contains("Seq Scan"))
    );
}

#[test]
fn a_view_that_ignores_the_filter() {
    let Some(database) = Database::of("PGVECTOR_URL") else { return };
    // The view's `pos` is 'v' for every row.
    let place = place(500, "{postgres: {table: base_rows}}", "");
    let sql = "engine.postgres.sql=select id, distance from (select id, ''v'' as pos, embedding <=> $query as distance from $table) seen \
               where $filter order by 2 limit $k";
    let done = place.run(&database.url, &["--set", &sql.replace("''", "'")]);
    let said = refused(&done);
    assert!(said.contains("pos = 'v'") && said.contains("only rows that the filter selects"), "{said}");
}

#[test]
fn a_filter_without_a_place() {
    let Some(database) = Database::of("PGVECTOR_URL") else { return };
    let sql = "{postgres: {sql: 'select id, embedding <=> $query from $table order by 2 limit $k'}}";
    let done = place(100, sql, "").run(&database.url, &[]);
    let said = done.failed(2, FailureKind::Configuration);
    assert!(said.contains("no place for the filter") && said.contains("where $filter"), "{said}");
}
