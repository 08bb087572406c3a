//! A look at a data set before anything is measured with it: shape, lengths, what is broken, how hard it is to search,
//! and whether metric, queries, answers and labels belong to it. Ends in findings in words.
//!
//! Unlike [`crate::open`] it takes sets that can't be measured: finding out why is its purpose.

mod duplicates;
mod findings;
mod geometry;
mod labels;
mod vectors;

use annvil_core::metric::Metric;
use annvil_core::vector::{Element, Vectors};
use serde::Serialize;

use crate::bundle::Bundle;
use crate::error::DataError;

pub use self::duplicates::Duplicates;
pub use self::findings::{Finding, Grade};
pub use self::geometry::{Geometry, Overlap, QueriesAndRows, TruthCheck};
pub use self::labels::LabelFigures;
pub use self::vectors::{Place, Spread, VectorFigures};

/// What is asked of [`inspect`].
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// The metric that is meant, if the set does not say one or says another.
    pub metric: Option<Metric>,
    /// Rows and queries that are sampled for figures of distances.
    pub sample: usize,
    /// Where the sample comes from.
    pub seed: u64,
    /// Threads that share the work.
    pub threads: usize,
}

/// What was found.
#[derive(Debug, Clone, Serialize)]
pub struct Inspection {
    /// Name of the set.
    pub name: String,
    /// Number of base vectors.
    pub rows: usize,
    /// Dimensions of a vector.
    pub dim: usize,
    /// Element type of the base.
    pub element: Element,
    /// Bytes of the base vectors.
    pub bytes: u64,
    /// The metric that is meant.
    pub metric: Option<Metric>,
    /// Licence and source, if the set says them.
    pub licence: Option<String>,
    /// The base vectors.
    pub base: VectorFigures,
    /// The queries.
    pub queries: Option<QueryFigures>,
    /// Distances between sampled rows; none where values are not numbers.
    pub geometry: Option<Geometry>,
    /// Queries against rows; none without queries of the base's dimension.
    pub queries_and_rows: Option<QueriesAndRows>,
    /// Neighbours by one metric that are neighbours by another as well.
    pub overlaps: Vec<Overlap>,
    /// Queries that have shipped answers, which should be all.
    pub answered: Option<usize>,
    /// What is wrong with the answers as such, such as a row number beyond the base.
    pub answers_problem: Option<String>,
    /// Rows that have texts, which should be all.
    pub texts: Option<usize>,
    /// Whether the answers that came with the set are right.
    pub truth: Option<TruthCheck>,
    /// The columns of labels, in order of name.
    pub labels: Vec<LabelFigures>,
    /// Rows that have labels, which should be all.
    pub labelled_rows: Option<usize>,
    /// What stands out, worst first.
    pub findings: Vec<Finding>,
    /// A sentence.
    pub verdict: String,
}

/// The queries of a set.
#[derive(Debug, Clone, Serialize)]
pub struct QueryFigures {
    /// Dimensions of a query.
    pub dim: usize,
    /// Their values.
    #[serde(flatten)]
    pub vectors: VectorFigures,
}

/// Rows and queries that are sampled at most.
const MOST_SAMPLED: usize = 20_000;

/// Looks at a set as a whole. Mapped sets stay mapped, decoded ones are held in memory; of every row another 24 bytes are
/// kept for a while.
pub fn inspect(bundle: Bundle, asked: Asked) -> Result<Inspection, DataError> {
    let asked = Asked { sample: asked.sample.clamp(3, MOST_SAMPLED), ..asked };
    let in_file = |name: &str| {
        let name = name.to_owned();
        move |problem: crate::FormatError| problem.in_file(&name)
    };
    let base = bundle.base.collect(None).map_err(in_file(&bundle.name))?.content;
    let queries = bundle
        .queries
        .map(|rows| rows.collect(None))
        .transpose()
        .map_err(in_file(&format!("queries of {}", bundle.name)))?
        .map(|kept| kept.content);
    let metric = asked.metric.or(bundle.metric);
    let figures = vectors::figures(&base);
    let query_figures = queries
        .as_ref()
        .map(|queries| QueryFigures { dim: queries.dim(), vectors: vectors::figures(queries) });
    let numbers = figures.broken() == 0;
    let usable = queries.as_ref().filter(|queries| {
        queries.dim() == base.dim() && query_figures.as_ref().is_some_and(|q| q.vectors.broken() == 0)
    });
    let assumed = metric.unwrap_or_else(|| likely(&base, &figures));
    let geometry = if numbers { geometry::geometry(&base, assumed, asked)? } else { None };
    let queries_and_rows = match (numbers, usable, &geometry) {
        (true, Some(queries), Some(geometry)) => geometry::queries_and_rows(&base, queries, geometry, asked),
        _ => None,
    };
    let overlaps = if numbers { geometry::overlaps(&base, usable, &figures, assumed, asked) } else { vec![] };
    let truth = match (&bundle.truth, usable) {
        (Some(truth), Some(queries)) if numbers => {
            geometry::check_truth(&base, queries, &truth.content, assumed, asked)
        }
        _ => None,
    };
    let mut found = Inspection {
        name: bundle.name,
        rows: base.rows(),
        dim: base.dim(),
        element: base.element(),
        bytes: bytes(&base),
        metric,
        licence: bundle.licence,
        base: figures,
        queries: query_figures,
        geometry,
        queries_and_rows,
        overlaps,
        answered: bundle.truth.as_ref().map(|kept| kept.total),
        answers_problem: bundle.truth.as_ref().and_then(|kept| {
            crate::check::truth(&kept.content, base.rows()).err().map(|problem| problem.message)
        }),
        texts: bundle.texts.as_ref().map(|kept| kept.total),
        truth,
        labels: bundle.labels.as_ref().map(|kept| labels::figures(&kept.content)).unwrap_or_default(),
        labelled_rows: bundle.labels.as_ref().map(|kept| kept.total),
        findings: vec![],
        verdict: String::new(),
    };
    found.findings = findings::findings(&found);
    found.verdict = findings::verdict(&found);
    Ok(found)
}

/// The metric that is tried where nobody says one.
fn likely(base: &Vectors, figures: &VectorFigures) -> Metric {
    match base.element() {
        Element::B1 => Metric::Hamming,
        _ if figures.normalised => Metric::Cosine,
        _ => Metric::L2,
    }
}

fn bytes(base: &Vectors) -> u64 {
    match base {
        Vectors::Sparse(rows) => 8 * (rows.stored() + rows.rows() + 1) as u64,
        _ => base.element().code_bytes(base.dim()).unwrap_or(0) as u64 * base.rows() as u64,
    }
}
