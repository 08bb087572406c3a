use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Deserialize;

use super::{Document, Place, nearest};

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sketch {
    name: String,
    #[serde(default)]
    variants: BTreeMap<String, Variant>,
    #[serde(default)]
    phases: Vec<Phase>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Variant {
    index: Index,
    ef_search: u32,
    share: f64,
    on: Option<bool>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
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
";

fn read(text: &str) -> Result<Sketch, String> {
    Document::parse("s.yaml", text).and_then(|document| document.read()).map_err(|error| error.to_string())
}

#[test]
fn good_input_is_read() {
    let sketch = read(GOOD).unwrap();
    assert_eq!(sketch.variants["hnsw"].index, Index::Hnsw { m: 16 });
    assert_eq!(sketch.phases[0], sketch.phases[1]);
    assert_eq!(sketch.phases[3], Phase::Search(Keys { name: Some("ten more".into()), k: 20 }));
}

#[test]
fn errors_name_the_place_and_what_to_try() {
    for (text, shown) in [
        (
            "name: x\nvariants:\n  hnsw: {index: {hnsw: {m: 16}}, ef_serach: 100}\n",
            "unknown key `ef_serach` in s.yaml:3:34\n   3 │   hnsw: {index: {hnsw: {m: 16}}, ef_serach: 100}\n     │                                  ^^^^^^^^^ did you mean `ef_search`?",
        ),
        (
            "name: x\nvariants: {é: {index: hsnw}}\n",
            "unknown name `hsnw` in s.yaml:2:23\n   2 │ variants: {é: {index: hsnw}}\n     │                       ^^^^ did you mean `hnsw`?",
        ),
        (
            "name: x\nvariants: {a: {ef_search: many}}\n",
            "expected a whole number that is not negative, found the text `many` in s.yaml:2:27\n   2 │ variants: {a: {ef_search: many}}\n     │                           ^^^^",
        ),
        (
            "name: x\nvariants: {a: {ef_search: -1}}\n",
            "expected a whole number that is not negative, found the number -1 in s.yaml:2:27\n   2 │ variants: {a: {ef_search: -1}}\n     │                           ^^",
        ),
        ("variants: {}\n", "the key `name` is missing in s.yaml:1:1\n   1 │ variants: {}\n     │ ^^^^^^^^"),
        ("name: 5\n", "expected a text, found the number 5 in s.yaml:1:7\n   1 │ name: 5\n     │       ^"),
        (
            "name: x\nphases:\n  - search: {k: 1}\n    k: 10\n",
            "one key too many: `k` in s.yaml:4:5\n   4 │     k: 10\n     │     ^ this takes one key; check the indentation of what follows it",
        ),
        ("name: [x\n", "unclosed bracket '[' in s.yaml:1:7\n   1 │ name: [x\n     │       ^"),
        ("", "the file is empty in s.yaml:1:1"),
    ] {
        assert_eq!(read(text).unwrap_err(), shown, "{text}");
    }
    let twice = read("name: x\nname: y\n").unwrap_err();
    assert!(twice.starts_with("duplicate mapping key: name in s.yaml:2:1"), "{twice}");
    let unknown = read("name: x\nzzz: 1\n").unwrap_err();
    assert!(unknown.ends_with("^^^ keys here: name, variants, phases"), "{unknown}");
}

fn set(path: &str, value: &str) -> Result<Sketch, String> {
    let mut document = Document::parse("s.yaml", GOOD).unwrap();
    document
        .set(path, value, &format!("--set {path}={value}"))
        .and_then(|()| document.read())
        .map_err(|error| error.to_string())
}

#[test]
fn overrides_go_by_name_and_number() {
    assert_eq!(set("variants.hnsw.ef_search", "100").unwrap().variants["hnsw"].ef_search, 100);
    assert_eq!(set("variants.no index.share", "0.5").unwrap().variants["no index"].share, 0.5);
    assert_eq!(
        set("variants.'a.b'.index", "{hnsw: {m: 4}}").unwrap().variants["a.b"].index,
        Index::Hnsw { m: 4 }
    );
    let k = |sketch: Sketch| -> Vec<u32> {
        sketch.phases.iter().map(|(Phase::Search(keys) | Phase::Settle(keys))| keys.k).collect()
    };
    assert_eq!(k(set("phases.search.k", "7").unwrap()), [0, 0, 7, 20]);
    assert_eq!(k(set("phases.ten more.k", "7").unwrap()), [0, 0, 10, 7]);
    assert_eq!(k(set("phases.0.k", "7").unwrap()), [7, 0, 10, 20]);
    assert_eq!(
        set("variants.hnsw.ef_serach", "1").unwrap_err(),
        "unknown key `ef_serach` in --set variants.hnsw.ef_serach=1\n  did you mean `ef_search`?"
    );
    assert_eq!(
        set("phases.serach.k", "1").unwrap_err(),
        "there is no `serach` in --set phases.serach.k=1\n  Did you mean `search`?"
    );
    assert_eq!(
        set("name.x", "1").unwrap_err(),
        "`x` can't be set: what is there is a text, not a map in --set name.x=1"
    );
}

#[test]
fn places_of_values_and_keys() {
    let document = Document::parse("s.yaml", GOOD).unwrap();
    let at = |place: Place| (place.line, place.column, place.length);
    assert_eq!(at(document.place(&["variants", "hnsw", "ef_search"])), (4, 45, 2));
    assert_eq!(at(document.place_of_key(&["variants", "hnsw", "ef_search"])), (4, 34, 9));
    assert_eq!(at(document.place(&["phases", "2", "search", "k"])), (8, 17, 2));
    assert_eq!(document.place(&["phases", "9"]).line, 6);
}

#[test]
fn a_near_name_is_found_and_a_far_one_is_not() {
    assert_eq!(nearest("ef_serach", ["m", "ef_search", "search"]), Some("ef_search"));
    assert_eq!(nearest("colour", ["index", "storage"]), None);
    assert_eq!(nearest("x", ["m"]), None.or(Some("m")));
}

#[test]
fn hostile_nesting_is_refused() {
    assert!(Document::parse("s", &"[".repeat(100_000)).is_err());
    let lines: Vec<String> = (0..2000).map(|depth| " ".repeat(depth) + "- ").collect();
    let indented = lines.join("\n");
    assert!(Document::parse("s", &indented).is_err());
}

proptest! {
    #[test]
    fn no_text_panics(text: String, path: String) {
        if let Ok(mut document) = Document::parse("s", &text) {
            let _ = document.set(&path, &text, "--set");
            let _ = document.read::<Sketch>().map_err(|error| error.to_string());
        }
    }

    #[test]
    fn what_is_set_is_read(k in 0u32..1000) {
        let sketch = set("phases.search.k", &k.to_string()).unwrap();
        prop_assert_eq!(&sketch.phases[2], &Phase::Search(Keys { name: None, k }));
    }
}
