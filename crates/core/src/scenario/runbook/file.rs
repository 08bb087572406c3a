//! Runbooks in files of their own: a list of steps, or the form of the big-ann-benchmarks.
//!
//! Theirs is a map from names of data sets to maps of numbered steps, as `benchmark/streaming/load_runbook.py` of that
//! project reads it:
//!
//! ```yaml
//! random-xs:
//!   max_pts: 10000
//!   1: {operation: insert, start: 0, end: 7500}
//!   2: {operation: search}
//!   3: {operation: replace, tags_start: 0, tags_end: 2500, ids_start: 7500, ids_end: 10000}
//!   4: {operation: delete, start: 2500, end: 5000}
//!   gt_url: https://example.org/answers
//! ```
//!
//! `tags` are the ids that stay, `ids` the rows whose vectors they get; ends are not included. `max_pts` is the room that
//! an index needs, and `gt_url` where answers lie: neither is used, because answers are computed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{BATCH, ReplaceStep, RowRange, SearchStep, Step, WriteStep};
use crate::document::{Document, DocumentError, nearest};

/// A file of our own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunbookFile {
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// Keys of a set that are no steps.
const OTHERS: [&str; 2] = ["max_pts", "gt_url"];

/// Reads the steps of a file. `set` chooses among the sets of a file that has several, else the one called `dataset` is
/// taken; `name` is what errors call the file.
pub fn read_runbook(
    name: &str,
    text: &str,
    set: Option<&str>,
    dataset: &str,
) -> Result<Vec<Step>, DocumentError> {
    let document = Document::parse(name, text)?;
    let sets = match document.value_at(&[]) {
        Some(Value::Array(_)) => return document.read::<Vec<Step>>(),
        Some(Value::Object(map)) if map.contains_key("steps") => {
            return Ok(document.read::<RunbookFile>()?.steps);
        }
        Some(Value::Object(map)) => map,
        _ => {
            let message = "this is no runbook";
            let help = "write a list of steps, such as `- insert: {rows: 0..1000}`";
            return Err(document.error(document.place(&[]), message).with_help(help));
        }
    };
    let only = (sets.len() == 1).then(|| sets.keys().next().map(String::as_str)).flatten();
    let known: Vec<&str> = sets.keys().map(String::as_str).collect();
    let chosen = set.or_else(|| known.contains(&dataset).then_some(dataset)).or(only);
    if let Some((set, steps)) = chosen.and_then(|chosen| Some((chosen, sets.get(chosen)?))) {
        return Numbered { document: &document, set }.steps(steps);
    }
    let message = match set {
        Some(set) => format!("there are no steps for `{set}`"),
        None => format!("there are steps for several data sets, and none is called `{dataset}`"),
    };
    let near = set.and_then(|set| nearest(set, known.iter().copied()));
    let help = match near {
        Some(near) => format!("did you mean `set: {near}`?"),
        None => format!("write `set:` with one of {}", known.join(", ")),
    };
    Err(document.error(document.place(&[]), message).with_help(help))
}

/// The numbered steps of one set.
struct Numbered<'a> {
    document: &'a Document,
    set: &'a str,
}

impl Numbered<'_> {
    fn wrong(&self, path: &[&str], message: impl Into<String>, help: &str) -> DocumentError {
        let path = [&[self.set], path].concat();
        self.document.error(self.document.place(&path), message).with_help(help)
    }

    fn steps(&self, set: &Value) -> Result<Vec<Step>, DocumentError> {
        let Value::Object(set) = set else {
            return Err(self.wrong(
                &[],
                "a set's steps are a map of numbers to steps",
                "such as `1: {operation: search}`",
            ));
        };
        let mut steps: BTreeMap<usize, Step> = BTreeMap::new();
        for (key, value) in set.iter().filter(|(key, _)| !OTHERS.contains(&key.as_str())) {
            let number = key.parse().ok().filter(|number| *number > 0);
            let number: usize = number.ok_or_else(|| {
                self.wrong(&[key], format!("`{key}` is no number of a step"), "steps are numbered from 1")
            })?;
            steps.insert(number, self.step(key, value)?);
        }
        // Their reader stops at the first number that is missing; whoever wrote the rest meant it.
        let missing = (1..=steps.len()).find(|number| !steps.contains_key(number));
        if let Some(missing) = missing {
            return Err(self.wrong(
                &[],
                format!("step {missing} is missing"),
                "steps are numbered from 1 without gaps",
            ));
        }
        Ok(steps.into_values().collect())
    }

    fn step(&self, key: &str, value: &Value) -> Result<Step, DocumentError> {
        let operation = value.get("operation").and_then(Value::as_str);
        let known: &[&str] = match operation {
            Some("insert" | "delete") => &["operation", "start", "end"],
            Some("replace") => &["operation", "tags_start", "tags_end", "ids_start", "ids_end"],
            Some("search") => &["operation"],
            Some(other) => {
                let message = format!("step {key}: there is no operation `{other}`");
                return Err(self.wrong(
                    &[key, "operation"],
                    message,
                    "they are insert, delete, replace and search",
                ));
            }
            None => {
                return Err(self.wrong(
                    &[key],
                    format!("step {key} has no operation"),
                    "write `operation: insert`, `delete`, `replace` or `search`",
                ));
            }
        };
        let unknown = value.as_object().and_then(|map| map.keys().find(|own| !known.contains(&own.as_str())));
        if let Some(unknown) = unknown {
            let message = format!("step {key}: unknown key `{unknown}`");
            return Err(self.wrong(&[key, unknown], message, &format!("it has {}", known.join(", "))));
        }
        let range = |first: &str, last: &str| {
            RowRange::checked(self.number(key, value, first)?, self.number(key, value, last)?)
                .map_err(|error| self.wrong(&[key, first], format!("step {key}: {error}"), ""))
        };
        Ok(match operation {
            Some("insert") => Step::Insert(WriteStep::of(range("start", "end")?)),
            Some("delete") => Step::Delete(WriteStep::of(range("start", "end")?)),
            Some("replace") => Step::Replace(ReplaceStep {
                rows: range("tags_start", "tags_end")?,
                with: range("ids_start", "ids_end")?,
                rate: None,
                batch: BATCH,
                sessions: 1,
            }),
            _ => Step::Search(SearchStep::default()),
        })
    }

    fn number(&self, step: &str, value: &Value, key: &str) -> Result<u64, DocumentError> {
        match value.get(key) {
            Some(number) => number.as_u64().ok_or_else(|| {
                self.wrong(
                    &[step, key],
                    format!("step {step}: `{key}` is no row number"),
                    "rows are counted from 0",
                )
            }),
            None => Err(self.wrong(&[step], format!("step {step} has no `{key}`"), "")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const THEIRS: &str = "\
random-xs:
  max_pts: 10000
  1:
    operation: \"insert\"
    start: 0
    end: 7500
  2:
    operation: \"search\"
  3:
    operation: replace
    tags_start: 0
    tags_end: 2500
    ids_start: 7500
    ids_end: 10000
  4:
    end: 5000
    operation: delete
    start: 2500
  gt_url: \"https://example.org/simple_runbook.yaml\"
";

    fn words(text: &str, set: Option<&str>) -> Result<Vec<String>, String> {
        let steps = read_runbook("book.yaml", text, set, "wordnet-10k").map_err(|error| error.to_string())?;
        Ok(steps.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn our_own_files_and_those_of_big_ann_are_read() {
        let expected = ["insert 0..7500", "search", "replace 0..2500 with 7500..10000", "delete 2500..5000"];
        assert_eq!(words(THEIRS, None).unwrap(), expected);
        let list = "- insert: {rows: 0..7500}\n- search\n- replace: {rows: 0..2500, with: 7500..10000}\n- delete: {rows: 2500..5000}\n";
        assert_eq!(words(list, None).unwrap(), expected);
        let steps = format!("steps:\n{}", list.replace("- ", "  - "));
        assert_eq!(words(&steps, None).unwrap(), expected);
    }

    #[test]
    fn of_several_sets_one_is_chosen() {
        let second =
            "other:\n  max_pts: 5\n  1: {operation: insert, start: 0, end: 5}\n  2: {operation: search}\n";
        let both = format!("{THEIRS}{second}");
        assert_eq!(words(&both, Some("other")).unwrap(), ["insert 0..5", "search"]);
        let error = words(&both, None).unwrap_err();
        assert!(error.contains("none is called `wordnet-10k`"), "{error}");
        assert!(error.contains("write `set:` with one of other, random-xs"), "{error}");
        let error = words(&both, Some("othr")).unwrap_err();
        assert!(error.contains("did you mean `set: other`?"), "{error}");
        let named = both.replace("other:", "wordnet-10k:");
        assert_eq!(words(&named, None).unwrap().len(), 2);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_step_and_place() {
        for (from, to, start) in [
            (
                "operation: delete",
                "operation: remove",
                "step 4: there is no operation `remove` in book.yaml:17:",
            ),
            ("  4:", "  5:", "step 4 is missing in book.yaml:"),
            ("end: 7500", "end: 0", "step 1: the range 0..0 is empty"),
            ("end: 7500", "end: -1", "step 1: `end` is no row number in book.yaml:6:"),
            ("    end: 7500\n", "", "step 1 has no `end` in book.yaml:"),
            ("tags_end: 2500", "tag_end: 2500", "step 3: unknown key `tag_end` in book.yaml:12:"),
            ("max_pts", "max", "`max` is no number of a step in book.yaml:2:"),
        ] {
            assert!(THEIRS.contains(from), "{from}");
            let error = words(&THEIRS.replace(from, to), None).unwrap_err();
            assert!(error.starts_with(start), "{to}: {error}");
        }
        assert!(words("7", None).unwrap_err().starts_with("this is no runbook"));
        assert!(words("- insert: {row: 0..5}", None).unwrap_err().starts_with("unknown key `row`"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "([a-z0-9]{1,3}:? ?|\n *|- |\\{|\\}|operation: |insert|start: |[0-9]{1,3}\\.\\.[0-9]{1,3}|rows: ){0,24}") {
            let _ = words(&text, None);
        }
    }
}
