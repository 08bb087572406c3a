//! `xtask test` ends its servers, however its tests end.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::thread::sleep;
use std::time::{Duration, Instant};

use xtask::services::folders::Scratch;
use xtask::services::pgvector;

/// Stands for cargo: builds nothing, notes which servers run, and goes on as `$THEN` says.
const CARGO: &str = "#!/bin/sh
[ \"$1\" = build ] && exit 0
cat \"$XTASK_RUN\"/*/process > \"$NOTES.new\" && mv \"$NOTES.new\" \"$NOTES\"
eval \"$THEN\"
";

/// Process ids of the servers that were up while the tests ran, and how `xtask test` ended.
fn test(scratch: &Path, then: &str, signal: Option<&str>) -> (Vec<u32>, ExitStatus) {
    let cargo = scratch.join("cargo");
    fs::write(&cargo, CARGO).unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
    let notes = scratch.join("notes");
    let _ = fs::remove_file(&notes);
    let mut child = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("test")
        .env("CARGO", &cargo)
        .env("NOTES", &notes)
        .env("THEN", then)
        .spawn()
        .unwrap();
    if let Some(signal) = signal {
        let patience = Instant::now() + Duration::from_secs(600);
        while !notes.exists() {
            assert!(
                child.try_wait().unwrap().is_none() && Instant::now() < patience,
                "it must start its servers"
            );
            sleep(Duration::from_millis(20));
        }
        let kill = format!("kill -{signal} {}", child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }
    let status = child.wait().unwrap();
    let notes = fs::read_to_string(notes).unwrap();
    (notes.lines().map(|line| line.split('-').next().unwrap().parse().unwrap()).collect(), status)
}

fn runs(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn servers_end_after_failures_and_interruptions() {
    let name = "servers_end_after_failures_and_interruptions";
    match pgvector::install() {
        Ok(_) => {}
        Err(error) if std::env::var_os("CI").is_some() => panic!("{name}: no PostgreSQL: {error:#}"),
        Err(error) => return eprintln!("{name}: skipped, no PostgreSQL: {error:#}"),
    }
    let scratch = Scratch::new().unwrap();
    for (then, signal, code) in [("exit 3", None, 1), ("exec sleep 60", Some("INT"), 130)] {
        let (servers, status) = test(&scratch.path, then, signal);
        assert!(!servers.is_empty());
        assert_eq!(status.code(), Some(code), "{then}");
        assert!(!servers.into_iter().any(runs), "{then}");
    }
}
