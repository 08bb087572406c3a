//! Labels and texts that are found row by row.

use std::collections::BTreeMap;

use annvil_core::label::{Column, LabelType, LabelValue, Labels};
use serde_json::{Map, Value};

use crate::error::FormatError;
use crate::format::Kept;
use crate::jsonl;

/// Objects within objects deeper than this are refused.
const DEPTH: usize = 16;

/// Labels, if there are any, and texts.
pub(crate) type Beside = (Option<Kept<Labels>>, Option<Kept<Vec<String>>>);

/// Collects labels and texts. Rows are given in their order, each once.
#[derive(Default)]
pub(crate) struct Columns {
    labels: BTreeMap<String, Option<Column>>,
    texts: Option<Vec<String>>,
    rows: usize,
    /// Whether each `id` so far was the number of its row.
    other_ids: bool,
}

impl Columns {
    /// Takes what one line holds beside its vector.
    pub(crate) fn object(&mut self, mut object: Map<String, Value>) -> Result<(), FormatError> {
        let row = self.rows;
        if row == 0 && object.get("text").is_some_and(Value::is_string) {
            self.texts = Some(vec![]);
        }
        if let Some(texts) = &mut self.texts {
            let Some(Value::String(text)) = object.remove("text") else {
                let message = format!("line {}: no `text`, and there was one on line 1", row + 1);
                return Err(FormatError::new(message, "give every row a text, \"\" if need be, or none"));
            };
            texts.push(text);
        }
        self.other_ids |= object.get("id").is_some_and(|id| id.as_u64() != Some(row as u64));
        self.fields("", object, 0)?;
        self.rows += 1;
        Ok(())
    }

    fn fields(&mut self, prefix: &str, object: Map<String, Value>, depth: usize) -> Result<(), FormatError> {
        for (name, value) in object {
            let name = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
            match value {
                Value::Object(within) if depth < DEPTH => self.fields(&name, within, depth + 1)?,
                value => {
                    let value = jsonl::label(self.rows, &name, value)?;
                    self.put(&name, value)?;
                }
            }
        }
        Ok(())
    }

    /// A label of the current row.
    pub(super) fn put(&mut self, name: &str, value: Option<LabelValue>) -> Result<(), FormatError> {
        let column = self.labels.entry(name.to_owned()).or_default();
        if let Some(value) = value {
            // `{"a.b": 1, "a": {"b": 2}}` names one label twice.
            if column.as_ref().is_some_and(|column| column.rows() > self.rows) {
                let message = format!("line {}: label `{name}` is there twice", self.rows + 1);
                return Err(FormatError::new(message, "rename one of them"));
            }
            jsonl::add(column, self.rows, name, value)?;
        }
        Ok(())
    }

    /// The text of the current row.
    pub(super) fn put_text(&mut self, text: String) {
        self.texts.get_or_insert_default().push(text);
    }

    /// Says whether an `id` is the number of its row: if all are, they are no label.
    pub(crate) fn see_id(&mut self, agrees: bool) {
        self.other_ids |= !agrees;
    }

    /// The current row is done.
    pub(super) fn end_row(&mut self) {
        self.rows += 1;
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Labels, if there are any, and texts.
    pub(crate) fn finish(mut self) -> Result<Beside, FormatError> {
        if !self.other_ids {
            self.labels.remove("id");
        }
        let total = self.rows;
        let mut finished = BTreeMap::new();
        for (name, column) in self.labels {
            let mut column = column.unwrap_or_else(|| Column::new(LabelType::Text));
            jsonl::pad(&mut column, total);
            finished.insert(name, column);
        }
        let labels = if finished.is_empty() {
            None
        } else {
            let content = Labels::new(finished)
                .ok_or_else(|| FormatError::new("columns of different lengths", "please report this"))?;
            Some(Kept { content, total })
        };
        Ok((labels, self.texts.map(|content| Kept { content, total })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Result<Beside, FormatError> {
        let mut columns = Columns::default();
        for line in lines {
            columns.object(serde_json::from_str(line).unwrap())?;
        }
        columns.finish()
    }

    #[test]
    fn ids_texts_and_nested_fields() {
        let (labels, texts) = read(&[r#"{"id": 0, "text": "a"}"#, r#"{"id": 1, "text": ""}"#]).unwrap();
        assert!(labels.is_none());
        assert_eq!(texts.unwrap().content, ["a", ""]);
        let (labels, texts) =
            read(&[r#"{"id": 0, "m": {"x": {"y": 1}}}"#, r#"{"id": 7, "text": "t"}"#]).unwrap();
        let labels = labels.unwrap().content;
        assert_eq!(labels.columns().map(|(name, _)| name).collect::<Vec<_>>(), ["id", "m.x.y", "text"]);
        assert_eq!(labels.column("id").unwrap().value(1), Some(LabelValue::Int(7)));
        assert!(texts.is_none());
        for (lines, part) in [
            (&[r#"{"text": "a"}"#, "{}"][..], "line 2: no `text`"),
            (&[r#"{"a.b": 1, "a": {"b": 2}}"#], "line 1: label `a.b` is there twice"),
            (&[r#"{"a": 1}"#, r#"{"a": "x"}"#], "line 2: label `a` is a text"),
        ] {
            assert!(read(lines).unwrap_err().message.contains(part));
        }
    }
}
