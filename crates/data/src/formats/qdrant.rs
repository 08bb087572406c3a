//! Qdrant's folders: `vectors.npy`, `payloads.jsonl` and `tests.jsonl`.
//!
//! The layout of <https://github.com/qdrant/ann-filtering-benchmark-datasets>: an array of vectors, a payload a row, and
//! queries with conditions, the ids of their exact answers and the scores of these. Conditions become filters. Payloads
//! become labels, those within others under names with dots; `text` becomes the texts of the rows. Scores are similarities
//! or distances, and nothing says which, so they are not taken for distances.

mod conditions;
mod write;

use std::collections::BTreeMap;
use std::path::Path;

use annvil_core::dataset::Neighbours;
use annvil_core::filter::Filter;
use annvil_core::label::LabelType;
use annvil_core::vector::{Element, Matrix, Vectors};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::table::{Beside, Columns, Lines, numbers};
use super::{mapped, shown, vectors};
use crate::builder::Builder;
use crate::bundle::{Bundle, FilteredAnswer};
use crate::error::{DataError, FormatError};
use crate::format::Kept;
use crate::map::Bytes;
use crate::rows::Rows;

pub use self::conditions::{from_filter, to_filter};
pub use self::write::{TestLine, TestWriter};

/// Names of the files.
pub const VECTORS: &str = "vectors.npy";
/// One object a row.
pub const PAYLOADS: &str = "payloads.jsonl";
/// One object a query.
pub const TESTS: &str = "tests.jsonl";

/// Whether a folder has this layout.
pub fn is_there(folder: &Path) -> bool {
    folder.join(VECTORS).is_file() && [PAYLOADS, TESTS].iter().any(|file| folder.join(file).is_file())
}

/// Opens a folder. Payloads or tests may be missing.
pub fn open(folder: &Path) -> Result<Bundle, DataError> {
    let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
    let mut bundle = Bundle::of(name, vectors(&folder.join(VECTORS))?);
    let path = folder.join(PAYLOADS);
    if path.is_file() {
        let (labels, texts) = payloads(&mapped(&path)?).map_err(|problem| problem.in_file(&shown(&path)))?;
        bundle.labels = labels;
        bundle.texts = texts;
    }
    let path = folder.join(TESTS);
    if path.is_file() {
        let schema = bundle.labels.as_ref().map(|kept| kept.content.schema()).unwrap_or_default();
        let shape = bundle.base.shape();
        let tests = tests(&mapped(&path)?, &schema, shape.dim, shape.rows.unwrap_or(usize::MAX))
            .map_err(|problem| problem.in_file(&shown(&path)))?;
        bundle.queries = Some(Rows::Ready(tests.queries));
        bundle.truth = tests.truth.map(|content| Kept { total: content.ids.len(), content });
        bundle.filtered = tests.filtered;
    }
    Ok(bundle)
}

fn payloads(bytes: &Bytes) -> Result<Beside, FormatError> {
    let mut columns = Columns::default();
    columns.see_id(false); // an `id` is a label, even if it numbers the rows
    let mut lines = Lines::new(bytes);
    while let Some((line, text)) = lines.next(bytes.bytes())? {
        let payload: Option<Map<String, Value>> =
            serde_json::from_str(text).map_err(|error| wrong(line, error, "write one JSON object a line"))?;
        columns.object(payload.unwrap_or_default())?;
    }
    columns.finish()
}

/// What `tests.jsonl` holds.
#[derive(Debug)]
pub struct Tests {
    /// The queries.
    pub queries: Vectors,
    /// The answers, if no query has conditions.
    pub truth: Option<Neighbours>,
    /// Scores of the answers, if no query has conditions: greater is nearer, unless the metric is a distance.
    pub scores: Option<Vec<Vec<f64>>>,
    /// Queries that have conditions, with their answers.
    pub filtered: Vec<FilteredAnswer>,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    query: &'a RawValue,
    #[serde(default)]
    conditions: Option<Value>,
    closest_ids: Vec<i64>,
    #[serde(default)]
    closest_scores: Vec<f64>,
}

/// Reads queries with conditions and answers. `schema`: the labels that conditions may speak of; `dim` and `rows`: of the
/// base.
pub fn tests(
    bytes: &Bytes,
    schema: &BTreeMap<String, LabelType>,
    dim: usize,
    rows: usize,
) -> Result<Tests, FormatError> {
    let mut queries = Builder::new(Element::F32, dim);
    let (mut ids, mut scores, mut filtered) = (vec![], vec![], vec![]);
    let mut lines = Lines::new(bytes);
    while let Some((line, text)) = lines.next(bytes.bytes())? {
        let help = "a line has `query`, `conditions`, `closest_ids` and `closest_scores`";
        let test: Line = serde_json::from_str(text).map_err(|error| wrong(line, error, help))?;
        let mut query = vec![];
        let found = numbers(test.query.get(), &mut query).map_err(|problem| {
            wrong(line, format!("`query` {problem}"), "correct this line or leave it out")
        })?;
        if found != dim {
            let message = format!("a query of {found} dimensions; the vectors have {dim}");
            return Err(wrong(line, message, "the files belong to different sets"));
        }
        let query = Matrix::new(query, dim).ok_or_else(|| wrong(line, "no query", help))?;
        queries.extend(&Vectors::F32(query), 0..1)?;
        let answer: Result<Vec<u64>, i64> = test
            .closest_ids
            .iter()
            .map(|id| u64::try_from(*id).ok().filter(|id| *id < rows as u64).ok_or(*id))
            .collect();
        let answer = answer.map_err(|id| {
            wrong(
                line,
                format!("closest id {id}, and there are {rows} rows"),
                "the files belong to different sets",
            )
        })?;
        let filter = filter(test.conditions.as_ref(), schema).map_err(|message| {
            wrong(line, message, "to use the vectors and payloads alone, move tests.jsonl elsewhere")
        })?;
        if let Some(filter) = filter {
            filtered.push(FilteredAnswer { query: line as usize - 1, filter, ids: answer });
        } else {
            ids.push(answer);
            scores.push(test.closest_scores);
        }
    }
    if ids.is_empty() && filtered.is_empty() {
        return Err(FormatError::new(
            "there are no queries",
            "move the file elsewhere to use the vectors alone",
        ));
    }
    // Answers to some of the queries are no truth of the set.
    let whole = filtered.is_empty();
    let complete = whole && scores.iter().zip(&ids).all(|(scores, ids)| scores.len() == ids.len());
    Ok(Tests {
        queries: queries.finish()?,
        truth: whole.then_some(Neighbours { ids }),
        scores: complete.then_some(scores),
        filtered,
    })
}

fn filter(
    conditions: Option<&Value>,
    schema: &BTreeMap<String, LabelType>,
) -> Result<Option<Filter>, String> {
    let Some(filter) = conditions.map(|json| to_filter(json, schema)).transpose()?.flatten() else {
        return Ok(None);
    };
    filter.check(schema).map_err(|problem| problem.to_string())?;
    Ok(Some(filter))
}

fn wrong(line: u64, message: impl std::fmt::Display, help: &str) -> FormatError {
    FormatError::new(format!("line {line}: {message}"), help)
}

#[cfg(test)]
mod tests;
