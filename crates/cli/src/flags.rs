//! Flags and their help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::data::DataVerb;
use crate::history::keep::KeepFlags;

/// Proves vector search: how fast and how right a vector database is.
///
/// Without a verb it runs the scenario `quick`: an exact scan and three HNSW indexes over 10,000 real embeddings, with
/// their answers verified before they are timed.
#[derive(Debug, Parser)]
#[command(name = "annvil", version, args_conflicts_with_subcommands = true, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 all well · 1 objective missed or answers wrong · 2 usage or configuration · \
4 the measurement is invalid · 5 engine or infrastructure failed · 130 interrupted"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Option<Verb>,
    /// Flags of `run`, which is what happens without a verb.
    #[command(flatten)]
    pub run: KeptRunFlags,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Measure a scenario: build, verify, measure and judge its variants.
    Run(KeptRunFlags),
    /// Measure a list of scenarios one after another, with one summary.
    Suite(SuiteFlags),
    /// Find the highest load at which objectives hold.
    Limit(LimitFlags),
    /// Hold runs against each other: what became of each figure, and how sure that is.
    Compare(crate::compare::CompareFlags),
    /// Judge a change: objectives, comparison with a baseline, limits; with an exit code, causes and reports.
    Gate(Box<crate::gate::GateFlags>),
    /// Measure and judge in a CI system, and keep the baseline of the main branch up to date.
    Ci(Box<crate::ci::CiFlags>),
    /// Measure two sides of a scenario in turns until it is clear which is better.
    Ab(crate::ab::AbFlags),
    /// Compare a scenario with itself: what this machine can tell apart.
    Aa(crate::aa::AaFlags),
    /// Show a run that was measured before, and write its reports again. Ends with 0 whatever the verdict.
    Report(ReportFlags),
    /// Look at, fetch, convert, cut and make data sets, and compute their exact answers.
    #[command(subcommand)]
    Data(DataVerb),
    /// Write a scenario to begin with, and files that make a CI system run it.
    Init(crate::init::InitFlags),
    /// Look at the history of runs, prune it, write it out, fill it.
    #[command(subcommand)]
    History(crate::history::HistoryVerb),
    /// Keep named groups of runs that later runs are held against.
    #[command(subcommand)]
    Baseline(crate::baseline::BaselineVerb),
    /// List the engines and what each supports; or check a server.
    #[cfg(feature = "postgres")]
    Engines(crate::check::EnginesFlags),
    /// List the engines and what each supports.
    #[cfg(not(feature = "postgres"))]
    Engines(JsonFlag),
    /// Measure the harness itself: what an operation costs, how late it is sent, whether a known stall is found.
    Selftest(SelftestFlags),
    /// Print the JSON Schema of scenarios, run records, gates or comparisons.
    Schema(SchemaFlags),
    /// Run one variant in this process, as told on standard input.
    #[command(hide = true, name = "__variant")]
    Variant,
}

/// Flags of `annvil run`.
#[derive(Debug, Clone, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct RunFlags {
    /// A scenario file, or the name of a shipped one, such as quick, embedded-store, latency, mixed or soak.
    #[arg(default_value = "quick")]
    pub scenario: String,
    /// Change a key of the scenario: `--set phases.search.sessions=4`, `--set "variants.hnsw f16.search.ef_search=[32, 64]"`.
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Apply the scenario's preset `quick`: less of everything.
    #[arg(long, conflicts_with = "full")]
    pub quick: bool,
    /// Apply the scenario's preset `full`: all there is.
    #[arg(long)]
    pub full: bool,
    /// Apply a preset of the scenario by its name.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["quick", "full"])]
    pub preset: Option<String>,
    /// Folder below which the run's folder is made.
    #[arg(long, short, value_name = "DIR", default_value = "runs")]
    pub output: PathBuf,
    /// Print nothing but the error, if there is one.
    #[arg(long, short)]
    pub quiet: bool,
    /// Show the run on the whole terminal while it is measured: rates, latencies, failures, resources.
    #[arg(long, conflicts_with = "quiet")]
    pub tui: bool,
    /// Print the run record as JSON instead of tables.
    #[arg(long)]
    pub json: bool,
    /// Show what is done in more detail.
    #[arg(long, short)]
    pub verbose: bool,
    /// Run all variants in this process. Memory figures are then not reported.
    #[arg(long)]
    pub one_process: bool,
    /// Which store takes in the run. Verbs that measure one run have flags for it.
    #[arg(skip)]
    pub keep: KeepFlags,
}

/// Flags of verbs that measure a run and keep it.
#[derive(Debug, Clone, Args)]
pub struct KeptRunFlags {
    /// Flags of every measurement.
    #[command(flatten)]
    pub run: RunFlags,
    /// Which store takes it in.
    #[command(flatten)]
    pub keep: KeepFlags,
}

impl KeptRunFlags {
    /// The same in one.
    pub fn flags(&self) -> RunFlags {
        RunFlags { keep: self.keep.clone(), ..self.run.clone() }
    }
}

/// Flags of `annvil suite`.
#[derive(Debug, Clone, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct SuiteFlags {
    /// The name of a suite (quick, full, stress), or scenarios: files or names of shipped ones. [default: quick]
    pub names: Vec<String>,
    /// Show what a suite holds, or all suites, and measure nothing.
    #[arg(long)]
    pub list: bool,
    /// Change a key of every scenario, as in `run`.
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Make every scenario small, as in `run`. The suite quick does so by itself.
    #[arg(long, conflicts_with = "full")]
    pub quick: bool,
    /// Apply every scenario's preset `full`.
    #[arg(long)]
    pub full: bool,
    /// Apply every scenario's preset of this name.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["quick", "full"])]
    pub preset: Option<String>,
    /// Folder below which the suite's folder is made.
    #[arg(long, short, value_name = "DIR", default_value = "runs")]
    pub output: PathBuf,
    /// Print nothing but what did not end well.
    #[arg(long, short)]
    pub quiet: bool,
    /// Print the summary as JSON instead of a table.
    #[arg(long)]
    pub json: bool,
    /// Show what is done in more detail.
    #[arg(long, short)]
    pub verbose: bool,
    /// Run all variants in this process. Memory figures are then not reported.
    #[arg(long)]
    pub one_process: bool,
    /// Which store takes in the runs.
    #[command(flatten)]
    pub keep: KeepFlags,
}

/// Flags of `annvil limit`.
#[derive(Debug, Clone, Args)]
pub struct LimitFlags {
    /// What must hold, such as `response.p95 < 10ms`, as often as needed; the scenario's own objectives of its searches
    /// unless given.
    #[arg(long, value_name = "OBJECTIVE")]
    pub hold: Vec<String>,
    /// Raise the rate of arrivals, from one to another or without end: `100/s..5000/s`, `100/s`.
    #[arg(long, value_name = "FROM[..TO]", conflicts_with = "sessions")]
    pub rate: Option<String>,
    /// Raise the number of sessions instead: `1..64`, `1`.
    #[arg(long, value_name = "FROM[..TO]")]
    pub sessions: Option<String>,
    /// How long each level is tried.
    #[arg(long = "for", value_name = "TIME")]
    pub duration: Option<String>,
    /// How often a level is tried at most; the majority decides, so it is odd.
    #[arg(long, value_name = "N")]
    pub repeats: Option<u32>,
    /// Width of the interval at which the search ends, as a share of the level.
    #[arg(long, value_name = "SHARE")]
    pub tolerance: Option<f64>,
    /// Answers wanted; as the scenario's first searches unless given.
    #[arg(long, value_name = "N")]
    pub k: Option<usize>,
    /// Only this variant; as often as needed.
    #[arg(long, value_name = "NAME")]
    pub variant: Vec<String>,
    /// Flags of `run`.
    #[command(flatten)]
    pub run: RunFlags,
    /// Which store takes in the run.
    #[command(flatten)]
    pub keep: KeepFlags,
}

/// Flags of `annvil report`.
#[derive(Debug, Clone, Args)]
pub struct ReportFlags {
    /// The run's folder, or its `run.json`.
    pub run: PathBuf,
    /// Print the run record as JSON instead of tables.
    #[arg(long)]
    pub json: bool,
    /// Print nothing; only write the reports.
    #[arg(long, short)]
    pub quiet: bool,
}

/// The flag of verbs that answer in a table or as JSON.
#[derive(Debug, Clone, Args)]
pub struct JsonFlag {
    /// Answer as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Flags of `annvil selftest`.
#[derive(Debug, Clone, Args)]
pub struct SelftestFlags {
    /// Answer as JSON.
    #[arg(long)]
    pub json: bool,
    /// Measure the stall for a minute each, as it is published, instead of a fifth of that.
    #[arg(long)]
    pub full: bool,
}

/// Flags of `annvil schema`.
#[derive(Debug, Clone, Args)]
pub struct SchemaFlags {
    /// What the schema describes.
    #[arg(value_enum, default_value = "scenario")]
    pub of: SchemaOf,
}

/// What a schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum SchemaOf {
    /// Scenario files.
    Scenario,
    /// `run.json`.
    Run,
    /// What a change may cost: `gate:` of a scenario, or a file of its own.
    Gate,
    /// `gate.json`.
    GateReport,
    /// What `annvil compare --json` prints.
    Comparison,
}
