//! What a candidate is held against.

use std::path::Path;

use annvil_conduct::gate::Accepted;
use annvil_core::figures::Group;
use annvil_store::Resolved;
use anyhow::bail;

use crate::source::{Found, PlaceFlags};

/// What a candidate is held against.
#[derive(Default)]
pub struct Against {
    /// The baseline's figures.
    pub group: Option<Group>,
    /// The baseline, if it is one of the store.
    pub resolved: Option<Resolved>,
    /// Why there is none.
    pub missing: Option<String>,
    /// Whether there is one, of another plan or machine.
    pub unlike: bool,
    /// Whether there is one, but it holds nothing except what is judged: it went along and took it in.
    pub only_own: bool,
}

/// What a name or a path means.
pub fn find(given: &str, place: &PlaceFlags) -> anyhow::Result<Found> {
    let name = given.strip_prefix("baseline:").unwrap_or(given);
    let is_path = given == name && (Path::new(given).exists() || given.contains(['+', ':']));
    if is_path {
        return place.find(given);
    }
    match named(name, place)? {
        Ok(found) => Ok(found),
        // A misspelt name would switch the gate off for ever.
        Err(missing) => bail!(
            "{missing}\n  annvil baseline list shows what there is; annvil ci begins a baseline by itself."
        ),
    }
}

/// A baseline, or the run of this name; else why there is none.
fn named(name: &str, place: &PlaceFlags) -> anyhow::Result<Result<Found, String>> {
    let Some(store) = place.existing()? else {
        if place.output.join(name).is_dir() {
            return place.find(name).map(Ok);
        }
        return Ok(Err(format!(
            "There is no baseline `{name}`, for there is no store at {}",
            place.shown()?
        )));
    };
    let (short, version) = annvil_store::split(name);
    match store.resolve(short, version) {
        Ok(resolved) => {
            Ok(Ok(Found { group: resolved.group.clone(), records: Vec::new(), baseline: Some(resolved) }))
        }
        Err(annvil_store::DatabaseError::Missing { what, help }) => {
            let text = format!("{what}. {help}");
            let why = text.trim_end_matches('.').replacen("there is", "There is", 1);
            Ok(place.find(name).map_err(|_| why))
        }
        Err(error) => Err(error.into()),
    }
}

/// A baseline without the candidate's own runs, which it may have taken in.
pub fn held_against(found: Found, candidate: &Group, given: &str) -> Against {
    let mut group = found.group;
    let own = |run: &str| candidate.runs.iter().any(|own| own.run == run);
    group.runs.retain(|run| !own(&run.run));
    group.figures.retain(|figures| !own(&figures.run));
    if group.runs.is_empty() {
        let missing = Some(format!("The baseline `{given}` has no run but the one that is judged"));
        return Against { missing, only_own: true, ..Against::default() };
    }
    Against { group: Some(group), resolved: found.baseline, ..Against::default() }
}

/// What somebody accepted against a baseline.
pub fn accepted(resolved: &Resolved, place: &PlaceFlags) -> anyhow::Result<Vec<Accepted>> {
    let accepted = place.there()?.accepted(resolved)?.into_iter().map(|acceptance| Accepted {
        pattern: acceptance.pattern,
        up_to: acceptance.up_to,
        reason: acceptance.reason,
        who: acceptance.who,
        when: acceptance.when,
    });
    Ok(accepted.collect())
}
