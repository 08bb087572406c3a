//! Taking a run that was measured into the store.

use std::path::{Path, PathBuf};

use annvil_core::figures::{Provenance, figures};
use annvil_core::record::RunRecord;
use annvil_store::Store;
use clap::Args;

use crate::source::PlaceFlags;
use crate::{out, told};

/// Flags of verbs that measure runs: where these are kept beside their folders.
#[derive(Debug, Clone, Default, Args)]
pub struct KeepFlags {
    /// The store that takes in the run: a file, or `postgres://user@host/database`. [default: the variable `ANNVIL_STORE`, or
    /// history.db beside the runs]
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    /// Leave the run out of the history.
    #[arg(long, conflicts_with = "store")]
    pub no_store: bool,
    /// The folder of all runs, where this one's lies in a folder of its own.
    #[arg(skip)]
    pub runs: Option<PathBuf>,
}

impl KeepFlags {
    fn place(&self, output: &Path) -> PlaceFlags {
        let output = self.runs.as_deref().unwrap_or(output);
        PlaceFlags { output: output.to_owned(), store: self.store.clone() }
    }

    /// That a store which somebody named can't be opened is known before anything is measured.
    pub fn check(&self, output: &Path) -> anyhow::Result<()> {
        let place = self.place(output);
        if !self.no_store && place.named().is_some() {
            place.open()?;
        }
        Ok(())
    }
}

/// Takes a run into the store, and gives the store if it is in it. That it can't is said, and no failure of the run: its
/// folder is the truth, and `annvil history import` takes it in at any time.
pub fn keep(flags: &KeepFlags, output: &Path, record: &RunRecord, folder: &Path) -> Option<Store> {
    if flags.no_store {
        return None;
    }
    let added = flags.place(output).open().and_then(|store| {
        store.add(&Provenance::of(record), &figures(record), Some(folder))?;
        Ok(store)
    });
    if let Err(error) = &added {
        tracing::warn!("not in the history: {}", told(error));
        out::say(&format!(
            "warning: the run is not in the history: {}\n  Its folder is whole; `annvil history import {}` takes it in later.",
            told(error),
            folder.display()
        ));
    }
    added.ok()
}
