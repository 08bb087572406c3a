//! Servers that do not let us in: why, what to try, and nothing half-made.

use std::net::TcpListener;

use annvil_core::record::FailureKind;

use super::scenario::Place;
use super::server::Database;

const PASSWORD: &str = "hunter2-of-nobody";

const SCENARIO: &str = "\
data: {name: wordnet-10k, rows: 200, queries_limit: 20}
engine: postgres
variants: {scan: {}}
phases: [search: {k: 10}]
";

/// Runs a scenario that can't work, and gives back what was said.
#[track_caller]
fn fails(scenario: &str, url: &str, kind: FailureKind) -> String {
    let place = Place::new(scenario);
    let done = place.run(url, &["--quiet"]);
    let code = if kind == FailureKind::Configuration { 2 } else { 5 };
    let said = done.failed(code, kind).to_owned();
    // Who asked for quiet reads the same on standard error.
    assert!(done.err.starts_with("error: ") && done.err.trim().lines().count() <= 6, "{}", done.err);
    assert!(done.err.contains(said.lines().next().unwrap()), "{}", done.err);
    assert!(done.record.as_ref().unwrap().blocks[0].phases.iter().all(|phase| phase.name != "search"));
    for text in [&done.err, &done.out, &said] {
        assert!(!text.contains(PASSWORD), "{text}");
    }
    said
}

#[test]
fn who_is_not_let_in_is_told_why() {
    let Some(database) = Database::of("PGVECTOR_URL") else { return };
    let (_, place) = database.url.split_once('@').unwrap();
    let (host, _) = place.rsplit_once('/').unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let credentials = database.guest(PASSWORD);
    let (user, _) = credentials.rsplit_once('@').unwrap();
    for (url, texts) in [
        (
            format!("postgres://annvil:{PASSWORD}@{place}"),
            ["password authentication failed", "check user and password"],
        ),
        (format!("postgres://no_such_role:{PASSWORD}@{place}"), ["no_such_role", "check user and password"]),
        (format!("{user}@{host}/no_such_database"), ["no_such_database", "create the database"]),
        (
            format!("postgres://annvil:{PASSWORD}@127.0.0.1:{port}/postgres"),
            ["refused", "check host and port"],
        ),
    ] {
        let said = fails(SCENARIO, &url, FailureKind::Engine);
        for text in texts {
            assert!(said.contains(text), "{said}");
        }
        assert!(said.contains("connect to 127.0.0.1"), "{said}");
    }
}

#[test]
fn a_table_that_is_not_there_is_named() {
    let Some(database) = Database::of("PGVECTOR_URL") else { return };
    database.sql("create extension vector");
    let sql = "{postgres: {sql: 'select id from itmes order by embedding <=> $query limit $k'}}";
    let scenario = SCENARIO.replace("engine: postgres", &format!("engine: {sql}"));
    let said = fails(&scenario, &database.url, FailureKind::Engine);
    assert!(said.contains("relation \"itmes\" does not exist"), "{said}");
}

#[test]
fn who_may_create_nothing_is_told_so() {
    let Some(database) = Database::of("PGVECTOR_URL") else { return };
    let guest = database.guest(PASSWORD);
    // Not even the extension is there.
    let said = fails(SCENARIO, &guest, FailureKind::Engine);
    assert!(said.contains("permission denied") && said.contains("vector"), "{said}");
    database.sql("create extension vector");
    let said = fails(SCENARIO, &guest, FailureKind::Engine);
    assert!(said.contains("permission denied for database"), "{said}");
    assert_eq!(database.sql("select count(*) from pg_namespace where nspname = 'annvil'"), ["0"]);
    // With a schema of its own it may.
    database.sql(&format!("create schema annvil authorization {}", database.name));
    Place::new(SCENARIO).run(&guest, &[]).good();
}

#[test]
fn a_table_of_somebody_else_stays() {
    let Some(database) = Database::of("PGVECTOR_URL") else { return };
    database.sql(
        "create schema annvil; create table annvil.theirs (a int); insert into annvil.theirs values (7)",
    );
    let scenario = SCENARIO.replace("engine: postgres", "engine: {postgres: {table: theirs}}");
    let said = fails(&scenario, &database.url, FailureKind::Configuration);
    assert!(said.contains("theirs") && said.contains("not made by Annvil"), "{said}");
    assert_eq!(database.sql("select a from annvil.theirs"), ["7"]);
}
