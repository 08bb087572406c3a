//! Whether a filter is well formed and fits the labels: asked when a plan is made, before any data are read.

use std::collections::BTreeMap;

use super::{Filter, FilterMismatch, MAX_DEPTH, Value};
use crate::label::LabelType;

impl Filter {
    /// Checks shape, fields and types against the labels of a data set.
    pub fn check(&self, schema: &BTreeMap<String, LabelType>) -> Result<(), FilterMismatch> {
        if self.depth() > MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH}");
            return Err(mismatch("", message, "use `in (…)` for many values".to_owned()));
        }
        self.check_part(schema)
    }

    /// Levels of nesting; a single test has one.
    pub(super) fn depth(&self) -> usize {
        match self {
            Self::And(parts) | Self::Or(parts) => 1 + parts.iter().map(Self::depth).max().unwrap_or(0),
            Self::Not(part) => 1 + part.depth(),
            _ => 1,
        }
    }

    fn check_part(&self, schema: &BTreeMap<String, LabelType>) -> Result<(), FilterMismatch> {
        match self {
            Self::Compare { field, comparison, value } => {
                let kind = kind_of(schema, field)?;
                fits(field, kind, value)?;
                if comparison.is_range() { ordered(field, kind, comparison.symbol()) } else { Ok(()) }
            }
            Self::In { field, values } | Self::NotIn { field, values } => {
                let kind = kind_of(schema, field)?;
                if values.is_empty() {
                    let message = "an empty list of values matches nothing".to_owned();
                    return Err(mismatch(field, message, "give at least one value".to_owned()));
                }
                values.iter().try_for_each(|value| fits(field, kind, value))
            }
            Self::Between { field, low, high } => {
                let kind = kind_of(schema, field)?;
                fits(field, kind, low)?;
                fits(field, kind, high)?;
                ordered(field, kind, "between")?;
                if number(low) > number(high) {
                    let message = format!("nothing lies between {low} and {high}");
                    return Err(mismatch(field, message, "write the smaller end first".to_owned()));
                }
                Ok(())
            }
            Self::Contains { field, .. } => match kind_of(schema, field)? {
                LabelType::TextList => Ok(()),
                LabelType::Text => Err(mismatch(
                    field,
                    "`contains` asks for a member of a list, and the label is text".to_owned(),
                    "use `=` or `in (…)`; parts of texts cannot be searched".to_owned(),
                )),
                kind => Err(mismatch(
                    field,
                    format!("`contains` asks for a member of a list, and the label is a {}", kind.name()),
                    "use `=` or a range".to_owned(),
                )),
            },
            Self::Exists { field } => kind_of(schema, field).map(|_| ()),
            Self::And(parts) | Self::Or(parts) => {
                if parts.len() < 2 {
                    let message = format!("`and` and `or` join at least two conditions, not {}", parts.len());
                    return Err(mismatch("", message, "use the condition itself".to_owned()));
                }
                parts.iter().try_for_each(|part| part.check_part(schema))
            }
            Self::Not(part) => part.check_part(schema),
        }
    }
}

fn mismatch(field: &str, message: String, help: String) -> FilterMismatch {
    FilterMismatch { field: field.to_owned(), message, help }
}

fn kind_of(schema: &BTreeMap<String, LabelType>, field: &str) -> Result<LabelType, FilterMismatch> {
    if let Some(kind) = schema.get(field) {
        return Ok(*kind);
    }
    let nearest = schema.keys().map(|name| (strsim::osa_distance(name, field), name)).min();
    let help = match nearest {
        None => "the data set has no labels".to_owned(),
        Some((distance, name)) if distance <= 1 + field.chars().count() / 3 => {
            format!("did you mean `{name}`?")
        }
        Some(_) => {
            format!("the labels are {}", schema.keys().map(String::as_str).collect::<Vec<_>>().join(", "))
        }
    };
    Err(mismatch(field, "there is no such label".to_owned(), help))
}

fn fits(field: &str, kind: LabelType, value: &Value) -> Result<(), FilterMismatch> {
    let (fits, found, help) = match (kind, value) {
        (_, Value::Float(x)) if !x.is_finite() => {
            return Err(mismatch(
                field,
                format!("{x} is not a finite number"),
                "use a finite one".to_owned(),
            ));
        }
        (LabelType::TextList, _) => (false, value.type_name(), "use `contains '…'`"),
        (LabelType::Text, _) => {
            (matches!(value, Value::Text(_)), value.type_name(), "write the value in 'single quotes'")
        }
        (LabelType::Int | LabelType::Float, _) => (
            matches!(value, Value::Int(_) | Value::Float(_)),
            value.type_name(),
            "write a number without quotes",
        ),
        (LabelType::Bool, _) => (matches!(value, Value::Bool(_)), value.type_name(), "write true or false"),
    };
    if fits {
        return Ok(());
    }
    let message = format!("the label is a {} and {value} is a {found}", kind.name());
    Err(mismatch(field, message, help.to_owned()))
}

fn ordered(field: &str, kind: LabelType, operator: &str) -> Result<(), FilterMismatch> {
    if matches!(kind, LabelType::Int | LabelType::Float) {
        return Ok(());
    }
    let message = format!("`{operator}` compares numbers, and the label is a {}", kind.name());
    Err(mismatch(field, message, "use `=`, `!=` or `in (…)`".to_owned()))
}

fn number(value: &Value) -> f64 {
    match value {
        Value::Int(x) => *x as f64,
        Value::Float(x) => *x,
        Value::Text(_) | Value::Bool(_) => f64::NAN,
    }
}

impl Value {
    fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) => LabelType::Text.name(),
            Self::Int(_) => LabelType::Int.name(),
            Self::Float(_) => LabelType::Float.name(),
            Self::Bool(_) => LabelType::Bool.name(),
        }
    }
}
