//! How operations of a phase come: the keys that every phase of load shares.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::scenario::RateSpec;
use crate::schedule::Spacing;
use crate::units::{HumanDuration, Nanos};

/// What becomes of an arrival that finds every session busy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhenFull {
    /// It waits, and its wait counts in the response time.
    #[default]
    Queue,
    /// It is left out and counted.
    Drop,
    /// The phase ends and says so.
    Abort,
}

/// In which order queries are asked, and which rows are fetched.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// All of them in turn, in a seeded order.
    #[default]
    InTurn,
    /// Each with the same chance.
    Uniform,
    /// By Zipf's law with this exponent: the n-th most popular has a chance in proportion to `1 / n^exponent`.
    Zipf(f64),
    /// As listed in a file, one row number a line, again and again.
    Recorded(std::path::PathBuf),
}

/// What is done before the clock starts; its figures are discarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warmup {
    /// So many operations.
    Operations(u64),
    /// Until service times are flat, but no longer than this.
    Steady(HumanDuration),
}

impl Default for Warmup {
    fn default() -> Self {
        Self::Steady(HumanDuration::from_secs(2))
    }
}

impl Serialize for Warmup {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Operations(n) => serializer.serialize_u64(*n),
            Self::Steady(most) => most.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Warmup {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CountOrTime;

        impl Visitor<'_> for CountOrTime {
            type Value = Warmup;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of operations such as 200, or a longest time such as 2s")
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Warmup, E> {
                Ok(Warmup::Operations(value))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Warmup, E> {
                u64::try_from(value)
                    .map(Warmup::Operations)
                    .map_err(|_| E::custom("a warm-up can't have a negative number of operations"))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Warmup, E> {
                text.parse().map(Warmup::Steady).map_err(E::custom)
            }
        }

        deserializer.deserialize_any(CountOrTime)
    }
}

impl JsonSchema for Warmup {
    fn schema_name() -> Cow<'static, str> {
        "Warmup".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let time = generator.subschema_for::<HumanDuration>();
        json_schema!({
            "description": "Operations before the clock starts: a number of them, or the longest time for which to wait until service times are flat.",
            "oneOf": [{"type": "integer", "minimum": 0}, time]
        })
    }
}

/// How the operations of a phase come, as its keys say.
#[derive(Debug, Clone, PartialEq)]
pub struct Traffic {
    /// Callers at the same time; connections in open load.
    pub sessions: usize,
    /// How long to go on.
    pub duration: Option<Nanos>,
    /// How many operations to do.
    pub operations: Option<u64>,
    /// Time between an answer and the next operation of a session; closed load.
    pub think: Nanos,
    /// Time over which the sessions start one after another; closed load.
    pub ramp: Nanos,
    /// Arrivals a second; absent in closed load.
    pub rate: Option<RateSpec>,
    /// How arrivals are spaced.
    pub arrivals: Spacing,
    /// Operations that may be in flight.
    pub max_in_flight: Option<usize>,
    /// What becomes of an arrival beyond them.
    pub when_full: WhenFull,
    /// Share of the arrivals that may be dropped before the phase is invalid.
    pub allow_drops: f64,
    /// Warm-up.
    pub warmup: Warmup,
    /// Order of queries and rows.
    pub choice: Choice,
}

impl Traffic {
    /// Whether operations are due by a schedule.
    pub fn is_open(&self) -> bool {
        self.rate.is_some()
    }
}

/// Declares a phase of load: its own keys and those that all of them share. `serde` can't flatten one struct into another
/// and refuse unknown keys at the same time.
macro_rules! traffic_phase {
    ($(#[$meta:meta])* $name:ident counted by $count:ident { $($(#[$key_meta:meta])* $key:ident: $type:ty = $default:expr,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            /// Unique name; the kind of the phase unless set.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub name: Option<String>,
            $($(#[$key_meta])* pub $key: $type,)*
            /// How long to go on.
            #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
            pub duration: Option<HumanDuration>,
            /// Callers at the same time. In open load: connections.
            pub sessions: usize,
            /// Closed load: time between an answer and the session's next operation.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub think: Option<HumanDuration>,
            /// Closed load: the sessions start one after another over this time.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub ramp: Option<HumanDuration>,
            /// Open load: arrivals a second, whether or not earlier operations were answered.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub rate: Option<RateSpec>,
            /// Open load: how arrivals are spaced.
            pub arrivals: Spacing,
            /// Open load: operations that may be in flight; as many as the sessions carry unless set.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub max_in_flight: Option<usize>,
            /// Open load: what becomes of an arrival that finds as many in flight as may be.
            pub when_full: WhenFull,
            /// Open load: share of the arrivals that may be dropped before the phase counts as invalid, 0 to 1.
            pub allow_drops: f64,
            /// Before the clock starts: a number of operations, or the longest time to wait until service times are flat.
            pub warmup: Warmup,
            /// Which queries are asked and which rows are fetched.
            pub choice: Choice,
            /// The shape that this phase is a part of; filled in where a shape was written.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub shape: Option<String>,
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    name: None,
                    $($key: $default,)*
                    duration: None,
                    sessions: 1,
                    think: None,
                    ramp: None,
                    rate: None,
                    arrivals: Spacing::default(),
                    max_in_flight: None,
                    when_full: WhenFull::default(),
                    allow_drops: 0.0,
                    warmup: Warmup::default(),
                    choice: Choice::default(),
                    shape: None,
                }
            }
        }

        impl $name {
            /// Makes the paths of recorded files start from the scenario's folder.
            pub(super) fn relative_to(&mut self, folder: &Path) {
                if let Some(RateSpec::Trace(path)) = &mut self.rate {
                    *path = folder.join(&*path);
                }
                if let Choice::Recorded(path) = &mut self.choice {
                    *path = folder.join(&*path);
                }
            }

            /// How its operations come.
            pub fn traffic(&self) -> Traffic {
                let nanos = |duration: Option<HumanDuration>| duration.map_or(Nanos::ZERO, HumanDuration::nanos);
                Traffic {
                    sessions: self.sessions,
                    duration: self.duration.map(HumanDuration::nanos),
                    operations: self.$count,
                    think: nanos(self.think),
                    ramp: nanos(self.ramp),
                    rate: self.rate.clone(),
                    arrivals: self.arrivals,
                    max_in_flight: self.max_in_flight,
                    when_full: self.when_full,
                    allow_drops: self.allow_drops,
                    warmup: self.warmup,
                    choice: self.choice.clone(),
                }
            }
        }
    };
}

pub(super) use traffic_phase;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warm_up_is_a_count_or_a_time() {
        let read = |text: &str| serde_saphyr::from_str::<Warmup>(text);
        assert_eq!(read("200").unwrap(), Warmup::Operations(200));
        assert_eq!(read("2s").unwrap(), Warmup::default());
        assert!(read("-1").unwrap_err().to_string().contains("negative"));
        assert!(read("soon").is_err());
        for warmup in [Warmup::Operations(3), Warmup::default()] {
            let json = serde_json::to_string(&warmup).unwrap();
            assert_eq!(serde_json::from_str::<Warmup>(&json).unwrap(), warmup);
        }
    }
}
