//! Folders in Qdrant's layout.

use super::*;
use crate::formats::npy;
use crate::map::still;
use crate::rows::RowWriter;
use annvil_core::label::LabelValue;
use proptest::prelude::*;
use std::fs::{self, File};

fn folder(payloads: &str, lines: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let vectors = Vectors::F32(Matrix::new(vec![1.0, 2.0, 3.0, 4.0], 2).unwrap());
    let file = File::create(folder.path().join(VECTORS)).unwrap();
    let mut writer = Box::new(npy::Writer::new(file, Element::F32, 2).unwrap());
    writer.push(&vectors, 0..2).unwrap();
    writer.finish().unwrap();
    fs::write(folder.path().join(PAYLOADS), payloads).unwrap();
    fs::write(folder.path().join(TESTS), lines).unwrap();
    folder
}

const PAYLOAD: &str = "{\"a\": 5, \"tags\": [\"x\"], \"at\": {\"lon\": 1.5, \"lat\": 2}}\n{\"a\": null}\n";

#[test]
fn conditions_and_answers() {
    let lines = concat!(
        "{\"query\": [1.0, 0.5], \"conditions\": {\"and\": [{\"a\": {\"match\": {\"value\": 5}}}]}, \"closest_ids\": [0], \"closest_scores\": [0.9]}\n",
        "{\"query\": [0, 1], \"conditions\": {\"or\": [{\"tags\": {\"match\": {\"value\": \"x\"}}}]}, \"closest_ids\": [], \"closest_scores\": []}\n",
        "{\"query\": [0, 1], \"conditions\": {}, \"closest_ids\": [1, 0], \"closest_scores\": [0.9, 0.8]}\n",
    );
    let folder = folder(PAYLOAD, lines);
    assert!(is_there(folder.path()));
    let bundle = crate::formats::open(folder.path()).unwrap();
    assert_eq!(bundle.base.shape().rows, Some(2));
    assert_eq!(bundle.queries.unwrap().shape().rows, Some(3));
    assert!(bundle.truth.is_none(), "only some queries have answers without a filter");
    let shown: Vec<String> =
        bundle.filtered.iter().map(|f| format!("{} {} {:?}", f.query, f.filter, f.ids)).collect();
    assert_eq!(shown, ["0 a = 5 [0]", "1 tags contains 'x' []"]);
    let labels = bundle.labels.unwrap().content;
    assert_eq!(labels.column("at.lon").unwrap().value(0), Some(LabelValue::Float(1.5)));

    let plain = "{\"query\": [0, 1], \"conditions\": null, \"closest_ids\": [1, 0], \"closest_scores\": [0.9, 0.8]}\n";
    fs::write(folder.path().join(TESTS), plain).unwrap();
    let bundle = open(folder.path()).unwrap();
    assert_eq!(bundle.truth.unwrap().content.ids, [[1, 0]]);
    assert!(bundle.distances.is_none(), "scores are no distances");
}

#[test]
fn bad_lines_are_named() {
    let line = |conditions: &str| {
        format!(
            "{{\"query\": [1, 2], \"conditions\": {conditions}, \"closest_ids\": [], \"closest_scores\": []}}\n"
        )
    };
    for (lines, part) in [
        (
            line("{\"and\": [{\"at\": {\"geo\": {\"lon\": 1, \"lat\": 2, \"radius\": 3}}}]}"),
            "line 1: label `at`: conditions on places on the map",
        ),
        (line("{\"and\": [{\"b\": {\"match\": {\"value\": 1}}}]}"), "tests.jsonl: line 1: "),
        (line("{}").replace("[1, 2]", "[1]"), "line 1: a query of 1 dimensions; the vectors have 2"),
        (line("{}").replace("ids\": []", "ids\": [2]"), "line 1: closest id 2, and there are 2 rows"),
        (line("{}").replace("ids\": []", "ids\": [-1]"), "line 1: closest id -1"),
        (line("{}").replace("2]", "NaN]"), "line 1: expected value"),
        ("{}\n".to_owned(), "line 1: missing field `query`"),
        (String::new(), "no queries"),
    ] {
        let error = open(folder(PAYLOAD, &lines).path()).err().unwrap().to_string();
        assert!(error.contains(part), "{error}");
    }
    let error = open(folder("{}\n[]\n", &line("{}")).path()).err().unwrap().to_string();
    assert!(error.contains("payloads.jsonl: line 2: invalid type"), "{error}");
}

proptest! {
    #[test]
    fn nothing_makes_the_reader_panic(conditions in "([{}\\[\\]\":,a1]|\"and\":|\\{\"a\":\\{\"match\":\\{\"value\":1\\}\\}\\}|\"range\"|\"or\"|null){0,20}") {
        let line = format!("{{\"query\": [1], \"conditions\": {conditions}, \"closest_ids\": []}}\n");
        let schema = BTreeMap::from([("a".to_owned(), LabelType::Int)]);
        let _ = tests(&still(line.into_bytes().leak()), &schema, 1, 3);
    }
}
