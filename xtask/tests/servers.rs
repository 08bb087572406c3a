//! A server of a test's own: it is killed and started again as the engines' tests do it.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use std::{fs, thread};

use xtask::services::daemon::Tie;
use xtask::services::folders::Scratch;
use xtask::services::pgbouncer::Bouncer;
use xtask::services::pgvector;
use xtask::services::postgres::{Install, Server};

/// The programs. Without them the test says so and passes, but for CI.
fn install(test: &str) -> Option<Install> {
    match pgvector::install() {
        Ok(install) => Some(install),
        Err(error) if std::env::var_os("CI").is_some() => panic!("{test}: no PostgreSQL: {error:#}"),
        Err(error) => {
            eprintln!("{test}: skipped, no PostgreSQL: {error:#}");
            None
        }
    }
}

fn psql(install: &Install, url: &str, sql: &str) -> Output {
    let mut command = Command::new(install.bin.join("psql"));
    command.args(["--no-psqlrc", "--no-align", "--tuples-only", "--command", sql, url]).output().unwrap()
}

fn answer(install: &Install, url: &str, sql: &str) -> String {
    let output = psql(install, url, sql);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Whether a process runs, by what the system says.
fn runs(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn a_server_is_killed_and_comes_back_with_its_data() {
    let Some(install) = install("a_server_is_killed_and_comes_back_with_its_data") else { return };
    let scratch = Scratch::new().unwrap();
    let folder = scratch.path.join("one");
    let mut server =
        Server::start(&install, &folder, &[("jit", "off"), ("application_name", "it's")]).unwrap();
    let (url, port) = (server.url(), server.port());
    let settings = "select concat_ws(' ', current_setting('jit'), current_setting('application_name'), current_setting('max_connections'), current_setting('shared_buffers'), current_setting('fsync'))";
    assert!(answer(&install, &url, settings).starts_with("off "));
    assert!(answer(&install, &url, settings).ends_with("200 128MB on"));
    answer(&install, &url, "create extension vector; create table t as select '[1,2]'::vector v");

    // A session in the middle of a statement.
    let session = {
        let (install, url) = (install.clone(), url.clone());
        thread::spawn(move || psql(&install, &url, "select pg_sleep(60)"))
    };
    let busy =
        "select count(*) from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'";
    while answer(&install, &url, busy) != "1" {
        thread::sleep(Duration::from_millis(20));
    }
    let pid = server.pid().unwrap();
    server.kill().unwrap();
    assert!(!session.join().unwrap().status.success(), "the session must be cut off");
    assert!(!runs(pid) && server.pid().is_none());
    assert!(!psql(&install, &url, "select 1").status.success());

    server.restart().unwrap();
    assert_eq!((server.url(), server.port()), (url.clone(), port));
    assert_eq!(answer(&install, &url, "select v from t"), "[1,2]");
    server.stop().unwrap();
    assert!(!psql(&install, &url, "select 1").status.success());
}

#[test]
fn a_wrong_password_is_refused() {
    let Some(install) = install("a_wrong_password_is_refused") else { return };
    let scratch = Scratch::new().unwrap();
    let server = Server::start(&install, &scratch.path.join("one"), &[]).unwrap();
    let output = psql(&install, &server.url_as("annvil", "wrong"), "select 1");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("password authentication failed"));
    answer(&install, &server.url(), "create role reader login password 'p@ss/word'");
    assert_eq!(
        answer(
            &install,
            &server.url_as("reader", "p@ss/word"),
            "select rolsuper from pg_roles where rolname = current_user"
        ),
        "f"
    );
}

#[test]
fn servers_end_with_what_holds_them() {
    let Some(install) = install("servers_end_with_what_holds_them") else { return };
    let scratch = Scratch::new().unwrap();
    let path = scratch.path.clone();
    let server = Server::start(&install, &path.join("dropped"), &[]).unwrap();
    let dropped = server.pid().unwrap();
    drop(server);
    assert!(!runs(dropped));
    // One that was let go ends with the folder.
    let server = Server::launch(&install, &path.join("let-go"), &[], Tie::None).unwrap();
    let let_go = server.pid().unwrap();
    server.let_go();
    assert!(runs(let_go));
    drop(scratch);
    // This process is its parent, so that it stays in the list of processes; it no longer runs.
    assert!(!runs(let_go) && !path.exists());
}

#[test]
fn a_setting_that_does_not_exist_is_quoted_from_the_log() {
    let Some(install) = install("a_setting_that_does_not_exist_is_quoted_from_the_log") else { return };
    let scratch = Scratch::new().unwrap();
    let error = Server::start(&install, &scratch.path.join("one"), &[("no_such", "1")]).unwrap_err();
    assert!(format!("{error:#}").contains("unrecognized configuration parameter \"no_such\""), "{error:#}");
}

#[test]
fn pgbouncer_shares_sessions_and_has_a_console() {
    let Some(install) = install("pgbouncer_shares_sessions_and_has_a_console") else { return };
    let scratch = Scratch::new().unwrap();
    let mut server = Server::start(&install, &scratch.path.join("server"), &[]).unwrap();
    let folder = scratch.path.join("bouncer");
    let mut bouncer = match Bouncer::start(server.address(), &folder, &[("default_pool_size", "1")], Tie::Job)
    {
        Ok(bouncer) => bouncer,
        Err(error) if std::env::var_os("CI").is_some() => panic!("no pgbouncer: {error:#}"),
        Err(error) => return eprintln!("pgbouncer_shares_sessions_and_has_a_console: skipped: {error:#}"),
    };
    let url = bouncer.address.to_string();
    let first = answer(&install, &url, "select pg_backend_pid()");
    assert_eq!(answer(&install, &url, "select pg_backend_pid()"), first, "one session serves both");
    let pools = answer(&install, &bouncer.console(), "show pools");
    assert!(
        pools.lines().any(|line| line.starts_with("postgres|annvil|") && line.ends_with("|transaction")),
        "{pools}"
    );
    assert!(fs::read_to_string(&bouncer.authority).unwrap().contains("BEGIN CERTIFICATE"));
    server.restart().unwrap();
    let patience = Instant::now() + Duration::from_secs(20);
    while !psql(&install, &url, "select 1").status.success() {
        assert!(Instant::now() < patience, "pgbouncer must find the server again");
        thread::sleep(Duration::from_millis(50));
    }
    bouncer.stop().unwrap();
    assert!(!psql(&install, &url, "select 1").status.success());
    assert!(Path::new(&folder).is_dir());
}
