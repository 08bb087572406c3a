//! Paths such as `variants.'hnsw f16'.search.ef_search`, and setting what they lead to.

use std::collections::BTreeSet;

use super::fault::describe;
use super::near::suggest;
use super::node::{Entry, Node, Placed};
use super::{DEPTH, DocumentError, Place};

/// Puts `value` where `path` leads, making maps on the way where nothing is.
pub(super) fn set(root: &mut Placed, path: &str, value: Placed, origin: &str) -> Result<(), DocumentError> {
    // An error halfway must leave the document as it was.
    let mut changed = root.clone();
    Setting { path, origin }.put(&mut changed, Some(path), value, 0)?;
    *root = changed;
    Ok(())
}

/// The setting under way, for its messages.
struct Setting<'a> {
    path: &'a str,
    origin: &'a str,
}

impl<'a> Setting<'a> {
    fn wrong(&self, message: impl Into<String>) -> DocumentError {
        DocumentError::new(Place::of_override(self.origin), message)
    }

    /// The path up to `rest`, as the user wrote it.
    fn up_to(&self, rest: &str) -> String {
        match self.path[..self.path.len() - rest.len()].trim_end_matches('.') {
            "" => "the document".to_owned(),
            path => format!("`{path}`"),
        }
    }

    fn put(
        &self,
        at: &mut Placed,
        path: Option<&'a str>,
        value: Placed,
        depth: usize,
    ) -> Result<(), DocumentError> {
        let Some(path) = path else {
            *at = value;
            return Ok(());
        };
        if depth >= DEPTH {
            return Err(self.wrong(format!("the path has more than {DEPTH} steps")));
        }
        if at.node == Node::Null {
            at.node = Node::Map(Vec::new());
        }
        // A choice without settings, such as `engine: postgres`, gets one: `engine.postgres.url`.
        if let Node::Text(text) = &at.node
            && self.step(path, std::iter::once(text.as_str()))?.0 == *text
        {
            let settings = Placed { node: Node::Null, place: at.place.clone() };
            let entry = Entry { key: text.clone(), place: at.place.clone(), value: settings };
            at.node = Node::Map(vec![entry]);
        }
        match &mut at.node {
            Node::Map(entries) => {
                let (step, rest) = self.step(path, entries.iter().map(|entry| entry.key.as_str()))?;
                let index = entries.iter().position(|entry| entry.key == step).unwrap_or_else(|| {
                    let place = value.place.clone();
                    let nothing = Placed { node: Node::Null, place: place.clone() };
                    entries.push(Entry { key: step, place, value: nothing });
                    entries.len() - 1
                });
                self.put(&mut entries[index].value, rest, value, depth + 1)
            }
            Node::List(items) => {
                let known: Vec<&str> = items.iter().flat_map(names).collect();
                let (step, rest) = self.step(path, known.iter().copied())?;
                let by_name = items.iter().position(|item| names(item).any(|name| name == step));
                let by_number = step.parse::<usize>().ok().filter(|index| *index < items.len());
                match (by_number, by_name) {
                    (Some(index), _) => self.put_in(&mut items[index], None, rest, value, depth + 1),
                    (None, Some(index)) => {
                        self.put_in(&mut items[index], Some(&step), rest, value, depth + 1)
                    }
                    (None, None) => Err(self.no_element(path, &step, items.len(), &known)),
                }
            }
            scalar => {
                let (step, _) = self.step(path, std::iter::empty())?;
                let message =
                    format!("`{step}` can't be set: {} is {}, not a map", self.up_to(path), describe(scalar));
                Err(self.wrong(message))
            }
        }
    }

    fn no_element(&self, path: &str, step: &str, length: usize, names: &[&str]) -> DocumentError {
        let list = self.up_to(path);
        if step.parse::<usize>().is_ok() {
            return self.wrong(format!("{list} has no element {step}: it has {length}, from 0"));
        }
        let mut seen = BTreeSet::new();
        let names: Vec<&str> = names.iter().copied().filter(|name| seen.insert(*name)).collect();
        let help =
            if names.is_empty() { "go by number, from 0".to_owned() } else { suggest(step, &names, "names") };
        self.wrong(format!("nothing in {list} is called `{step}`")).with_help(help)
    }

    /// Goes into an element of a list. Elements such as `search: {k: 10}` and `settle` stand for a map of settings, which
    /// a path may reach with or without naming the key again.
    fn put_in(
        &self,
        item: &mut Placed,
        name: Option<&str>,
        rest: Option<&'a str>,
        value: Placed,
        depth: usize,
    ) -> Result<(), DocumentError> {
        let by_number = name.is_none();
        let sets_settings = rest.is_some() || matches!(value.node, Node::Map(_) | Node::Null);
        if let Node::Text(text) = &item.node
            && (rest.is_some() || !by_number && sets_settings)
        {
            let settings = Placed { node: Node::Null, place: item.place.clone() };
            let entry = Entry { key: text.clone(), place: item.place.clone(), value: settings };
            item.node = Node::Map(vec![entry]);
        }
        let settings =
            |entry: &&mut Entry| !by_number || matches!(entry.value.node, Node::Map(_) | Node::Null);
        let Some(entry) = wrapper_mut(item).filter(settings) else {
            return self.put(item, rest, value, depth);
        };
        let Some(path) = rest else {
            let whole = if by_number { item } else { &mut entry.value };
            return self.put(whole, None, value, depth);
        };
        let (step, _) = self.step(path, std::iter::once(entry.key.as_str()))?;
        let names_key_again = step == entry.key && entry.value.child(&step).is_none() && name != Some(&step);
        let into = if names_key_again { item } else { &mut entry.value };
        self.put(into, Some(path), value, depth)
    }

    /// The first step of a path and what follows it. The longest of the known names that fits is meant; a step in
    /// quotes may hold dots; any other step ends at a dot.
    fn step<'n>(
        &self,
        path: &'a str,
        known: impl Iterator<Item = &'n str>,
    ) -> Result<(String, Option<&'a str>), DocumentError> {
        let fits = |name: &str| {
            let rest = path.strip_prefix(name)?;
            if rest.is_empty() { Some(None) } else { rest.strip_prefix('.').map(Some) }
        };
        let longest = known.filter(|name| !name.is_empty()).filter_map(|name| Some((name, fits(name)?)));
        if let Some((name, rest)) = longest.max_by_key(|(name, _)| name.len()) {
            return Ok((name.to_owned(), rest));
        }
        if let Some(quote) = path.chars().next().filter(|c| matches!(c, '\'' | '"')) {
            let Some((step, rest)) = path[1..].split_once(quote) else {
                return Err(self.wrong(format!("a {quote} in the path is not closed")));
            };
            return match rest.strip_prefix('.') {
                _ if rest.is_empty() => Ok((step.to_owned(), None)),
                Some(rest) => Ok((step.to_owned(), Some(rest))),
                None => Err(self.wrong(format!("a dot is missing after {quote}{step}{quote} in the path"))),
            };
        }
        let (step, rest) = path.split_once('.').map_or((path, None), |(step, rest)| (step, Some(rest)));
        if step.is_empty() {
            return Err(self
                .wrong("a step of the path is empty")
                .with_help("write it like engine.name=value"));
        }
        Ok((step.to_owned(), rest))
    }
}

/// How an element of a list may be called: a text by itself, a map by its only key and by the `name` inside.
fn names(item: &Placed) -> impl Iterator<Item = &str> {
    let wrapper = wrapper(item);
    let own = match &item.node {
        Node::Text(text) => Some(text.as_str()),
        _ => wrapper.map(|entry| entry.key.as_str()),
    };
    let inner = wrapper.map_or(item, |entry| &entry.value).text_at("name");
    own.into_iter().chain(inner)
}

/// The only entry of an element that is a kind and its settings; `{name: x}` is a map called `x` rather.
fn wrapper(item: &Placed) -> Option<&Entry> {
    match &item.node {
        Node::Map(entries) => match entries.as_slice() {
            [entry] if entry.key != "name" => Some(entry),
            _ => None,
        },
        _ => None,
    }
}

fn wrapper_mut(item: &mut Placed) -> Option<&mut Entry> {
    match &mut item.node {
        Node::Map(entries) => match entries.as_mut_slice() {
            [entry] if entry.key != "name" => Some(entry),
            _ => None,
        },
        _ => None,
    }
}
