//! A password that is recognised wherever it turns up: it turns up nowhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::scenario::{Place, Running};
use super::server::Database;

const PASSWORD: &str = "hunter2-nowhere-to-be-seen";

const SCENARIO: &str = "\
data: {name: wordnet-10k, rows: 300, queries_limit: 20}
engine: {postgres: {lock_timeout: 1s}}
variants:
  scan: {}
  hnsw: {index: {hnsw: {}}, search: {set: {enable_seqscan: off}}}
phases:
  - verify: {queries: 20}
  - search: {k: 10, for: 1s, warmup: 5}
";

fn holds(bytes: &[u8]) -> bool {
    bytes.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes())
}

/// Every file below a folder.
fn look_into(folder: &Path) -> usize {
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files += look_into(&path);
        } else if let Ok(bytes) = fs::read(&path) {
            assert!(!holds(&bytes), "{}", path.display());
            files += 1;
        }
    }
    files
}

/// Looks at the arguments of every process of this machine for as long as a run is there. Returns how many processes of
/// variants it had.
fn watch(run: &mut Running<'_>, place: &Place) -> usize {
    let mut variants = BTreeSet::new();
    let id = run.id();
    // The arguments are what the test wrote until the program has hidden them.
    while place.run_folder().is_none() && !run.has_ended() {
        std::thread::sleep(Duration::from_millis(5));
    }
    while !run.has_ended() {
        for entry in fs::read_dir("/proc").unwrap().filter_map(Result::ok) {
            let Ok(bytes) = fs::read(entry.path().join("cmdline")) else { continue };
            let name = entry.file_name().into_string().unwrap();
            assert!(!holds(&bytes), "process {name}");
        }
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        variants.extend(children.split_whitespace().map(str::to_owned));
        std::thread::sleep(Duration::from_millis(50));
    }
    variants.len()
}

#[test]
fn a_run_that_ends_well_and_one_that_does_not() {
    let Some(database) = Database::of("PGVECTOR_URL") else { return };
    database.sql("create extension vector");
    let url = database.guest(PASSWORD);
    database.sql(&format!("grant create on database {0} to {0}", database.name));
    let set = format!("engine.postgres.url={url}");
    let nowhere = format!("{url}_not_there");
    // No right on the schema that the first run made is left for a table of this name: it fails on the way.
    database.sql("create schema theirs; create table theirs.mine (a int)");
    for (variable, flags, well) in [
        (url.as_str(), &["--verbose"][..], true),
        ("", &["--set", &set, "--verbose"], true),
        (nowhere.as_str(), &["--verbose"], false),
        (url.as_str(), &["--verbose", "--set", "engine.postgres.schema=theirs"], false),
        (url.as_str(), &["--verbose", "--one-process", "--set", "engine.postgres.table=mine"], true),
    ] {
        let place = Place::new(SCENARIO);
        let mut command = place.command(variable, flags);
        if variable.is_empty() {
            command.env_remove("DATABASE_URL");
        }
        let mut run = place.spawn(command.env("RUST_BACKTRACE", "full"));
        let variants = watch(&mut run, &place);
        let done = run.end();
        assert_eq!(matches!(done.code, Some(0 | 4)), well, "{flags:?}: {} {}", done.err, done.out);
        assert!(!holds(done.out.as_bytes()), "{}", done.out);
        assert!(!holds(done.err.as_bytes()), "{}", done.err);
        assert!(look_into(place.path()) >= 4);
        assert!(variants == 2 || !well || flags.contains(&"--one-process"), "{variants}");
    }
}

#[test]
fn a_panic() {
    let scenario = "\
data: {name: wordnet-10k, rows: 300, queries_limit: 20}
engine: {stub: {answers: exact, fault: panics}}
variants: {broken: {}}
phases: [search: {k: 10}]
";
    let place = Place::new(scenario);
    let url = format!("postgres://annvil:{PASSWORD}@127.0.0.1:1/postgres");
    let done = place.spawn(place.command(&url, &["--verbose"]).env("RUST_BACKTRACE", "full")).end();
    assert_eq!(done.code, Some(5), "{} {}", done.err, done.out);
    assert!(done.record.as_ref().unwrap().blocks[0].failure.as_ref().unwrap().message.contains("panicked"));
    assert!(!holds(done.out.as_bytes()) && !holds(done.err.as_bytes()), "{} {}", done.out, done.err);
    look_into(place.path());
}
