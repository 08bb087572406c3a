//! From the `data:` of a scenario to a data set that is ready to be measured with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use annvil_core::dataset::{DataFiles, DataSpec, Dataset};
use annvil_core::metric::Metric;
use annvil_core::vector::{Element, Matrix, Vectors};

use crate::bundle::Bundle;
use crate::error::{DataError, mismatch};
use crate::format::Kept;
use crate::formats::{self, folder, shown};
use crate::set::{MemorySet, Part, Parts};
use crate::{hold_out, jsonl, named, synth};

/// Opens a data set and checks it as a whole.
///
/// Rows that can be mapped are, so a set may be larger than memory; others are decoded into memory. Whatever is beyond
/// the limits of the spec is dropped. With `rows` below the rows of the base, shipped answers are dropped too: they would
/// be wrong.
pub fn open(spec: &DataSpec) -> Result<Arc<dyn Dataset>, DataError> {
    Ok(Arc::new(assembled(spec)?))
}

fn assembled(spec: &DataSpec) -> Result<MemorySet, DataError> {
    let (bundle, files) = unchecked(spec)?;
    let limits = match spec {
        DataSpec::Named { rows, queries_limit, .. } => {
            Limits { rows: *rows, queries: *queries_limit, hold_out: None }
        }
        DataSpec::Files(files) => {
            Limits { rows: files.rows, queries: files.queries_limit, hold_out: files.hold_out }
        }
        DataSpec::Synth(_) => Limits::default(),
    };
    parts(bundle, files, limits)?.assemble()
}

/// What a spec names, before anything is checked or cut.
pub fn bundle(spec: &DataSpec) -> Result<Bundle, DataError> {
    Ok(unchecked(spec)?.0)
}

/// The content hash of a set at a path, if it says everything that a run needs to know.
pub(crate) fn content_hash(path: &Path) -> Result<Option<String>, DataError> {
    let (mut bundle, files) = unchecked(&DataSpec::path(path))?;
    // Nothing is checked against the metric here, and the hash does not depend on it.
    bundle.metric.get_or_insert(Metric::L2);
    let set = parts(bundle, files, Limits::default())?.assemble()?;
    Ok(Some(set.info().content_hash.clone()))
}

/// By which names messages call the parts.
struct Files {
    base: String,
    queries: String,
    truth: String,
    labels: String,
    texts: String,
}

impl Files {
    fn of(set: &DataFiles) -> Self {
        let own = |path: &Option<PathBuf>| shown(path.as_ref().unwrap_or(&set.base));
        Self {
            base: shown(&set.base),
            queries: own(&set.queries),
            truth: own(&set.truth),
            labels: own(&set.labels),
            texts: own(&set.texts),
        }
    }
}

/// What is taken of a set.
#[derive(Clone, Copy, Default)]
struct Limits {
    rows: Option<usize>,
    queries: Option<usize>,
    hold_out: Option<usize>,
}

fn unchecked(spec: &DataSpec) -> Result<(Bundle, Files), DataError> {
    match spec {
        DataSpec::Named { name, .. } => {
            let bundle = named::bundle(name)?;
            Ok((bundle, Files::of(&DataFiles { base: PathBuf::from(name), ..DataFiles::default() })))
        }
        DataSpec::Synth(recipe) => {
            let bundle = synth::bundle(recipe)?;
            Ok((bundle, Files::of(&DataFiles { base: PathBuf::from("the recipe"), ..DataFiles::default() })))
        }
        DataSpec::Files(set) => {
            let mut bundle = match set.base.to_str().filter(|_| set.by_name) {
                Some(name) => named::bundle(name)?,
                None => formats::open(&set.base)?,
            };
            if set.metric.is_some_and(|metric| bundle.metric != Some(metric)) {
                // They are by the set's own metric.
                bundle.distances = None;
            }
            bundle.metric = set.metric.or(bundle.metric);
            if let Some(path) = &set.queries {
                bundle.queries = Some(formats::vectors(path)?);
                // Answers to other queries.
                bundle.truth = None;
                bundle.distances = None;
            }
            if let Some(path) = &set.truth {
                bundle.truth = Some(formats::ids(path, None)?);
                bundle.distances = None;
            }
            if let Some(path) = &set.labels {
                bundle.labels = Some(folder::lines(path, "labels", jsonl::labels)?);
            }
            if let Some(path) = &set.texts {
                bundle.texts = Some(folder::lines(path, "texts", jsonl::texts)?);
            }
            Ok((bundle, Files::of(set)))
        }
    }
}

fn parts(bundle: Bundle, files: Files, limits: Limits) -> Result<Parts, DataError> {
    let Limits { rows, queries: mut queries_limit, mut hold_out } = limits;
    if bundle.queries.is_none() {
        // So many queries are wanted, and none are there.
        hold_out = hold_out.or(queries_limit.take());
    }
    let metric = bundle.metric.ok_or_else(|| no_metric(&files.base, bundle.base.shape().element))?;
    let queries = bundle.queries.filter(|_| hold_out.is_none()).map(|queries| queries.collect(queries_limit));
    let queries = queries.transpose().map_err(|problem| problem.in_file(&files.queries))?;
    let base = bundle.base.collect(rows).map_err(|problem| problem.in_file(&files.base))?;
    let parts = Parts {
        name: bundle.name,
        metric,
        licence: bundle.licence,
        queries: Part { file: files.queries, kept: queries.unwrap_or_else(none_yet) },
        base: Part { file: files.base, kept: base },
        truth: bundle.truth.map(|kept| Part { file: files.truth, kept: kept.limited(queries_limit) }),
        labels: bundle.labels.map(|kept| Part { file: files.labels, kept: kept.limited(rows) }),
        texts: bundle.texts.map(|kept| Part { file: files.texts, kept: kept.limited(rows) }),
        rows,
        queries_limit,
    };
    if parts.queries.kept.total > 0 { Ok(parts) } else { hold_out::from_base(parts, hold_out) }
}

/// No queries, until some are taken out of the base.
fn none_yet() -> Kept<Vectors> {
    let empty = Matrix::new(vec![], 1).unwrap_or_else(|| unreachable!("no rows are whole rows"));
    Kept { content: Vectors::F32(empty), total: 0 }
}

fn no_metric(file: &str, element: Element) -> DataError {
    let help = match element {
        Element::B1 => "say that it is hamming, with `metric:` in a scenario or `--metric`",
        _ => {
            "say it, with `metric:` in a scenario or `--metric`: cosine, inner_product, l2, l1, hamming or jaccard, as the vectors were made \
             for; `annvil data inspect` shows which fit"
        }
    };
    mismatch(format!("{file} does not say its metric"), help)
}
