//! Flags that `gate` and `ci` share.

use std::path::PathBuf;

use clap::Args;

use crate::compare::HowFlags;
use crate::flags::RunFlags;
use crate::history::keep::KeepFlags;
use crate::source::PlaceFlags;

/// Flags that a gate and `ci` share.
#[derive(Debug, Clone, Default, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct GatingFlags {
    /// Read what a change may cost from a file instead of the scenario's `gate:`.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Change a key of the scenario, or of what a change may cost: `--set gate.must_detect=5%`.
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
    /// Measure the scenario so often, each time as a run of its own.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub repeat: u32,
    /// Write summary.md, regression.md, ci-summary.md, junit.xml, raw.json and more into a folder.
    #[arg(long, value_name = "DIR")]
    pub artefacts: Option<PathBuf>,
    /// Tell a channel of Slack what is wrong: the address of its incoming webhook. The variable `ANNVIL_NOTIFY_SLACK` does
    /// the same, and no other user of the machine can see it.
    #[arg(long, value_name = "URL")]
    pub notify_slack: Vec<String>,
    /// The same for Teams; the variable `ANNVIL_NOTIFY_TEAMS`.
    #[arg(long, value_name = "URL")]
    pub notify_teams: Vec<String>,
    /// The same for any receiver of JSON; the variable `ANNVIL_NOTIFY_WEBHOOK`.
    #[arg(long, value_name = "URL")]
    pub notify_webhook: Vec<String>,
    /// Notify also if nothing is wrong.
    #[arg(long)]
    pub notify_always: bool,
    /// How sides are compared.
    #[command(flatten)]
    pub how: HowFlags,
    /// Print the gate's report as JSON.
    #[arg(long)]
    pub json: bool,
    /// Print nothing but the error, if there is one.
    #[arg(long, short)]
    pub quiet: bool,
    /// Show what is done in more detail.
    #[arg(long, short)]
    pub verbose: bool,
    /// Run all variants in this process. Memory figures are then not reported.
    #[arg(long)]
    pub one_process: bool,
    /// Where runs and baselines are.
    #[command(flatten)]
    pub place: PlaceFlags,
}

impl GatingFlags {
    /// The same for measuring a scenario.
    pub fn run(&self, scenario: &str) -> RunFlags {
        RunFlags {
            scenario: scenario.to_owned(),
            // Keys of the gate do not change what is measured; those of a file of its own have no place in the scenario.
            set: self.set.iter().filter(|set| self.config.is_none() || !is_of_gate(set)).cloned().collect(),
            quick: self.quick,
            full: self.full,
            preset: self.preset.clone(),
            output: self.place.output.clone(),
            quiet: self.quiet || self.json,
            tui: false,
            json: false,
            verbose: self.verbose,
            one_process: self.one_process,
            keep: KeepFlags { store: self.place.store.clone(), ..KeepFlags::default() },
        }
    }

    /// What of `--set` changes what a change may cost.
    pub fn set_of_gate(&self) -> Vec<String> {
        self.set.iter().filter(|set| is_of_gate(set)).cloned().collect()
    }
}

fn is_of_gate(set: &str) -> bool {
    set.trim_start().starts_with("gate.")
}
