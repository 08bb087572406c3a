//! `read_only`: what writes is refused before anything runs, and the database stays as it was.

use annvil_core::record::FailureKind;

use super::scenario::Place;
use super::server::Database;

fn items() -> Option<Database> {
    let database = Database::of("PGVECTOR_URL")?;
    database.sql(
        "create extension vector; create table items (key bigint primary key, embedding vector(384)); \
         insert into items select i, array_fill(i, array[384])::vector from generate_series(1, 50) i; \
         create table heard (a int); analyze items",
    );
    Some(database)
}

fn place(sql: &str, phases: &str) -> Place {
    Place::new(&format!(
        "data: {{name: wordnet-10k, rows: 50, queries_limit: 10}}
engine:
  postgres:
    read_only: true
{sql}variants: {{scan: {{}}}}
phases: [{phases}]
"
    ))
}

const SQL: &str = "    sql: select key, embedding <=> $query from items where $filter order by 2 limit $k\n";

#[test]
fn phases_that_write_are_refused_before_anything_runs() {
    let Some(database) = items() else { return };
    let before = database.content();
    for (sql, phases, what) in [
        ("", "search: {k: 5}", "`read_only` leaves nothing to be searched"),
        (SQL, "load", "`load` writes, and the engine is `read_only`"),
        (SQL, "persist", "`persist` writes"),
        (SQL, "verify: {writes: true}", "the checks of writes write"),
        (SQL, "mixed: {mix: {search: 90, upsert: 10}, operations: 100}", "`mixed` writes"),
        (SQL, "mixed: {mix: {search: 100}, for: 1s, freshness: 5/s}", "`mixed` writes"),
    ] {
        let done = place(sql, phases).run(&database.url, &[]);
        assert_eq!(done.code, Some(2), "{phases}: {} {}", done.err, done.out);
        assert!(done.err.contains(what), "{phases}: {}", done.err);
        assert!(done.record.is_none(), "{phases}");
    }
    assert_eq!(database.content(), before);
}

#[test]
fn a_statement_that_writes_is_refused_by_the_server() {
    let Some(database) = items() else { return };
    let before = database.content();
    let sql = "    sql: with said as (insert into heard values (1) returning a) select key, embedding <=> $query from items, said where $filter order by 2 limit $k\n";
    let done = place(sql, "search: {k: 5}").run(&database.url, &[]);
    // Found before anything is timed.
    let said = done.failed(1, FailureKind::Verification);
    assert!(said.contains("read-only transaction"), "{said}");
    assert_eq!(database.content(), before);
    assert_eq!(database.sql("select count(*) from heard"), ["0"]);
}
