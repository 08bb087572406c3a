//! Locks and statements that take too long: counted as timeouts, and the phase goes on.

use std::time::{Duration, Instant};

use annvil_core::record::FailureKind;
use tokio_postgres::{Client, NoTls};

use super::scenario::{Place, form};
use super::server::Database;

/// A connection that is held open.
struct Held {
    runtime: tokio::runtime::Runtime,
    client: Client,
}

impl Held {
    fn open(url: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (client, connection) = runtime.block_on(tokio_postgres::connect(url, NoTls)).unwrap();
        runtime.spawn(connection);
        Self { runtime, client }
    }

    fn run(&self, statements: &str) {
        self.runtime.block_on(self.client.batch_execute(statements)).unwrap();
    }
}

fn place(engine: &str, phase: &str) -> Place {
    Place::new(&format!(
        "data: {{name: wordnet-10k, rows: 300, queries_limit: 50}}
engine: {{postgres: {{{engine}}}}}
variants: {{scan: {{}}}}
phases:
  - verify: {{queries: 20, writes: false}}
  - search: {{name: first, k: 10, queries: 50, warmup: 5}}
  - search: {phase}
"
    ))
}

const LOCK: &str = "BEGIN; LOCK TABLE annvil.busy IN ACCESS EXCLUSIVE MODE";

#[test]
fn a_locked_table_is_waited_for_no_longer_than_was_asked() {
    let Some(database) = Database::of("PGVECTOR_URL") else { return };
    let place =
        place("table: busy, lock_timeout: 100ms", "{name: long, k: 10, for: 3s, sessions: 2, warmup: 5}");
    let mut run = place.start(&database.url);
    run.wait_for("first");
    let other = Held::open(&database.url);
    other.run(LOCK);
    std::thread::sleep(Duration::from_millis(800));
    other.run("ROLLBACK");
    let record = run.end().good();
    let long = form(&record.blocks[0], "long");
    assert!(long.operations > 10, "{}", long.operations);
    let timeouts = long.failures["timeout"];
    // Two sessions that wait a tenth of a second each time, for most of a second.
    assert!((2..=20).contains(&timeouts) && long.failures.len() == 1, "{:?}", long.failures);
    assert_eq!(long.failed.as_ref().unwrap().count(), timeouts);
}

#[test]
fn a_table_that_stays_locked_ends_the_run() {
    let Some(database) = Database::of("PGVECTOR_URL") else { return };
    let place = place("table: busy, lock_timeout: 100ms", "{name: long, k: 10, for: 2s, warmup: 5}");
    let mut run = place.start(&database.url);
    run.wait_for("first");
    let other = Held::open(&database.url);
    other.run(LOCK);
    let began = Instant::now();
    let done = run.end();
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    let said = done.failed(5, FailureKind::Engine);
    assert!(said.contains("lock timeout"), "{said}");
    // Nothing was lost of what came before.
    assert_eq!(form(&done.record.as_ref().unwrap().blocks[0], "first").operations, 50);
    other.run("ROLLBACK");
}

#[test]
fn a_slow_statement_is_ended_by_the_server() {
    let Some(database) = Database::of("PGVECTOR_URL") else { return };
    database.sql("create table pace (seconds double precision); insert into pace values (0)");
    let engine = "statement_timeout: 50ms, sql: 'select id, embedding <=> $query from $table, (select pg_sleep(seconds) from pace) p \
                  where $filter order by 2 limit $k'";
    let place = place(engine, "{name: long, k: 10, for: 3s, sessions: 2, warmup: 5}");
    let mut run = place.start(&database.url);
    run.wait_for("first");
    database.sql("update pace set seconds = 1");
    std::thread::sleep(Duration::from_millis(600));
    database.sql("update pace set seconds = 0");
    let record = run.end().good();
    let long = form(&record.blocks[0], "long");
    assert!(long.operations > 10, "{}", long.operations);
    assert!(long.failures["timeout"] > 0 && long.failures.len() == 1, "{:?}", long.failures);
}

#[test]
fn a_server_that_never_answers_in_time_fails() {
    let Some(database) = Database::of("PGVECTOR_URL") else { return };
    let engine = "statement_timeout: 50ms, sql: 'select id, pg_sleep(1)::text from $table where $filter order by embedding <=> $query limit $k'";
    let done = place(engine, "{name: long, k: 10, for: 1s}").run(&database.url, &[]);
    let said = done.failed(5, FailureKind::Engine);
    assert!(said.contains("answer queries") && said.contains("time"), "{said}");
}
