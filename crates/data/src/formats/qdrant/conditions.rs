//! Qdrant's conditions and the one grammar of filters.
//!
//! `{"and": [{"a": {"match": {"value": 5}}}, {"b": {"range": {"gt": 0.5, "lte": 2}}}], "or": […]}`; a match may also be
//! one of several, `{"match": {"any": […]}}` or `{"match_any": {"any": […]}}`. What is beneath `and` all holds, and of what
//! is beneath `or` at least one.

use std::collections::BTreeMap;

use annvil_core::filter::{Comparison, Filter, Value};
use annvil_core::label::LabelType;
use serde_json::{Map, Value as Json, json};

/// Turns conditions into a filter; none, if there are no conditions. A value that matches a list of texts is one of its
/// members, so the types of the labels have to be known. The error says which part is not understood.
///
/// ```
/// use std::collections::BTreeMap;
/// use annvil_core::label::LabelType;
/// use annvil_data::formats::qdrant::to_filter;
///
/// let schema = BTreeMap::from([("tags".to_owned(), LabelType::TextList)]);
/// let json = serde_json::json!({"and": [{"tags": {"match": {"value": "law"}}}, {"year": {"range": {"gte": 2020}}}]});
/// let filter = to_filter(&json, &schema).unwrap().unwrap();
/// assert_eq!(filter.to_string(), "tags contains 'law' and year >= 2020");
/// ```
pub fn to_filter(json: &Json, schema: &BTreeMap<String, LabelType>) -> Result<Option<Filter>, String> {
    let object = match json {
        Json::Null => return Ok(None),
        Json::Object(object) => object,
        other => return Err(format!("conditions are an object, not {}", short(other))),
    };
    let mut parts = vec![];
    for (key, value) in object {
        let list = match value {
            Json::Null => continue,
            Json::Array(list) => list,
            other => return Err(format!("`{key}` takes a list, not {}", short(other))),
        };
        let mut tests = vec![];
        for entry in list {
            let Json::Object(fields) = entry else {
                return Err(format!(
                    "a condition is an object with the name of a label, not {}",
                    short(entry)
                ));
            };
            for (field, condition) in fields {
                tests.extend(label_tests(field, condition, schema)?);
            }
        }
        match key.as_str() {
            "and" => parts.extend(tests),
            "or" if tests.is_empty() => {}
            "or" => parts.push(joined(tests, Filter::Or)),
            other => return Err(format!("conditions are joined by `and` and `or`, not by `{other}`")),
        }
    }
    Ok(if parts.is_empty() { None } else { Some(joined(parts, Filter::And)) })
}

fn label_tests(
    field: &str,
    condition: &Json,
    schema: &BTreeMap<String, LabelType>,
) -> Result<Vec<Filter>, String> {
    let Json::Object(kinds) = condition else {
        return Err(format!("label `{field}` has {} for a condition", short(condition)));
    };
    let list = schema.get(field) == Some(&LabelType::TextList);
    let equal = |value: Value| match value {
        Value::Text(text) if list => Filter::Contains { field: field.to_owned(), text },
        value => Filter::Compare { field: field.to_owned(), comparison: Comparison::Equal, value },
    };
    let any = |json: &Json| {
        let Some(values) = json.as_array().filter(|values| !values.is_empty()) else {
            return Err(format!("`any` takes a list of values, not {}", short(json)));
        };
        let values: Vec<Value> = values.iter().map(literal).collect::<Result<_, _>>()?;
        Ok(if list {
            joined(values.into_iter().map(equal).collect(), Filter::Or)
        } else {
            Filter::In { field: field.to_owned(), values }
        })
    };
    let mut tests = vec![];
    for (kind, criteria) in kinds {
        match (kind.as_str(), criteria.get("value"), criteria.get("any")) {
            ("match", Some(value), None) => tests.push(equal(literal(value)?)),
            ("match" | "match_any", None, Some(values)) => tests.push(any(values)?),
            ("match" | "match_any" | "match_text", ..) => {
                return Err(format!(
                    "label `{field}`: {} matches a part of a text or nothing that is known here",
                    short(criteria)
                ));
            }
            ("range", ..) => tests.extend(range(field, criteria)?),
            ("geo" | "geo_radius" | "geo_bounding_box", ..) => {
                return Err(format!(
                    "label `{field}`: conditions on places on the map (`{kind}`) have no counterpart here"
                ));
            }
            (other, ..) => return Err(format!("label `{field}`: there is no condition `{other}` here")),
        }
    }
    if tests.is_empty() { Err(format!("label `{field}` has an empty condition")) } else { Ok(tests) }
}

fn range(field: &str, criteria: &Json) -> Result<Vec<Filter>, String> {
    let Json::Object(ends) = criteria else {
        return Err(format!("label `{field}`: a range is an object, not {}", short(criteria)));
    };
    let mut tests = vec![];
    for (end, value) in ends {
        let comparison = match end.as_str() {
            "gt" => Comparison::Greater,
            "gte" => Comparison::GreaterOrEqual,
            "lt" => Comparison::Less,
            "lte" => Comparison::LessOrEqual,
            other => return Err(format!("label `{field}`: a range has gt, gte, lt and lte, not `{other}`")),
        };
        if !value.is_null() {
            tests.push(Filter::Compare { field: field.to_owned(), comparison, value: literal(value)? });
        }
    }
    Ok(tests)
}

fn literal(json: &Json) -> Result<Value, String> {
    match json {
        Json::String(text) => Ok(Value::Text(text.clone())),
        Json::Bool(x) => Ok(Value::Bool(*x)),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Ok(Value::Int(whole)),
            (None, Some(x)) => Ok(Value::Float(x)),
            (None, None) => Err(format!("the number {number} is out of range")),
        },
        other => Err(format!("{} cannot be compared with", short(other))),
    }
}

/// One part needs no joining.
fn joined(mut parts: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            join(parts)
        }
    }
}

/// Turns a filter into conditions. Only what they can say: equality, one of several, ranges, membership, and one level of
/// `and` and `or`. The error names the part that they can't.
pub fn from_filter(filter: &Filter) -> Result<Json, String> {
    let parts = match filter {
        Filter::Or(parts) => return Ok(json!({"or": entries(parts)?})),
        Filter::And(parts) => parts.as_slice(),
        single => std::slice::from_ref(single),
    };
    let mut all = Map::new();
    let mut tests = vec![];
    for part in parts {
        match part {
            Filter::Or(parts) if !all.contains_key("or") => {
                all.insert("or".to_owned(), Json::Array(entries(parts)?));
            }
            part => tests.push(entry(part)?),
        }
    }
    if !tests.is_empty() {
        all.insert("and".to_owned(), Json::Array(tests));
    }
    Ok(Json::Object(all))
}

fn entries(parts: &[Filter]) -> Result<Vec<Json>, String> {
    parts.iter().map(entry).collect()
}

fn entry(test: &Filter) -> Result<Json, String> {
    let (field, condition) = match test {
        Filter::Compare { field, comparison: Comparison::Equal, value } => {
            (field, json!({"match": {"value": plain(value)}}))
        }
        Filter::Contains { field, text } => (field, json!({"match": {"value": text}})),
        Filter::In { field, values } => {
            (field, json!({"match_any": {"any": values.iter().map(plain).collect::<Vec<_>>()}}))
        }
        Filter::Between { field, low, high } => {
            (field, json!({"range": {"gte": plain(low), "lte": plain(high)}}))
        }
        Filter::Compare { field, comparison, value } if comparison.is_range() => {
            let end = match comparison {
                Comparison::Less => "lt",
                Comparison::LessOrEqual => "lte",
                Comparison::Greater => "gt",
                _ => "gte",
            };
            (field, json!({"range": {end: plain(value)}}))
        }
        other => return Err(format!("Qdrant's conditions can't say `{other}`")),
    };
    Ok(json!({field: condition}))
}

fn plain(value: &Value) -> Json {
    match value {
        Value::Text(text) => text.as_str().into(),
        Value::Int(x) => (*x).into(),
        Value::Float(x) => (*x).into(),
        Value::Bool(x) => (*x).into(),
    }
}

fn short(json: &Json) -> String {
    let text = json.to_string();
    let mut start: String = text.chars().take(60).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start
}

#[cfg(test)]
mod tests {
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
            (json!({"and": [{"a": {"range": {"gt": 0.5, "lt": null, "lte": 2}}}]}), "a > 0.5 and a <= 2"),
            (
                json!({"and": [{"tags": {"match": {"any": ["x", "y"]}}}]}),
                "tags contains 'x' or tags contains 'y'",
            ),
        ] {
            assert_eq!(to_filter(&json, &schema).unwrap().unwrap().to_string(), expected);
        }
        for json in [json!(null), json!({}), json!({"and": [], "or": null})] {
            assert_eq!(to_filter(&json, &schema), Ok(None));
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
        ] {
            let error = to_filter(&json, &none).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        for text in ["a != 1", "not a = 1", "a exists", "a = 1 or (b = 1 and c = 1)"] {
            assert!(from_filter(&text.parse().unwrap()).is_err(), "{text}");
        }
    }
}
