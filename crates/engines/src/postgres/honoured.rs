//! Whether the server took the settings of a session as they are meant.
//!
//! A connection that has not used an extension yet knows none of its settings: it keeps whatever it is given under a name with a point,
//! and drops it with a warning once the extension is loaded. So they are set again when a search was planned.

use tokio_postgres::{Client, Error};

use super::build::first;
use super::design::Design;
use super::{knobs, quote, report};

/// Prefixes of settings that extensions for vectors own.
const OURS: [&str; 4] = ["hnsw.", "ivfflat.", "diskann.", "ruvector."];

/// Sets every setting again, in a transaction after a search was planned. Says which one the server refuses or does not know.
pub(super) async fn refused(
    client: &Client,
    design: &Design,
    settings: &[(String, String)],
) -> Result<Option<String>, Error> {
    for one in settings {
        let Some(set) = knobs::set(std::slice::from_ref(one), true) else { continue };
        if let Err(error) = client.batch_execute(&set).await {
            if error.as_db_error().is_none() {
                return Err(error);
            }
            let (name, value) = one;
            return Ok(Some(format!(
                "The server does not take the setting {name} = {value}: {}\n  Try: another value, or leave it out of `set`",
                report::words(&error)
            )));
        }
    }
    // A policy or a statement of the user's own may read a setting that no extension knows; nothing of ours does.
    let asked: Vec<String> = settings
        .iter()
        .map(|(name, _)| name.to_ascii_lowercase())
        .filter(|name| name.contains('.'))
        .filter(|name| !design.is_existing() || OURS.iter().any(|prefix| name.starts_with(prefix)))
        .filter_map(|name| quote::text(&name))
        .collect();
    if asked.is_empty() {
        return Ok(None);
    }
    let sql = format!(
        "select name from unnest(array[{}]) name where name not in (select lower(name) from pg_settings) limit 1",
        asked.join(", ")
    );
    Ok(first(client, &sql).await?.map(|name| {
        format!(
            "No extension that the search uses knows the setting {name}, so it does nothing\n  Try: look at its name, or leave it out of `set`"
        )
    }))
}
