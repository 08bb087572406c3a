//! Conditions as filters, and filters as conditions.

use super::*;

#[test]
fn conditions_become_filters_and_back() {
    let schema = BTreeMap::from([("tags".to_owned(), LabelType::TextList)]);
    for (json, expected) in [
        (json!({"and": [{"a": {"match": {"value": 80}}}]}), "a = 80"),
        (
            json!({"or": [{"a": {"match": {"value": "x"}}}, {"a": {"match": {"value": "y"}}}]}),
            "a = 'x' or a = 'y'",
        ),
        (
            json!({"and": [{"tags": {"match": {"value": "law"}}}, {"b": {"match_any": {"any": [1, 2]}}}]}),
            "tags contains 'law' and b in (1, 2)",
        ),
        (
            json!({"and": [{"a": {"range": {"gt": 0.5}}}, {"a": {"range": {"lte": 2}}}], "or": [{"b": {"match": {"value": true}}}, {"c": {"match": {"value": 1}}}]}),
            "a > 0.5 and a <= 2 and (b = true or c = 1)",
        ),
    ] {
        let filter = to_filter(&json, &schema).unwrap().unwrap();
        assert_eq!(filter.to_string(), expected);
        assert_eq!(from_filter(&filter).unwrap(), json);
    }
    // Other ways to write the same.
    for (json, expected) in [
        (
            json!({"and": [{"a": {"match": {"value": 1}}, "b": {"range": {"gt": 1, "lt": 2}}}]}),
            "a = 1 and b > 1 and b < 2",
        ),
        (
            json!({"and": [{"tags": {"match": {"any": ["x", "y"]}}}, {"a": {"match": {"value": 1}}}]}),
            "a = 1 and (tags contains 'x' or tags contains 'y')",
        ),
        (json!({"and": [{"a": {"range": {"gt": 0.5, "lt": null, "lte": 2}}}]}), "a > 0.5 and a <= 2"),
        (
            json!({"and": [{"tags": {"match": {"any": ["x", "y"]}}}]}),
            "tags contains 'x' or tags contains 'y'",
        ),
    ] {
        let filter = to_filter(&json, &schema).unwrap().unwrap();
        assert_eq!(filter.to_string(), expected);
        assert_eq!(to_filter(&from_filter(&filter).unwrap(), &schema), Ok(Some(filter)));
    }
    for json in [json!(null), json!({}), json!({"and": [], "or": null})] {
        assert_eq!(to_filter(&json, &schema), Ok(None));
    }
}

#[test]
fn both_ends_of_a_range_hold_beneath_or() {
    let none = BTreeMap::new();
    for (text, json, expected) in [
        (
            "a between 1 and 5 or b = 1",
            json!({"or": [{"a": {"range": {"gte": 1, "lte": 5}}}, {"b": {"match": {"value": 1}}}]}),
            "(a >= 1 and a <= 5) or b = 1",
        ),
        (
            "c = 2 and (b = 1 or (a > 1 and a < 5))",
            json!({
                "and": [{"c": {"match": {"value": 2}}}],
                "or": [{"b": {"match": {"value": 1}}}, {"a": {"range": {"gt": 1, "lt": 5}}}],
            }),
            "c = 2 and (b = 1 or (a > 1 and a < 5))",
        ),
    ] {
        assert_eq!(from_filter(&text.parse().unwrap()).unwrap(), json);
        let read = to_filter(&json, &none).unwrap().unwrap();
        assert_eq!(read, expected.parse().unwrap(), "{read}");
        assert_eq!(from_filter(&read).unwrap(), json);
    }
}

#[test]
fn what_has_no_counterpart_is_refused() {
    let none = BTreeMap::new();
    for (json, part) in [
        (json!({"and": [{"a": {"geo": {"lon": 1.0, "lat": 2.0, "radius": 3}}}]}), "places on the map"),
        (json!({"and": [{"a": {"match": {"text": "x"}}}]}), "a part of a text"),
        (json!({"not": [{"a": {"match": {"value": 1}}}]}), "not by `not`"),
        (json!({"and": [{"a": {"range": {"above": 1}}}]}), "not `above`"),
        (json!({"and": [{"a": {"match": {"value": [1]}}}]}), "cannot be compared"),
        (json!({"and": [{"a": {}}]}), "empty condition"),
        (json!([1]), "an object"),
        (
            json!({"or": [{"a": {"match": {"value": 1}}, "b": {"match": {"value": 2}}}]}),
            "an entry of `or` has several conditions",
        ),
    ] {
        let error = to_filter(&json, &none).unwrap_err();
        assert!(error.contains(part), "{error}");
    }
    for text in
        ["a != 1", "not a = 1", "a exists", "a = 1 or (b = 1 and c = 1)", "a = 1 or (b > 1 and c < 1)"]
    {
        assert!(from_filter(&text.parse().unwrap()).is_err(), "{text}");
    }
}
