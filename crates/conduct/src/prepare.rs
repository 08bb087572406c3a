//! From a scenario's text to a plan: overrides, presets, the data set opened, everything checked that can be checked
//! before an engine is touched.

use std::path::Path;
use std::sync::Arc;

use annvil_core::dataset::{Count, Dataset, DatasetInfo};
use annvil_core::document::{Document, Place, nearest};
use annvil_core::filter::Filter;
use annvil_core::plan::Plan;
use annvil_core::scenario::{Phase, Scenario, read, written_name};
use annvil_core::secret::Secret;

use crate::address;
use crate::error::RunError;

/// Variables of the environment that override a scenario: `ANNVIL_SEED=7` is `--set seed=7`, a double underscore goes
/// one level down.
pub const VARIABLES: &str = "ANNVIL_";

/// Variables of that prefix that are no keys: the folder of fetched sets and kept answers, the store of runs, the tests' Python,
/// where a process finds arguments that nobody may see, and the webhooks of those whom a gate notifies.
pub const NO_KEYS: [&str; 7] = [
    "ANNVIL_HOME",
    "ANNVIL_STORE",
    "ANNVIL_PYTHON",
    "ANNVIL_ARGUMENTS",
    "ANNVIL_NOTIFY_SLACK",
    "ANNVIL_NOTIFY_TEAMS",
    "ANNVIL_NOTIFY_WEBHOOK",
];

/// What changes a scenario from outside.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Name of a preset, applied first.
    pub preset: Option<String>,
    /// Paths and values of `--set`, applied last.
    pub set: Vec<(String, String)>,
    /// Names and values of `ANNVIL_*` variables, applied before `--set`.
    pub variables: Vec<(String, String)>,
    /// Where a database is if nothing else says so: the variable `DATABASE_URL`.
    pub database_url: Option<Secret>,
}

/// A scenario with the data set that it names.
pub struct Prepared {
    /// The plan.
    pub plan: Plan,
    /// The data set.
    pub dataset: Arc<dyn Dataset>,
}

/// Reads a scenario, applies overrides, opens its data set and freezes the plan. `file` is the name that errors show and
/// the folder that relative paths start from; its stem is the plan's name.
pub fn prepare(file: &str, text: &str, overrides: &Overrides, cores: usize) -> Result<Prepared, RunError> {
    freeze(&overridden(file, text, overrides)?, cores)
}

/// The first half of [`prepare`]: the scenario's text with everything applied that changes it from outside.
pub fn overridden(file: &str, text: &str, overrides: &Overrides) -> Result<Document, RunError> {
    let mut document = Document::parse(file, text)?;
    apply(&mut document, overrides)?;
    address::fill(&mut document, overrides.database_url.as_ref())?;
    Ok(document)
}

/// The second half of [`prepare`]: opens the data set and freezes the plan.
pub fn freeze(document: &Document, cores: usize) -> Result<Prepared, RunError> {
    let file = document.name();
    let mut scenario = read(document)?;
    let folder = Path::new(file).parent().unwrap_or(Path::new(""));
    scenario.data = scenario.data.relative_to(folder);
    scenario.phases.iter_mut().for_each(|phase| phase.relative_to(folder));
    address::check(document, &scenario.engine)?;
    address::watch(&mut scenario);
    let dataset = annvil_data::open(&scenario.data)?;
    let rows = smallest(document, &scenario, dataset.info())?;
    crate::books::read(document, &mut scenario, &DatasetInfo { rows, ..dataset.info().clone() })?;
    check(document, &scenario, &*dataset, rows)?;
    let name = Path::new(file).file_stem().map_or_else(|| "scenario".into(), |stem| stem.to_string_lossy());
    let plan = Plan::new(&name, &scenario, dataset.info().clone(), cores);
    Ok(Prepared { plan, dataset })
}

fn apply(document: &mut Document, overrides: &Overrides) -> Result<(), RunError> {
    if let Some(preset) = &overrides.preset {
        choose(document, preset)?;
    }
    for (name, value) in &overrides.variables {
        let path = name.strip_prefix(VARIABLES).unwrap_or(name).to_lowercase().replace("__", ".");
        document.set(&as_written(document, &path), value, &format!("{name}={value}"))?;
    }
    for (path, value) in &overrides.set {
        let known = variants(document);
        let origin = format!("--set {path}={value}");
        document.set(&as_written(document, path), value, &origin)?;
        let new = variants(document).into_iter().find(|name| !known.contains(name));
        // A whole variant may be added, or all be replaced; a key of one that is not there is a slip of the pen.
        let whole = |new: &String| path == "variants" || path.trim_matches('\'').ends_with(new.as_str());
        if let Some(new) = new.filter(|new| !whole(new)) {
            let help = match nearest(&new, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", known.join(", ")),
            };
            let place = document.place_of_key(&["variants", &new]);
            return Err(document.error(place, format!("there is no variant `{new}`")).with_help(help).into());
        }
    }
    Ok(())
}

/// `data` and `dataset` are one key: a change goes to the one that the scenario has.
fn as_written(document: &Document, path: &str) -> String {
    for (asked, other) in [("data", "dataset"), ("dataset", "data")] {
        if let Some(rest) = path.strip_prefix(asked)
            && (rest.is_empty() || rest.starts_with('.'))
            && document.value_at(&[other]).is_some()
        {
            return format!("{other}{rest}");
        }
    }
    path.to_owned()
}

/// Makes the changes of a preset. `quick` and `full` choose a scale too, and may be missing where shapes follow it.
fn choose(document: &mut Document, name: &str) -> Result<(), RunError> {
    let scenario: Scenario = read(document)?;
    let is_scale = matches!(name, "quick" | "full");
    let shaped = is_scale && scenario.phases.iter().any(|phase| phase.shape().is_some());
    let changes = scenario.presets.get(name);
    if changes.is_none() && !shaped {
        let known: Vec<&str> = scenario.presets.keys().map(String::as_str).collect();
        let help = match (nearest(name, known.iter().copied()), known.is_empty()) {
            _ if is_scale => format!("write `presets: {{{name}: {{path: value}}}}`, or leave --{name} out"),
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, false) => format!("there are {}", known.join(", ")),
            (None, true) => format!("it has none; write `presets: {{{name}: {{path: value}}}}`"),
        };
        let message = format!("the scenario has no preset `{name}`");
        return Err(document.error(document.place(&["presets"]), message).with_help(help).into());
    }
    if is_scale {
        document.set_json("scale", &name.into(), &format!("--{name}"))?;
    }
    for (path, value) in changes.into_iter().flatten() {
        document.set_json(&as_written(document, path), value, &format!("presets.{name}"))?;
    }
    Ok(())
}

fn variants(document: &Document) -> Vec<String> {
    match document.value_at(&["variants"]) {
        Some(serde_json::Value::Object(variants)) => variants.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

/// The fewest rows that a variant is measured on. No size is larger than the data set.
fn smallest(document: &Document, scenario: &Scenario, dataset: &DatasetInfo) -> Result<usize, RunError> {
    let mut smallest = dataset.rows;
    for (name, variant) in &scenario.variants {
        let Some(Count(rows)) = variant.rows else { continue };
        if rows > dataset.rows {
            let size = scenario.sizes.iter().position(|size| size.0 == rows).map(|size| size.to_string());
            let place = match &size {
                Some(size) if document.value_at(&["variants", name]).is_none() => {
                    document.place(&["sizes", size])
                }
                _ => document.place(&["variants", name, "rows"]),
            };
            let message = format!("{rows} rows are asked for, and the data set has {}", dataset.rows);
            let help = "a size is at most the whole set: leave it out, or take a larger set";
            return Err(document.error(place, message).with_help(help).into());
        }
        smallest = smallest.min(rows);
    }
    Ok(smallest)
}

/// What can be said only with the data set at hand, of whose rows the smallest variant has the first so many.
fn check(
    document: &Document,
    scenario: &Scenario,
    dataset: &dyn Dataset,
    rows: usize,
) -> Result<(), RunError> {
    for (name, variant) in &scenario.variants {
        let metric = variant.metric.unwrap_or(dataset.info().metric);
        if let Err(error) = annvil_engines::check(&scenario.engine, variant, metric) {
            let written =
                written_name(name, variant).filter(|_| document.value_at(&["variants", name]).is_none());
            let place = document.place_of_key(&["variants", written.unwrap_or(name)]);
            let text = error.to_string();
            let (message, help) = text.split_once('\n').unwrap_or((&text, ""));
            return Err(document.error(place, message).with_help(help.trim()).into());
        }
    }
    let has = if rows < dataset.info().rows { "the smallest size" } else { "the data set" };
    for phase in &scenario.phases {
        let Some((k, filter)) = searched(phase) else { continue };
        let place = |key| written(document, phase, key);
        if k > rows {
            let message = format!("k is {k}, but {has} has {rows} rows");
            return Err(document.error(place("k"), message).into());
        }
        let Some(filter) = filter else { continue };
        let predicate = filter.compile(dataset.labels()).map_err(|error| {
            let message = format!("the filter does not fit the data set: {error}");
            document.error(place("where"), message)
        })?;
        if !(0..rows).any(|row| predicate.matches(dataset.labels(), row)) {
            let message = format!("the filter selects none of the {rows} rows of {has}");
            let error = document.error(place("where"), message);
            return Err(error.with_help("a search without right answers has no recall").into());
        }
    }
    Ok(())
}

/// How many answers the searches of a phase want, and of which rows.
fn searched(phase: &Phase) -> Option<(usize, Option<&Filter>)> {
    match phase {
        Phase::Search(search) => Some((search.k, search.filter.as_ref())),
        Phase::Mixed(mixed) => Some((mixed.k, mixed.filter.as_ref())),
        Phase::Migration(migration) => Some((migration.k, migration.filter.as_ref())),
        Phase::Runbook(book) => Some((book.k, book.filter.as_ref())),
        Phase::Limit(limit) => Some((limit.k, limit.filter.as_ref())),
        _ => None,
    }
}

/// Where a key of a phase stands: by the name of the phase, or of the shape that it is a part of.
pub(crate) fn written(document: &Document, phase: &Phase, key: &str) -> Place {
    let kind = phase.shape().unwrap_or(phase.kind());
    let names = |number: &str| {
        let name = document.value_at(&["phases", number, kind, "name"]);
        let name = name.as_ref().and_then(|name| name.as_str()).unwrap_or(kind);
        let part = || phase.shape().is_some() && phase.name().starts_with(&format!("{name}-"));
        name == phase.name() || part()
    };
    let count =
        document.value_at(&["phases"]).and_then(|phases| phases.as_array().map(Vec::len)).unwrap_or(0);
    let numbers = (0..count).map(|number| number.to_string());
    let found = numbers
        .filter(|number| document.value_at(&["phases", number, kind]).is_some() && names(number))
        .map(|number| document.place(&["phases", &number, kind, key]))
        .next();
    found.unwrap_or_else(|| document.place(&["phases"]))
}
