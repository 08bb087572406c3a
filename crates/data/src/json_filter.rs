//! Filters written as JSON, as data sets ship them, turned into the one grammar.
//!
//! `{"pos": "n"}`, `{"count": {"gte": 5}}`, `{"domain": {"contains": "law"}}`, `{"lexname": {"in": ["a", "b"]}}`,
//! `{"and": […]}`, `{"or": […]}`, `{"not": …}`. Several keys in one object all have to hold. Comparisons are `eq`,
//! `ne`, `lt`, `lte`, `gt` and `gte`.

use annvil_core::filter::{Comparison, Filter, Value};
use serde_json::{Map, Value as Json};

/// Turns a JSON filter into a [`Filter`]; the error says which part is not understood.
///
/// ```
/// let json = serde_json::json!({"and": [{"pos": "n"}, {"tag_count": {"gte": 5}}]});
/// let filter = annvil_data::json_filter::parse(&json).unwrap();
/// assert_eq!(filter.to_string(), "pos = 'n' and tag_count >= 5");
/// ```
pub fn parse(json: &Json) -> Result<Filter, String> {
    let Json::Object(object) = json else { return Err(format!("a filter is an object, not {json}")) };
    all_of(object, |key, value| match key {
        "and" => Ok(joined(parts(value)?, Filter::And)),
        "or" => Ok(joined(parts(value)?, Filter::Or)),
        "not" => Ok(Filter::Not(Box::new(parse(value)?))),
        field => match value {
            Json::Object(tests) => all_of(tests, |operator, value| test(field, operator, value)),
            _ => test(field, "eq", value),
        },
    })
}

fn all_of(
    object: &Map<String, Json>,
    part: impl Fn(&str, &Json) -> Result<Filter, String>,
) -> Result<Filter, String> {
    if object.is_empty() {
        return Err("an empty object is no filter".to_owned());
    }
    let parts: Result<Vec<Filter>, String> = object.iter().map(|(key, value)| part(key, value)).collect();
    Ok(joined(parts?, Filter::And))
}

/// One part needs no joining.
pub(crate) fn joined(mut parts: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            join(parts)
        }
    }
}

fn parts(json: &Json) -> Result<Vec<Filter>, String> {
    match json {
        Json::Array(items) if !items.is_empty() => items.iter().map(parse).collect(),
        _ => Err(format!("`and` and `or` take a list of filters, not {json}")),
    }
}

fn test(field: &str, operator: &str, json: &Json) -> Result<Filter, String> {
    let compare =
        |comparison| Ok(Filter::Compare { field: field.to_owned(), comparison, value: literal(json)? });
    match operator {
        "eq" => compare(Comparison::Equal),
        "ne" => compare(Comparison::NotEqual),
        "lt" => compare(Comparison::Less),
        "lte" => compare(Comparison::LessOrEqual),
        "gt" => compare(Comparison::Greater),
        "gte" => compare(Comparison::GreaterOrEqual),
        "contains" => match json {
            Json::String(text) => Ok(Filter::Contains { field: field.to_owned(), text: text.clone() }),
            _ => Err(format!("`contains` takes a text, not {json}")),
        },
        "in" => match json {
            Json::Array(items) if !items.is_empty() => {
                let values: Result<Vec<Value>, String> = items.iter().map(literal).collect();
                Ok(Filter::In { field: field.to_owned(), values: values? })
            }
            _ => Err(format!("`in` takes a list of values, not {json}")),
        },
        other => Err(format!("there is no test `{other}`")),
    }
}

/// A value that labels are compared with.
pub(crate) fn literal(json: &Json) -> Result<Value, String> {
    match json {
        Json::String(text) => Ok(Value::Text(text.clone())),
        Json::Bool(x) => Ok(Value::Bool(*x)),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Ok(Value::Int(whole)),
            (None, Some(x)) => Ok(Value::Float(x)),
            (None, None) => Err(format!("the number {number} is out of range")),
        },
        _ => Err(format!("{} cannot be compared with", short(json))),
    }
}

/// The start of what was found, for messages.
pub(crate) fn short(json: &Json) -> String {
    let text = json.to_string();
    let mut start: String = text.chars().take(60).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start
}

#[cfg(test)]
mod tests {
    use super::parse;
    use serde_json::json;

    #[test]
    fn json_filters_in_the_one_grammar() {
        for (json, expected) in [
            (json!({"pos": "n"}), "pos = 'n'"),
            (json!({"tag_count": {"gte": 5, "lt": 9.5}}), "tag_count >= 5 and tag_count < 9.5"),
            (json!({"domain": {"contains": "law"}}), "domain contains 'law'"),
            (json!({"lexname": {"in": ["a", "b"]}}), "lexname in ('a', 'b')"),
            (json!({"or": [{"a": true}, {"not": {"b": {"ne": 1}}}]}), "a = true or not b != 1"),
            (json!({"and": [{"a": 1}]}), "a = 1"),
            (json!({"a": 1, "b": 2}), "a = 1 and b = 2"),
        ] {
            assert_eq!(parse(&json).unwrap().to_string(), expected);
        }
        for json in [
            json!(1),
            json!({}),
            json!({"a": {"like": 1}}),
            json!({"a": null}),
            json!({"and": []}),
            json!({"a": {"in": 1}}),
        ] {
            assert!(parse(&json).is_err(), "{json}");
        }
    }
}
