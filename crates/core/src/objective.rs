//! Objectives: what a variant is held to, as one string with one grammar.
//!
//! `phase[.form].quantity[.stat] <op> value[, critical value]`, for example
//! `search.response.p95 < 10ms, critical 50ms` or `load.throughput >= 0.7 x 'hnsw f32'`. The same text stands in
//! scenario files, in run records and on the page; [`Objective`] is its parsed form and its `Display` reads back equal.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use thiserror::Error;

use crate::quantity::{Quantity, Stat};

mod entry;
mod judge;
mod parse;
mod value;

pub use entry::ObjectiveEntry;
pub use judge::{Grade, Judgement};

/// A figure and the level it must reach.
#[derive(Debug, Clone, PartialEq)]
pub struct Objective {
    /// Which phase.
    pub phase: Selector,
    /// Which form within the phase; `None` if the objective names none.
    pub form: Option<Selector>,
    /// What is judged.
    pub quantity: Quantity,
    /// Which statistic of it; one that the quantity allows.
    pub stat: Stat,
    /// How value and target must compare.
    pub op: Op,
    /// The level to reach.
    pub target: Target,
    /// The level beyond which a miss is critical.
    pub critical: Option<Target>,
}

/// Which phases or forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// `*`: every one that has the quantity.
    Any,
    /// The one of this name.
    Name(String),
}

impl Selector {
    /// Whether `name` is selected.
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Name(own) => own == name,
        }
    }
}

/// How a value must compare with its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

impl Op {
    /// Whether `value` compares with `target` in this way.
    pub fn holds(self, value: f64, target: f64) -> bool {
        match self {
            Self::Less => value < target,
            Self::AtMost => value <= target,
            Self::Greater => value > target,
            Self::AtLeast => value >= target,
        }
    }

    /// Whether it asks for small values.
    pub const fn is_upper_limit(self) -> bool {
        matches!(self, Self::Less | Self::AtMost)
    }
}

/// A level.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// A value in the base unit of the quantity: nanoseconds, per second, share, bytes. Finite, not negative.
    Absolute(f64),
    /// A multiple of what another variant reached.
    Relative {
        /// How much of it.
        factor: Factor,
        /// Whose.
        to: Reference,
    },
}

impl Target {
    /// The variant whose value it needs, if it needs one.
    pub const fn reference(&self) -> Option<&Reference> {
        match self {
            Self::Absolute(_) => None,
            Self::Relative { to, .. } => Some(to),
        }
    }

    /// The level in the quantity's base unit, given the value that the other variant reached. `None` if that value is
    /// needed and missing, or is no number.
    pub fn level(&self, reference: Option<f64>) -> Option<f64> {
        let level = match self {
            Self::Absolute(value) => *value,
            Self::Relative { factor, .. } => factor.value() * reference?,
        };
        level.is_finite().then_some(level)
    }
}

/// A factor as it was typed, because `1/30` says more than `0.0333`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Factor {
    /// Above the line; finite and above zero.
    pub numerator: f64,
    /// Below the line; finite and above zero, 1 if no line was typed.
    pub denominator: f64,
}

impl Factor {
    /// As one number.
    pub fn value(self) -> f64 {
        self.numerator / self.denominator
    }
}

/// The variant that a relative target looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// The scenario's baseline.
    Baseline,
    /// The variant of this name.
    Variant(String),
}

/// Why a text is no objective, and where in it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}{}", help.as_ref().map(|help| format!("; {help}")).unwrap_or_default())]
pub struct ObjectiveError {
    /// Where the trouble begins, in bytes from the start of the text.
    pub offset: usize,
    /// How many bytes it spans.
    pub length: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.", self.phase)?;
        if let Some(form) = &self.form {
            write!(f, "{form}.")?;
        }
        write!(f, "{}", self.quantity)?;
        // The word "value" says nothing; every other statistic does.
        if self.stat != Stat::Value {
            write!(f, ".{}", self.stat)?;
        }
        write!(f, " {} {}", self.op, value::text(self.quantity, &self.target))?;
        match &self.critical {
            Some(critical) => write!(f, ", critical {}", value::text(self.quantity, critical)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "*",
            Self::Name(name) => name,
        })
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        })
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.numerator)?;
        if self.denominator == 1.0 { Ok(()) } else { write!(f, "/{}", self.denominator) }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Baseline => f.write_str("baseline"),
            Self::Variant(name) => write!(f, "'{}'", name.replace('\'', "''")),
        }
    }
}

impl Serialize for Objective {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Objective {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Objective;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an objective, like `search.response.p95 < 10ms`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Objective, E> {
                text.parse().map_err(|error| E::custom(format_args!("objective `{text}`: {error}")))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

impl JsonSchema for Objective {
    fn schema_name() -> Cow<'static, str> {
        "Objective".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "phase[.form].quantity[.stat] <op> value[, critical value]",
            "pattern": r"^\s*([A-Za-z][A-Za-z0-9_-]*|\*)\.[^<>≤≥]+(<=?|>=?|≤|≥)\s*[0-9].*$",
            "examples": [
                "search.response.p95 < 10ms, critical 50ms",
                "search.recall@10 >= 0.95",
                "load.throughput >= 1/30 x baseline",
            ],
        })
    }
}

#[cfg(test)]
mod tests;
