//! From text to the tree, and the parser's complaints in plain English.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Error, Location, Options, Spanned};

use super::error::line;
use super::node::{Entry, Node, Placed};
use super::{DEPTH, DocumentError, Place};

/// Parses a file.
pub(super) fn parse(name: &str, text: &str) -> Result<Placed, DocumentError> {
    let raw = serde_saphyr::from_str_with_options(text, options()).map_err(|error| {
        let complaint = Complaint::of(&error);
        let place = complaint.place(error.location(), text);
        DocumentError::new(place, complaint.message).with_text(name, text).with_help(complaint.help)
    })?;
    let root = placed(raw, None);
    if root.node == Node::Null {
        let place = Place { line: 1, column: 1, length: 0, origin: None };
        return Err(DocumentError::new(place, "the file is empty").with_text(name, ""));
    }
    Ok(root)
}

/// Parses the value of an override.
pub(super) fn parse_value(text: &str, origin: &str) -> Result<Placed, DocumentError> {
    let wrong = |message: String, help: String| {
        let message = format!("the value can't be read: {message}");
        DocumentError::new(Place::of_override(origin), message).with_help(help)
    };
    if text.trim_start().starts_with('#') {
        return Err(wrong("it begins with `#` like a comment".to_owned(), "put it in quotes".to_owned()));
    }
    let raw = serde_saphyr::from_str_with_options(text, options()).map_err(|error| {
        let complaint = Complaint::of(&error);
        wrong(complaint.message, complaint.help)
    })?;
    Ok(placed(raw, Some(origin)))
}

fn options() -> Options {
    serde_saphyr::options! {
        // Aliases count as what they stand for, so this bounds the tree and what aliases can blow it up to.
        budget: serde_saphyr::budget! { max_depth: DEPTH, max_nodes: 100_000 },
        // A variant may be called `no` and a phase `on`.
        strict_booleans: true,
        with_snippet: false,
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
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
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
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}

fn placed(raw: Spanned<Raw>, origin: Option<&str>) -> Placed {
    // What an alias stands for is wrong where it is written, not where it is repeated.
    let mut place = at(raw.defined, origin);
    let node = match raw.value {
        Raw::Null => Node::Null,
        Raw::Bool(value) => Node::Bool(value),
        Raw::Int(value) => Node::Int(value),
        Raw::Float(value) => Node::Float(value),
        Raw::Text(value) => Node::Text(value),
        Raw::List(items) => Node::List(items.into_iter().map(|item| placed(item, origin)).collect()),
        Raw::Map(entries) => {
            let entry = |(key, value): (Spanned<String>, Spanned<Raw>)| {
                let place = at(key.defined, origin);
                let mut value = placed(value, origin);
                // Where nothing is written there is nothing to point at but the key.
                if value.node == Node::Null && value.place.length == 0 {
                    value.place.clone_from(&place);
                }
                Entry { key: key.value, place, value }
            };
            Node::Map(entries.into_iter().map(entry).collect())
        }
    };
    // The span of a map or a list without brackets is empty: point at its first key or element instead.
    if place.length == 0 {
        let first = match &node {
            Node::Map(entries) => entries.first().map(|entry| &entry.place),
            Node::List(items) => items.first().map(|item| &item.place),
            _ => None,
        };
        if let Some(first) = first {
            place.clone_from(first);
        }
    }
    Placed { node, place }
}

fn at(location: Location, origin: Option<&str>) -> Place {
    Place {
        line: usize::try_from(location.line()).unwrap_or(usize::MAX).max(1),
        column: usize::try_from(location.column()).unwrap_or(usize::MAX).max(1),
        length: location.span().len() as usize,
        origin: origin.map(str::to_owned),
    }
}

/// What the parser has against the text.
struct Complaint {
    message: String,
    help: String,
    /// The parser points at the first character only; the word that begins there is meant.
    word: bool,
}

impl Complaint {
    fn of(error: &Error) -> Self {
        let complaint = |message: &str, help: &str| Self {
            message: message.to_owned(),
            help: help.to_owned(),
            word: false,
        };
        let word = |message: &str, help: &str| Self { word: true, ..complaint(message, help) };
        match error.without_snippet() {
            Error::DuplicateMappingKey { key: Some(key), .. } => word(&format!("`{key}` is given twice"), ""),
            Error::DuplicateMappingKey { key: None, .. } => word("this key is given twice", ""),
            Error::UnknownAnchor { .. } => word(
                "there is no anchor of this name above",
                "write `&name` before the value that it repeats",
            ),
            Error::RecursiveReferencesRequireWeakTypes { .. } => {
                word("this alias is part of the value that it repeats", "")
            }
            Error::MergeValueNotMapOrSeqOfMaps { .. } => word("`<<` takes a map, or a list of maps", ""),
            Error::NullIntoString { .. } => word("this can't be a key", "put it in quotes"),
            Error::Unexpected { expected: "string scalar", .. } => complaint("a key must be a text", ""),
            Error::MultipleDocuments { .. } => {
                complaint("a second document begins here", "a file holds one; remove the `---` above")
            }
            Error::NonFiniteFloat { .. } => word("this is not a finite number", ""),
            Error::Budget { breach: serde_saphyr::budget::BudgetBreach::Depth { .. }, .. } => {
                complaint(&format!("nested deeper than {DEPTH} levels"), "")
            }
            Error::Budget { .. } | Error::AliasReplayLimitExceeded { .. } => {
                complaint("the document is too large, counting what its aliases repeat", "")
            }
            Error::AliasError { error, .. } => Self::of(error),
            Error::Eof { .. } => complaint("the text ends too early", ""),
            other => Self::of_syntax(&other.to_string()),
        }
    }

    /// The scanner's messages come as texts, with the place at the end.
    fn of_syntax(message: &str) -> Self {
        let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
        let (message, help) = if message.starts_with("mapping values are not allowed") {
            ("unexpected `:`", "check the indentation, or put a text that holds `: ` in quotes")
        } else if message.starts_with("block sequence entries are not allowed") {
            ("a list can't begin here", "begin it in a line of its own, or write it as [a, b]")
        } else if message.starts_with("tabs disallowed") {
            ("a tab in the indentation", "indent with spaces")
        } else if message.starts_with("unexpected character") {
            (message, "put the text in quotes")
        } else {
            (message, "")
        };
        Self { message: message.to_owned(), help: help.to_owned(), word: false }
    }

    fn place(&self, location: Option<Location>, text: &str) -> Place {
        let mut place = location.map_or_else(
            || Place { line: 1, column: 1, length: 1, origin: None },
            |location| at(location, None),
        );
        if self.word {
            let rest = line(text, place.line).unwrap_or_default().chars().skip(place.column - 1);
            let word = rest.take_while(|c| !c.is_whitespace() && !matches!(c, ':' | ',' | ']' | '}'));
            place.length = place.length.max(word.count());
        }
        place
    }
}
