//! `cargo xtask fuzz`: every parser for a bounded time, with libFuzzer.
//!
//! `cargo-fuzz` builds the targets without a sanitizer, which the stable compiler can do: its coverage comes from LLVM's
//! passes. Memory is bounded by an allocator of the targets' own.

use std::path::Path;

use anyhow::{Context, bail};

use super::{cargo_command, run};

mod seeds;

/// Seconds that each target runs unless said otherwise.
const SECONDS: u32 = 60;

/// Runs all targets, or the named ones. Findings stay in `fuzz/artifacts`, and the corpus in `fuzz/corpus`.
pub(crate) fn fuzz(arguments: &[&str]) -> anyhow::Result<()> {
    let (seconds, wanted) = match arguments {
        ["--seconds", number, rest @ ..] => {
            (number.parse().with_context(|| format!("`{number}` is no number of seconds"))?, rest)
        }
        rest => (SECONDS, rest),
    };
    if !cargo_command().args(["fuzz", "--version"]).output().is_ok_and(|output| output.status.success()) {
        bail!("`cargo fuzz` does not start\n  Install it: cargo install cargo-fuzz --locked");
    }
    let targets = targets()?;
    if let Some(unknown) = wanted.iter().find(|name| !targets.iter().any(|target| target == *name)) {
        bail!("there is no target `{unknown}`; there are {}", targets.join(", "));
    }
    let mut failed = vec![];
    for target in targets.iter().filter(|target| wanted.is_empty() || wanted.contains(&target.as_str())) {
        let corpus = Path::new("fuzz/corpus").join(target);
        seeds::write(target, &corpus)?;
        let folder = corpus.canonicalize().with_context(|| format!("cannot find {}", corpus.display()))?;
        let seconds = format!("-max_total_time={seconds}");
        let command = ["fuzz", "run", "--sanitizer", "none", "--codegen-units", "16", target, "--"];
        let limits = [
            &seconds,
            "-rss_limit_mb=1024",
            "-timeout=10",
            "-max_len=32768",
            "-verbosity=0",
            "-print_final_stats=1",
        ];
        // The next target runs in any case: each finding is a file of its own.
        if let Err(error) = run(cargo_command().args(command).args(limits).env("ANNVIL_SEEDS", folder)) {
            eprintln!("error: {error:#}");
            failed.push(target.as_str());
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    bail!("found something in {}\n  Look into fuzz/artifacts; each finding gets a test.", failed.join(", "))
}

fn targets() -> anyhow::Result<Vec<String>> {
    let output = cargo_command().args(["fuzz", "list"]).output().context("cannot start cargo")?;
    if !output.status.success() {
        bail!("`cargo fuzz list` failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}
