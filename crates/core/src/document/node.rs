//! The tree of a document.

use serde_json::{Number, Value};

use super::Place;

/// A value of a document.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    List(Vec<Placed>),
    /// In the order of the file.
    Map(Vec<Entry>),
}

/// A key of a map with its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    /// Where the key stands.
    pub(super) place: Place,
    pub(super) value: Placed,
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    pub(super) node: Node,
    pub(super) place: Place,
}

impl Placed {
    /// The child at a key or a number, with the place of its key.
    pub(super) fn child(&self, step: &str) -> Option<(Option<&Place>, &Self)> {
        match &self.node {
            Node::Map(entries) => {
                entries.iter().find(|entry| entry.key == step).map(|entry| (Some(&entry.place), &entry.value))
            }
            Node::List(items) => items.get(step.parse::<usize>().ok()?).map(|item| (None, item)),
            _ => None,
        }
    }

    /// The text at a key.
    pub(super) fn text_at(&self, key: &str) -> Option<&str> {
        match self.child(key) {
            Some((_, Self { node: Node::Text(text), .. })) => Some(text),
            _ => None,
        }
    }

    /// A tree of a value that comes from an override.
    pub(super) fn from_json(value: &Value, origin: &str) -> Self {
        let place = Place::of_override(origin);
        let node = match value {
            Value::Null => Node::Null,
            Value::Bool(value) => Node::Bool(*value),
            Value::Number(number) => match number.as_i128() {
                Some(value) => Node::Int(value),
                None => Node::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(value) => Node::Text(value.clone()),
            Value::Array(items) => {
                Node::List(items.iter().map(|item| Self::from_json(item, origin)).collect())
            }
            Value::Object(map) => {
                let entry = |(key, value): (&String, &Value)| {
                    let value = Self::from_json(value, origin);
                    Entry { key: key.clone(), place: place.clone(), value }
                };
                Node::Map(map.iter().map(entry).collect())
            }
        };
        Self { node, place }
    }

    /// The value without its places.
    pub(super) fn to_json(&self) -> Value {
        match &self.node {
            Node::Null => Value::Null,
            Node::Bool(value) => Value::Bool(*value),
            Node::Int(value) => Number::from_i128(*value).map_or_else(|| float(*value as f64), Value::Number),
            Node::Float(value) => float(*value),
            Node::Text(text) => Value::String(text.clone()),
            Node::List(items) => items.iter().map(Self::to_json).collect(),
            Node::Map(entries) => {
                entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect()
            }
        }
    }
}

/// JSON has no infinite numbers; neither does a document.
fn float(value: f64) -> Value {
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}
