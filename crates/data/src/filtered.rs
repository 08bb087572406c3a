//! Exact answers to queries that each have a filter of their own, and the files that such queries come in.

use std::collections::BTreeMap;

use annvil_core::dataset::{Dataset, Queries};
use annvil_core::filter::Filter;
use annvil_core::truth::Truth;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bundle::FilteredAnswer;
use crate::error::{DataError, FormatError, mismatch};
use crate::exact::{Admission, Bitmap, Request};
use crate::json_filter;

/// Bytes of the sets of selected rows that are held at a time.
const SETS_BYTES: usize = 64 << 20;

/// A query under a filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// Number of the query.
    pub query: usize,
    /// The filter.
    pub filter: Filter,
}

/// The `k` nearest rows of each asked query among those that its filter selects, in the order in which they are asked.
pub fn truth(dataset: &dyn Dataset, asked: &[Ask], k: usize, threads: usize) -> Result<Truth, DataError> {
    let (labels, queries) = (dataset.labels(), dataset.queries());
    let rows = dataset.info().rows;
    if let Some(ask) = asked.iter().find(|ask| ask.query >= queries.rows()) {
        let message = format!(
            "a filter belongs to query {}, and there are queries 0 to {}",
            ask.query,
            queries.rows() - 1
        );
        return Err(mismatch(message, "the filters belong to other queries"));
    }
    let mut truth = Truth::with_capacity(asked.len());
    for part in asked.chunks((SETS_BYTES / rows.div_ceil(8).max(1)).max(1)) {
        // Many queries may share a filter, which is then evaluated once.
        let mut known: BTreeMap<String, Bitmap> = BTreeMap::new();
        let mut sets = Vec::with_capacity(part.len());
        let mut vectors = Vec::with_capacity(part.len() * queries.stride());
        for Ask { query, filter } in part {
            let name = filter.to_string();
            if !known.contains_key(&name) {
                let predicate = filter.compile(labels)?;
                known.insert(name.clone(), Bitmap::new(rows, |row| predicate.matches(labels, row)));
            }
            sets.push(known[&name].clone());
            vectors.extend_from_slice(queries.row(*query));
        }
        let Some(queries) = Queries::new(vectors, queries.stride()) else { continue };
        let mut request = Request::new(dataset.base(), &queries, dataset.info().metric, k);
        request.admission = Admission::PerQuery(&sets);
        request.threads = threads;
        truth.extend(request.run().map_err(|stopped| mismatch(stopped.to_string(), "start it again"))?);
    }
    Ok(truth)
}

/// A line of a file of filtered queries.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    query: usize,
    filter: Value,
    #[serde(default, alias = "ids", skip_serializing_if = "Vec::is_empty")]
    top: Vec<u64>,
}

/// Reads filtered queries: a JSON object a line with `query`, its number, and `filter`, in words (`"pos = 'n'"`) or as JSON
/// (`{"pos": "n"}`); exact answers may stand in `top` or `ids`.
pub fn read(text: &[u8]) -> Result<Vec<FilteredAnswer>, FormatError> {
    let text = std::str::from_utf8(text).map_err(|error| {
        FormatError::new(format!("not UTF-8 at byte {}", error.valid_up_to()), "save the file as UTF-8")
    })?;
    let answer = |(number, line): (usize, &str)| {
        let wrong = |message: String| {
            FormatError::new(
                format!("line {}: {message}", number + 1),
                "write {\"query\": 0, \"filter\": \"label = 'value'\"} on each line",
            )
        };
        let Line { query, filter, top } =
            serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
        let filter = match &filter {
            Value::String(text) => {
                text.parse().map_err(|error: annvil_core::filter::FilterError| wrong(error.to_string()))
            }
            json => json_filter::parse(json).map_err(wrong),
        }?;
        Ok(FilteredAnswer { query, filter, ids: top })
    };
    text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(answer).collect()
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn empty_lines_are_passed_over_and_counted() {
        let text = b"{\"query\": 1, \"filter\": \"a = 1\"}\n\n{\"query\": 0, \"filter\": {\"a\": 2}, \"ids\": [3]}\n";
        let read_back = read(text).unwrap();
        assert_eq!(read_back.iter().map(|ask| ask.query).collect::<Vec<_>>(), [1, 0]);
        assert_eq!(read_back[1].ids, [3]);
        let error = read(b"\n\n{\"query\": 1}\n").unwrap_err();
        assert!(error.message.starts_with("line 3: missing field `filter`"), "{error}");
    }
}
