//! What every block of a run needs besides the plan: the data set, and the exact answers to every form.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annvil_core::dataset::{Dataset, Queries};
use annvil_core::engine::EngineError;
use annvil_core::filter::Filter;
use annvil_core::form::{Form, Operation};
use annvil_core::plan::Plan;
use annvil_core::scenario::Phase;
use annvil_core::truth::Truth;
use annvil_core::vector::{Matrix, RowId};
use annvil_data::DataError;
use annvil_data::exact::cache;
use serde::{Deserialize, Serialize};

use crate::error::RunError;
use crate::part::{self, Part};

/// The data set and its exact answers.
pub struct Inputs {
    dataset: Arc<dyn Dataset>,
    truths: Truths,
}

/// Exact answers by filter; the empty text is no filter.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Truths {
    k: usize,
    by_filter: BTreeMap<String, Truth>,
}

impl Inputs {
    /// Computes the exact answers that the plan's phases need, from the rows that engines will be given.
    pub fn compute(dataset: Arc<dyn Dataset>, plan: &Plan, threads: usize) -> Result<Self, RunError> {
        let forms = search_forms(&plan.phases);
        let k = forms.iter().map(|form| form.k).max().unwrap_or(0);
        let mut truths = Truths { k, by_filter: BTreeMap::new() };
        for form in &forms {
            let name = filter_name(form.filter.as_ref());
            if let Entry::Vacant(place) = truths.by_filter.entry(name) {
                place.insert(known_or_computed(&*dataset, k, form.filter.as_ref(), threads)?);
            }
        }
        Ok(Self { dataset, truths })
    }

    /// Leaves the exact answers in a folder, for the processes of the variants that are measured on this part.
    pub(crate) fn save(&self, part: Part, folder: &Path) -> Result<(), RunError> {
        let failed = |cause: std::io::Error| RunError::scratch(folder, &cause);
        let json = serde_json::to_vec(&self.truths).map_err(|error| failed(error.into()))?;
        fs::write(folder.join(part.file()), json).map_err(failed)
    }

    /// Opens the data set again, as far as a variant is measured on it, and takes the exact answers from a folder.
    pub fn load(plan: &Plan, variant: &str, folder: &Path) -> Result<Self, RunError> {
        let whole = annvil_data::open(&plan.data)?;
        let Some(variant) = plan.variant(variant) else {
            let what = format!("the plan has no variant `{variant}`");
            return Err(EngineError::Configuration { what, help: String::new() }.into());
        };
        let path: PathBuf = folder.join(Part::of(variant, whole.info()).file());
        let dataset = part::dataset(&whole, variant);
        let failed = |cause: std::io::Error| RunError::scratch(&path, &cause);
        let json = fs::read(&path).map_err(failed)?;
        let truths = serde_json::from_slice(&json).map_err(|error| failed(error.into()))?;
        Ok(Self { dataset, truths })
    }

    /// The data set.
    pub fn dataset(&self) -> &dyn Dataset {
        &*self.dataset
    }

    /// The exact answers to a form.
    pub fn truth(&self, form: &Form) -> Option<&Truth> {
        self.truths.by_filter.get(&filter_name(form.filter.as_ref()))
    }

    /// True distance of a row to a query in double precision.
    pub fn distance(&self, query: u32, id: RowId) -> Option<f64> {
        let info = self.dataset.info();
        if id >= info.rows as u64 {
            return None;
        }
        let mut row = vec![0.0; info.dim];
        self.dataset.base().write_f32(id as usize, &mut row);
        Some(annvil_data::precise::distance(info.metric, self.dataset.queries().row(query as usize), &row))
    }

    /// The first `n` queries.
    pub fn first_queries(&self, n: usize) -> Option<Queries> {
        let queries = self.dataset.queries();
        let n = n.min(queries.rows());
        Matrix::new(queries.copy_rows(0..n), queries.stride())
    }
}

/// Pairs of query and row beyond which exact answers are kept for the next run: about a second of one core.
const WORTH_KEEPING: u64 = 100_000_000;

/// Exact answers, from the user's cache if they were computed before. What is kept there depends on the content of the
/// set, its metric and the filter, and is checked when it is read.
fn known_or_computed(
    dataset: &dyn Dataset,
    k: usize,
    filter: Option<&Filter>,
    threads: usize,
) -> Result<Truth, DataError> {
    let compute = || annvil_data::exact::truth(dataset, k, filter, threads);
    let info = dataset.info();
    let Some(folder) = cache_folder().filter(|_| info.rows as u64 * info.queries as u64 > WORTH_KEEPING)
    else {
        return compute();
    };
    let name = filter_name(filter);
    let key = cache::Key { content_hash: &info.content_hash, metric: info.metric, filter: &name };
    let (truth, kept) = cache::through(&folder, &key, k, info.queries, compute)?;
    if let Err(error) = kept {
        tracing::warn!("exact answers are not kept in {}: {error}", folder.display());
    }
    Ok(truth)
}

/// Where exact answers are kept: the folder `truth` in `ANNVIL_HOME`, else in `XDG_CACHE_HOME/annvil`, else in `~/.cache/annvil`.
fn cache_folder() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let root = set("ANNVIL_HOME")
        .or_else(|| set("XDG_CACHE_HOME").map(|home| home.join("annvil")))
        .or_else(|| set("HOME").map(|home| home.join(".cache/annvil")))?;
    Some(root.join("truth"))
}

fn filter_name(filter: Option<&Filter>) -> String {
    filter.map(ToString::to_string).unwrap_or_default()
}

/// The form of a search for `k` rows among those that a filter selects.
pub fn search_form(k: usize, filter: Option<&Filter>) -> Form {
    let name = if filter.is_some() { "filtered" } else { "search" };
    let mut form = Form::of(name, Operation::Search, k);
    form.filter = filter.cloned();
    form
}

/// The forms of all phases that search, each once, in order.
pub fn search_forms(phases: &[Phase]) -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    for phase in phases {
        let form = match phase {
            Phase::Search(search) => search_form(search.k, search.filter.as_ref()),
            Phase::Mixed(mixed) if mixed.users().iter().any(|(_, user)| user.mix.search > 0) => {
                search_form(mixed.k, mixed.filter.as_ref())
            }
            Phase::Migration(migration) => search_form(migration.k, migration.filter.as_ref()),
            Phase::Runbook(book) => search_form(book.k, book.filter.as_ref()),
            Phase::Limit(limit) => search_form(limit.k, limit.filter.as_ref()),
            _ => continue,
        };
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
}
