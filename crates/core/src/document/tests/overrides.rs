//! What overrides change, and what is wrong with them.

use super::super::Document;
use super::{GOOD, Index, Phase, Sketch};

fn set(path: &str, value: &str) -> Result<Sketch, String> {
    let mut document = Document::parse("s.yaml", GOOD).unwrap();
    document
        .set(path, value, &format!("--set {path}={value}"))
        .and_then(|()| document.read())
        .map_err(|error| error.to_string())
}

/// The value that is at `path` after setting.
fn after(text: &str, path: &str, value: &str) -> String {
    let mut document = Document::parse("s.yaml", text).unwrap();
    document.set(path, value, "--set").unwrap();
    document.value_at(&[]).unwrap().to_string()
}

#[test]
fn a_path_leads_through_maps() {
    assert_eq!(set("variants.hnsw.ef_search", "100").unwrap().variants["hnsw"].ef_search, 100);
    assert_eq!(set("variants.no index.share", "0.5").unwrap().variants["no index"].share, 0.5);
    let index = set("variants.'a.b'.index", "{hnsw: {m: 4}}").unwrap();
    assert_eq!(index.variants["a.b"].index, Index::Hnsw { m: 4 });
    assert_eq!(set("name", "'5'").unwrap().name, "5");
    for (text, path, value, whole) in [
        ("a: 1", "b.c.d", "[16, 64]", r#"{"a":1,"b":{"c":{"d":[16,64]}}}"#),
        ("{a: 1, a.b: 2}", "a.b", "3", r#"{"a":1,"a.b":3}"#),
        ("{a: {b.c: 1, b: {c: 2}}}", "a.b.c", "3", r#"{"a":{"b":{"c":2},"b.c":3}}"#),
        ("{a: {b c: {d: 1}}}", "a.b c.d", "2", r#"{"a":{"b c":{"d":2}}}"#),
        ("{a: }", "a.\"b.c\".d", "2", r#"{"a":{"b.c":{"d":2}}}"#),
        ("{a: {b: 1}}", "a", "", r#"{"a":null}"#),
        ("{1: {b: 1}}", "1.b", "x y", r#"{"1":{"b":"x y"}}"#),
        ("{a: [[1, 2], 3]}", "a.0.1", "5", r#"{"a":[[1,5],3]}"#),
        ("{a: [{x: 1, y: 2}]}", "a.0.y", "5", r#"{"a":[{"x":1,"y":5}]}"#),
        ("{a: [{name: p}, {name: q, y: 2}]}", "a.q.y", "5", r#"{"a":[{"name":"p"},{"name":"q","y":5}]}"#),
        ("{a: [{name: p}]}", "a.p.y", "5", r#"{"a":[{"name":"p","y":5}]}"#),
    ] {
        assert_eq!(after(text, path, value), whole, "{path}={value}");
    }
}

#[test]
fn elements_of_a_list_go_by_name_and_number() {
    let k = |path: &str, value: &str| -> Vec<u32> {
        let phases = set(path, value).unwrap().phases;
        phases.iter().map(|(Phase::Search(keys) | Phase::Settle(keys))| keys.k).collect()
    };
    for path in ["phases.search.k", "phases.2.k", "phases.2.search.k", "phases.'search'.'k'"] {
        assert_eq!(k(path, "7"), [0, 0, 7, 20], "{path}");
    }
    for path in ["phases.ten more.k", "phases.ten more.search.k", "phases.'ten more'.k", "phases.3.k"] {
        assert_eq!(k(path, "7"), [0, 0, 10, 7], "{path}");
    }
    for path in ["phases.settle.k", "phases.0.k", "phases.0.settle.k"] {
        assert_eq!(k(path, "7"), [7, 0, 10, 20], "{path}");
    }
    assert_eq!(k("phases.1.k", "7"), [0, 7, 10, 20]);
    assert_eq!(k("phases.settle", "{k: 7}"), [7, 0, 10, 20]);
    assert_eq!(k("phases.search", "{k: 7}"), [0, 0, 7, 20]);
    assert_eq!(k("phases.2", "settle"), [0, 0, 0, 20]);
    assert_eq!(k("phases.0", "{search: {k: 7}}"), [7, 0, 10, 20]);
    assert_eq!(k("phases", "[{search: {k: 7}}]"), [7]);
    assert_eq!(set("objectives.search.recall >= 0.95", "x").unwrap().objectives, ["x"]);
    assert_eq!(set("objectives.0", "x").unwrap().objectives, ["x"]);
}

#[test]
fn a_wrong_override_is_named_as_it_was_typed() {
    for (path, value, shown) in [
        (
            "variants.hnsw.ef_serach",
            "1",
            "unknown key `ef_serach` in --set variants.hnsw.ef_serach=1\n  did you mean `ef_search`?",
        ),
        ("variants.hnsw.ef_search", "-1", "must not be negative in --set variants.hnsw.ef_search=-1"),
        (
            "variants.hnsw.index",
            "{hnsw: {}}",
            "the key `m` is missing in --set variants.hnsw.index={hnsw: {}}",
        ),
        (
            "phases.2",
            "{search: {k: x}}",
            "expected a whole number, found the text `x` in --set phases.2={search: {k: x}}",
        ),
        (
            "phases.serach.k",
            "1",
            "nothing in `phases` is called `serach` in --set phases.serach.k=1\n  did you mean `search`?",
        ),
        (
            "phases.load",
            "1",
            "nothing in `phases` is called `load` in --set phases.load=1\n  valid names here: settle, search, ten more",
        ),
        ("phases.4", "x", "`phases` has no element 4: it has 4, from 0 in --set phases.4=x"),
        ("name.x", "1", "`x` can't be set: `name` is the text `sketch`, not a map in --set name.x=1"),
        (
            "variants.hnsw.ef_search.x",
            "1",
            "`x` can't be set: `variants.hnsw.ef_search` is the number 64, not a map in --set variants.hnsw.ef_search.x=1",
        ),
        (
            "variants..x",
            "1",
            "a step of the path is empty in --set variants..x=1\n  write it like engine.name=value",
        ),
        ("", "1", "a step of the path is empty in --set =1\n  write it like engine.name=value"),
        ("variants.'x", "1", "a ' in the path is not closed in --set variants.'x=1"),
        ("variants.'x'y", "1", "a dot is missing after 'x' in the path in --set variants.'x'y=1"),
        ("name", "[1", "the value can't be read: unclosed bracket '[' in --set name=[1"),
        (
            "name",
            "#1",
            "the value can't be read: it begins with `#` like a comment in --set name=#1\n  put it in quotes",
        ),
    ] {
        assert_eq!(set(path, value).unwrap_err(), shown, "{path}={value}");
    }
    let deep = set(&"a.".repeat(100_000), "1").unwrap_err();
    assert!(deep.starts_with("the path has more than 32 steps"));
}

#[test]
fn an_override_that_fails_changes_nothing() {
    let mut document = Document::parse("s.yaml", "{a: , b: [x]}").unwrap();
    let before = document.value_at(&[]);
    document.set("a.b.c..d", "1", "--set").unwrap_err();
    document.set("b.x.'d", "1", "--set").unwrap_err();
    assert_eq!(document.value_at(&[]), before);
}

#[test]
fn values_at_hand_are_set_too() {
    let mut document = Document::parse("s.yaml", "a: 1").unwrap();
    let value = serde_json::json!({"x": [1, -2, 0.5, null, true, "t"], "y": u64::MAX});
    document.set_json("b", &value, "--preset p").unwrap();
    assert_eq!(document.value_at(&["b"]), Some(value));
    let error = document.error(document.place(&["b", "y"]), "too much");
    assert_eq!((error.to_string().as_str(), error.line()), ("too much in --preset p", None));
}
