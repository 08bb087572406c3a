//! `cargo xtask compare-clients`: what the postgres engine costs, against pgbench and psycopg, in one go.
//!
//! A PostgreSQL server of its own serves both sides by turns: ours, theirs, theirs, ours, and so on, so that whatever else
//! the machine does meets both. Ratios are those of neighbouring measurements; their median counts.

mod figures;
mod pgbench;
mod side;

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use crate::interrupt::Interrupt;
use crate::services::folders::{self, Scratch};
use crate::services::pgvector;
use crate::services::postgres::{Install, Server};
use crate::{cargo, cargo_command, python};
use figures::{Bar, Figures, HEAD, microseconds, rate};
use pgbench::Pgbench;
use side::{Done, Side};

/// What the words after `compare-clients` mean.
const HELP: &str =
    "cargo xtask compare-clients [--repeats N] [--seconds S] [--check]   --check: a missed bar is an error";

/// The client that rows are copied by for comparison.
const PSYCOPG: [&str; 2] = ["psycopg[binary]==3.3.9", "numpy==2.4.6"];

/// Rows that are copied.
const ROWS: u32 = 50_000;

/// Most scripts that pgbench takes; as many queries are asked.
const SCRIPTS: usize = 128;

/// Neither a checkpoint nor autovacuum comes in between. All else is as a new server has it.
const SETTINGS: [(&str, &str); 3] =
    [("autovacuum", "off"), ("checkpoint_timeout", "1h"), ("max_wal_size", "16GB")];

/// How much is measured.
struct Scale {
    repeats: usize,
    seconds: u32,
    check: bool,
}

impl Scale {
    fn read(words: &[&str]) -> anyhow::Result<Self> {
        let mut scale = Self { repeats: 9, seconds: 3, check: false };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut number = || words.next().and_then(|word| word.parse().ok()).filter(|number| *number > 0);
            match *word {
                "--repeats" => scale.repeats = number().context(HELP)? as usize,
                "--seconds" => scale.seconds = number().context(HELP)?,
                "--check" => scale.check = true,
                other => bail!("unknown word `{other}`\n{HELP}"),
            }
        }
        Ok(scale)
    }
}

/// Runs the comparison and prints a table.
pub fn run(words: &[&str]) -> anyhow::Result<()> {
    let scale = Scale::read(words)?;
    let install = pgvector::install()?;
    let python = python::environment(&PSYCOPG)?;
    let example = ["--release", "--package", "annvil-load", "--example", "clients"];
    cargo(&[&["build"], &example[..]].concat())?;
    let interrupt = Interrupt::listen()?;
    // Dropped last: nothing is left of a server that has ended.
    let scratch = Scratch::new()?;
    let server = Server::start(&install, &scratch.path.join("server"), &SETTINGS)?;
    let scripts = scratch.path.join("scripts");
    folders::open(&scripts)?;
    // `select 1` is a statement of one's own, for which the engine makes no extension.
    let psql = ["--no-psqlrc", "--quiet", "--command", "create extension vector"];
    let made = Command::new(install.bin.join("psql")).args(psql).arg(server.url()).status()?;
    if !made.success() {
        bail!("psql could not create the extension vector: {made}");
    }
    let mut command = cargo_command();
    command.args(["run", "--quiet"]).args(example).arg("--").arg(&scripts).env("DATABASE_URL", server.url());
    let mut comparison = Comparison {
        ours: Side::start("our side", &mut command, &interrupt)?,
        install,
        server,
        interrupt,
        scale,
    };
    println!("{HEAD}");
    let searching = comparison.searching(&scripts)?;
    let copying = comparison.copying(&python)?;
    comparison.ours.end()?;
    let missed = searching.into_iter().chain([copying]).filter(|met| !met).count();
    if comparison.scale.check && missed > 0 {
        bail!("{missed} of the bars above are missed");
    }
    Ok(())
}

/// Both sides and what they share.
struct Comparison {
    ours: Side,
    install: Install,
    server: Server,
    interrupt: Interrupt,
    scale: Scale,
}

impl Comparison {
    /// Against pgbench. Tells for each bar whether it is met.
    fn searching(&mut self, scripts: &Path) -> anyhow::Result<Vec<bool>> {
        let one = scripts.join("one.sql");
        fs::write(&one, "select 1;\n").with_context(|| format!("cannot write {}", one.display()))?;
        let one = vec!["-f".to_owned(), one.display().to_string()];
        let all: Vec<String> = (0..SCRIPTS)
            .flat_map(|number| ["-f".to_owned(), scripts.join(format!("{number}.sql")).display().to_string()])
            .collect();
        let mut met = Vec::new();
        for (what, command, mode, sessions, files, bars) in [
            ("`select 1`", "one", "prepared", 4, &one, (Bar::Least(0.85), Bar::None)),
            ("vector search", "search", "simple", 1, &all, (Bar::Least(0.95), Bar::None)),
            ("vector search", "search", "simple", 4, &all, (Bar::Least(0.95), Bar::Most(1.5))),
        ] {
            let shown = format!("-n -M {mode} -c {sessions} -j 1");
            let mut flags: Vec<String> = shown.split(' ').map(str::to_owned).collect();
            flags.extend_from_slice(files);
            let pgbench = Pgbench::new(&self.install, &self.server, flags, &self.interrupt)?;
            let (scale, interrupt) = (&self.scale, &self.interrupt);
            let line = format!("{command} {sessions} {}", scale.seconds);
            let ours = &mut self.ours;
            let pairs = by_turns(
                scale.repeats,
                || ours.ask(&line, interrupt),
                || pgbench.run(scale.seconds, interrupt),
            )?;
            let sessions =
                if sessions == 1 { "1 session".to_owned() } else { format!("{sessions} sessions") };
            let (what, flags) = (format!("{what}, {sessions}"), format!("`pgbench {shown}`"));
            let figures = |what: String, of: fn(Done) -> f64, show, bar| {
                let (ours, theirs) = pairs.iter().map(|(ours, theirs)| (of(*ours), of(*theirs))).unzip();
                Figures { what, flags: flags.clone(), ours, theirs, show, bar }
            };
            let rates = figures(what.clone(), Done::rate, rate, bars.0);
            let cpu = figures(
                format!("{what}: client's processor time of one"),
                Done::cpu_each,
                microseconds,
                bars.1,
            );
            for figures in [rates, cpu] {
                println!("{}", figures.row());
                met.extend(figures.met());
            }
        }
        Ok(met)
    }

    /// Against psycopg. Tells whether the bar is met.
    fn copying(&mut self, python: &Path) -> anyhow::Result<bool> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has a parent")?;
        let mut command = Command::new(python);
        command
            .arg(root.join("xtask/scripts/psycopg_copy.py"))
            .arg(root.join("datasets/wordnet-10k/base.f16.npy"))
            .env("DATABASE_URL", self.server.url());
        let (interrupt, ours) = (&self.interrupt, &mut self.ours);
        let mut theirs = Side::start("psycopg", &mut command, interrupt)?;
        let line = format!("copy {ROWS}");
        let pairs =
            by_turns(self.scale.repeats, || ours.ask(&line, interrupt), || theirs.ask(&line, interrupt))?;
        theirs.end()?;
        let (ours, theirs) = pairs.iter().map(|(ours, theirs)| (ours.rate(), theirs.rate())).unzip();
        let (what, flags) = ("COPY of 50,000 × 384".to_owned(), "psycopg 3, text, row by row".to_owned());
        let figures = Figures { what, flags, ours, theirs, show: rate, bar: Bar::Least(3.0) };
        println!("{}", figures.row());
        Ok(figures.met() == Some(true))
    }
}

/// Pairs of measurements. Who goes first alternates, and one of each goes before.
fn by_turns(
    repeats: usize,
    mut ours: impl FnMut() -> anyhow::Result<Done>,
    mut theirs: impl FnMut() -> anyhow::Result<Done>,
) -> anyhow::Result<Vec<(Done, Done)>> {
    let mut pairs = Vec::new();
    for repeat in 0..=repeats {
        let pair = if repeat.is_multiple_of(2) {
            let first = ours()?;
            (first, theirs()?)
        } else {
            let first = theirs()?;
            (ours()?, first)
        };
        if repeat > 0 {
            pairs.push(pair);
        }
    }
    Ok(pairs)
}
