//! `annvil engines --check`.

use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::common::{annvil, stderr};
use super::server::{Database, run, sql, stdout, url};

/// Schemas of checks that a database still has.
const LEFT: &str = "select nspname from pg_namespace where nspname like 'annvil\\_check\\_%'";

/// Versions stay; ports and the names of databases differ from day to day.
fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"127\.0\.0\.1:\d+/\S+", "127.0.0.1:PORT/DATABASE");
    settings.add_filter(r"recall@10 (0\.9\d\d|1\.000)", "recall@10 RIGHT");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn pgvector() {
    let Some(database) = Database::of("PGVECTOR_URL") else { return };
    database.sql("create extension vector");
    let output = run(&database.url, &["engines", "--check"]);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    snapshot("pgvector", &stdout(&output));
    assert_eq!(database.sql(LEFT), Vec::<String>::new());
    assert_eq!(database.sql("select extname from pg_extension order by 1"), ["plpgsql", "vector"]);
}

#[test]
fn vectorscale() {
    let Some(database) = Database::of("VECTORSCALE_URL") else { return };
    database.sql("create extension vectorscale cascade");
    let output = run(&database.url, &["engines", "--check"]);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    snapshot("vectorscale", &stdout(&output));
    assert_eq!(database.sql(LEFT), Vec::<String>::new());
}

#[test]
fn ruvector() {
    // Opt-in: it takes minutes to build.
    let Ok(server) = std::env::var("RUVECTOR_URL") else {
        return eprintln!("skipped check::ruvector: RUVECTOR_URL is not set");
    };
    let output = run(&server, &["engines", "--check"]);
    // With an index, RuVector 0.3 answers `select count(*)` with 0, in any client: it offers bitmap scans and has none. The
    // check is right to say so.
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(1), ""), "{}", stdout(&output));
    snapshot("ruvector", &stdout(&output));
}

#[test]
fn pgbouncer() {
    let Some(server) = url("PGBOUNCER_URL") else { return };
    // Another test may make it at the same moment.
    sql(
        &server,
        "do $$ begin create extension if not exists vector; exception when others then null; end $$",
    );
    let output = run(&server, &["engines", "--check", "--pooler", "transaction"]);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{}", stdout(&output));
    snapshot("pgbouncer", &stdout(&output));
}

#[test]
fn as_json() {
    let Some(database) = Database::of("PGVECTOR_URL") else { return };
    database.sql("create extension vector");
    let output = run("", &["engines", "--json", "--check", &database.url]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["verified"], true);
    assert_eq!(answer["server"]["database"], database.name.as_str());
    let names: Vec<&str> =
        answer["variants"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["scan", "hnsw", "ivfflat"]);
    assert!(answer["variants"][1]["passed"].as_u64().unwrap() > 20, "{answer}");
    // A scan answers what is nearest, and nothing else.
    assert_eq!(answer["variants"][0]["recall"], 1.0);
}

#[test]
fn what_is_wrong_is_said_without_the_password() {
    let Some(database) = Database::of("PGVECTOR_URL") else { return };
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (start, _) = database.url.rsplit_once('/').unwrap();
    let (_, place) = database.url.split_once('@').unwrap();
    let guest = database.guest("hunter2-of-guest");
    for (url, code, said) in [
        ("mysql://me:hunter2@h/d".to_owned(), 2, "that is no URL of PostgreSQL"),
        (String::new(), 2, "nothing says which server"),
        (format!("postgres://me:hunter2@{free}/d"), 5, "check host and port of the URL"),
        (format!("postgres://{}:hunter2@{place}", database.name), 5, "check user and password"),
        (format!("{start}/no_such_database"), 5, "create the database, or name one that is there"),
    ] {
        let output = run(&url, &["engines", "--check"]);
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{error}");
        assert!(error.contains(said), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    // No extension yet: the check creates none.
    let output = run(&database.url, &["engines", "--check"]);
    assert_eq!(output.status.code(), Some(5));
    assert!(
        stdout(&output).contains("has no extension for vectors\n  `create extension vector` in it"),
        "{}",
        stdout(&output)
    );
    assert_eq!(database.sql("select extname from pg_extension"), ["plpgsql"]);
    // Whoever may not make a schema hears so.
    database.sql("create extension vector");
    let output = run(&guest, &["engines", "--check"]);
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(5), "{error}");
    assert!(
        error.contains("make the schema annvil_check_") && error.contains("permission denied for database"),
        "{error}"
    );
    assert!(!error.contains("hunter2"), "{error}");
    assert_eq!(database.sql(LEFT), Vec::<String>::new());
}

#[test]
fn nothing_is_left_of_a_check_that_is_interrupted() {
    let Some(database) = Database::of("PGVECTOR_URL") else { return };
    database.sql("create extension vector");
    let mut command = annvil();
    command
        .env("DATABASE_URL", &database.url)
        .args(["engines", "--check"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut running = command.spawn().unwrap();
    let began = Instant::now();
    while sql(&database.url, LEFT).is_empty() {
        assert!(
            running.try_wait().unwrap().is_none() && began.elapsed() < Duration::from_mins(1),
            "no schema was made"
        );
    }
    let pid = rustix::process::Pid::from_child(&running);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(running.wait().unwrap().code(), Some(130));
    assert_eq!(database.sql(LEFT), Vec::<String>::new());
}
