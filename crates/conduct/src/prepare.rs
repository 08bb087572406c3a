//! From a scenario's text to a plan: overrides, presets, the data set opened, everything checked that can be checked
//! before an engine is touched.

use std::path::Path;
use std::sync::Arc;

use annvil_core::dataset::Dataset;
use annvil_core::document::{Document, nearest};
use annvil_core::plan::Plan;
use annvil_core::scenario::{Phase, Scenario, read};

use crate::error::RunError;

/// Variables of the environment that override a scenario: `ANNVIL_SEED=7` is `--set seed=7`, a double underscore goes
/// one level down.
pub const VARIABLES: &str = "ANNVIL_";

/// A preset of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// Less of everything.
    Quick,
    /// All there is.
    Full,
}

impl Preset {
    const fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Full => "full",
        }
    }
}

/// What changes a scenario from outside.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// A preset, applied first.
    pub preset: Option<Preset>,
    /// Paths and values of `--set`, applied last.
    pub set: Vec<(String, String)>,
    /// Names and values of `ANNVIL_*` variables, applied before `--set`.
    pub variables: Vec<(String, String)>,
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
    let mut document = Document::parse(file, text)?;
    apply(&mut document, overrides)?;
    let mut scenario = read(&document)?;
    let folder = Path::new(file).parent().unwrap_or(Path::new(""));
    scenario.data = scenario.data.relative_to(folder);
    let dataset = annvil_data::open(&scenario.data)?;
    check(&document, &scenario, &*dataset)?;
    let name = Path::new(file).file_stem().map_or_else(|| "scenario".into(), |stem| stem.to_string_lossy());
    let plan = Plan::new(&name, &scenario, dataset.info().clone(), cores);
    Ok(Prepared { plan, dataset })
}

fn apply(document: &mut Document, overrides: &Overrides) -> Result<(), RunError> {
    if let Some(preset) = overrides.preset {
        let scenario: Scenario = read(document)?;
        let changes = match preset {
            Preset::Quick => &scenario.presets.quick,
            Preset::Full => &scenario.presets.full,
        };
        if changes.is_empty() {
            let name = preset.name();
            let error = document
                .error(document.place(&["presets"]), format!("the scenario has no preset `{name}`"))
                .with_help(format!("write `presets: {{{name}: {{path: value}}}}`, or leave --{name} out"));
            return Err(error.into());
        }
        for (path, value) in changes {
            document.set_json(path, value, &format!("presets.{}", preset.name()))?;
        }
    }
    for (name, value) in &overrides.variables {
        let path = name.strip_prefix(VARIABLES).unwrap_or(name).to_lowercase().replace("__", ".");
        document.set(&path, value, &format!("{name}={value}"))?;
    }
    for (path, value) in &overrides.set {
        let known = variants(document);
        let origin = format!("--set {path}={value}");
        document.set(path, value, &origin)?;
        let new = variants(document).into_iter().find(|name| !known.contains(name));
        // A whole variant may be added; a key of one that is not there is a slip of the pen.
        if let Some(new) = new.filter(|new| !path.trim_matches('\'').ends_with(new.as_str())) {
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

fn variants(document: &Document) -> Vec<String> {
    match document.value_at(&["variants"]) {
        Some(serde_json::Value::Object(variants)) => variants.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

/// What can be said only with the data set at hand.
fn check(document: &Document, scenario: &Scenario, dataset: &dyn Dataset) -> Result<(), RunError> {
    for (name, variant) in &scenario.variants {
        if let Err(error) = annvil_engines::check(&scenario.engine, variant, dataset.info().metric) {
            let place = document.place_of_key(&["variants", name]);
            let text = error.to_string();
            let (message, help) = text.split_once('\n').unwrap_or((&text, ""));
            return Err(document.error(place, message).with_help(help.trim()).into());
        }
    }
    let written = |index: usize, phase: &Phase, key: &str| {
        // Phases that were filled in stand in front; the written ones keep their order.
        let offset =
            scenario.phases.iter().filter(|p| matches!(p.kind(), "load" | "settle" | "verify")).count();
        let numbers = [index, index.saturating_sub(offset)];
        let places = numbers.map(|number| {
            let number = number.to_string();
            (document.place(&["phases", &number, phase.kind(), key]), document.place(&["phases", &number]))
        });
        places
            .into_iter()
            .find(|(exact, above)| exact != above)
            .map_or_else(|| document.place(&["phases"]), |p| p.0)
    };
    for (index, phase) in scenario.phases.iter().enumerate() {
        let Phase::Search(search) = phase else { continue };
        if search.k > dataset.info().rows {
            let message = format!("k is {}, but the data set has {} rows", search.k, dataset.info().rows);
            return Err(document.error(written(index, phase, "k"), message).into());
        }
        let Some(filter) = &search.filter else { continue };
        let predicate = filter.compile(dataset.labels()).map_err(|error| {
            let message = format!("the filter does not fit the data set: {error}");
            document.error(written(index, phase, "where"), message)
        })?;
        let rows = dataset.info().rows;
        if !(0..rows).any(|row| predicate.matches(dataset.labels(), row)) {
            let message = format!("the filter selects none of the {rows} rows");
            let error = document.error(written(index, phase, "where"), message);
            return Err(error.with_help("a search without right answers has no recall").into());
        }
    }
    Ok(())
}
