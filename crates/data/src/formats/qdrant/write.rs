//! Writing Qdrant's layout.

use std::io::{self, Write};

use annvil_core::filter::Filter;
use annvil_core::vector::Vectors;
use serde_json::{Map, Value};

use super::from_filter;
use crate::formats::table::List;

/// A line of `tests.jsonl`, but for its query.
#[derive(Debug, Clone, Copy)]
pub struct TestLine<'a> {
    /// The condition, if the query has one.
    pub filter: Option<&'a Filter>,
    /// The answer, nearest first.
    pub ids: &'a [u64],
    /// Its scores.
    pub scores: &'a [f64],
}

/// Writes `tests.jsonl`.
pub struct TestWriter<W> {
    out: W,
    list: List,
}

impl<W: Write> TestWriter<W> {
    /// Lines go to `out`.
    pub fn new(out: W) -> Self {
        Self { out, list: List::default() }
    }

    /// Writes query `row` of `queries` with its answer.
    pub fn push(&mut self, queries: &Vectors, row: usize, line: TestLine) -> io::Result<()> {
        let conditions = match line.filter {
            None => Value::Object(Map::new()),
            Some(filter) => from_filter(filter).map_err(io::Error::other)?,
        };
        let ids = Value::from(line.ids);
        let scores = Value::from(line.scores);
        let query = self.list.of(queries, row)?;
        writeln!(
            self.out,
            "{{\"query\":{query},\"conditions\":{conditions},\"closest_ids\":{ids},\"closest_scores\":{scores}}}"
        )
    }

    /// Completes the file.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}
