//! From a filter to a predicate: everything that depends on the table but not on the row is done here, once.

use super::predicate::{Node, Predicate, Set, Test};
use super::{Comparison, Filter, FilterMismatch, Value};
use crate::label::{Column, Dictionary, Labels};

impl Filter {
    /// Makes the filter ready for a table. Unknown fields and wrong types are errors; a text that no row has is legal
    /// and matches nothing.
    pub fn compile(&self, labels: &Labels) -> Result<Predicate, FilterMismatch> {
        self.check(&labels.schema())?;
        Ok(Predicate { root: self.node(labels) })
    }

    fn node(&self, labels: &Labels) -> Node {
        let nodes = |parts: &[Self]| parts.iter().map(|part| part.node(labels)).collect();
        let test = |field: &str, inside, set: &dyn Fn(&Column) -> Option<Set>| {
            let found = labels.position(field).and_then(|at| Some((at, set(labels.column_at(at)?)?)));
            // `check` has refused what has no set; were it ever wrong, such a test holds for no row.
            let (column, set) = found.unwrap_or((usize::MAX, Set::Everything));
            Node::Test(Test { column, set, inside })
        };
        match self {
            Self::Compare { field, comparison: Comparison::NotEqual, value } => {
                test(field, false, &|column| comparable(column, Comparison::Equal, value))
            }
            Self::Compare { field, comparison, value } => {
                test(field, true, &|column| comparable(column, *comparison, value))
            }
            Self::In { field, values } => test(field, true, &|column| list(column, values)),
            Self::NotIn { field, values } => test(field, false, &|column| list(column, values)),
            Self::Between { field, low, high } => test(field, true, &|column| between(column, low, high)),
            Self::Contains { field, text } => test(field, true, &|column| match column {
                Column::TextList { dictionary, .. } => Some(Set::Member(dictionary.code(text))),
                _ => None,
            }),
            Self::Exists { field } => test(field, true, &|_| Some(Set::Everything)),
            Self::And(parts) => Node::All(nodes(parts)),
            Self::Or(parts) => Node::Any(nodes(parts)),
            Self::Not(part) => Node::Not(Box::new(part.node(labels))),
        }
    }
}

fn comparable(column: &Column, comparison: Comparison, value: &Value) -> Option<Set> {
    Some(match (column, value) {
        (Column::Text { dictionary, .. }, Value::Text(text)) => Set::Code(dictionary.code(text)),
        (Column::Int(_), _) => {
            let (low, high) = whole_bounds(comparison, value)?;
            whole_set(low, high)
        }
        (Column::Float(_), _) => {
            let (low, high) = bounds(comparison, float(value)?);
            Set::Floats(low, high)
        }
        (Column::Bool(_), Value::Bool(x)) => Set::Bools([!x, *x]),
        _ => return None,
    })
}

fn between(column: &Column, low: &Value, high: &Value) -> Option<Set> {
    Some(match column {
        Column::Int(_) => {
            let (low, _) = whole_bounds(Comparison::GreaterOrEqual, low)?;
            let (_, high) = whole_bounds(Comparison::LessOrEqual, high)?;
            whole_set(low, high)
        }
        Column::Float(_) => Set::Floats(float(low)?, float(high)?),
        _ => return None,
    })
}

fn list(column: &Column, values: &[Value]) -> Option<Set> {
    Some(match column {
        Column::Text { dictionary, .. } => Set::Codes(code_bits(dictionary, values)),
        Column::Int(_) => {
            let whole = |value| match whole_bounds(Comparison::Equal, value)? {
                (low, high) if low == high => i64::try_from(low).ok(),
                _ => None,
            };
            let mut list: Vec<i64> = values.iter().filter_map(whole).collect();
            list.sort_unstable();
            list.dedup();
            Set::IntList(list.into())
        }
        Column::Float(_) => Set::FloatList(values.iter().filter_map(float).collect()),
        Column::Bool(_) => Set::Bools(
            [false, true].map(|x| values.iter().any(|value| matches!(value, Value::Bool(y) if *y == x))),
        ),
        Column::TextList { .. } => return None,
    })
}

fn code_bits(dictionary: &Dictionary, values: &[Value]) -> Box<[u64]> {
    let mut bits = vec![0_u64; dictionary.texts().len().div_ceil(64)];
    for value in values {
        if let Value::Text(text) = value
            && let Some(code) = dictionary.code(text)
        {
            bits[code as usize / 64] |= 1 << (code % 64);
        }
    }
    bits.into()
}

/// The whole numbers that satisfy a comparison, from low to high, both included, in 128 bits so that nothing overflows on the
/// way; above each other if there are none, and `None` of a value that is no number.
pub fn whole_bounds(comparison: Comparison, value: &Value) -> Option<(i128, i128)> {
    // Casts of floats saturate far outside of i64.
    let (floor, ceiling) = match value {
        Value::Int(x) => (i128::from(*x), i128::from(*x)),
        Value::Float(x) => (x.floor() as i128, x.ceil() as i128),
        Value::Text(_) | Value::Bool(_) => return None,
    };
    Some(match comparison {
        // Between two whole numbers the ceiling is above the floor, so that the range is empty.
        Comparison::Equal | Comparison::NotEqual => (ceiling, floor),
        Comparison::Less => (i128::MIN, ceiling.saturating_sub(1)),
        Comparison::LessOrEqual => (i128::MIN, floor),
        Comparison::Greater => (floor.saturating_add(1), i128::MAX),
        Comparison::GreaterOrEqual => (ceiling, i128::MAX),
    })
}

fn whole_set(low: i128, high: i128) -> Set {
    let (low, high) = (low.max(i64::MIN.into()), high.min(i64::MAX.into()));
    match (i64::try_from(low), i64::try_from(high)) {
        (Ok(low), Ok(high)) => Set::Ints(low, high),
        _ => Set::Ints(1, 0),
    }
}

fn bounds(comparison: Comparison, x: f64) -> (f64, f64) {
    match comparison {
        Comparison::Equal | Comparison::NotEqual => (x, x),
        Comparison::Less => (f64::NEG_INFINITY, x.next_down()),
        Comparison::LessOrEqual => (f64::NEG_INFINITY, x),
        Comparison::Greater => (x.next_up(), f64::INFINITY),
        Comparison::GreaterOrEqual => (x, f64::INFINITY),
    }
}

fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Int(x) => Some(*x as f64),
        Value::Float(x) => Some(*x),
        Value::Text(_) | Value::Bool(_) => None,
    }
}
