//! Developer chores: `cargo xtask test | lint | bench | services | …`. The tests of other crates start servers by it.

mod bench_stats;
mod compare_clients;
mod compare_faiss;
mod fuzz;
mod interrupt;
pub mod python;
pub mod services;
mod suite;

use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, bail};

const HELP: &str = "\
cargo xtask test     install and start what the tests need, and run all of them
cargo xtask lint     formatting, clippy and docs, warnings denied
cargo xtask schema   write docs/*.schema.json from the types
cargo xtask services   the servers that tests talk to: up [--with NAME]…, down, status, env
cargo xtask fuzz     every parser against random files, a minute each: [--seconds N] [TARGET…]
cargo xtask bench    the benchmarks of the harness
cargo xtask bench-stats   verdicts and change points against noise whose truth is known: [--part stats|change]
cargo xtask compare-clients   the postgres engine against pgbench and psycopg: [--repeats N] [--seconds S] [--check]
cargo xtask compare-faiss   exact search by Annvil and by faiss, by turns

Everything is built with the release profile: the embedded engine's C++ takes minutes a profile.
";

/// Does the chore that the arguments name.
pub fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["test", rest @ ..] => suite::test(rest),
        ["lint"] => lint(),
        ["schema"] => schema(),
        ["fuzz", rest @ ..] => fuzz::fuzz(rest),
        ["services", rest @ ..] => services::command(rest),
        ["bench"] => cargo(&["bench", "--package", "annvil-load"]),
        ["bench-stats", rest @ ..] => bench_stats::run(rest),
        ["compare-clients", rest @ ..] => compare_clients::run(rest),
        ["compare-faiss"] => compare_faiss::run(),
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(anyhow::anyhow!("unknown chore `{}`\n{HELP}", other.join(" "))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            if error.is::<interrupt::Interrupted>() { ExitCode::from(130) } else { ExitCode::FAILURE }
        }
    }
}

fn lint() -> anyhow::Result<()> {
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--release", "--workspace", "--all-targets", "--", "--deny", "warnings"])?;
    run(cargo_command()
        .args(["doc", "--release", "--workspace", "--no-deps"])
        .env("RUSTDOCFLAGS", "--deny warnings"))
}

fn schema() -> anyhow::Result<()> {
    for of in ["scenario", "run", "gate", "gate-report", "comparison"] {
        let file = format!("docs/{of}.schema.json");
        let output = cargo_command()
            .args(["run", "--quiet", "--release", "--package", "annvil", "--", "schema", of])
            .output()
            .context("cannot start cargo")?;
        if !output.status.success() {
            bail!("`annvil schema {of}` failed:\n{}", String::from_utf8_lossy(&output.stderr));
        }
        std::fs::write(&file, output.stdout).with_context(|| format!("cannot write {file}"))?;
    }
    Ok(())
}

fn cargo_command() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn cargo(arguments: &[&str]) -> anyhow::Result<()> {
    run(cargo_command().args(arguments))
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let began = Instant::now();
    let shown = format!("{command:?}").replace('"', "");
    let status = command.status().with_context(|| format!("cannot start {shown}"))?;
    if !status.success() {
        bail!("{shown} ended with {status}");
    }
    eprintln!("  {shown}: {:.0} s", began.elapsed().as_secs_f64());
    Ok(())
}
