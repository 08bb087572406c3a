//! What is wrong with a value, in plain English instead of serde's words for Rust types.

use std::fmt;

use serde::de::{Error, Expected, Unexpected};

use super::Place;
use super::near::suggest;
use super::node::Node;

/// What is wrong; the place is added by the innermost value or key that knows it.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) help: Option<String>,
    pub(super) place: Option<Place>,
    /// Something is missing from a map: its key is a better place to show than what is inside.
    incomplete: bool,
}

impl Fault {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, place: None, incomplete: false }
    }

    pub(super) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn at(mut self, place: &Place) -> Self {
        self.place.get_or_insert_with(|| place.clone());
        self
    }

    /// The fault is in the value of the key at `key`.
    pub(super) fn under(mut self, key: &Place) -> Self {
        // A key of the file is not to blame for what an override put there.
        let same = self.place.as_ref().is_none_or(|place| place.origin == key.origin);
        if std::mem::take(&mut self.incomplete) && same {
            self.place = Some(key.clone());
        }
        self
    }

    /// The fault is in an element of a list, which has no key.
    pub(super) fn in_element(mut self, element: &Place) -> Self {
        self.incomplete = false;
        self.at(element)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("expected {}, found {}", wanted(expected), found(unexpected)))
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(unexpected, expected)
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::new(format!("expected {}, found {length}", wanted(expected)))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        // `{m:16}` is a key and no value.
        let help = match field.split_once(':') {
            Some((key, value)) if expected.contains(&key) => {
                format!("put a space after the colon: `{key}: {value}`")
            }
            _ => suggest(field, expected, "keys"),
        };
        Self::new(format!("unknown key {}", quoted(field))).with_help(help)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("unknown name {}", quoted(variant))).with_help(suggest(variant, expected, "names"))
    }

    fn missing_field(field: &'static str) -> Self {
        Self { incomplete: true, ..Self::new(format!("the key `{field}` is missing")) }
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(format!("`{field}` is given twice"))
    }
}

/// A value as a message names it.
pub(super) fn describe(node: &Node) -> String {
    match node {
        Node::Int(value) => format!("the number {value}"),
        other => found(unexpected(other)),
    }
}

/// A value in serde's terms.
pub(super) fn unexpected(node: &Node) -> Unexpected<'_> {
    match node {
        Node::Null => Unexpected::Unit,
        Node::Bool(value) => Unexpected::Bool(*value),
        Node::Int(value) => match (u64::try_from(*value), i64::try_from(*value)) {
            (Ok(value), _) => Unexpected::Unsigned(value),
            (Err(_), Ok(value)) => Unexpected::Signed(value),
            (Err(_), Err(_)) => Unexpected::Other("a number of more than 64 bits"),
        },
        Node::Float(value) => Unexpected::Float(*value),
        Node::Text(value) => Unexpected::Str(value),
        Node::List(_) => Unexpected::Seq,
        Node::Map(_) => Unexpected::Map,
    }
}

/// Characters of a text that a message repeats.
const REPEATED: usize = 40;

fn quoted(text: &str) -> String {
    match text.char_indices().nth(REPEATED) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

fn found(unexpected: Unexpected<'_>) -> String {
    match unexpected {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(value) => format!("the number {value}"),
        Unexpected::Signed(value) => format!("the number {value}"),
        Unexpected::Float(value) => format!("the number {value}"),
        Unexpected::Str("") => "an empty text".to_owned(),
        Unexpected::Str(value) => format!("the text {}", quoted(value)),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a map".to_owned(),
        other => other.to_string(),
    }
}

/// Serde's names of types; the expectations of our own types are plain already.
fn wanted(expected: &dyn Expected) -> String {
    let text = expected.to_string();
    let plain = match text.as_str() {
        "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a string" | "string" | "a borrowed string" | "path string" => "text",
        "a boolean" => "true or false",
        "a sequence" | "array" => "a list",
        "unit" => "nothing",
        "field identifier" | "variant identifier" => "a name",
        text if text.starts_with("a nonzero ") => "a whole number that is not 0",
        text if text.starts_with("struct ") => "a map of keys",
        text if text.starts_with("enum ") => "a name, or a map with one key",
        text => {
            let size =
                ["a tuple of size ", "an array of length "].iter().find_map(|start| text.strip_prefix(start));
            let size =
                size.or_else(|| text.strip_prefix("tuple ")?.split(" with ").nth(1)?.split(' ').next());
            return size.map_or_else(|| text.to_owned(), |size| format!("a list of {size}"));
        }
    };
    plain.to_owned()
}
