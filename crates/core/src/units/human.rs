//! Durations, sizes and rates as scenario files state them: texts with a unit, written back exactly.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::parse::{BYTES, Measure, RATE, TIME, UnitError};
use super::{Bytes, Nanos, Rate};

/// A duration in a scenario: `30s`, `250ms`, `1.5s`, `5min`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HumanDuration(pub Nanos);

impl HumanDuration {
    /// Whole seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Nanos::from_secs(seconds))
    }

    /// Whole milliseconds.
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(Nanos::from_millis(milliseconds))
    }

    /// In nanoseconds.
    pub const fn nanos(self) -> Nanos {
        self.0
    }

    /// As the standard library's type.
    pub const fn as_duration(self) -> Duration {
        self.0.as_duration()
    }
}

/// A size in a scenario: `14MB`, `512kB`, `1GiB`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HumanBytes(pub Bytes);

impl HumanBytes {
    /// The number of bytes.
    pub const fn bytes(self) -> Bytes {
        self.0
    }
}

/// A rate in a scenario: `500/s`, `30k/s`, `12/min`.
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd)]
pub struct HumanRate(pub Rate);

impl HumanRate {
    /// The rate.
    pub const fn rate(self) -> Rate {
        self.0
    }

    /// The number per second.
    pub const fn per_second(self) -> f64 {
        self.0.0
    }
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Zero milliseconds and zero hours are the same; seconds look least odd.
        if self.0 == Nanos::ZERO { f.pad("0s") } else { f.pad(&TIME.exact_whole(self.0.0)) }
    }
}

impl fmt::Display for HumanBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&BYTES.exact_whole(self.0.0))
    }
}

impl fmt::Display for HumanRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&RATE.exact(self.0.0))
    }
}

/// What is the same for all three: they are strings in files, and a bare number is an error that says so.
macro_rules! human {
    ($type:ident, $inner:ident, $measure:ident, $pattern:literal, $examples:tt) => {
        impl FromStr for $type {
            type Err = UnitError;

            fn from_str(text: &str) -> Result<Self, UnitError> {
                text.parse().map(Self)
            }
        }

        impl From<$inner> for $type {
            fn from(inner: $inner) -> Self {
                Self(inner)
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                // Not `deserialize_str`: YAML would hand a bare number over as text, and the message would be worse.
                deserializer.deserialize_any(TextVisitor { measure: &$measure, parse: $type::from_str })
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "examples": $examples })
            }
        }
    };
}

human!(HumanDuration, Nanos, TIME, r"^[0-9]+(\.[0-9]+)? ?(ns|us|µs|ms|s|min|h)$", ["30s", "250ms", "5min"]);
human!(HumanBytes, Bytes, BYTES, r"^[0-9]+(\.[0-9]+)? ?([kMGT]?B|[KMGT]iB)$", ["14MB", "512kB", "1GiB"]);
human!(HumanRate, Rate, RATE, r"^[0-9]+(\.[0-9]+)? ?([kM]?/s|/min)$", ["500/s", "30k/s", "12/min"]);

struct TextVisitor<T> {
    measure: &'static Measure,
    parse: fn(&str) -> Result<T, UnitError>,
}

impl<T> TextVisitor<T> {
    fn bare<E: de::Error>(&self) -> Result<T, E> {
        Err(E::custom(UnitError::NoUnit { what: self.measure.what, example: self.measure.example }))
    }
}

impl<T> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with its unit, like {}", self.measure.what, self.measure.example)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.parse)(text).map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<T, E> {
        self.bare()
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<T, E> {
        self.bare()
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<T, E> {
        self.bare()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message<T: FromStr<Err = UnitError> + fmt::Debug>(text: &str) -> String {
        text.parse::<T>().unwrap_err().to_string()
    }

    #[test]
    fn texts_with_units_are_read() {
        let durations = [
            ("10ms", 10_000_000),
            ("30s", 30_000_000_000),
            ("1.5s", 1_500_000_000),
            ("250µs", 250_000),
            ("250 us", 250_000),
            ("5min", 300_000_000_000),
            ("2 h", 7_200_000_000_000),
            ("800ns", 800),
            ("1.001µs", 1_001),
            ("0.4ns", 0),
        ];
        for (text, nanoseconds) in durations {
            assert_eq!(text.parse(), Ok(Nanos(nanoseconds)), "{text}");
        }
        for (text, bytes) in [("14MB", 14_000_000), ("512kB", 512_000), ("1GiB", 1 << 30), ("790 B", 790)] {
            assert_eq!(text.parse(), Ok(Bytes(bytes)), "{text}");
        }
        for (text, rate) in
            [("500/s", 500.0), ("30k/s", 3e4), ("5M/s", 5e6), ("12/min", 0.2), ("1.13 M/s", 1.13e6)]
        {
            assert_eq!(text.parse(), Ok(Rate(rate)), "{text}");
        }
    }

    #[test]
    fn other_texts_say_what_is_wrong() {
        assert_eq!(message::<Nanos>("30"), "a duration needs a unit, like 30s or 250ms");
        assert_eq!(message::<Nanos>(""), "a duration begins with a number, like 30s or 250ms");
        assert_eq!(message::<Nanos>("-3s"), "a duration begins with a number, like 30s or 250ms");
        assert_eq!(message::<Nanos>("1..5s"), "a duration begins with a number, like 30s or 250ms");
        assert_eq!(message::<Nanos>("5m"), "a duration has no unit `m`: use ns, µs, ms, s, min or h");
        assert_eq!(message::<Nanos>("900000000h"), "`900000000h` is too large");
        assert_eq!(
            message::<Bytes>("7 mb"),
            "a size has no unit `mb`: use B, kB, MB, GB, TB, KiB, MiB, GiB or TiB"
        );
        assert_eq!(message::<Rate>("7k"), "a rate has no unit `k`: use /s, k/s, M/s or /min");
    }

    #[test]
    fn files_hold_texts_and_never_bare_numbers() {
        let read = |json| serde_json::from_str::<HumanDuration>(json);
        assert_eq!(read("\"90s\"").unwrap(), HumanDuration::from_secs(90));
        for bare in ["30", "-30", "1.5"] {
            let message = read(bare).unwrap_err().to_string();
            assert!(message.starts_with("a duration needs a unit, like 30s or 250ms"), "{message}");
        }
        let rate = serde_json::from_str::<HumanRate>("5").unwrap_err().to_string();
        assert!(rate.starts_with("a rate needs a unit, like 500/s or 30k/s"), "{rate}");
    }

    #[test]
    fn the_shortest_unit_that_divides_evenly_is_written() {
        for text in ["0s", "1h", "90s", "30min", "1500ms", "250µs", "7ns"] {
            assert_eq!(text.parse::<HumanDuration>().unwrap().to_string(), text);
        }
        for text in ["0B", "512kB", "14MB", "1GiB", "790B"] {
            assert_eq!(text.parse::<HumanBytes>().unwrap().to_string(), text);
        }
        for text in ["0/s", "500/s", "30k/s", "5M/s", "12.5/s"] {
            assert_eq!(text.parse::<HumanRate>().unwrap().to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn every_value_reads_back_exactly(n: u64, small in 0u64..100_000, unit in 0usize..5, rate in 0f64..1e15) {
            let round = small * [1, 1_000, 1_024, 1_000_000, 60_000_000_000][unit];
            for n in [n, round] {
                prop_assert_eq!(HumanDuration(Nanos(n)).to_string().parse(), Ok(HumanDuration(Nanos(n))));
                prop_assert_eq!(HumanBytes(Bytes(n)).to_string().parse(), Ok(HumanBytes(Bytes(n))));
            }
            for rate in [rate, rate.round(), round as f64, f64::MIN_POSITIVE, f64::MAX] {
                prop_assert_eq!(HumanRate(Rate(rate)).to_string().parse(), Ok(HumanRate(Rate(rate))));
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,12}", number in "[0-9.]{0,40}", unit in "[a-zµ/ ]{0,4}") {
            for text in [text, format!("{number}{unit}")] {
                let _ = (text.parse::<Nanos>(), text.parse::<Bytes>(), text.parse::<Rate>());
            }
        }
    }
}
