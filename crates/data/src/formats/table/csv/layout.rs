//! Which column of a table is what.

use std::collections::BTreeMap;

use csv::ByteRecord;

use super::{field, line};
use crate::error::FormatError;
use crate::formats::table::list::{is_list, number, numbers};
use crate::formats::table::{VECTOR, at};

/// Names before the number of a dimension that say so clearly.
const PREFIXES: [&str; 16] = [
    "",
    "v",
    "x",
    "d",
    "e",
    "f",
    "dim",
    "emb",
    "embedding",
    "vector",
    "vec",
    "values",
    "value",
    "feature",
    "col",
    "c",
];

/// What the columns of a table are.
#[derive(Debug, PartialEq)]
pub(super) struct Layout {
    pub(super) head: bool,
    width: usize,
    pub(super) vector: Source,
    pub(super) dim: usize,
    /// The column of texts.
    pub(super) text: Option<usize>,
    /// The column of ids, which is among the labels as well.
    pub(super) id: Option<usize>,
    /// Places and names of the labels.
    pub(super) labels: Vec<(usize, String)>,
}

/// Where vectors are.
#[derive(Debug, PartialEq)]
pub(super) enum Source {
    /// A column of lists.
    List { place: usize, name: String },
    /// A column for each dimension.
    Places(Vec<(usize, String)>),
}

impl Layout {
    /// Whether the first record names the columns: it does unless all of it is numbers or vectors. `0,1,2,…` are names.
    pub(super) fn has_head(first: &ByteRecord) -> Result<bool, FormatError> {
        let mut all_numbers = true;
        let mut counted = first.len() > 1;
        for place in 0..first.len() {
            let text = field(first, place)?;
            all_numbers &= text.parse::<f32>().is_ok();
            counted &= text.parse() == Ok(place);
            if is_list(text) && text.starts_with(['[', '{']) {
                return Ok(false);
            }
        }
        let only_list = first.len() == 1 && is_list(field(first, 0)?);
        Ok(counted || !(all_numbers || only_list))
    }

    pub(super) fn without_head(first: &ByteRecord) -> Result<Self, FormatError> {
        let width = first.len();
        let layout =
            |vector, dim| Self { head: false, width, vector, dim, text: None, id: None, labels: vec![] };
        if width == 1 && is_list(field(first, 0)?) {
            let dim = numbers(field(first, 0)?, &mut vec![]).unwrap_or(0);
            return Ok(layout(Source::List { place: 0, name: "1".to_owned() }, dim));
        }
        for place in 0..width {
            if is_list(field(first, place)?) {
                let help = "write the names of the columns on the first line, such as id,label,vector";
                return Err(at(
                    line(first),
                    "there is a vector where the names of the columns should be",
                    help,
                ));
            }
        }
        Ok(layout(Source::Places((0..width).map(|place| (place, (place + 1).to_string())).collect()), width))
    }

    /// `first`: the first record behind the head.
    pub(super) fn with_head(head: &ByteRecord, first: &ByteRecord) -> Result<Self, FormatError> {
        let mut names: Vec<String> = vec![];
        for place in 0..head.len() {
            // pandas writes its index without a name.
            let name = match field(head, place)? {
                "" => "id",
                name => name,
            };
            if names.iter().any(|other| other == name) {
                return Err(at(
                    line(head),
                    format!("two columns are named `{name}`"),
                    "give each a name of its own",
                ));
            }
            names.push(name.to_owned());
        }
        let (vector, dim) = vector(&names, first)?;
        let mut layout =
            Self { head: true, width: head.len(), vector, dim, text: None, id: None, labels: vec![] };
        let taken: Vec<usize> = match &layout.vector {
            Source::List { place, .. } => vec![*place],
            Source::Places(places) => places.iter().map(|(place, _)| *place).collect(),
        };
        let mut is_taken = vec![false; names.len()];
        for place in taken {
            is_taken[place] = true;
        }
        for (place, name) in names.into_iter().enumerate().filter(|(place, _)| !is_taken[*place]) {
            if name == "text" {
                layout.text = Some(place);
                continue;
            }
            if name == "id" {
                layout.id = Some(place);
            }
            layout.labels.push((place, name));
        }
        layout.check_width(first)?;
        Ok(layout)
    }

    /// Whether there is something beside the vectors.
    pub(super) fn has_sides(&self) -> bool {
        self.text.is_some() || !self.labels.is_empty()
    }

    pub(super) fn check_width(&self, record: &ByteRecord) -> Result<(), FormatError> {
        if record.len() == self.width {
            return Ok(());
        }
        let message = format!("{} columns; the first line has {}", record.len(), self.width);
        Err(at(line(record), message, "put fields that hold commas into double quotes"))
    }
}

fn vector(names: &[String], first: &ByteRecord) -> Result<(Source, usize), FormatError> {
    let list = |place: usize| {
        let text = field(first, place)?;
        // Postgres and pandas write a bracketed list of one number where a vector has one dimension.
        Ok::<Option<usize>, FormatError>(if is_list(text) { numbers(text, &mut vec![]).ok() } else { None })
    };
    let found = |place: usize, dim| (Source::List { place, name: names[place].clone() }, dim);
    for wanted in VECTOR {
        if let Some(place) = names.iter().position(|name| name.eq_ignore_ascii_case(wanted))
            && let Some(dim) = list(place)?
        {
            return Ok(found(place, dim));
        }
    }
    let mut lists = vec![];
    for (place, name) in names.iter().enumerate() {
        if name != "text"
            && let Some(dim) = list(place)?
        {
            lists.push((place, dim));
        }
    }
    let help = "name the column of vectors `vector`, or the columns of dimensions v0, v1, …";
    match lists.as_slice() {
        [(place, dim)] => return Ok(found(*place, *dim)),
        [(one, _), (other, _), ..] => {
            let message = format!("`{}` and `{}` both hold lists of numbers", names[*one], names[*other]);
            return Err(at(line(first), message, help));
        }
        [] => {}
    }
    let runs = numbered(names, first)?;
    let known = |prefix: &str| {
        let prefix = prefix.trim_end_matches(['_', '-', '.', ' ', '[']).to_ascii_lowercase();
        PREFIXES.contains(&prefix.as_str())
    };
    let clear: Vec<&Run> = runs.iter().filter(|(prefix, _)| known(prefix)).collect();
    let chosen = match (runs.as_slice(), clear.as_slice()) {
        ([only], _) => only,
        (_, [only]) => only,
        ([], _) => {
            let shown: Vec<&str> = names.iter().map(String::as_str).take(8).collect();
            let message =
                format!("no column holds vectors, and none are numbered, among [{}]", shown.join(", "));
            return Err(at(line(first), message, help));
        }
        ([one, other, ..], _) => {
            let message = format!("columns {}… and {}… are both numbered", one.1[0].1, other.1[0].1);
            return Err(at(line(first), message, help));
        }
    };
    Ok((Source::Places(chosen.1.clone()), chosen.1.len()))
}

/// The start of the names of numbered columns, and these in order of their numbers.
type Run = (String, Vec<(usize, String)>);

/// Columns that are numbered from 0 or 1 without a gap, and hold numbers.
fn numbered(names: &[String], first: &ByteRecord) -> Result<Vec<Run>, FormatError> {
    let mut groups: BTreeMap<&str, BTreeMap<u32, usize>> = BTreeMap::new();
    for (place, name) in names.iter().enumerate() {
        let whole = name.strip_suffix(']').unwrap_or(name);
        let prefix = whole.trim_end_matches(|c: char| c.is_ascii_digit());
        if let Ok(count) = whole[prefix.len()..].parse()
            && number(field(first, place)?).is_ok()
        {
            groups.entry(prefix).or_default().insert(count, place);
        }
    }
    groups.retain(|_, places| {
        let start = places.keys().next().copied().unwrap_or(2);
        let end = places.keys().next_back().copied().unwrap_or(0);
        places.len() > 1 && start <= 1 && (end - start) as usize + 1 == places.len()
    });
    let run = |(prefix, places): (&str, BTreeMap<u32, usize>)| {
        (prefix.to_owned(), places.into_values().map(|place| (place, names[place].clone())).collect())
    };
    Ok(groups.into_iter().map(run).collect())
}

/// The likeliest delimiter: the commonest of comma, semicolon and tab in the first line, outside of quotes and brackets.
pub(super) fn delimiter(bytes: &[u8]) -> u8 {
    let mut counts = [(b',', 0_usize), (b'\t', 0), (b';', 0)];
    let (mut quoted, mut depth) = (false, 0_usize);
    for byte in bytes {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            b'[' | b'{' if !quoted => depth += 1,
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ if !quoted && depth == 0 => {
                counts
                    .iter_mut()
                    .filter(|(delimiter, _)| delimiter == byte)
                    .for_each(|(_, count)| *count += 1);
            }
            _ => {}
        }
    }
    // The first of equals: a comma where there is none of them.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(delimiter, _)| *delimiter)
}
