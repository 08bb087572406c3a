//! Filters on labels: one grammar for every engine.
//!
//! ```text
//! filter  = and { "or" and }              not binds tighter than and, and tighter than or
//! and     = not { "and" not }
//! not     = "not" not | "(" filter ")" | test
//! test    = field ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) value
//!         | field [ "not" ] "in" "(" value { "," value } ")"
//!         | field "between" value "and" value      both ends belong to it
//!         | field "contains" text                  lists of texts only, never a part of a text
//!         | field "exists"
//! field   = [A-Za-z_][A-Za-z0-9_.]*  or any name in "double quotes" ("" stands for one quote)
//! value   = 'text' ('' stands for one quote)  |  number  |  true  |  false
//! ```
//!
//! Keywords may be written in any case. A row that lacks a label satisfies no test of it, neither `=` nor `!=`,
//! neither `in` nor `not in`; only `exists` speaks of its absence. `not` is plain negation: a row is in `not f`
//! exactly if it is not in `f`. So `not pos = 'n'` holds for rows without `pos`, and `pos != 'n'` does not. There is
//! no third truth value as in SQL.
//!
//! Numbers are compared by value, whatever the column's type: `count >= 2.5` on whole numbers means `count >= 3`.
//! A whole number that is compared with a floating-point column is first rounded to double precision.

mod check;
mod compile;
mod display;
mod error;
mod lex;
mod parse;
mod predicate;
mod reference;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use self::compile::whole_bounds;
pub use self::error::{FilterError, FilterMismatch};
pub use self::predicate::Predicate;

/// How deep filters may be nested.
pub const MAX_DEPTH: usize = 32;

/// A condition on the labels of a row.
///
/// Parsed filters are well formed. For filters that are put together in code: `And` and `Or` have at least two parts,
/// lists of values at least one value, numbers are finite, and nesting is at most [`MAX_DEPTH`];
/// [`Filter::check`] refuses anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// `field = value` and its five siblings.
    Compare {
        /// The label.
        field: String,
        /// The comparison.
        comparison: Comparison,
        /// What the label is compared with.
        value: Value,
    },
    /// `field in (a, b)`: the label equals one of the values.
    In {
        /// The label.
        field: String,
        /// The values.
        values: Vec<Value>,
    },
    /// `field not in (a, b)`: the label is there and equals none of the values.
    NotIn {
        /// The label.
        field: String,
        /// The values.
        values: Vec<Value>,
    },
    /// `field between low and high`, both included.
    Between {
        /// The label.
        field: String,
        /// Lower end.
        low: Value,
        /// Upper end.
        high: Value,
    },
    /// `field contains 'x'`: the list has the text among its members.
    Contains {
        /// The label.
        field: String,
        /// The member.
        text: String,
    },
    /// `field exists`: the row has the label (an empty list is there).
    Exists {
        /// The label.
        field: String,
    },
    /// All parts hold.
    And(Vec<Filter>),
    /// At least one part holds.
    Or(Vec<Filter>),
    /// The part does not hold.
    Not(Box<Filter>),
}

/// A comparison of a label with one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// The operator as it is written.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// Whether it asks for an order, which texts and booleans do not have here.
    pub const fn is_range(self) -> bool {
        !matches!(self, Self::Equal | Self::NotEqual)
    }
}

/// A literal of a filter.
#[derive(Debug, Clone)]
pub enum Value {
    /// Text.
    Text(String),
    /// Whole number.
    Int(i64),
    /// Double-precision number, finite.
    Float(f64),
    /// True or false.
    Bool(bool),
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            // By bits, so that equality is an equivalence; −0.0 and 0.0 are different literals of the same meaning.
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            (Self::Bool(a), Self::Bool(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}

impl Filter {
    /// The labels that the filter speaks of.
    pub fn fields(&self) -> BTreeSet<&str> {
        match self {
            Self::Compare { field, .. }
            | Self::In { field, .. }
            | Self::NotIn { field, .. }
            | Self::Between { field, .. }
            | Self::Contains { field, .. }
            | Self::Exists { field } => BTreeSet::from([field.as_str()]),
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::fields).collect(),
            Self::Not(part) => part.fields(),
        }
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        parse::parse(text)
    }
}

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for Filter {
    fn schema_name() -> Cow<'static, str> {
        "Filter".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A condition on labels: `=`, `!=`, `<`, `<=`, `>`, `>=`, `in (…)`, `not in (…)`, \
                            `between … and …`, `contains '…'`, `exists`, joined by `and`, `or`, `not` and parentheses.",
            "examples": ["pos = 'n' and tag_count >= 5", "domain contains 'law' or not hypernym exists"],
        })
    }
}
