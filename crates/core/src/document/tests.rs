//! Documents of a sketch of a scenario, good and bad, with the exact text of every error.

use std::collections::BTreeMap;
use std::fmt;

use proptest::prelude::*;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Document, DocumentError, Place, nearest};

mod errors;
mod overrides;

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sketch {
    name: String,
    #[serde(default)]
    variants: BTreeMap<String, Variant>,
    #[serde(default)]
    phases: Vec<Phase>,
    #[serde(default)]
    objectives: Vec<String>,
    #[serde(default)]
    pair: Option<(u8, u8)>,
    #[serde(default, rename = "for")]
    time: Option<Time>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Variant {
    index: Index,
    ef_search: u32,
    offset: i8,
    share: f64,
    ratio: f32,
    on: Option<bool>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Index {
    #[default]
    None,
    Hnsw {
        m: u8,
    },
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Phase {
    Settle(Keys),
    Search(Keys),
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Keys {
    name: Option<String>,
    k: u32,
}

/// Like a duration: what it makes of a value depends on what is found.
#[derive(Debug, PartialEq)]
struct Time(String);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Found;

        impl Visitor<'_> for Found {
            type Value = Time;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time with its unit, like 30s")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Time, E> {
                if text.ends_with('s') { Ok(Time(text.to_owned())) } else { Err(E::custom("not a time")) }
            }

            fn visit_u64<E: Error>(self, _: u64) -> Result<Time, E> {
                Err(E::custom("a time needs a unit, like 30s"))
            }
        }

        deserializer.deserialize_any(Found)
    }
}

const GOOD: &str = "\
name: sketch
variants:
  no index: {index: none}
  hnsw: {index: {hnsw: {m: 16}}, ef_search: 64, share: 1, on: true}
phases:
  - settle
  - settle:
  - search: {k: 10}
  - search: {name: ten more, k: 20}
objectives:
  - search.recall >= 0.95
";

fn sketch(text: &str) -> Result<Sketch, DocumentError> {
    Document::parse("s.yaml", text)?.read()
}

#[test]
fn good_input_is_read() {
    let sketch = sketch(GOOD).unwrap();
    assert_eq!(sketch.variants["no index"].index, Index::None);
    assert_eq!(sketch.variants["hnsw"].index, Index::Hnsw { m: 16 });
    assert_eq!((sketch.variants["hnsw"].share, sketch.variants["hnsw"].on), (1.0, Some(true)));
    assert_eq!(sketch.phases[0], sketch.phases[1]);
    assert_eq!(sketch.phases[3], Phase::Search(Keys { name: Some("ten more".into()), k: 20 }));
}

#[test]
fn all_ways_of_writing_a_value_are_read() {
    for (text, read) in [
        ("variants: {v: {ef_search: 1e3}}", "ef_search: 1000"),
        ("variants: {v: {ef_search: 16.0}}", "ef_search: 16"),
        ("variants: {v: {ef_search: 0x10}}", "ef_search: 16"),
        ("variants: {v: {offset: -128}}", "offset: -128"),
        ("variants: {v: {ratio: 2, share: -3}}", "share: -3.0, ratio: 2.0"),
        ("variants: {v: {on: ~}}", "on: None"),
        ("variants: {no: {}, on: {}}", "\"no\": Variant"),
        ("variants: {5: {}}", "\"5\": Variant"),
        ("variants: {v: }", "\"v\": Variant"),
        ("variants: {v: {index: {none: }}}", "index: None"),
        ("pair: [1, 2]", "pair: Some((1, 2))"),
        ("for: 30s", "Time(\"30s\")"),
        ("objectives: [yes, no, 'on', off]", "[\"yes\", \"no\", \"on\", \"off\"]"),
        ("variants:\r\n  v:\r\n    ef_search: 7\r\n", "ef_search: 7"),
        ("variants: {a: &a {ef_search: 7}, b: *a}", "\"b\": Variant { index: None, ef_search: 7"),
        ("variants:\n  a: &a {ef_search: 7, offset: 1}\n  b: {<<: *a, offset: 2}", "ef_search: 7, offset: 2"),
    ] {
        let found = format!("{:?}", sketch(&format!("\u{feff}name: x\n{text}")).unwrap());
        assert!(found.contains(read), "{text}: {found}");
    }
}

#[test]
fn maps_keep_the_order_of_the_file() {
    let document = Document::parse("s.yaml", "{z: 1, a: 2, m: {y: 3, b: 4}}").unwrap();
    let map: indexmap::IndexMap<String, serde_json::Value> = document.read().unwrap();
    assert_eq!(map.keys().collect::<Vec<_>>(), ["z", "a", "m"]);
}

#[test]
fn places_of_values_and_keys() {
    let document = Document::parse("s.yaml", GOOD).unwrap();
    let at = |place: Place| (place.line, place.column, place.length);
    assert_eq!(at(document.place(&["variants", "hnsw", "ef_search"])), (4, 45, 2));
    assert_eq!(at(document.place_of_key(&["variants", "hnsw", "ef_search"])), (4, 34, 9));
    assert_eq!(at(document.place_of_key(&["variants", "hnsw", "none", "deeper"])), (4, 9, 1));
    assert_eq!(at(document.place(&["phases", "2", "search", "k"])), (8, 17, 2));
    assert_eq!(at(document.place(&["phases", "9"])), at(document.place(&["phases"])));
    assert_eq!(document.place(&["phases", "9"]).line, 6);
    assert_eq!(
        document.value_at(&["phases", "3", "search"]).unwrap().to_string(),
        r#"{"k":20,"name":"ten more"}"#
    );
    assert_eq!(document.value_at(&["phases", "9"]), None);
}

#[test]
fn a_near_name_is_found_and_a_far_one_is_not() {
    let near = |name| nearest(name, ["m", "k", "index", "ef_search", "search", "dimensions", "on"]);
    assert_eq!(near("ef_serach"), Some("ef_search"));
    assert_eq!(near("EF-Search"), Some("ef_search"));
    assert_eq!(near("serch"), Some("search"));
    assert_eq!(near("dim"), Some("dimensions"));
    assert_eq!(near("idnex"), Some("index"));
    for far in ["colour", "x", "no", "", "storage"] {
        assert_eq!(near(far), None, "{far}");
    }
    assert_eq!(nearest(&"a".repeat(1_000_000), ["a"]), None);
}

#[test]
fn hostile_nesting_is_refused_and_brackets_in_a_text_are_not() {
    let stairs = |step: &str| (0..2000).map(|depth| " ".repeat(depth) + step).collect::<Vec<_>>().join("\n");
    let aliases: String = (1..40)
        .fold("a0: &a0 [[[[1]]]]\n".to_owned(), |text, n| format!("{text}a{n}: &a{n} [[[[*a{}]]]]\n", n - 1));
    let bomb: String = (1..12).fold("a0: &a0 [x]\n".to_owned(), |text, n| {
        format!("{text}a{n}: &a{n} [{}]\n", format!("*a{},", n - 1).repeat(9))
    });
    let hostile = [
        "[".repeat(100_000),
        "{a: ".repeat(100_000),
        "- ".repeat(100_000),
        stairs("-"),
        stairs("a:"),
        aliases,
        bomb,
    ];
    for text in hostile {
        let error = Document::parse("s", &text).unwrap_err().to_string();
        assert!(error.len() < 1000, "{error}");
    }
    let text = format!("name: '{}'", "[".repeat(1000));
    assert_eq!(sketch(&text).unwrap().name.len(), 1000);
    let deepest = format!("{}{}", "[".repeat(32), "]".repeat(32));
    let document = Document::parse("s", &deepest).unwrap();
    assert!(document.read::<serde_json::Value>().is_ok());

    // The deepest that overrides can make of it: each step through a list of phases goes down two levels.
    let mut document = Document::parse("s", "[a]").unwrap();
    for _ in 0..40 {
        let _ = document.set(&["0"; 31].join("."), "[a]", "--set");
        let _ = document.set(&["0"; 31].join("."), &deepest, "--set");
    }
    assert!(document.read::<serde_json::Value>().is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in "(?s).{0,60}|[ \\n\\ta:'\"{}\\[\\],#&*|>?!<-]{0,60}", path in ".{0,12}|[a-c.'0-9]{0,9}") {
        let whole = Document::parse("s", &text).map(|mut document| {
            let _ = document.set(&path, &text, "--set").map_err(|error| error.to_string());
            let _ = document.read::<Sketch>().map_err(|error| error.to_string());
            let _ = document.read::<serde_json::Value>();
        });
        if let Err(error) = whole {
            prop_assert!(error.to_string().starts_with(error.message()));
        }
    }

    #[test]
    fn every_place_in_any_line_can_be_shown(text in ".{0,300}", column in 0usize..400, length in 0usize..400) {
        let document = Document { text, ..Document::parse("s", "a").unwrap() };
        let shown = document.error(Place { line: 1, column, length, origin: None }, "x").to_string();
        prop_assert!(shown.lines().count() <= 3);
        prop_assert!(shown.lines().all(|line| line.chars().count() <= 121), "{}", shown);
    }

    #[test]
    fn what_is_set_is_there(keys in prop::collection::vec("[a-z][a-z .é]{0,6}", 1..5), number in -1000i64..1000) {
        let mut document = Document::parse("s", "{a: {b: }}").unwrap();
        let path: Vec<String> = keys.iter().map(|key| format!("'{key}'")).collect();
        // The first step is new, so that nothing is in the way.
        document.set(&format!("new.{}", path.join(".")), &number.to_string(), "--set x").unwrap();
        let steps: Vec<&str> = std::iter::once("new").chain(keys.iter().map(String::as_str)).collect();
        prop_assert_eq!(document.value_at(&steps), Some(number.into()));
        prop_assert_eq!(document.place(&steps).origin, Some("--set x".to_owned()));
        prop_assert_eq!(document.value_at(&["a", "b"]), Some(serde_json::Value::Null));
    }
}
