//! Passwords are seen nowhere: in no list of processes, no output, no file of a run, whether it ends well or not.

#![cfg(all(target_os = "linux", feature = "postgres"))]
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{annvil, stderr};

const PASSWORD: &str = "hunter2-is-secret";

const SCENARIO: &str = "\
data: {name: wordnet-10k, rows: 300, queries_limit: 20}
engine: postgres
variants: {scan: {}}
phases: [search: {queries: 20, warmup: 5}]
";

/// Every file below a folder.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    all
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn assert_hidden(what: &str, bytes: &[u8], password: &str) {
    assert!(!holds(bytes, password), "{what}: {}", String::from_utf8_lossy(bytes));
}

/// Runs the scenario to its end, and looks for the password in all that it leaves. Gives back the exit code and what was
/// said on standard error.
fn run(arguments: &[&str], variable: Option<&str>, password: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("s.yaml"), SCENARIO).unwrap();
    let mut command = annvil();
    command.current_dir(folder.path()).env("RUST_BACKTRACE", "1").args(arguments);
    command.env_remove("DATABASE_URL").envs(variable.map(|url| ("DATABASE_URL", url)));
    let output = command.output().unwrap();
    assert_hidden("standard output", &output.stdout, password);
    assert_hidden("standard error", &output.stderr, password);
    for (name, bytes) in files(folder.path()) {
        assert_hidden(&name, &bytes, password);
    }
    (output.status.code(), stderr(&output))
}

/// Ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The process and its children, by number.
fn family(parent: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
    std::iter::once(parent).chain(children.split_whitespace().filter_map(|pid| pid.parse().ok())).collect()
}

#[test]
fn processes_show_asterisks() {
    // A server that takes connections and says nothing: the run waits for it.
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://me:{PASSWORD}@{}/db?sslmode=disable", server.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("s.yaml"), SCENARIO).unwrap();
    let mut command: Command = annvil();
    command.current_dir(folder.path()).args([
        "run",
        "s.yaml",
        "--set",
        &format!("engine.postgres.url={url}"),
    ]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = Running(command.spawn().unwrap());
    let began = Instant::now();
    server.set_nonblocking(true).unwrap();
    let mut connection = loop {
        match server.accept() {
            Ok((connection, _)) => break connection,
            Err(_) if began.elapsed() < Duration::from_mins(1) && running.0.try_wait().unwrap().is_none() => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(error) => {
                let mut said = String::new();
                running.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
                panic!("nobody came: {error}: {said}");
            }
        }
    };
    // It came from the process of the variant, so both processes are there.
    connection.set_nonblocking(false).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    assert!(connection.read(&mut [0; 8]).unwrap() > 0);
    let family = family(running.0.id());
    assert!(family.len() >= 2, "{family:?}");
    for pid in &family {
        for file in ["cmdline", "environ"] {
            let bytes = fs::read(format!("/proc/{pid}/{file}")).unwrap();
            assert_hidden(&format!("{file} of {pid}"), &bytes, PASSWORD);
        }
    }
    let own = fs::read(format!("/proc/{}/cmdline", running.0.id())).unwrap();
    assert!(holds(&own, "engine.postgres.url=postgres://me:*****"), "{}", String::from_utf8_lossy(&own));
    let name = fs::read_to_string(format!("/proc/{}/comm", running.0.id())).unwrap();
    assert_eq!(name.trim(), "annvil");
}

#[test]
fn what_is_wrong_is_said_without_the_password() {
    // Nobody listens on a port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("postgres://me:{PASSWORD}@127.0.0.1:{port}/db");
    let set = format!("engine.postgres.url={url}");
    let (code, said) = run(&["run", "s.yaml", "--set", &set], None, PASSWORD);
    assert_eq!(code, Some(5), "{said}");
    let (code, said) = run(&["run", "s.yaml"], Some(&url), PASSWORD);
    assert_eq!(code, Some(5), "{said}");
    let misread: [&[&str]; 6] = [
        &["run", "s.yaml", "--sett", &set],
        &["run", "s.yaml", &url],
        &["run", &url],
        &["run", "s.yaml", "--set", &url],
        &["run", "s.yaml", "--set", &format!("engine.postgres.uri={url}")],
        &["run", "s.yaml", "--set", &format!("engine.postgres={url}")],
    ];
    for arguments in misread {
        let (code, said) = run(arguments, None, PASSWORD);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("error"), "{said}");
    }
    let (code, said) = run(&["run", "s.yaml"], None, PASSWORD);
    assert_eq!(code, Some(2));
    assert!(said.contains("engine.postgres.url is not set") && said.contains("DATABASE_URL"), "{said}");
}

#[test]
fn arguments_are_the_same_after_they_were_hidden() {
    // The list of presets comes from the scenario that the other arguments name.
    let url = format!("engine.postgres.url=postgres://me:{PASSWORD}@127.0.0.1:1/db");
    let arguments = ["run", "s.yaml", "--preset", "no such  preset", "--set", &url];
    let (code, said) = run(&arguments, None, PASSWORD);
    assert_eq!(code, Some(2));
    assert!(said.contains("the scenario has no preset `no such  preset`"), "{said}");
}

#[test]
fn a_run_on_a_server_leaves_no_password() {
    let Ok(url) = std::env::var("PGVECTOR_URL") else {
        assert!(std::env::var_os("CI").is_none(), "PGVECTOR_URL is not set");
        eprintln!(
            "skipped: a_run_on_a_server_leaves_no_password needs PGVECTOR_URL; see cargo xtask services"
        );
        return;
    };
    let password = url
        .split_once("://")
        .and_then(|(_, rest)| rest.rsplit_once('@'))
        .and_then(|(user, _)| user.split_once(':'));
    let (_, password) = password.unwrap();
    let (code, said) =
        run(&["run", "s.yaml", "--set", &format!("engine.postgres.url={url}")], None, password);
    assert!(matches!(code, Some(0 | 4)), "{said}");
    let (code, said) = run(&["run", "s.yaml", "--quiet"], Some(&url), password);
    assert!(matches!(code, Some(0 | 4)), "{said}");
    let wrong = url.replace(password, PASSWORD);
    let (code, said) = run(&["run", "s.yaml"], Some(&wrong), PASSWORD);
    assert_eq!(code, Some(5), "{said}");
}
