//! Filters as SQL, with core's meaning to the letter.
//!
//! A missing label is NULL there. A test of NULL is NULL, which `WHERE`, `AND` and `OR` treat as false; only `NOT` would
//! make a difference of it, so `not f` becomes `(f) IS NOT TRUE`.

use annvil_core::engine::{EngineError, Result};
use annvil_core::filter::{Comparison, Filter, Value, whole_bounds};
use annvil_core::label::LabelType;

use super::columns::{LabelColumn, LabelColumns};
use super::quote;

/// The filter as a condition. Unknown labels, wrong types and texts that the server can't hold are errors.
pub(super) fn sql(filter: &Filter, columns: &LabelColumns) -> Result<String> {
    let refuse = |what: String, help: &str| EngineError::Configuration {
        what: format!("the filter `{filter}` can't be asked: {what}"),
        help: help.to_owned(),
    };
    filter.check(&columns.schema()).map_err(|why| refuse(why.message.clone(), &why.help))?;
    condition(filter, columns)
        .ok_or_else(|| refuse("a text in it holds a NUL".to_owned(), "PostgreSQL has no texts with NUL"))
}

/// `None` for what can't be written.
fn condition(filter: &Filter, columns: &LabelColumns) -> Option<String> {
    let join = |parts: &[Filter], word: &str| {
        let parts: Option<Vec<String>> = parts.iter().map(|part| condition(part, columns)).collect();
        Some(format!("({})", parts?.join(word)))
    };
    match filter {
        Filter::Compare { field, comparison, value } => compare(columns.get(field)?, *comparison, value),
        Filter::In { field, values } => list(columns.get(field)?, values, true),
        Filter::NotIn { field, values } => list(columns.get(field)?, values, false),
        Filter::Between { field, low, high } => {
            let column = columns.get(field)?;
            if column.kind == LabelType::Int {
                let (low, _) = whole_bounds(Comparison::GreaterOrEqual, low)?;
                let (_, high) = whole_bounds(Comparison::LessOrEqual, high)?;
                return Some(whole(&column.column, low, high));
            }
            Some(format!("{} BETWEEN {} AND {}", column.column, float(low)?, float(high)?))
        }
        Filter::Contains { field, text } => {
            Some(format!("{} @> ARRAY[{}]::text[]", columns.get(field)?.column, quote::text(text)?))
        }
        Filter::Exists { field } => Some(present(&columns.get(field)?.column)),
        Filter::And(parts) => join(parts, " AND "),
        Filter::Or(parts) => join(parts, " OR "),
        Filter::Not(part) => Some(format!("({}) IS NOT TRUE", condition(part, columns)?)),
    }
}

fn present(column: &str) -> String {
    format!("{column} IS NOT NULL")
}

fn compare(column: &LabelColumn, comparison: Comparison, value: &Value) -> Option<String> {
    let name = &column.column;
    let symbol = if comparison == Comparison::NotEqual { "<>" } else { comparison.symbol() };
    match column.kind {
        LabelType::Int => {
            let (low, high) = whole_bounds(comparison, value)?;
            if comparison != Comparison::NotEqual {
                return Some(whole(name, low, high));
            }
            let differs = || Some(format!("{name} <> {}", integer(i64::try_from(low).ok()?)));
            if low == high { differs().or_else(|| Some(present(name))) } else { Some(present(name)) }
        }
        LabelType::Float => {
            let plain = format!("{name} {symbol} {}", float(value)?);
            // The server orders NaN above every number; here it is in no range.
            Some(match comparison {
                Comparison::Greater | Comparison::GreaterOrEqual => {
                    format!("({plain} AND {name} <= 'Infinity'::float8)")
                }
                _ => plain,
            })
        }
        LabelType::Text | LabelType::Bool => Some(format!("{name} {symbol} {}", literal(value)?)),
        LabelType::TextList => None,
    }
}

fn list(column: &LabelColumn, values: &[Value], inside: bool) -> Option<String> {
    let name = &column.column;
    let literals: Vec<String> = match column.kind {
        LabelType::Int => {
            // A value that is no whole number equals none.
            let exact = |value| match whole_bounds(Comparison::Equal, value)? {
                (low, high) if low == high => i64::try_from(low).ok(),
                _ => None,
            };
            values.iter().filter_map(exact).map(integer).collect()
        }
        LabelType::Float => values.iter().map(float).collect::<Option<_>>()?,
        LabelType::Text | LabelType::Bool => values.iter().map(literal).collect::<Option<_>>()?,
        LabelType::TextList => return None,
    };
    Some(match (literals.is_empty(), inside) {
        (true, true) => "false".to_owned(),
        (true, false) => present(name),
        (false, true) => format!("{name} IN ({})", literals.join(", ")),
        (false, false) => format!("{name} NOT IN ({})", literals.join(", ")),
    })
}

/// The server would round the column to double precision to compare it with a fraction, so bounds come as whole numbers.
fn whole(column: &str, low: i128, high: i128) -> String {
    let (least, most) = (i128::from(i64::MIN), i128::from(i64::MAX));
    if low > high || low > most || high < least {
        return "false".to_owned();
    }
    // In the range of i64 after the test above, or open.
    let bound = |x: i128| integer(i64::try_from(x).unwrap_or(if x < 0 { i64::MIN } else { i64::MAX }));
    match (low <= least, high >= most) {
        (true, true) => present(column),
        (true, false) => format!("{column} <= {}", bound(high)),
        (false, true) => format!("{column} >= {}", bound(low)),
        (false, false) if low == high => format!("{column} = {}", bound(low)),
        (false, false) => format!("{column} BETWEEN {} AND {}", bound(low), bound(high)),
    }
}

/// A plain number would be `numeric` where it does not fit 32 bits, and a comparison with that uses no index.
fn integer(x: i64) -> String {
    if i32::try_from(x).is_ok_and(|x| x >= 0) { x.to_string() } else { format!("'{x}'::bigint") }
}

fn float(value: &Value) -> Option<String> {
    let x = match value {
        Value::Int(x) => *x as f64,
        Value::Float(x) => *x,
        Value::Text(_) | Value::Bool(_) => return None,
    };
    // The shortest form that reads back as the same number.
    Some(format!("'{x:e}'::float8"))
}

fn literal(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => quote::text(text),
        Value::Bool(x) => Some(x.to_string()),
        Value::Int(_) | Value::Float(_) => None,
    }
}
