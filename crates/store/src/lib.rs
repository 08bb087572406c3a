//! Where runs are kept: a folder a run, its record written anew after every phase, never half; and a [`Store`] of all of
//! them with baselines and A/A figures, in SQLite or PostgreSQL. The folders are the truth, the store finds things in them.
//!
//! ```
//! use annvil_store::RunFolder;
//!
//! let place = std::env::temp_dir().join(format!("annvil-doc-{}", std::process::id()));
//! let folder = RunFolder::create(&place, "2026-11-21T10-04-12", "quick", "3f9a81c0")?;
//! assert!(folder.id().ends_with("-quick-3f9a"));
//! folder.write("summary.md", b"# quick\n")?;
//! # std::fs::remove_dir_all(&place)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod aa;
mod acceptance;
mod baseline;
mod database;
mod export;
mod filter;
mod folder;
mod group;
pub mod import;
mod prune;
mod runs;
mod series;

pub use aa::{AaMetric, AaRecord};
pub use acceptance::Acceptance;
pub use baseline::{Baseline, BaselineSpec, Resolved, Rolling, Segment, split};
pub use database::{DatabaseError, HISTORY, Store};
pub use export::{CsvExport, Export, ParquetExport};
pub use filter::{RunFilter, RunRow};
pub use folder::{RunFolder, StoreError};
pub use prune::{Prune, Pruned};
pub use runs::Entry;
pub use series::SeriesPoint;
