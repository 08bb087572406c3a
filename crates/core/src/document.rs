//! A YAML document that remembers where everything stands, so that every error can name its place.
//!
//! The text becomes a tree of values with their places; typed values are read from the tree by a deserializer whose
//! errors carry the place of what is wrong. Overrides change the tree and are named as the origin of what they changed.

use std::fmt;

mod error;
mod fault;
mod near;
mod node;
mod parse;
mod path;
mod read;
mod snippet;

pub use error::{DocumentError, Place};
pub use near::nearest;

use node::Placed;

/// Deepest nesting that is read. Hostile input must not overflow the stack, and an unoptimized build of the parser takes
/// nearly 40 kB a level of a test thread's 2 MB.
const DEPTH: usize = 32;

/// A parsed document.
#[derive(Debug, Clone)]
pub struct Document {
    name: String,
    text: String,
    root: Placed,
}

impl Document {
    /// Parses `text`; `name` is the file's name as the user gave it.
    pub fn parse(name: &str, text: &str) -> Result<Self, DocumentError> {
        // The parser skips the mark too, so columns stay right.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let root = parse::parse(name, text)?;
        Ok(Self { name: name.to_owned(), text: text.to_owned(), root })
    }

    /// The file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Changes or adds a value: `variants.hnsw.search.ef_search` and `[16, 64]`. Steps are keys of maps; elements of a
    /// list go by number or by name: a text by itself, a map with one key by that key, either kind of map by the `name`
    /// inside. A step in quotes may hold dots; without quotes the longest name that fits is meant. Maps on the way that
    /// are not there are made. `value` is YAML, and `origin` what the user typed, which errors name instead of a line.
    pub fn set(&mut self, path: &str, value: &str, origin: &str) -> Result<(), DocumentError> {
        let value = parse::parse_value(value, origin)?;
        path::set(&mut self.root, path, value, origin)
    }

    /// The same with a value that is already at hand.
    pub fn set_json(
        &mut self,
        path: &str,
        value: &serde_json::Value,
        origin: &str,
    ) -> Result<(), DocumentError> {
        path::set(&mut self.root, path, Placed::from_json(value, origin), origin)
    }

    /// Reads a typed value from the whole document.
    pub fn read<T: serde::de::DeserializeOwned>(&self) -> Result<T, DocumentError> {
        T::deserialize(read::Reader(&self.root)).map_err(|fault| {
            let place = fault.place.unwrap_or_else(|| self.root.place.clone());
            self.error(place, fault.message).with_help(fault.help.unwrap_or_default())
        })
    }

    /// The place of the value at a path of keys and numbers, or of the nearest thing above it that is there.
    pub fn place(&self, path: &[&str]) -> Place {
        self.nearest_at(path).0.place.clone()
    }

    /// The place of the key at a path, or of the nearest thing above it that is there.
    pub fn place_of_key(&self, path: &[&str]) -> Place {
        let Some((last, above)) = path.split_last() else { return self.root.place.clone() };
        let (parent, missing) = self.nearest_at(above);
        let found = if missing { None } else { parent.child(last) };
        found.map_or(&parent.place, |(key, value)| key.unwrap_or(&value.place)).clone()
    }

    /// The value at a path of keys and numbers, if it is there.
    pub fn value_at(&self, path: &[&str]) -> Option<serde_json::Value> {
        let (value, missing) = self.nearest_at(path);
        (!missing).then(|| value.to_json())
    }

    /// An error at a place of this document.
    pub fn error(&self, place: Place, message: impl Into<String>) -> DocumentError {
        DocumentError::new(place, message).with_text(&self.name, &self.text)
    }

    /// The value at a path, or the nearest above it and `true`.
    fn nearest_at(&self, path: &[&str]) -> (&Placed, bool) {
        let mut value = &self.root;
        for step in path {
            match value.child(step) {
                Some((_, child)) => value = child,
                None => return (value, true),
            }
        }
        (value, false)
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
