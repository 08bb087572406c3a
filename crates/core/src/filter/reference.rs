//! The meaning of a filter, written down a second time and as plainly as possible: what the fast path is tested against.

use std::cmp::Ordering;

use super::{Comparison, Filter, Value};
use crate::label::{Column, LabelValue, Labels};

impl Filter {
    /// Whether the row satisfies the filter, from its label values. Slow; unknown fields and wrong types satisfy
    /// nothing. For checks; [`Filter::compile`] is what engines use.
    pub fn matches_slow(&self, labels: &Labels, row: usize) -> bool {
        let label = |field: &str| labels.column(field).and_then(|column: &Column| column.value(row));
        let has = |field: &str, holds: &dyn Fn(&LabelValue) -> bool| {
            label(field).is_some_and(|value| holds(&value))
        };
        match self {
            Self::Compare { field, comparison, value } => {
                has(field, &|label| compares(label, *comparison, value))
            }
            Self::In { field, values } => {
                has(field, &|label| values.iter().any(|value| compares(label, Comparison::Equal, value)))
            }
            Self::NotIn { field, values } => {
                has(field, &|label| values.iter().all(|value| compares(label, Comparison::NotEqual, value)))
            }
            Self::Between { field, low, high } => has(field, &|label| {
                compares(label, Comparison::GreaterOrEqual, low)
                    && compares(label, Comparison::LessOrEqual, high)
            }),
            Self::Contains { field, text } => {
                has(field, &|label| matches!(label, LabelValue::TextList(members) if members.contains(text)))
            }
            Self::Exists { field } => label(field).is_some(),
            Self::And(parts) => parts.iter().all(|part| part.matches_slow(labels, row)),
            Self::Or(parts) => parts.iter().any(|part| part.matches_slow(labels, row)),
            Self::Not(part) => !part.matches_slow(labels, row),
        }
    }
}

fn compares(label: &LabelValue, comparison: Comparison, value: &Value) -> bool {
    let order = match (label, value) {
        (LabelValue::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (LabelValue::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (LabelValue::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (LabelValue::Int(a), Value::Float(b)) => whole_with_float(*a, *b),
        (LabelValue::Float(a), Value::Int(b)) => a.partial_cmp(&(*b as f64)),
        (LabelValue::Float(a), Value::Float(b)) => a.partial_cmp(b),
        _ => return false,
    };
    match comparison {
        Comparison::Equal => order == Some(Ordering::Equal),
        // A stored NaN differs from every number.
        Comparison::NotEqual => order != Some(Ordering::Equal),
        Comparison::Less => order == Some(Ordering::Less),
        Comparison::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Comparison::Greater => order == Some(Ordering::Greater),
        Comparison::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    }
}

/// Rounding keeps the order, so it decides unless both sides round to the same float, which is then a whole number.
fn whole_with_float(a: i64, b: f64) -> Option<Ordering> {
    match (a as f64).partial_cmp(&b) {
        Some(Ordering::Equal) => Some(i128::from(a).cmp(&(b as i128))),
        order => order,
    }
}
