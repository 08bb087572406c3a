//! Amounts of change as people write them: `5 %`, `0.5 pt`, `0.05`.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use thiserror::Error;

/// An amount of change: a share of the value it is held against (`5 %`), or points of a share (`0.5 pt`, which is 0.005).
/// Never negative.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Amount(pub f64);

/// Why a text is no amount.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is no amount of change; write it as `5 %`, `0.5 pt` or 0.05 (2 alone would be 200 %)")]
pub struct AmountError {
    /// As written.
    pub text: String,
}

impl Amount {
    /// A number without a unit. Above 1 it is a percentage whose sign was forgotten.
    fn bare(value: f64, text: &str) -> Result<Self, AmountError> {
        if value > 1.0 { Err(AmountError { text: text.to_owned() }) } else { Self::of(value, text) }
    }

    fn of(value: f64, text: &str) -> Result<Self, AmountError> {
        if value.is_finite() && value >= 0.0 {
            Ok(Self(value))
        } else {
            Err(AmountError { text: text.to_owned() })
        }
    }
}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let trimmed = text.trim();
        let units = [("%", 100.0), ("pt", 100.0), ("points", 100.0), ("", 1.0)];
        let (number, by) = units
            .iter()
            .find_map(|(unit, by)| Some((trimmed.strip_suffix(unit)?, *by)))
            .unwrap_or((trimmed, 1.0));
        let value: f64 = number.trim().parse().map_err(|_| AmountError { text: text.to_owned() })?;
        if by == 1.0 { Self::bare(value, text) } else { Self::of(value / by, text) }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Twelve digits are more than anyone writes, and fewer than a factor of 100 disturbs.
        write!(f, "{} %", (self.0 * 100.0 * 1e10).round() / 1e10)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Amounts;
        impl Visitor<'_> for Amounts {
            type Value = Amount;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an amount of change such as `5 %` or 0.05")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Amount, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Amount, E> {
                Amount::bare(value, &value.to_string()).map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Amount, E> {
                self.visit_f64(value as f64)
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Amount, E> {
                self.visit_f64(value as f64)
            }
        }
        deserializer.deserialize_any(Amounts)
    }
}

impl JsonSchema for Amount {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number"], "examples": ["5 %", "0.5 pt", 0.05] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_written_and_print_as_percent() {
        let cases =
            [("5 %", 0.05), ("5%", 0.05), ("0.5 pt", 0.005), ("2 points", 0.02), ("0.05", 0.05), ("0", 0.0)];
        for (text, value) in cases {
            let amount: Amount = text.parse().unwrap();
            assert!((amount.0 - value).abs() < 1e-15, "{text}");
            let again: Amount = amount.to_string().parse().unwrap();
            assert!((again.0 - amount.0).abs() < 1e-14, "{text} {amount}");
        }
        assert_eq!(Amount(0.07).to_string(), "7 %");
        for wrong in ["", "five", "-1 %", "inf", "NaN %", "5 x", "2"] {
            assert!(wrong.parse::<Amount>().is_err(), "{wrong}");
        }
    }
}
