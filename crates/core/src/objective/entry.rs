//! An objective as it stands in a scenario's list: alone, or with the variants it binds or spares.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::StrDeserializer;
use serde::de::{self, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use super::Objective;

/// An objective and whom it binds.
///
/// In a scenario either the text of the objective, or a map whose one key is that text:
/// `{"search.recall@10 >= 0.99": {except: {ivf-pq: "codes are lossy by design"}}}`.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectiveEntry {
    /// The objective.
    pub objective: Objective,
    /// If not empty, the only variants that it binds, each with the reason.
    pub only: BTreeMap<String, String>,
    /// The variants that it does not bind, each with the reason. Empty if `only` is not.
    pub except: BTreeMap<String, String>,
    /// Whether a phase ends early as soon as its figures so far miss it.
    pub abort: bool,
}

impl ObjectiveEntry {
    /// Whether it binds `variant`, going by `only` and `except` alone. That the baseline is bound only where `only`
    /// names it is the caller's rule.
    pub fn binds(&self, variant: &str) -> bool {
        if self.only.is_empty() {
            !self.except.contains_key(variant)
        } else {
            self.only.contains_key(variant)
        }
    }
}

impl From<Objective> for ObjectiveEntry {
    fn from(objective: Objective) -> Self {
        Self { objective, only: BTreeMap::new(), except: BTreeMap::new(), abort: false }
    }
}

/// The right side of an entry that is a map.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scope {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    only: Option<BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    except: Option<BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    abort: bool,
}

const ONE_OF: &str = "write `abort: true`, or either `only:` or `except:` with the reason for each variant, below an objective";

impl Scope {
    fn entry<E: de::Error>(self, objective: Objective) -> Result<ObjectiveEntry, E> {
        let abort = self.abort;
        let (name, reasons) = match (&self.only, &self.except) {
            (Some(only), None) => ("only", only),
            (None, Some(except)) => ("except", except),
            (None, None) if abort => return Ok(ObjectiveEntry { abort, ..ObjectiveEntry::from(objective) }),
            _ => return Err(E::custom(format_args!("objective `{objective}`: {ONE_OF}"))),
        };
        if reasons.is_empty() {
            return Err(E::custom(format_args!("objective `{objective}`: `{name}` names no variant")));
        }
        if let Some((variant, _)) = reasons.iter().find(|(_, reason)| reason.trim().is_empty()) {
            let message =
                format_args!("objective `{objective}`: `{name}` names `{variant}` without a reason");
            return Err(E::custom(message));
        }
        let (only, except) = (self.only.unwrap_or_default(), self.except.unwrap_or_default());
        Ok(ObjectiveEntry { objective, only, except, abort })
    }
}

impl Serialize for ObjectiveEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let some = |reasons: &BTreeMap<_, _>| Some(reasons.clone()).filter(|reasons| !reasons.is_empty());
        let scope = Scope { only: some(&self.only), except: some(&self.except), abort: self.abort };
        if scope.only.is_none() && scope.except.is_none() && !scope.abort {
            return self.objective.serialize(serializer);
        }
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(&self.objective, &scope)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for ObjectiveEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = ObjectiveEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "an objective, like `search.response.p95 < 10ms`, alone or as the key of `only:`, `except:` or `abort:`",
        )
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ObjectiveEntry, E> {
        let deserializer: StrDeserializer<'_, E> = text.into_deserializer();
        Objective::deserialize(deserializer).map(ObjectiveEntry::from)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ObjectiveEntry, A::Error> {
        let Some((objective, scope)) = map.next_entry::<Objective, Scope>()? else {
            return Err(de::Error::custom("this objective is empty"));
        };
        if let Some(second) = map.next_key::<String>()? {
            let message =
                format_args!("`{second}` stands in the same list item as `{objective}`: begin it with `- `");
            return Err(de::Error::custom(message));
        }
        scope.entry(objective)
    }
}

impl JsonSchema for ObjectiveEntry {
    fn schema_name() -> Cow<'static, str> {
        "ObjectiveEntry".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let objective = generator.subschema_for::<Objective>();
        let reasons = json_schema!({
            "type": "object",
            "description": "Variants by name, each with the reason.",
            "minProperties": 1,
            "additionalProperties": { "type": "string", "pattern": r"\S" },
        });
        json_schema!({
            "description": "An objective, alone or as the one key of the variants that it binds or spares.",
            "oneOf": [
                objective,
                {
                    "type": "object",
                    "minProperties": 1,
                    "maxProperties": 1,
                    "additionalProperties": {
                        "type": "object",
                        "minProperties": 1,
                        "properties": {
                            "only": reasons,
                            "except": reasons,
                            "abort": {
                                "type": "boolean",
                                "description": "Whether a phase ends early as soon as its figures so far miss it."
                            }
                        },
                        "additionalProperties": false,
                    },
                },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yaml(text: &str) -> Result<ObjectiveEntry, String> {
        serde_saphyr::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn both_shapes_are_read_and_written_back() {
        let plain = yaml("search.response.p95 < 10ms, critical 50ms").unwrap();
        assert!(plain.binds("a") && plain.only.is_empty() && plain.except.is_empty());
        let only = yaml("search.recall@10 >= 0.99:\n  only: {a: exact by design}").unwrap();
        assert!(only.binds("a") && !only.binds("b"));
        let except = yaml("{'load.throughput >= 1/30 x baseline': {except: {a: 'slow, known'}}}").unwrap();
        assert!(!except.binds("a") && except.binds("b"));
        let abort = yaml("'*.response.p95 < 10ms': {abort: true, only: {a: exact by design}}").unwrap();
        assert!(abort.abort && abort.binds("a") && !abort.binds("b"));
        let all = yaml("'*.response.p95 < 10ms': {abort: true}").unwrap();
        assert!(all.abort && all.binds("b"));
        for entry in [plain, only, except, abort, all] {
            let json = serde_json::to_string(&entry).unwrap();
            assert_eq!(serde_json::from_str::<ObjectiveEntry>(&json).unwrap(), entry, "{json}");
        }
    }

    #[test]
    fn other_shapes_say_what_is_wrong() {
        let cases = [
            (
                "search.respons.p95 < 1s",
                "objective `search.respons.p95 < 1s`: no quantity is called `respons`; did",
            ),
            ("{}", "this objective is empty"),
            ("7", "an objective, like `search.response.p95 < 10ms`"),
            ("a.time < 1s: {onyl: {a: b}}", "unknown field `onyl`, expected one of only, except, abort"),
            ("a.time < 1s: {}", "either `only:` or `except:`"),
            ("a.time < 1s: {only: {a: b}, except: {c: d}}", "either `only:` or `except:`"),
            ("a.time < 1s: {only: {}}", "`only` names no variant"),
            ("a.time < 1s: {except: {a: ' '}}", "`except` names `a` without a reason"),
            (
                "{a.time < 1s: {only: {a: b}}, b.time < 1s: {only: {a: b}}}",
                "`b.time < 1s` stands in the same list item",
            ),
        ];
        for (text, expected) in cases {
            let message = yaml(text).unwrap_err();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }

    #[test]
    fn the_schema_has_both_shapes() {
        let schema = schemars::schema_for!(ObjectiveEntry);
        assert_eq!(schema.get("oneOf").and_then(|shapes| shapes.as_array()).map(Vec::len), Some(2));
    }
}
