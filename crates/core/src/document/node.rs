//! The tree of a document.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::{DEPTH, DocumentError, Place};

/// A value of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// Whole number.
    Int(i128),
    /// Number.
    Float(f64),
    /// Text.
    Text(String),
    /// List.
    List(Vec<Placed>),
    /// Map in the order of the file: key, place of the key, value.
    Map(Vec<(String, Place, Placed)>),
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// The value.
    pub node: Node,
    /// Where it stands.
    pub place: Place,
}

impl Placed {
    /// The child at a key or a number, with the place of its key.
    pub(crate) fn child(&self, step: &str) -> Option<(Option<&Place>, &Self)> {
        match &self.node {
            Node::Map(entries) => {
                entries.iter().find(|(key, _, _)| key == step).map(|(_, place, value)| (Some(place), value))
            }
            Node::List(items) => items.get(step.parse::<usize>().ok()?).map(|item| (None, item)),
            _ => None,
        }
    }
}

/// The tree as serde gives it, before places are made of its spans.
enum Raw {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Raw;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
                Ok(Raw::Bool(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
                Ok(Raw::Int(value.into()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
                Ok(Raw::Int(value.into()))
            }

            fn visit_i128<E>(self, value: i128) -> Result<Raw, E> {
                Ok(Raw::Int(value))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
                Ok(Raw::Float(value))
            }

            fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
                Ok(Raw::Text(value.to_owned()))
            }

            fn visit_unit<E>(self) -> Result<Raw, E> {
                Ok(Raw::Null)
            }

            fn visit_none<E>(self) -> Result<Raw, E> {
                Ok(Raw::Null)
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
                Raw::deserialize(deserializer)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Raw::List(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
                let mut entries: Vec<(Spanned<String>, Spanned<Raw>)> = Vec::new();
                while let Some((key, value)) = map.next_entry::<Spanned<String>, _>()? {
                    if entries.iter().any(|(known, _)| known.value == key.value) {
                        return Err(A::Error::custom(format!("`{}` is given twice", key.value)));
                    }
                    entries.push((key, value));
                }
                Ok(Raw::Map(entries))
            }
        }

        deserializer.deserialize_any(Any)
    }
}

/// Parses a file.
pub(super) fn parse(name: &str, text: &str) -> Result<Placed, DocumentError> {
    let at = |line, column| Place { line, column, length: 1, origin: None };
    if too_deep(text) {
        return Err(
            DocumentError::new(at(1, 1), format!("nested deeper than {DEPTH} levels")).with_text(name, text)
        );
    }
    let raw: Spanned<Raw> = serde_saphyr::from_str(text).map_err(|error| {
        let place = error.location().map_or(at(1, 1), |l| at(l.line() as usize, l.column() as usize));
        DocumentError::new(place, plain(&error.to_string())).with_text(name, text)
    })?;
    let root = place(raw, None);
    if root.node == Node::Null {
        return Err(DocumentError::new(at(1, 1), "the file is empty").with_text(name, text));
    }
    Ok(root)
}

/// Parses the value of an override.
pub(super) fn parse_value(text: &str, origin: &str) -> Result<Placed, DocumentError> {
    let at = Place { line: 1, column: 1, length: 0, origin: Some(origin.to_owned()) };
    if too_deep(text) {
        return Err(DocumentError::new(at, format!("nested deeper than {DEPTH} levels")));
    }
    let raw: Spanned<Raw> =
        serde_saphyr::from_str(text).map_err(|error| DocumentError::new(at, plain(&error.to_string())))?;
    Ok(place(raw, Some(origin)))
}

/// Brackets and indentation bound the nesting; counting them is enough to refuse what could overflow the stack.
fn too_deep(text: &str) -> bool {
    let mut depth = 0usize;
    let brackets = text.chars().any(|c| {
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > DEPTH
    });
    brackets
        || text.lines().any(|line| {
            let indent = line.chars().take_while(|c| *c == ' ' || *c == '-').count();
            indent > 4 * DEPTH
        })
}

/// The parser's message without the place and the snippet, which are shown in the house's own way.
fn plain(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    let first = first.strip_prefix("error: ").unwrap_or(first);
    let first = match first.split_once(": ") {
        Some((place, rest)) if place.starts_with("line ") => rest,
        _ => first,
    };
    // Options of the parser are not ours to offer.
    first.split(", set ").next().unwrap_or(first).to_owned()
}

fn place(raw: Spanned<Raw>, origin: Option<&str>) -> Placed {
    let place_of = |line: u64, column: u64, length: u64| Place {
        line: (line as usize).max(1),
        column: (column as usize).max(1),
        length: length as usize,
        origin: origin.map(str::to_owned),
    };
    let location = raw.referenced;
    let mut here = place_of(location.line(), location.column(), location.span().len());
    let node = match raw.value {
        Raw::Null => Node::Null,
        Raw::Bool(value) => Node::Bool(value),
        Raw::Int(value) => Node::Int(value),
        Raw::Float(value) => Node::Float(value),
        Raw::Text(value) => Node::Text(value),
        Raw::List(items) => Node::List(items.into_iter().map(|item| place(item, origin)).collect()),
        Raw::Map(entries) => Node::Map(
            entries
                .into_iter()
                .map(|(key, value)| {
                    let at = key.referenced;
                    let at = place_of(at.line(), at.column(), at.span().len());
                    (key.value, at, place(value, origin))
                })
                .collect(),
        ),
    };
    // A block map or list has an empty span: point at its first key or element instead.
    if here.length == 0 {
        let first = match &node {
            Node::Map(entries) => entries.first().map(|(_, at, _)| at.clone()),
            Node::List(items) => items.first().map(|item| item.place.clone()),
            _ => None,
        };
        if let Some(first) = first {
            here = first;
        }
    }
    Placed { node, place: here }
}

/// A tree of a JSON value.
pub(super) fn from_json(value: &serde_json::Value, origin: &str) -> Placed {
    use serde_json::Value;
    let at = Place { line: 1, column: 1, length: 0, origin: Some(origin.to_owned()) };
    let node = match value {
        Value::Null => Node::Null,
        Value::Bool(value) => Node::Bool(*value),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => Node::Int(value.into()),
            (None, Some(value)) => Node::Int(value.into()),
            (None, None) => Node::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(value) => Node::Text(value.clone()),
        Value::Array(items) => Node::List(items.iter().map(|item| from_json(item, origin)).collect()),
        Value::Object(map) => Node::Map(
            map.iter().map(|(key, value)| (key.clone(), at.clone(), from_json(value, origin))).collect(),
        ),
    };
    Placed { node, place: at }
}
