//! Causes of regressions that are really there: each is made, and the gate finds it in what was measured. That they are silent
//! where something else made it as slow is shown beside them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod common;
#[cfg(feature = "postgres")]
#[path = "postgres/server.rs"]
#[allow(dead_code, reason = "not all of it is needed here")]
mod server;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use annvil_core::gate::GateReport;
use common::{alone, annvil, run, stderr};

/// Runs a side: with a single one nothing is known of how runs differ.
const RUNS: usize = 3;

/// Measures `s.yaml` until enough runs can be judged; their folders, joined. `None` on a machine that is too busy.
fn measure(folder: &Path, url: &str, set: &[&str]) -> Option<String> {
    let mut good: Vec<String> = Vec::new();
    for _ in 0..RUNS + 4 {
        let mut command = annvil();
        command.current_dir(folder).env("DATABASE_URL", url).args(["run", "s.yaml", "--json"]);
        for set in set {
            command.args(["--set", set]);
        }
        let output = command.output().unwrap();
        let record: serde_json::Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", stderr(&output)));
        match output.status.code() {
            Some(0) => good.push(record["id"].as_str().unwrap().to_owned()),
            Some(4) => {}
            code => panic!("{code:?}: {}", stderr(&output)),
        }
        if good.len() == RUNS {
            return Some(good.join("+"));
        }
    }
    eprintln!("skipped: this machine is too busy to judge a run");
    None
}

/// Holds one side against another.
fn judged(folder: &Path, before: &str, after: &str) -> GateReport {
    let output = run(folder, &["gate", "--run", after, "--baseline", before, "--across-plans", "--json"]);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", stderr(&output)))
}

fn named(report: &GateReport) -> Vec<&str> {
    report.causes.iter().map(|cause| cause.name.as_str()).collect()
}

fn place(scenario: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("s.yaml"), scenario).unwrap();
    folder
}

const GRAPH: &str = "
data: {name: wordnet-10k, rows: 2000, queries_limit: 200}
engine: embedded
variants: {hnsw: {index: {hnsw: {m: 8}}, search: {ef_search: 100}}}
phases:
  - verify: {queries: 5, writes: false}
  - search: {k: 10, queries: 2000, warmup: 200}
";

#[test]
fn a_larger_index_and_more_effort_are_told_apart() {
    let _alone = alone();
    let folder = place(GRAPH);
    let Some(before) = measure(folder.path(), "", &[]) else { return };
    let Some(larger) = measure(folder.path(), "", &["variants.hnsw.index.hnsw.m=40"]) else { return };
    let report = judged(folder.path(), &before, &larger);
    assert!(named(&report).contains(&"index-larger"), "{:?}", report.causes);
    let cause = report.causes.iter().find(|cause| cause.name == "index-larger").unwrap();
    assert!(cause.sentence.contains("more neighbours"), "{}", cause.sentence);

    // As slow for another reason: the search tries more.
    let Some(effort) = measure(folder.path(), "", &["variants.hnsw.search.ef_search=600"]) else { return };
    let report = judged(folder.path(), &before, &effort);
    assert_eq!(report.exit_code, 1, "{}", report.sentence);
    assert!(!named(&report).contains(&"index-larger"), "{:?}", report.causes);
    // Tries less: less right and faster.
    let Some(less) = measure(folder.path(), "", &["variants.hnsw.search.ef_search=10"]) else { return };
    let report = judged(folder.path(), &before, &less);
    assert!(named(&report).contains(&"recall-traded"), "{:?} {}", report.causes, report.sentence);
    let slower = judged(folder.path(), &less, &larger);
    assert!(named(&slower).contains(&"index-larger"), "{:?}", slower.causes);
}

/// Threads that keep every core busy for a part of the time, until dropped.
struct Spinners(Arc<AtomicBool>, Vec<std::thread::JoinHandle<()>>);

impl Spinners {
    fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let spin = |stop: Arc<AtomicBool>| {
            move || {
                while !stop.load(Ordering::Relaxed) {
                    let began = std::time::Instant::now();
                    while began.elapsed() < Duration::from_millis(12) {
                        std::hint::spin_loop();
                    }
                    std::thread::sleep(Duration::from_millis(28));
                }
            }
        };
        let threads = (0..cores).map(|_| std::thread::spawn(spin(Arc::clone(&stop)))).collect();
        Self(stop, threads)
    }
}

impl Drop for Spinners {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
        for thread in self.1.drain(..) {
            let _ = thread.join();
        }
    }
}

#[test]
fn a_client_that_waits_for_a_processor_is_bound_by_it() {
    let _alone = alone();
    let folder = place(
        "
data: {name: wordnet-10k, rows: 2000, queries_limit: 200}
engine: embedded
variants: {flat: {}}
phases:
  - verify: {queries: 5, writes: false}
  - search: {k: 10, for: 2s, warmup: 100}
",
    );
    let Some(before) = measure(folder.path(), "", &[]) else { return };
    // More work for each query, on a machine that is as quiet.
    let Some(more) = measure(folder.path(), "", &["data.rows=2600"]) else { return };
    let report = judged(folder.path(), &before, &more);
    let busy = ["client-bound", "machine-busy"];
    if report.exit_code == 1 {
        assert!(!named(&report).contains(&"server-bound"), "{:?}", report.causes);
    }
    let quiet = !named(&report).iter().any(|name| busy.contains(name));
    let spinners = Spinners::start();
    let Some(starved) = measure(folder.path(), "", &[]) else { return };
    drop(spinners);
    let report = judged(folder.path(), &before, &starved);
    if !quiet || report.exit_code != 1 {
        eprintln!("skipped: somebody else uses this machine too");
        return;
    }
    assert!(named(&report).contains(&"client-bound"), "{:?} {}", report.causes, report.sentence);
}

#[cfg(feature = "postgres")]
mod postgres {
    use super::*;
    use crate::server::{Database, run as with_url};

    #[test]
    fn an_index_that_was_dropped_is_not_used() {
        let Some(database) = Database::of("PGVECTOR_URL") else { return };
        let _alone = alone();
        database.sql(
            "create extension vector; create table items (key bigint primary key, embedding vector(64)); \
             select setseed(0.42); \
             insert into items select i, array(select random() - 0.5 from generate_series(1, 64) where i > 0)::real[]::vector \
               from generate_series(1, 6000) i; \
             create index on items using hnsw (embedding vector_cosine_ops); analyze items",
        );
        let folder = place(
            "
data: set
engine:
  postgres:
    read_only: true
    sql: select key, embedding <=> $query from items where $filter order by embedding <=> $query limit $k
variants: {table: {}}
phases:
  - verify: {queries: 3, writes: false}
  - search: {k: 10, queries: 300, warmup: 50}
",
        );
        let set = folder.path().join("set");
        let set = set.to_str().unwrap();
        let got = with_url(
            "",
            &[
                "data",
                "get",
                &database.url,
                "--table",
                "items",
                "--metric",
                "cosine",
                "--queries",
                "100",
                "--into",
                set,
            ],
        );
        assert_eq!(got.status.code(), Some(0), "{}", stderr(&got));
        let Some(before) = measure(folder.path(), &database.url, &[]) else { return };
        database.sql("drop index items_embedding_idx");
        let Some(after) = measure(folder.path(), &database.url, &[]) else { return };
        let report = judged(folder.path(), &before, &after);
        assert_eq!(report.exit_code, 1, "{}", report.sentence);
        assert_eq!(named(&report)[0], "index-not-used", "{:?}", report.causes);
        assert_eq!((report.causes[0].evidence[0].a, report.causes[0].evidence[0].b), (1.0, 0.0));
    }

    #[test]
    fn a_pool_that_is_too_small_makes_calls_wait() {
        let Some(database) = Database::of("PGVECTOR_URL") else { return };
        let _alone = alone();
        let folder = place(
            "
data: {name: wordnet-10k, rows: 1000, queries_limit: 100}
engine: {postgres: {pool: 4}}
variants: {scan: {}}
phases:
  - verify: {queries: 3, writes: false}
  - search: {k: 10, sessions: 4, queries: 600, warmup: 50}
",
        );
        let Some(before) = measure(folder.path(), &database.url, &[]) else { return };
        let Some(small) = measure(folder.path(), &database.url, &["engine.postgres.pool=1"]) else { return };
        let report = judged(folder.path(), &before, &small);
        assert_eq!(report.exit_code, 1, "{}", report.sentence);
        assert!(named(&report).contains(&"connection-waits"), "{:?}", report.causes);
        // As slow for another reason: twice the rows to scan, over as many connections.
        let Some(rows) = measure(folder.path(), &database.url, &["data.rows=3000"]) else { return };
        let report = judged(folder.path(), &before, &rows);
        assert_eq!(report.exit_code, 1, "{}", report.sentence);
        assert!(!named(&report).contains(&"connection-waits"), "{:?}", report.causes);
    }
}
