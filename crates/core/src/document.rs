//! A YAML document that remembers where everything stands, so that every error can name its place.
//!
//! The text becomes a tree of [`Node`]s with their places; typed values are read from the tree by a deserializer whose
//! errors carry the place of what is wrong. Overrides change the tree and are named as the origin of what they changed.

use std::fmt;

mod error;
mod node;
mod path;
mod read;

pub use error::{DocumentError, Place};
pub use node::{Node, Placed};

/// A parsed document.
#[derive(Debug, Clone)]
pub struct Document {
    name: String,
    text: String,
    root: Placed,
}

/// Deepest nesting that is read: hostile input must not overflow the stack.
pub(crate) const DEPTH: usize = 64;

impl Document {
    /// Parses `text`; `name` is the file's name as the user gave it.
    pub fn parse(name: &str, text: &str) -> Result<Self, DocumentError> {
        let root = node::parse(name, text)?;
        Ok(Self { name: name.to_owned(), text: text.to_owned(), root })
    }

    /// The file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Changes or adds a value: `variants.hnsw.search.ef_search` and `[16, 64]`. Steps are keys of maps; elements of a
    /// list go by number or by name: a list of single-key maps by the key or by the `name` inside. Keys that hold dots
    /// are put in single quotes. `origin` is what the user typed.
    pub fn set(&mut self, path: &str, value: &str, origin: &str) -> Result<(), DocumentError> {
        let value = node::parse_value(value, origin)?;
        self.replace(path, value, origin)
    }

    /// The same with a value that is already at hand.
    pub fn set_json(
        &mut self,
        path: &str,
        value: &serde_json::Value,
        origin: &str,
    ) -> Result<(), DocumentError> {
        self.replace(path, node::from_json(value, origin), origin)
    }

    fn replace(&mut self, path: &str, value: Placed, origin: &str) -> Result<(), DocumentError> {
        let steps = path::steps(path);
        path::replace(&mut self.root, &steps, value, origin)
    }

    /// Reads a typed value from the whole document.
    pub fn read<T: serde::de::DeserializeOwned>(&self) -> Result<T, DocumentError> {
        T::deserialize(read::Reader(&self.root)).map_err(|error| {
            let place = error.place.unwrap_or_else(|| self.root.place.clone());
            let report = DocumentError::new(place, error.message).with_text(&self.name, &self.text);
            match error.help {
                Some(help) => report.with_help(help),
                None => report,
            }
        })
    }

    /// The place of the value at a path of keys and numbers, or of the nearest thing above it that is there.
    pub fn place(&self, path: &[&str]) -> Place {
        let mut place = &self.root;
        for step in path {
            match place.child(step) {
                Some((_, child)) => place = child,
                None => break,
            }
        }
        place.place.clone()
    }

    /// The place of the key at a path, or of the nearest thing above it that is there.
    pub fn place_of_key(&self, path: &[&str]) -> Place {
        let Some((last, above)) = path.split_last() else { return self.root.place.clone() };
        let mut parent = &self.root;
        for step in above {
            match parent.child(step) {
                Some((_, child)) => parent = child,
                None => return parent.place.clone(),
            }
        }
        parent
            .child(last)
            .map_or_else(|| parent.place.clone(), |(key, child)| key.unwrap_or(&child.place).clone())
    }

    /// An error at a place of this document.
    pub fn error(&self, place: Place, message: impl Into<String>) -> DocumentError {
        DocumentError::new(place, message.into()).with_text(&self.name, &self.text)
    }
}

/// The candidate that `name` was probably meant to be.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| {
            let length = name.chars().count().max(candidate.chars().count());
            *distance <= (length / 3).max(1)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
