//! JSONL: a list of numbers or an object a line.

use std::collections::BTreeMap;

use annvil_core::vector::{Element, Matrix, Vectors};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::list::{self, numbers};
use super::{Columns, Trail, VECTOR, at};
use crate::bundle::Bundle;
use crate::error::FormatError;
use crate::format::{check_dimensions, check_shape};
use crate::map::Bytes;
use crate::rows::{BLOCK_BYTES, RowReader, Rows, Shape};

const ONE_A_LINE: &str = "write one JSON object or one list of numbers a line, none empty";

/// Opens JSONL: vectors, and the labels and texts beside them.
pub fn open(name: &str, bytes: &Bytes) -> Result<Bundle, FormatError> {
    let mut lines = Lines::new(bytes);
    let Some((line, text)) = lines.next(bytes.bytes())? else {
        return Err(FormatError::new("there are no rows", "give a file with at least one vector"));
    };
    let key = key(line, text)?;
    let mut first = vec![];
    let dim = vector(line, text, key.as_deref(), &mut first)?;
    check_dimensions(dim as u64, " on line 1")?;
    let mut sides = (None, None, None);
    if let Some(key) = &key {
        let columns = beside(bytes, key)?;
        check_shape(columns.rows(), dim)?;
        let rows = columns.rows();
        let (labels, texts) = columns.finish()?;
        sides = (Some(rows), labels, texts);
    }
    let shape = Shape { element: Element::F32, dim, rows: sides.0 };
    let reader = Objects { bytes: bytes.clone(), lines: Lines::new(bytes), key, shape };
    let mut bundle = Bundle::of(name, Rows::Streamed(Box::new(reader)));
    bundle.labels = sides.1;
    bundle.texts = sides.2;
    Ok(bundle)
}

/// Reads everything but the vectors.
fn beside(bytes: &Bytes, key: &str) -> Result<Columns, FormatError> {
    let mut columns = Columns::default();
    let mut lines = Lines::new(bytes);
    while let Some((line, text)) = lines.next(bytes.bytes())? {
        let mut object = Map::new();
        for (name, value) in parsed(line, text)? {
            if name != key {
                let value: Value =
                    serde_json::from_str(value.get()).map_err(|error| at(line, error, ONE_A_LINE))?;
                object.insert(name, value);
            }
        }
        columns.object(object)?;
    }
    Ok(columns)
}

/// The field that holds the vector; `None` if the lines are lists.
fn key(line: u64, text: &str) -> Result<Option<String>, FormatError> {
    if text.trim_start().starts_with('[') {
        if text.trim_start()[1..].trim_start().starts_with('[') {
            let help = "write each list on a line of its own: `jq -c '.[]' FILE`";
            return Err(at(line, "a list of lists", help));
        }
        return Ok(None);
    }
    let object = parsed(line, text)?;
    if let Some(name) = VECTOR.into_iter().find(|name| object.contains_key(*name)) {
        return Ok(Some(name.to_owned()));
    }
    let lists: Vec<&String> =
        object.iter().filter(|(_, value)| is_vector(value)).map(|(name, _)| name).collect();
    let help = "name the vector `vector`";
    match lists.as_slice() {
        [only] => Ok(Some((*only).clone())),
        [] => {
            let fields: Vec<&str> = object.keys().map(String::as_str).take(8).collect();
            Err(at(line, format!("no list of numbers among the fields [{}]", fields.join(", ")), help))
        }
        [one, other, ..] => Err(at(line, format!("`{one}` and `{other}` are both lists of numbers"), help)),
    }
}

fn is_vector(value: &RawValue) -> bool {
    value.get().starts_with('[') && list::is_list(value.get())
}

fn parsed(line: u64, text: &str) -> Result<BTreeMap<String, &RawValue>, FormatError> {
    serde_json::from_str(text).map_err(|error| {
        let help = if text.contains("NaN") || text.contains("Infinity") {
            "JSON has no NaN and no Infinity: leave such rows out, or give the vectors as .npy"
        } else {
            ONE_A_LINE
        };
        at(line, error, help)
    })
}

/// Appends the vector of a line; returns its dimensions.
fn vector(line: u64, text: &str, key: Option<&str>, out: &mut Vec<f32>) -> Result<usize, FormatError> {
    let object;
    let (what, list) = match key {
        None => ("the list".to_owned(), text),
        Some(key) => {
            object = parsed(line, text)?;
            let value = object
                .get(key)
                .ok_or_else(|| at(line, format!("no `{key}`"), "give every row its vector"))?;
            (format!("`{key}`"), value.get())
        }
    };
    if !list.trim_start().starts_with('[') {
        let message = format!("{what} is {}, and not a list of numbers", list::short(list));
        return Err(at(line, message, "give every row its vector"));
    }
    numbers(list, out)
        .map_err(|problem| at(line, format!("{what} {problem}"), "correct this line or leave it out"))
}

/// Goes over the lines of a text.
pub(crate) struct Lines {
    next: usize,
    line: u64,
    trail: Trail,
}

impl Lines {
    /// From the start.
    pub(crate) fn new(bytes: &Bytes) -> Self {
        let mark = b"\xef\xbb\xbf"; // that some editors put before UTF-8
        let next = if bytes.bytes().starts_with(mark) { mark.len() } else { 0 };
        Self { next, line: 0, trail: Trail::new(bytes) }
    }

    /// The number of the next line, from 1, and the line. Blank lines are refused, except at the end.
    pub(crate) fn next<'a>(&mut self, bytes: &'a [u8]) -> Result<Option<(u64, &'a str)>, FormatError> {
        let rest = &bytes[self.next.min(bytes.len())..];
        let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        self.line += 1;
        let text = std::str::from_utf8(&rest[..length]).map_err(|error| {
            let message = format!("not UTF-8 at byte {}", self.next + error.valid_up_to());
            at(self.line, message, "save the file as UTF-8")
        })?;
        if text.trim().is_empty() {
            return if rest.iter().all(u8::is_ascii_whitespace) {
                Ok(None)
            } else {
                Err(at(self.line, "it is empty", ONE_A_LINE))
            };
        }
        self.trail.pass(self.next);
        self.next += length + 1;
        Ok(Some((self.line, text)))
    }
}

/// The vectors, block by block.
struct Objects {
    bytes: Bytes,
    lines: Lines,
    key: Option<String>,
    shape: Shape,
}

impl RowReader for Objects {
    fn shape(&self) -> Shape {
        self.shape
    }

    fn next(&mut self) -> Result<Option<Vectors>, FormatError> {
        let dim = self.shape.dim;
        let mut values = vec![];
        while values.len() * size_of::<f32>() < BLOCK_BYTES
            && let Some((line, text)) = self.lines.next(self.bytes.bytes())?
        {
            let found = vector(line, text, self.key.as_deref(), &mut values)?;
            if found != dim {
                return Err(other_length(line, found, dim));
            }
        }
        Ok(if values.is_empty() { None } else { Matrix::new(values, dim).map(Vectors::F32) })
    }
}

pub(super) fn other_length(line: u64, found: usize, dim: usize) -> FormatError {
    let message = format!("a vector of {found} dimensions; the first has {dim}");
    at(line, message, "all vectors of a set must have one dimension")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::still;
    use annvil_core::label::LabelValue;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<(Bundle, Vectors), FormatError> {
        let mut bundle = open("t", &still(text.as_bytes().to_vec().leak()))?;
        let base =
            std::mem::replace(&mut bundle.base, Rows::Ready(Vectors::U8(Matrix::new(vec![], 1).unwrap())));
        let rows = base.collect(None)?.content;
        Ok((bundle, rows))
    }

    fn f32s(values: &[f32], dim: usize) -> Vectors {
        Vectors::F32(Matrix::new(values.to_vec(), dim).unwrap())
    }

    #[test]
    fn lists_and_objects() {
        let expected = f32s(&[0.1, 2.0, 3.0, -4.5], 2);
        for text in [
            "[0.1, 2]\n[3, -4.5]",
            "\u{feff}[0.1, 2]\r\n[3,-4.5]\r\n\r\n",
            "{\"emb\": [0.1, 2]}\n{\"emb\": [3, -4.5]}\n",
            "{\"mine\": [0.1, 2]}\n{\"mine\": [3, -4.5]}\n",
        ] {
            let (bundle, rows) = read(text).unwrap();
            assert_eq!(rows, expected, "{text}");
            assert!(bundle.labels.is_none() && bundle.texts.is_none());
        }
        let text = concat!(
            "{\"id\": \"x1\", \"values\": [0.1, 2], \"metadata\": {\"genre\": \"drama\", \"tags\": [\"ü\"]}, \"text\": \"one\"}\n",
            "{\"id\": \"x2\", \"values\": [3, -4.5], \"metadata\": {\"genre\": null}, \"text\": \"\"}\n",
        );
        let (bundle, rows) = read(text).unwrap();
        assert_eq!(rows, expected);
        assert_eq!(bundle.texts.unwrap().content, ["one", ""]);
        let labels = bundle.labels.unwrap().content;
        assert_eq!(
            labels.columns().map(|(name, column)| (name, column.value(0).unwrap())).collect::<Vec<_>>(),
            [
                ("id", LabelValue::Text("x1".into())),
                ("metadata.genre", LabelValue::Text("drama".into())),
                ("metadata.tags", LabelValue::TextList(vec!["ü".into()])),
            ]
        );
    }

    #[test]
    fn bad_lines_are_named() {
        for (text, part) in [
            ("", "no rows"),
            ("\n[1]", "line 1: it is empty"),
            ("[1]\n\n[2]", "line 2: it is empty"),
            ("[[1],[2]]", "line 1: a list of lists"),
            ("{\"a\": 1}", "line 1: no list of numbers among the fields [a]"),
            ("{\"a\": [1], \"b\": [2]}", "`a` and `b` are both"),
            ("[1, 2]\n[1]", "line 2: a vector of 1 dimensions; the first has 2"),
            ("[1, 2]\n[]", "line 2: the list is an empty list"),
            ("[1, 2]\n[1, NaN]", "line 2: the list has `NaN`, which is no finite number, at place 1"),
            ("{\"v\": [1]}\n{\"v\": [NaN]}", "line 2: expected value"),
            ("{\"v\": [1]}\n{\"w\": [1]}", "line 2: label `w` is a list with something else"),
            ("{\"v\": [1]}\n{}", "line 2: no `v`"),
            ("{\"v\": [1]}\n{\"v\": null}", "line 2: `v` is null, and not a list"),
            ("{\"v\": [1]}\n{\"v\": [1e60]}", "beyond 32-bit floats"),
            ("{\"v\": [1]}\n[1]", "line 2: invalid type"),
            ("3", "line 1: invalid type"),
        ] {
            let error = read(text).err().unwrap();
            assert!(error.message.contains(part), "{text}: {error}");
        }
        let error = open("t", &still(b"[1]\xff")).err().unwrap();
        assert!(error.message.contains("line 1: not UTF-8 at byte 3"), "{error}");
    }

    proptest! {
        #[test]
        fn nothing_makes_the_reader_panic(text in "([{}\\[\\]\":,a0-9.\n]|\"v\":|\\{\"v\":\\[1\\]\\}\n|null|\"id\":0|\"text\":\"\"){0,30}") {
            let _ = read(&text);
        }
    }
}
