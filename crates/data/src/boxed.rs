//! The data set that travels inside the binary, so that an installed Annvil works without a network.

use annvil_core::dataset::DataSpec;
use annvil_core::filter::Filter;
use annvil_core::metric::Metric;
use annvil_core::vector::RowId;
use serde::Deserialize;

use crate::error::{DataError, FormatError};
use crate::json_filter;
use crate::open::{Source, ids, labels, part, texts, vectors};
use crate::set::Parts;

/// Names of the sets in the box.
pub const NAMES: [&str; 1] = [WORDNET];

const WORDNET: &str = "wordnet-10k";

macro_rules! wordnet {
    ($file:literal) => {
        Source::Boxed {
            name: concat!("wordnet-10k/", $file),
            bytes: include_bytes!(concat!("../../../datasets/wordnet-10k/", $file)),
        }
    };
}

/// Licence and copyright of the texts in the box, as their licence asks to be passed on.
pub const NOTICE: &str = include_str!("../../../datasets/wordnet-10k/NOTICE.wordnet");

/// A whole set from the box, as a spec.
pub fn wordnet_10k() -> DataSpec {
    DataSpec::named(WORDNET)
}

pub(crate) fn parts(
    name: &str,
    rows: Option<usize>,
    queries_limit: Option<usize>,
) -> Result<Parts, DataError> {
    if name != WORDNET {
        return Err(DataError::UnknownName { name: name.to_owned(), help: help_for(name) });
    }
    Ok(Parts {
        name: WORDNET.to_owned(),
        metric: Metric::Cosine,
        licence: Some(
            "texts: WordNet 3.0 licence, Princeton University; vectors: all-MiniLM-L6-v2 (Apache-2.0)"
                .to_owned(),
        ),
        base: part(wordnet!("base.f16.npy"), rows, vectors)?,
        queries: part(wordnet!("query.fvecs"), queries_limit, vectors)?,
        truth: Some(part(wordnet!("groundtruth.ivecs"), queries_limit, ids)?),
        labels: Some(part(wordnet!("labels.jsonl"), rows, labels)?),
        texts: Some(part(wordnet!("text.jsonl"), rows, texts)?),
        rows,
        queries_limit,
    })
}

fn help_for(name: &str) -> String {
    let nearest = NAMES.into_iter().min_by_key(|known| strsim::osa_distance(known, name));
    match nearest {
        Some(known) if strsim::osa_distance(known, name) <= 4 => format!("did you mean `{known}`?"),
        _ => format!("there is {}; files are given as {{base: …, queries: …, metric: …}}", NAMES.join(", ")),
    }
}

/// A filtered query of the set in the box, with its exact answer.
#[derive(Debug, Clone, PartialEq)]
pub struct FilteredAnswer {
    /// Number of the query.
    pub query: usize,
    /// The filter.
    pub filter: Filter,
    /// The nearest rows that satisfy it, nearest first: 100, or all if fewer match.
    pub ids: Vec<RowId>,
}

#[derive(Deserialize)]
struct Line {
    query: usize,
    filter: serde_json::Value,
    top: Vec<RowId>,
}

/// The 600 filtered queries of `wordnet-10k`.
///
/// Like all shipped answers they are a check: they were computed from the vectors before these were rounded to 16 bits.
pub fn filtered_answers() -> Result<Vec<FilteredAnswer>, DataError> {
    const FILE: &str = "wordnet-10k/filtered.jsonl";
    let text = include_str!("../../../datasets/wordnet-10k/filtered.jsonl");
    let answer = |(number, line): (usize, &str)| {
        let wrong = |message: String| {
            FormatError::new(
                format!("line {}: {message}", number + 1),
                "the binary was built from a damaged copy",
            )
            .in_file(FILE)
        };
        let line: Line = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
        let filter = json_filter::parse(&line.filter).map_err(wrong)?;
        Ok(FilteredAnswer { query: line.query, filter, ids: line.top })
    };
    text.lines().enumerate().map(answer).collect()
}
