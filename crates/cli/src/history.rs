//! `annvil history`: the store of runs, looked at, pruned, written out and filled.

mod export;
pub mod import;
pub mod keep;
mod list;
mod prune;
mod show;
mod table;
mod trend;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::source::PlaceFlags;

pub use table::{Align, table};

/// What to do with the history of runs.
#[derive(Debug, Subcommand)]
pub enum HistoryVerb {
    /// List runs, the latest first.
    List(list::ListFlags),
    /// Show what is known of a run, and its figures.
    Show(show::ShowFlags),
    /// Remove old runs. What a baseline holds stays.
    Prune(prune::PruneFlags),
    /// Write every figure of runs into a file, one a row.
    Export(export::ExportFlags),
    /// Take in the runs that lie in a folder, and in folders in it.
    Import(import::ImportFlags),
    /// Show figures over time, and the commits where their level changed.
    Trend(TrendVerb),
}

/// Flags of `annvil history trend`.
#[derive(Debug, Clone, Args)]
pub struct TrendVerb {
    /// Which figures, and how.
    #[command(flatten)]
    pub trend: trend::TrendFlags,
    /// Where the store is.
    #[command(flatten)]
    pub place: PlaceFlags,
}

/// Does it.
pub fn history(verb: &HistoryVerb) -> anyhow::Result<ExitCode> {
    match verb {
        HistoryVerb::List(flags) => list::list(flags),
        HistoryVerb::Show(flags) => show::show(flags),
        HistoryVerb::Prune(flags) => prune::prune(flags),
        HistoryVerb::Export(flags) => export::export(flags),
        HistoryVerb::Import(flags) => import::import(flags),
        HistoryVerb::Trend(flags) => trend::trend(&flags.place.there()?, &flags.trend),
    }
}
