//! What the readers of all formats have in common.

use annvil_core::dataset::Neighbours;
use annvil_core::label::Labels;

use crate::error::FormatError;

/// Dimensions beyond this mean a damaged file; the longest embeddings have some ten thousand.
pub(crate) const MOST_DIMENSIONS: usize = 1 << 20;

/// Content of a file of which perhaps only the first rows were kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept<T> {
    /// What was kept.
    pub content: T,
    /// Rows in the file.
    pub total: usize,
}

impl<T> Kept<Vec<T>> {
    /// At most `limit` rows of it.
    #[must_use]
    pub fn limited(mut self, limit: Option<usize>) -> Self {
        self.content.truncate(limit.unwrap_or(usize::MAX));
        self
    }
}

impl Kept<Neighbours> {
    /// The answers to at most `limit` queries.
    #[must_use]
    pub fn limited(mut self, limit: Option<usize>) -> Self {
        self.content.ids.truncate(limit.unwrap_or(usize::MAX));
        self
    }
}

impl Kept<Labels> {
    /// The labels of at most `limit` rows.
    #[must_use]
    pub fn limited(self, limit: Option<usize>) -> Self {
        let Some(rows) = limit.filter(|limit| *limit < self.content.rows()) else { return self };
        let mut content = Labels::with_schema(&self.content.schema());
        for row in 0..rows {
            // Its own columns have its own types.
            let _ = content.push_row(&self.content, row);
        }
        Self { content, ..self }
    }
}

pub(crate) fn check_shape(rows: usize, dim: usize) -> Result<(), FormatError> {
    check_dimensions(dim as u64, "")?;
    if rows == 0 {
        return Err(FormatError::new("there are no rows", "give a file with at least one vector"));
    }
    if u32::try_from(rows).is_err() {
        return Err(FormatError::new(
            format!("{rows} rows are more than 2^32"),
            "split the set, or use `rows` of a smaller file",
        ));
    }
    Ok(())
}

/// `place` says where, and starts with a blank unless it is empty.
pub(crate) fn check_dimensions(dim: u64, place: &str) -> Result<(), FormatError> {
    if dim == 0 || dim > MOST_DIMENSIONS as u64 {
        let help = format!("1 to {MOST_DIMENSIONS} are possible; the file is damaged or has another format");
        return Err(FormatError::new(format!("vectors of {dim} dimensions{place}"), help));
    }
    Ok(())
}

/// Row numbers of answers. −1 fills up the ends of short answers, as some tools write them.
pub(crate) fn neighbours<'a>(rows: impl Iterator<Item = &'a [i64]>) -> Result<Neighbours, FormatError> {
    let mut ids = vec![];
    for (query, row) in rows.enumerate() {
        let length = row.iter().position(|id| *id == -1).unwrap_or(row.len());
        let (kept, padding) = row.split_at(length);
        if let Some(id) = padding.iter().find(|id| **id != -1) {
            let message = format!("query {query}: row number {id} after padding of −1");
            return Err(FormatError::new(message, "−1 may only fill up the end of an answer"));
        }
        let kept: Result<Vec<u64>, i64> = kept.iter().map(|id| u64::try_from(*id).map_err(|_| *id)).collect();
        ids.push(kept.map_err(|id| {
            FormatError::new(format!("query {query}: row number {id} is negative"), "number the rows from 0")
        })?);
    }
    Ok(Neighbours { ids })
}
