//! Paths such as `variants.'hnsw f16'.search.ef_search`, and replacing what they lead to.

use super::{DocumentError, Node, Place, Placed, nearest};

/// The steps of a path. Dots separate; a step in single quotes may hold any.
pub(super) fn steps(path: &str) -> Vec<String> {
    let mut steps = vec![String::new()];
    let mut quoted = false;
    for c in path.chars() {
        match c {
            '\'' => quoted = !quoted,
            '.' if !quoted => steps.push(String::new()),
            c => {
                if let Some(step) = steps.last_mut() {
                    step.push(c);
                }
            }
        }
    }
    steps
}

/// Puts `value` where `steps` lead, making maps on the way where nothing is.
pub(super) fn replace(
    at: &mut Placed,
    steps: &[String],
    value: Placed,
    origin: &str,
) -> Result<(), DocumentError> {
    let Some((step, rest)) = steps.split_first() else {
        *at = value;
        return Ok(());
    };
    let wrong = |message: String| {
        DocumentError::new(Place { line: 1, column: 1, length: 0, origin: Some(origin.to_owned()) }, message)
    };
    if step.is_empty() {
        return Err(
            wrong("a step of the path is empty".to_owned()).with_help("Write it as --set engine.name=value.")
        );
    }
    if at.node == Node::Null {
        at.node = Node::Map(Vec::new());
    }
    match &mut at.node {
        Node::Map(entries) => {
            if let Some((_, _, child)) = entries.iter_mut().find(|(key, _, _)| key == step) {
                return replace(child, rest, value, origin);
            }
            let mut child = Placed { node: Node::Null, place: value.place.clone() };
            let place = value.place.clone();
            replace(&mut child, rest, value, origin)?;
            entries.push((step.clone(), place, child));
            Ok(())
        }
        Node::List(items) => {
            let names: Vec<Option<String>> = items.iter().map(name_of).collect();
            let index = match step.parse::<usize>() {
                Ok(number) => (number < items.len()).then_some(number),
                Err(_) => names.iter().position(|name| name.as_deref() == Some(step)),
            };
            let Some(index) = index else {
                let known: Vec<&str> = names.iter().flatten().map(String::as_str).collect();
                let help = match nearest(step, known.iter().copied()) {
                    Some(name) => format!("Did you mean `{name}`?"),
                    None if known.is_empty() => format!("The list has {} elements, from 0.", items.len()),
                    None => format!("The list has {}.", known.join(", ")),
                };
                return Err(wrong(format!("there is no `{step}`")).with_help(help));
            };
            let item = &mut items[index];
            if rest.is_empty() {
                *item = value;
                return Ok(());
            }
            replace(inner(item), rest, value, origin)
        }
        other => {
            let kind = match other {
                Node::Text(_) => "a text",
                Node::Bool(_) => "true or false",
                _ => "a number",
            };
            Err(wrong(format!("`{step}` can't be set: what is there is {kind}, not a map")))
        }
    }
}

/// How an element of a list is called: the `name` inside its only key, the key, or the text itself.
fn name_of(item: &Placed) -> Option<String> {
    match &item.node {
        Node::Text(text) => Some(text.clone()),
        Node::Map(entries) => match entries.as_slice() {
            [(key, _, value)] => match value.child("name") {
                Some((_, Placed { node: Node::Text(name), .. })) => Some(name.clone()),
                _ => Some(key.clone()),
            },
            _ => match item.child("name") {
                Some((_, Placed { node: Node::Text(name), .. })) => Some(name.clone()),
                _ => None,
            },
        },
        _ => None,
    }
}

/// The map that holds the keys of an element: that of its only key; a bare text becomes such a map.
fn inner(item: &mut Placed) -> &mut Placed {
    if let Node::Text(text) = &item.node {
        let value = Placed { node: Node::Map(Vec::new()), place: item.place.clone() };
        item.node = Node::Map(vec![(text.clone(), item.place.clone(), value)]);
    }
    let single = matches!(&item.node, Node::Map(entries) if entries.len() == 1);
    if !single {
        return item;
    }
    match &mut item.node {
        Node::Map(entries) => &mut entries[0].2,
        _ => unreachable!("an element with one key is a map"),
    }
}
