//! Rules for figures of a name.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize, Serializer};
use thiserror::Error;

use super::Amount;
use crate::key::MetricKey;
use crate::quantity::Quantity;

/// What holds of the figures that a pattern matches; what is not written stays as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MetricRule {
    /// The margin within which a change does not matter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin: Option<Amount>,
    /// How much worse it may become against the baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worse: Option<Amount>,
    /// Whether it is judged at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judged: Option<bool>,
}

/// Which figures: words that must all stand in a figure's name, which is `variant [point] phase.form.quantity.stat`. Words
/// are parted by blanks and dots; `*` stands for anything.
///
/// `search.p99` matches every 99th percentile of the phase or form `search`; `hnsw f16 memory` the memory of that variant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MetricPattern {
    text: String,
    words: Vec<String>,
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` names no figure; write words of its name, such as `search.p99` or `hnsw memory`")]
pub struct PatternError {
    /// As written.
    pub text: String,
}

impl MetricPattern {
    /// Whether it means this figure.
    pub fn matches(&self, key: &MetricKey) -> bool {
        let name = name(key);
        let words: Vec<&str> = words(&name).collect();
        self.words.iter().all(|word| word == "*" || words.iter().any(|own| is_meant(word, own)))
    }

    /// Whether one of its words is the quantity's name.
    pub fn names(&self, quantity: Quantity) -> bool {
        let quantity = quantity.to_string();
        self.words.iter().any(|word| is_meant(word, &quantity))
    }

    /// Its first word that no figure's name has: what makes it match none of them.
    pub fn unknown_word(&self, names: &BTreeSet<String>) -> Option<&str> {
        let known = |word: &str| names.iter().any(|own| is_meant(word, own));
        self.words.iter().map(String::as_str).find(|word| *word != "*" && !known(word))
    }

    /// The words of a figure's name.
    pub fn words_of(key: &MetricKey) -> Vec<String> {
        words(&name(key)).map(str::to_owned).collect()
    }
}

/// Whether a word of a pattern means one of a name: `recall` means `recall@10` too.
fn is_meant(word: &str, own: &str) -> bool {
    own == word || own.split_once('@').is_some_and(|(base, _)| base == word)
}

fn name(key: &MetricKey) -> String {
    let quantity = format!("{}.{}", key.quantity, key.stat);
    [&key.variant, &key.point, &key.phase, &key.form, &quantity].map(String::as_str).join(" ")
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([' ', '.', '[', ']', ',']).filter(|word| !word.is_empty())
}

impl FromStr for MetricPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let words: Vec<String> = words(text).map(str::to_owned).collect();
        if words.is_empty() {
            Err(PatternError { text: text.to_owned() })
        } else {
            Ok(Self { text: text.to_owned(), words })
        }
    }
}

impl fmt::Display for MetricPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl Serialize for MetricPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for MetricPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for MetricPattern {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "MetricPattern".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "examples": ["search.p99", "hnsw f16 memory"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::{Quantity, Stat};

    #[test]
    fn all_words_must_stand_in_the_name() {
        let key = MetricKey {
            variant: "hnsw f16".to_owned(),
            point: "ef_search=64".to_owned(),
            phase: "search".to_owned(),
            form: "search".to_owned(),
            quantity: Quantity::Service,
            stat: Stat::P99,
        };
        for (pattern, matches) in [
            ("search.p99", true),
            ("hnsw f16 search.service.p99", true),
            ("ef_search=64", true),
            ("*", true),
            ("recall", false),
            ("p9", false),
            ("hnsw f32", false),
        ] {
            assert_eq!(pattern.parse::<MetricPattern>().unwrap().matches(&key), matches, "{pattern}");
        }
        let recall = MetricKey { quantity: Quantity::Recall { k: 10 }, stat: Stat::Mean, ..key };
        for (pattern, matches) in [("hnsw f16 recall", true), ("recall@10", true), ("recall@1", false)] {
            assert_eq!(pattern.parse::<MetricPattern>().unwrap().matches(&recall), matches, "{pattern}");
        }
        assert!(" . ".parse::<MetricPattern>().is_err());
    }
}
