//! Sets by name or address: those in the box, and those that were fetched.

use crate::bundle::Bundle;
use crate::error::{DataError, mismatch};
use crate::{boxed, catalogue, formats, get};

/// The set that a name or an address stands for on this machine. Nothing is fetched here: whoever measures should know
/// when a network is used.
pub(crate) fn bundle(name: &str) -> Result<Bundle, DataError> {
    if boxed::NAMES.contains(&name) {
        return boxed::bundle(name);
    }
    let known = catalogue::find(name).ok();
    if let Some(path) = get::local(name) {
        let mut bundle = formats::open(&path)?;
        if let Some(entry) = known {
            name.clone_into(&mut bundle.name);
            bundle.metric.get_or_insert(entry.metric);
            bundle.licence = bundle.licence.or_else(|| entry.licence.clone());
        }
        return Ok(bundle);
    }
    if known.is_some() || name.contains("://") {
        return Err(mismatch(
            format!("`{name}` is not on this machine"),
            format!("fetch it first: annvil data get {name}"),
        ));
    }
    Err(DataError::UnknownName { name: name.to_owned(), help: help_for(name) })
}

/// The nearest name, or how sets are given.
fn help_for(name: &str) -> String {
    let names = boxed::NAMES.into_iter().chain(catalogue::entries().iter().map(|entry| entry.name.as_str()));
    let nearest = names.min_by_key(|known| strsim::osa_distance(known, name));
    match nearest {
        Some(known) if strsim::osa_distance(known, name) <= 4 => format!("did you mean `{known}`?"),
        _ => format!(
            "`annvil data list` shows all; a file or folder here is written ./{name}, and files as {{base: …, queries: …, metric: …}}"
        ),
    }
}
