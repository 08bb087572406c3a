//! A range of rows, as `a..b` without `b`.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use thiserror::Error;

/// Rows from `start` on, up to `end` and without it; never empty when it was read from a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowRange {
    /// The first row, counted from 0.
    pub start: u64,
    /// The row after the last.
    pub end: u64,
}

/// Why a text is no range of rows.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RangeError {
    /// It has another form.
    #[error("`{0}` is no range of rows; write it as 0..5000, the last row not included")]
    Form(String),
    /// There is no row in it.
    #[error("the range {start}..{end} is empty; the first number must be less than the second")]
    Empty {
        /// The first row.
        start: u64,
        /// The row after the last.
        end: u64,
    },
}

impl RowRange {
    /// Number of rows.
    pub const fn len(self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Refuses a range without rows.
    pub const fn checked(start: u64, end: u64) -> Result<Self, RangeError> {
        if start < end { Ok(Self { start, end }) } else { Err(RangeError::Empty { start, end }) }
    }

    /// The rows one by one.
    pub const fn rows(self) -> Range<u64> {
        self.start..self.end
    }

    /// Ranges of `most` rows that together are this one; the last may be shorter.
    pub fn chunks(self, most: u64) -> impl Iterator<Item = Self> {
        let most = most.max(1);
        let part = move |part: u64| {
            let start = self.start + part * most;
            Self { start, end: self.end.min(start.saturating_add(most)) }
        };
        (0..self.len().div_ceil(most)).map(part)
    }
}

impl fmt::Display for RowRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}..{}", self.start, self.end))
    }
}

impl FromStr for RowRange {
    type Err = RangeError;

    fn from_str(text: &str) -> Result<Self, RangeError> {
        let form = || RangeError::Form(text.to_owned());
        let (start, end) = text.split_once("..").ok_or_else(form)?;
        // Digits alone, with `_` between them for the eye: no sign, nothing left out.
        let number = |text: &str| {
            let text = text.trim();
            let digits = text.starts_with(|c: char| c.is_ascii_digit())
                && text.chars().all(|c| c.is_ascii_digit() || c == '_');
            text.replace('_', "").parse().ok().filter(|_| digits)
        };
        let (start, end) = number(start).zip(number(end)).ok_or_else(form)?;
        Self::checked(start, end)
    }
}

impl Serialize for RowRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RowRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = RowRange;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a range of rows such as 0..5000")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<RowRange, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}

impl JsonSchema for RowRange {
    fn schema_name() -> Cow<'static, str> {
        "RowRange".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Rows from the first number on, up to the second and without it.",
            "pattern": "^ *[0-9][0-9_]* *\\.\\. *[0-9][0-9_]* *$",
            "examples": ["0..5000"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranges_are_read_and_refused_in_words() {
        assert_eq!("0..5_000".parse(), Ok(RowRange { start: 0, end: 5000 }));
        assert_eq!(" 3 .. 4 ".parse(), Ok(RowRange { start: 3, end: 4 }));
        for bad in
            ["", "5", "..", "1..", "..2", "-1..2", "+1..2", "1..=2", "1...2", "_1..2", "a..b", "1..1e3"]
        {
            assert_eq!(bad.parse::<RowRange>(), Err(RangeError::Form(bad.to_owned())), "{bad}");
        }
        let empty = "5..5".parse::<RowRange>().unwrap_err().to_string();
        assert_eq!(empty, "the range 5..5 is empty; the first number must be less than the second");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(start in 0..u64::MAX, more in 1..1_000_000u64) {
            let range = RowRange { start, end: start.saturating_add(more) };
            prop_assert_eq!(range.to_string().parse(), Ok(range));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[0-9._ x-]{0,24}") {
            if let Ok(range) = text.parse::<RowRange>() {
                prop_assert!(!range.is_empty());
            }
        }

        #[test]
        fn chunks_are_the_whole(start in 0..1000u64, more in 1..500u64, most in 1..600u64) {
            let range = RowRange { start, end: start + more };
            let rows: Vec<u64> = range.chunks(most).flat_map(RowRange::rows).collect();
            prop_assert_eq!(rows, range.rows().collect::<Vec<_>>());
            prop_assert!(range.chunks(most).all(|chunk| chunk.len() <= most && !chunk.is_empty()));
        }
    }
}
