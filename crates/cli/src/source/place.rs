//! Where runs and baselines are: the folder of runs, and the store.

use std::path::PathBuf;

use annvil_store::Store;
use anyhow::bail;
use clap::Args;

/// Where runs and baselines are looked for.
#[derive(Debug, Clone, Default, Args)]
pub struct PlaceFlags {
    /// Folder that runs lie in.
    #[arg(long, short, value_name = "DIR", default_value = "runs")]
    pub output: PathBuf,
    /// The store of runs and baselines: a file, or `postgres://user@host/database`. [default: the variable `ANNVIL_STORE`, or
    /// history.db beside the runs]
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
}

/// The variable that names the store where no flag does.
const STORE: &str = "ANNVIL_STORE";

impl PlaceFlags {
    /// The store, to be written: it is made if it is not there.
    pub fn open(&self) -> anyhow::Result<Store> {
        Ok(Store::open(&self.address()?)?)
    }

    /// The store, to look at, if there is one: looking for something must not make it.
    pub fn existing(&self) -> anyhow::Result<Option<Store>> {
        Ok(Store::read(&self.address()?)?)
    }

    /// The store, to look at; that there is none is an error.
    pub fn there(&self) -> anyhow::Result<Store> {
        match (self.existing()?, self.named()) {
            (Some(store), _) => Ok(store),
            (None, Some(address)) => Err(Store::missing(&address).into()),
            (None, None) => bail!(
                "there is no history at {} yet\n  `annvil run` begins it; `annvil history import {}` takes in what lies in folders.",
                self.output.join(annvil_store::HISTORY).display(),
                self.output.display()
            ),
        }
    }

    /// The store, to list what is in it: where none is named, there may be none yet.
    pub fn there_or_none_yet(&self) -> anyhow::Result<Option<Store>> {
        match self.named() {
            Some(_) => self.there().map(Some),
            None => self.existing(),
        }
    }

    /// The store that is there, to be changed.
    pub fn to_change(&self) -> anyhow::Result<Store> {
        self.there()?;
        self.open()
    }

    /// The store as it is named, if it is.
    pub fn named(&self) -> Option<String> {
        self.store.clone().or_else(|| std::env::var(STORE).ok().filter(|address| !address.is_empty()))
    }

    /// Where it is, without a password.
    pub fn shown(&self) -> anyhow::Result<String> {
        Ok(Store::shown_at(&self.address()?)?)
    }

    fn address(&self) -> anyhow::Result<String> {
        Ok(match self.named() {
            Some(address) => address,
            None => Store::address_beside(&self.output)?,
        })
    }
}
