//! Labels and texts of rows: one JSON object a line, in the order of the rows.
//!
//! An `id`, if there is one, is the number of the row and must agree with the line. It is no label, but in Annvil's own
//! folders, where it may be one.

use std::collections::BTreeMap;
use std::io::{self, Write};

use annvil_core::label::{Column, LabelType, LabelValue, Labels};
use serde_json::{Map, Value};

use crate::error::FormatError;
use crate::format::Kept;

/// Reads labels; the type of each is found from its values. At most `limit` rows are kept.
///
/// Texts, whole numbers, numbers, booleans and lists of texts are possible. A column of whole numbers and others is one
/// of numbers; every other mixture is an error. `null` or no entry is a missing value; a label that is nowhere there is
/// a column of texts without any.
pub fn labels(bytes: &[u8], limit: Option<usize>) -> Result<Kept<Labels>, FormatError> {
    columns(bytes, limit, Id::Row)
}

/// Reads labels as [`labels`] does, and takes `id` for one of them.
pub(crate) fn all_labels(bytes: &[u8], limit: Option<usize>) -> Result<Kept<Labels>, FormatError> {
    columns(bytes, limit, Id::Label)
}

/// What `id` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Id {
    Row,
    Label,
}

fn columns(bytes: &[u8], limit: Option<usize>, id: Id) -> Result<Kept<Labels>, FormatError> {
    let mut columns: BTreeMap<String, Option<Column>> = BTreeMap::new();
    let total = each_row(bytes, limit, id, |row, object| {
        for (name, value) in object {
            let value = label(row, &name, value)?;
            // `None` until the first value shows the type.
            let column = columns.entry(name.clone()).or_default();
            if let Some(value) = value {
                add(column, row, &name, value)?;
            }
        }
        Ok(())
    })?;
    let kept = limit.map_or(total, |limit| limit.min(total));
    let mut finished = BTreeMap::new();
    for (name, column) in columns {
        let mut column = column.unwrap_or_else(|| Column::new(LabelType::Text));
        pad(&mut column, kept);
        finished.insert(name, column);
    }
    let labels = if finished.is_empty() { Some(Labels::empty(kept)) } else { Labels::new(finished) };
    let labels =
        labels.ok_or_else(|| FormatError::new("columns of different lengths", "please report this"))?;
    Ok(Kept { content: labels, total })
}

/// Reads the `text` of each row. At most `limit` rows are kept.
pub fn texts(bytes: &[u8], limit: Option<usize>) -> Result<Kept<Vec<String>>, FormatError> {
    let mut texts = vec![];
    let total = each_row(bytes, limit, Id::Row, |row, mut object| match object.remove("text") {
        Some(Value::String(text)) => {
            texts.push(text);
            Ok(())
        }
        _ => Err(FormatError::new(
            format!("line {}: no `text`", row + 1),
            "write {\"text\": \"…\"} on each line",
        )),
    })?;
    Ok(Kept { content: texts, total })
}

/// Calls `use_row` with the number and the object, without the number of its row, of each row to be kept; counts all.
fn each_row(
    bytes: &[u8],
    limit: Option<usize>,
    id: Id,
    mut use_row: impl FnMut(usize, Map<String, Value>) -> Result<(), FormatError>,
) -> Result<usize, FormatError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        FormatError::new(format!("not UTF-8 at byte {}", error.valid_up_to()), "save the file as UTF-8")
    })?;
    let lines = text.strip_suffix('\n').unwrap_or(text);
    if lines.is_empty() {
        return Ok(0);
    }
    let mut count = 0;
    for line in lines.split('\n') {
        if limit.is_none_or(|limit| count < limit) {
            let number = count + 1;
            let mut object: Map<String, Value> = serde_json::from_str(line).map_err(|error| {
                FormatError::new(
                    format!("line {number}: {error}"),
                    "write one JSON object a line, none empty",
                )
            })?;
            if id == Id::Row
                && let Some(id) = object.remove("id")
                && id.as_u64() != Some(count as u64)
            {
                let message = format!("line {number}: `id` is {id}, and this is row {count}");
                return Err(FormatError::new(
                    message,
                    "sort the lines in the order of the vectors, numbered from 0, or leave `id` out",
                ));
            }
            use_row(count, object)?;
        }
        count += 1;
    }
    Ok(count)
}

pub(crate) fn label(row: usize, name: &str, value: Value) -> Result<Option<LabelValue>, FormatError> {
    let wrong = |found: &str| {
        let message = format!("line {}: label `{name}` is {found}", row + 1);
        Err(FormatError::new(message, "labels are texts, numbers, booleans or lists of texts"))
    };
    Ok(Some(match value {
        Value::Null => return Ok(None),
        Value::Bool(x) => LabelValue::Bool(x),
        Value::String(text) => LabelValue::Text(text),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => LabelValue::Int(whole),
            (None, Some(x)) => LabelValue::Float(x),
            (None, None) => return wrong("a number out of range"),
        },
        Value::Array(items) => {
            let mut texts = vec![];
            for item in items {
                match item {
                    Value::String(text) => texts.push(text),
                    _ => return wrong("a list with something else than texts"),
                }
            }
            LabelValue::TextList(texts)
        }
        Value::Object(_) => return wrong("an object"),
    }))
}

pub(crate) fn add(
    slot: &mut Option<Column>,
    row: usize,
    name: &str,
    value: LabelValue,
) -> Result<(), FormatError> {
    let column = slot.get_or_insert_with(|| Column::new(value.kind()));
    pad(column, row);
    if let (Column::Int(values), LabelType::Float) = (&*column, value.kind()) {
        *column = Column::Float(values.iter().map(|x| x.map(|x| x as f64)).collect());
    }
    let kind = column.kind();
    column.push(Some(value)).map_err(|found| {
        let message =
            format!("line {}: label `{name}` is a {}, and a {} before", row + 1, found.name(), kind.name());
        FormatError::new(message, "give a label one type in all lines")
    })
}

/// Missing values up to row `row`.
pub(crate) fn pad(column: &mut Column, row: usize) {
    while column.rows() < row {
        // A missing value fits every type.
        let _ = column.push(None);
    }
}

/// Writes one object a row: its labels, and `text` where there are texts. What a row has not is left out.
pub fn write(
    labels: Option<&Labels>,
    texts: Option<&[String]>,
    rows: usize,
    out: &mut impl Write,
) -> io::Result<()> {
    for row in 0..rows {
        let mut object = Map::new();
        if let Some(text) = texts.and_then(|texts| texts.get(row)) {
            object.insert("text".to_owned(), Value::from(text.as_str()));
        }
        for (name, column) in labels.iter().flat_map(|labels| labels.columns()) {
            if row < column.rows()
                && let Some(value) = column.value(row)
            {
                object.insert(name.to_owned(), json(value));
            }
        }
        serde_json::to_writer(&mut *out, &object)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// A label as JSON.
pub(crate) fn json(value: LabelValue) -> Value {
    match value {
        LabelValue::Text(text) => text.into(),
        LabelValue::Int(x) => x.into(),
        LabelValue::Float(x) => x.into(),
        LabelValue::Bool(x) => x.into(),
        LabelValue::TextList(texts) => texts.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn types_are_found_and_gaps_are_missing() {
        let text = concat!(
            "{\"id\": 0, \"n\": 1, \"tags\": [], \"void\": null}\n",
            "{\"n\": 2.5, \"pos\": \"v\", \"ok\": true}\n",
            "{\"id\": 2, \"tags\": [\"law\"], \"n\": null}\n",
        );
        let Kept { content, total } = labels(text.as_bytes(), None).unwrap();
        let shown: Vec<String> = content
            .columns()
            .map(|(name, column)| {
                format!("{name} {:?}", (0..3).map(|row| column.value(row)).collect::<Vec<_>>())
            })
            .collect();
        assert_eq!(
            shown,
            [
                "n [Some(Float(1.0)), Some(Float(2.5)), None]",
                "ok [None, Some(Bool(true)), None]",
                "pos [None, Some(Text(\"v\")), None]",
                "tags [Some(TextList([])), None, Some(TextList([\"law\"]))]",
                "void [None, None, None]",
            ]
        );
        assert_eq!((content.rows(), total), (3, 3));
        let cut = labels(text.as_bytes(), Some(1)).unwrap();
        assert_eq!(
            (cut.content.rows(), cut.total, cut.content.column("n").map(Column::kind)),
            (1, 3, Some(LabelType::Int))
        );
        assert_eq!(texts(b"{\"text\": \"a\"}\n{\"text\": \"b\"}", None).unwrap().content, ["a", "b"]);
    }

    #[test]
    fn bad_lines_are_named() {
        for (text, message) in [
            ("{\"a\": 1}\n{\"a\": \"x\"}\n", "line 2: label `a` is a text, and a whole number before"),
            ("{\"a\": {}}", "line 1: label `a` is an object"),
            ("{\"a\": [1]}", "list with something else"),
            ("{\"id\": 1}", "line 1: `id` is 1, and this is row 0"),
            ("{}\n\n{}", "line 2: EOF"),
            ("{}\n[]", "line 2: invalid type"),
        ] {
            let error = labels(text.as_bytes(), None).unwrap_err();
            assert!(error.message.contains(message), "{error}");
        }
        assert!(labels(b"{}\n\xff", None).unwrap_err().message.contains("UTF-8 at byte 3"));
        assert!(texts(b"{\"txt\": 1}", None).unwrap_err().message.contains("line 1: no `text`"));
    }

    proptest! {
        #[test]
        fn nothing_makes_the_reader_panic(text in "([{}\\[\\]\":,a0-9.\n]|\"a\":|\\{\"a\":1\\}\n|null|\"id\":0){0,30}") {
            let _ = labels(text.as_bytes(), None);
            let _ = texts(text.as_bytes(), Some(1));
        }
    }
}
