//! `annvil baseline promote` and `delete`.

use annvil_core::units::count;
use annvil_store::split;
use anyhow::bail;
use clap::Args;
use serde_json::json;

use super::{what, who};
use crate::out;
use crate::source::PlaceFlags;

/// Flags of `annvil baseline promote`.
#[derive(Debug, Clone, Args)]
pub struct PromoteFlags {
    /// Its name.
    pub name: String,
    /// Its version; the latest unless given.
    #[arg(long, value_name = "N")]
    pub version: Option<u32>,
    /// The other name.
    #[arg(long, value_name = "NAME", default_value = "current")]
    pub to: String,
    /// Who promotes it. [default: as the CI system or the system says]
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Where the store is.
    #[command(flatten)]
    pub place: PlaceFlags,
    /// Answer as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Flags of `annvil baseline delete`.
#[derive(Debug, Clone, Args)]
pub struct DeleteFlags {
    /// Its name, or name and version: main, main@3.
    pub name: String,
    /// Delete all its versions.
    #[arg(long)]
    pub all: bool,
    /// Where the store is.
    #[command(flatten)]
    pub place: PlaceFlags,
    /// Answer as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Makes a version the next of another name.
pub fn promote(flags: &PromoteFlags) -> anyhow::Result<()> {
    let store = flags.place.to_change()?;
    let (name, version) = match flags.version {
        Some(version) => (flags.name.as_str(), Some(version)),
        None => split(&flags.name),
    };
    let promoted = store.promote(name, version, &flags.to, who(flags.by.as_ref()).as_deref())?;
    if flags.json {
        return out::json(&promoted);
    }
    let from = promoted.reason.as_deref().unwrap_or_default();
    out::print(&format!("  {promoted} is {from}: {}\n", what(&promoted)))
}

/// Deletes.
pub fn delete(flags: &DeleteFlags) -> anyhow::Result<()> {
    let store = flags.place.to_change()?;
    let (name, version) = split(&flags.name);
    if version.is_none() && !flags.all {
        let versions = store.baselines()?.iter().filter(|baseline| baseline.name == name).count();
        if versions > 1 {
            bail!(
                "`{name}` has {versions} versions\n  Say which, such as {name}@{versions}; or --all. `annvil baseline list` shows them."
            );
        }
    }
    let deleted = store.delete_baseline(name, version)?;
    if flags.json {
        return out::json(&json!({"deleted": deleted}));
    }
    let versions =
        if deleted == 1 { "1 version is".to_owned() } else { format!("{} versions are", count(deleted)) };
    out::print(&format!("  {versions} deleted of {name}; runs stay\n"))
}
