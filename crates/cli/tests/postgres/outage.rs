//! Servers that die and come back while a run goes on.

use std::time::{Duration, Instant};

use annvil_core::record::{Block, FailureKind};
use xtask::services::folders::Scratch;
use xtask::services::postgres::{Install, Server};

use super::scenario::{Place, form};
use super::server::url;

/// A server of one's own, which may be killed.
fn server() -> Option<(Server, Scratch)> {
    let bin = url("PGVECTOR_BIN")?;
    let scratch = Scratch::new().unwrap();
    let server = Server::start(&Install { bin: bin.into() }, &scratch.path.join("server"), &[]).unwrap();
    Some((server, scratch))
}

fn place(phases: &str) -> Place {
    Place::new(&format!(
        "data: {{name: wordnet-10k, rows: 400, queries_limit: 50}}
engine: postgres
variants: {{scan: {{}}}}
phases:
  - verify: {{queries: 20, writes: false}}
  - search: {{name: first, k: 10, queries: 50, warmup: 5}}
{phases}"
    ))
}

fn names(block: &Block) -> Vec<&str> {
    block.phases.iter().map(|phase| phase.name.as_str()).collect()
}

#[test]
fn a_server_that_is_killed_ends_the_run_and_what_was_measured_stays() {
    let Some((mut server, _scratch)) = server() else { return };
    let place = place(
        "  - search: {name: long, k: 10, for: 3s, sessions: 2, warmup: 5}
  - search: {name: never, k: 10, queries: 50}
",
    );
    let mut run = place.start(&server.url());
    run.wait_for("first");
    let began = Instant::now();
    server.kill().unwrap();
    let done = run.end();
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    let said = done.failed(5, FailureKind::Engine);
    assert!(said.contains("connect to 127.0.0.1") && said.contains("that the server runs"), "{said}");
    let record = done.record.as_ref().unwrap();
    let block = &record.blocks[0];
    assert_eq!(names(block), ["load", "settle", "verify", "first", "long"]);
    assert_eq!(block.failure.as_ref().unwrap().phase, "never");
    assert_eq!(form(block, "first").operations, 50);
    let long = form(block, "long");
    assert!(long.operations > 10, "{}", long.operations);
    assert_eq!(long.failures.keys().collect::<Vec<_>>(), ["refused"]);
    assert!(place.report().contains("first"));
}

#[test]
fn a_server_that_was_restarted_while_nothing_was_asked_is_not_noticed() {
    let Some((mut server, _scratch)) = server() else { return };
    let place = place(
        "  - search: {name: pause, k: 10, for: 4s, think: 3s, warmup: 0}
  - search: {name: after, k: 10, queries: 50, warmup: 5}
",
    );
    let mut run = place.start(&server.url());
    run.wait_for("first");
    server.restart().unwrap();
    let record = run.end().good();
    for phase in ["pause", "after"] {
        let form = form(&record.blocks[0], phase);
        assert!(form.operations > 0 && form.failures.is_empty(), "{phase}: {:?}", form.failures);
    }
    assert_eq!(form(&record.blocks[0], "after").operations, 50);
}

#[test]
fn a_server_that_crashes_and_comes_back_costs_the_calls_in_between() {
    let Some((mut server, _scratch)) = server() else { return };
    let place = place(
        "  - search: {name: long, k: 10, for: 5s, sessions: 2, warmup: 5}
  - search: {name: after, k: 10, queries: 50, warmup: 5}
objectives: [long.success >= 99.999999%]
",
    );
    let mut run = place.start(&server.url());
    run.wait_for("first");
    server.kill().unwrap();
    std::thread::sleep(Duration::from_millis(200));
    server.restart().unwrap();
    let done = run.end();
    // The objective was missed; where others took the processors, the figures are invalid, which comes first.
    assert!(matches!(done.code, Some(1 | 4)), "{:?} {} {}", done.code, done.err, done.out);
    let record = done.record.as_ref().unwrap();
    let block = &record.blocks[0];
    assert_eq!(block.failure, None);
    let long = form(block, "long");
    assert_eq!(long.failures.keys().collect::<Vec<_>>(), ["refused"]);
    let answered = long.intervals.iter().rev().find(|interval| interval.operations > 0).unwrap();
    let failed = long.intervals.iter().find(|interval| interval.failures > 0).unwrap();
    assert!(answered.at > failed.at, "{:?}", long.intervals);
    let after = form(block, "after");
    assert!(after.operations == 50 && after.failures.is_empty(), "{:?}", after.failures);
}
