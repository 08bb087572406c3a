//! The names of quantities and statistics as they stand in files and objectives.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize, Serializer};
use thiserror::Error;

use super::{Quantity, Stat};

/// Why a text names no quantity or statistic.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QuantityError {
    /// No quantity has this name.
    #[error("no quantity is called `{text}`; {}", meant(nearest.as_deref(), &quantity_names()))]
    UnknownQuantity {
        /// As written.
        text: String,
        /// The name that is most like it.
        nearest: Option<String>,
    },
    /// Recall or nDCG without the number of answers that count.
    #[error("`{text}` needs the number of answers that count, like {name}@10")]
    NeedsDepth {
        /// As written.
        text: String,
        /// The name without the number.
        name: &'static str,
    },
    /// No statistic has this name.
    #[error("no statistic is called `{text}`; {}", meant(nearest.as_deref(), &stat_names()))]
    UnknownStat {
        /// As written.
        text: String,
        /// The name that is most like it.
        nearest: Option<String>,
    },
}

fn meant(nearest: Option<&str>, all: &str) -> String {
    nearest.map_or_else(|| format!("they are {all}"), |nearest| format!("did you mean `{nearest}`?"))
}

const PLAIN: [(&str, Quantity); 27] = [
    ("service", Quantity::Service),
    ("response", Quantity::Response),
    ("queue_wait", Quantity::QueueWait),
    ("sched_lag", Quantity::SchedLag),
    ("connection_wait", Quantity::ConnectionWait),
    ("freshness", Quantity::Freshness),
    ("throughput", Quantity::Throughput),
    ("success", Quantity::Success),
    ("mrr", Quantity::Mrr),
    ("short_answers", Quantity::ShortAnswers),
    ("time", Quantity::Time),
    ("memory", Quantity::Memory),
    ("stored", Quantity::Stored),
    ("buffers", Quantity::Buffers),
    ("buffer_hits", Quantity::BufferHits),
    ("log", Quantity::Log),
    ("resident", Quantity::Resident),
    ("disk", Quantity::Disk),
    ("disk_per_row", Quantity::DiskPerRow),
    ("codes_per_row", Quantity::CodesPerRow),
    ("compression", Quantity::Compression),
    ("client_cpu", Quantity::ClientCpu),
    ("server_cpu", Quantity::ServerCpu),
    ("cpu_wait", Quantity::CpuWait),
    ("steal", Quantity::Steal),
    ("swapped", Quantity::Swapped),
    ("index_used", Quantity::IndexUsed),
];

const STATS: [(&str, Stat); 11] = [
    ("mean", Stat::Mean),
    ("min", Stat::Min),
    ("max", Stat::Max),
    ("p10", Stat::P10),
    ("p50", Stat::P50),
    ("p90", Stat::P90),
    ("p95", Stat::P95),
    ("p99", Stat::P99),
    ("p99.9", Stat::P999),
    ("low", Stat::Low),
    ("value", Stat::Value),
];

/// Words that people use for what we call otherwise, and the name that is meant.
const OTHER_WORDS: [(&str, &str); 16] = [
    ("latency", "response"),
    ("qps", "throughput"),
    ("rate", "throughput"),
    ("errors", "success"),
    ("rss", "resident"),
    ("build_time", "time"),
    ("wal", "log"),
    ("hit_rate", "buffer_hits"),
    ("cache_hits", "buffer_hits"),
    ("shared_buffers", "buffers"),
    ("table", "stored"),
    ("median", "p50"),
    ("avg", "mean"),
    ("average", "mean"),
    ("p999", "p99.9"),
    ("size", "memory"),
];

/// Every quantity, those with a depth at depth `k`.
pub(super) fn all(k: u32) -> impl Iterator<Item = Quantity> {
    let plain = PLAIN.into_iter().map(|(_, quantity)| quantity);
    plain.chain([Quantity::Recall { k }, Quantity::Ndcg { k }])
}

fn quantity_names() -> String {
    all(10).map(|quantity| quantity.to_string()).collect::<Vec<_>>().join(", ")
}

fn stat_names() -> String {
    STATS.map(|(name, _)| name).join(", ")
}

/// The name of those given that is like `text`, if one is.
fn nearest(text: &str, names: impl Iterator<Item = String>) -> Option<String> {
    let text = text.to_lowercase();
    let other = OTHER_WORDS.iter().find(|(word, _)| *word == text).map(|(_, name)| *name);
    let distance = |name: &String| match other {
        Some(meant) if meant == name => 0,
        _ => strsim::damerau_levenshtein(&text, name),
    };
    let allowed = (text.chars().count() / 3).max(1);
    names
        .map(|name| (distance(&name), name))
        .min()
        .filter(|(distance, _)| *distance <= allowed)
        .map(|(_, name)| name)
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recall { k } => f.pad(&format!("recall@{k}")),
            Self::Ndcg { k } => f.pad(&format!("ndcg@{k}")),
            plain => {
                f.pad(PLAIN.iter().find(|(_, quantity)| quantity == plain).map_or("", |(name, _)| *name))
            }
        }
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        if let Some((_, quantity)) = PLAIN.iter().find(|(name, _)| *name == text) {
            return Ok(*quantity);
        }
        let (name, depth) = text.split_once('@').unwrap_or((text, ""));
        let (name, make): (_, fn(u32) -> Self) = match name {
            "recall" => ("recall", |k| Self::Recall { k }),
            "ndcg" => ("ndcg", |k| Self::Ndcg { k }),
            _ => {
                let nearest = nearest(text, all(10).map(|quantity| quantity.to_string()));
                return Err(QuantityError::UnknownQuantity { text: text.to_owned(), nearest });
            }
        };
        // One spelling for one depth: no sign, no leading zero.
        let depth = Some(depth).filter(|depth| depth.starts_with(|c: char| matches!(c, '1'..='9')));
        let depth = depth.and_then(|depth| depth.parse().ok());
        depth.map(make).ok_or_else(|| QuantityError::NeedsDepth { text: text.to_owned(), name })
    }
}

impl fmt::Display for Stat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(STATS.iter().find(|(_, stat)| stat == self).map_or("", |(name, _)| *name))
    }
}

impl FromStr for Stat {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        match STATS.iter().find(|(name, _)| *name == text) {
            Some((_, stat)) => Ok(*stat),
            None => Err(QuantityError::UnknownStat {
                text: text.to_owned(),
                nearest: nearest(text, STATS.iter().map(|(name, _)| (*name).to_owned())),
            }),
        }
    }
}

macro_rules! as_text {
    ($type:ty, $expecting:literal) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;

                impl de::Visitor<'_> for Visitor {
                    type Value = $type;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expecting)
                    }

                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$type, E> {
                        text.parse().map_err(E::custom)
                    }
                }

                deserializer.deserialize_str(Visitor)
            }
        }
    };
}

as_text!(Quantity, "the name of a quantity, like recall@10");
as_text!(Stat, "the name of a statistic, like p99");

impl JsonSchema for Quantity {
    fn schema_name() -> Cow<'static, str> {
        "Quantity".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let plain = PLAIN.map(|(name, _)| name).join("|");
        json_schema!({
            "type": "string",
            "description": "Something that a phase measures.",
            "pattern": format!("^({plain}|(recall|ndcg)@[1-9][0-9]*)$"),
            "examples": ["response", "recall@10"],
        })
    }
}

impl JsonSchema for Stat {
    fn schema_name() -> Cow<'static, str> {
        "Stat".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Which statistic of a quantity.",
            "enum": STATS.map(|(name, _)| name),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for quantity in all(1).chain(all(u32::MAX)) {
            assert_eq!(quantity.to_string().parse(), Ok(quantity));
            let json = serde_json::to_string(&quantity).unwrap();
            assert_eq!(serde_json::from_str::<Quantity>(&json).unwrap(), quantity);
        }
        for (name, stat) in STATS {
            assert_eq!(name.parse(), Ok(stat));
            assert_eq!(serde_json::to_string(&stat).unwrap(), format!("\"{name}\""));
        }
        assert_eq!("recall@10".parse(), Ok(Quantity::Recall { k: 10 }));
    }

    #[test]
    fn wrong_names_lead_to_the_right_one() {
        let quantity = |text: &str| text.parse::<Quantity>().unwrap_err().to_string();
        let stat = |text: &str| text.parse::<Stat>().unwrap_err().to_string();
        assert_eq!(quantity("respons"), "no quantity is called `respons`; did you mean `response`?");
        assert_eq!(quantity("Latency"), "no quantity is called `Latency`; did you mean `response`?");
        assert_eq!(quantity("recal@10"), "no quantity is called `recal@10`; did you mean `recall@10`?");
        assert_eq!(quantity("recall"), "`recall` needs the number of answers that count, like recall@10");
        for bad in ["recall@0", "recall@010", "recall@+1", "recall@99999999999", "ndcg@"] {
            assert!(quantity(bad).contains("needs the number"), "{bad}");
        }
        assert!(quantity("xyzzy").starts_with("no quantity is called `xyzzy`; they are service, response"));
        assert_eq!(stat("p999"), "no statistic is called `p999`; did you mean `p99.9`?");
        assert_eq!(stat("median"), "no statistic is called `median`; did you mean `p50`?");
        assert!(
            stat("sigma").ends_with("they are mean, min, max, p10, p50, p90, p95, p99, p99.9, low, value")
        );
    }
}
