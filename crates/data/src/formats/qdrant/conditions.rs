//! Qdrant's conditions and the one grammar of filters.
//!
//! `{"and": [{"a": {"match": {"value": 5}}}, {"b": {"range": {"gt": 0.5, "lte": 2}}}], "or": […]}`; a match may also be
//! one of several, `{"match": {"any": […]}}` or `{"match_any": {"any": […]}}`. What is beneath `and` all holds, and of what
//! is beneath `or` at least one. Both ends of a range are one condition. Beneath `or` an entry has one condition: the tools
//! of the format read several as alternatives, and people mean that all hold, so they are refused.

use std::collections::BTreeMap;

use annvil_core::filter::{Comparison, Filter, Value};
use annvil_core::label::LabelType;
use serde_json::{Map, Value as Json, json};

use crate::json_filter::{joined, literal, short};

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
            let mut together = vec![];
            for (field, condition) in fields {
                together.extend(label_tests(field, condition, schema)?);
            }
            if key == "or" && together.len() > 1 {
                return Err(format!(
                    "an entry of `or` has several conditions, {}: give each its own entry",
                    short(entry)
                ));
            }
            tests.extend(together);
        }
        match key.as_str() {
            "and" => tests.into_iter().for_each(|test| add(&mut parts, test)),
            "or" if tests.is_empty() => {}
            "or" => add(&mut parts, joined(tests, Filter::Or)),
            other => return Err(format!("conditions are joined by `and` and `or`, not by `{other}`")),
        }
    }
    // Alternatives come last, as they are written.
    parts.sort_by_key(|part| matches!(part, Filter::Or(_)));
    Ok(if parts.is_empty() { None } else { Some(joined(parts, Filter::And)) })
}

/// What holds together needs no nesting.
fn add(parts: &mut Vec<Filter>, part: Filter) {
    match part {
        Filter::And(more) => parts.extend(more),
        part => parts.push(part),
    }
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

/// The ends of a range, which hold together; none, if it has none.
fn range(field: &str, criteria: &Json) -> Result<Option<Filter>, String> {
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
    Ok(if tests.is_empty() { None } else { Some(joined(tests, Filter::And)) })
}

/// Turns a filter into conditions. Only what they can say: equality, one of several, ranges, membership, and one level of
/// `and` and `or`, beneath which a range may have two ends. The error names the part that they can't.
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
    let cannot = || format!("Qdrant's conditions can't say `{test}`");
    let (field, condition) = match test {
        // The ends of one range.
        Filter::And(parts) => {
            let mut ends = Map::new();
            let mut whose = None;
            for part in parts {
                let Filter::Compare { field, comparison, value } = part else { return Err(cannot()) };
                let end = end(*comparison).ok_or_else(cannot)?;
                if whose.is_some_and(|whose| whose != field)
                    || ends.insert(end.to_owned(), plain(value)).is_some()
                {
                    return Err(cannot());
                }
                whose = Some(field);
            }
            (whose.ok_or_else(cannot)?, json!({"range": ends}))
        }
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
        Filter::Compare { field, comparison, value } => {
            (field, json!({"range": {end(*comparison).ok_or_else(cannot)?: plain(value)}}))
        }
        _ => return Err(cannot()),
    };
    Ok(json!({field: condition}))
}

/// How a range calls an end.
fn end(comparison: Comparison) -> Option<&'static str> {
    match comparison {
        Comparison::Less => Some("lt"),
        Comparison::LessOrEqual => Some("lte"),
        Comparison::Greater => Some("gt"),
        Comparison::GreaterOrEqual => Some("gte"),
        Comparison::Equal | Comparison::NotEqual => None,
    }
}

fn plain(value: &Value) -> Json {
    match value {
        Value::Text(text) => text.as_str().into(),
        Value::Int(x) => (*x).into(),
        Value::Float(x) => (*x).into(),
        Value::Bool(x) => (*x).into(),
    }
}

#[cfg(test)]
mod tests;
