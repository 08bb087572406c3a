//! One value or several.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Values of a search parameter, in the order in which they are tried: written as `64` or `[16, 64, 256]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sweep(pub Vec<u64>);

impl Serialize for Sweep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => serializer.serialize_u64(*one),
            many => many.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Sweep {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Sweep;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number of at least 1, or a list of them")
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Sweep, E> {
                if value == 0 {
                    return Err(E::custom("a search parameter must be at least 1, not 0"));
                }
                Ok(Sweep(vec![value]))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Sweep, E> {
                match u64::try_from(value) {
                    Ok(value) => self.visit_u64(value),
                    Err(_) => Err(E::invalid_value(Unexpected::Signed(value), &self)),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Sweep, A::Error> {
                let mut values = Vec::new();
                while let Some(Sweep(one)) = seq.next_element()? {
                    values.extend(one);
                }
                if values.is_empty() {
                    return Err(A::Error::custom("the list is empty; write at least one value"));
                }
                let mut seen = std::collections::BTreeSet::new();
                if let Some(twice) = values.iter().find(|value| !seen.insert(**value)) {
                    return Err(A::Error::custom(format!("{twice} is listed twice")));
                }
                Ok(Sweep(values))
            }
        }

        deserializer.deserialize_any(OneOrMany)
    }
}

impl JsonSchema for Sweep {
    fn schema_name() -> Cow<'static, str> {
        "Sweep".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "One value or a list of values to try in turn.",
            "oneOf": [
                {"type": "integer", "minimum": 1},
                {"type": "array", "minItems": 1, "uniqueItems": true, "items": {"type": "integer", "minimum": 1}}
            ]
        })
    }
}
