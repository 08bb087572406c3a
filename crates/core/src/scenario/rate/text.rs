//! How a rate is written in a scenario: a bare rate, or a map with one shape.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, IntoDeserializer, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{RampRate, RateSpec, RateStage, SineRate, SoakRate, SpikeRate, StagesRate, StepRate};
use crate::units::HumanRate;

/// A key of the map. A type of its own, so that the error about an unknown one has the key's place.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Key {
    Hold,
    Ramp,
    Step,
    Spike,
    Sine,
    Soak,
    Stages,
    Trace,
    From,
}

impl Serialize for RateSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Self::Hold(rate) = self {
            return rate.serialize(serializer);
        }
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Hold(rate) => map.serialize_entry("hold", rate)?,
            Self::Ramp(ramp) => map.serialize_entry("ramp", ramp)?,
            Self::Step(step) => map.serialize_entry("step", step)?,
            Self::Spike(spike) => map.serialize_entry("spike", spike)?,
            Self::Sine(sine) => map.serialize_entry("sine", sine)?,
            Self::Soak(soak) => map.serialize_entry("soak", soak)?,
            Self::Stages(StagesRate { stages, from }) => {
                map.serialize_entry("stages", stages)?;
                if *from != HumanRate::default() {
                    map.serialize_entry("from", from)?;
                }
            }
            Self::Trace(path) => map.serialize_entry("trace", path)?,
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for RateSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SpecVisitor)
    }
}

/// Written out instead of derived: `from` stands beside `stages`, and a bare rate instead of the map.
struct SpecVisitor;

impl<'de> Visitor<'de> for SpecVisitor {
    type Value = RateSpec;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a rate, like 500/s, or a map with one of hold, ramp, step, spike, sine, soak, stages and trace",
        )
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RateSpec, E> {
        text.parse().map(RateSpec::Hold).map_err(E::custom)
    }

    // A bare number is refused in the words that every rate has for it.
    fn visit_u64<E: Error>(self, number: u64) -> Result<RateSpec, E> {
        HumanRate::deserialize(number.into_deserializer()).map(RateSpec::Hold)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<RateSpec, E> {
        HumanRate::deserialize(number.into_deserializer()).map(RateSpec::Hold)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<RateSpec, E> {
        HumanRate::deserialize(number.into_deserializer()).map(RateSpec::Hold)
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<RateSpec, M::Error> {
        let mut shape: Option<RateSpec> = None;
        let mut from: Option<HumanRate> = None;
        while let Some(key) = map.next_key::<Key>()? {
            let next = match key {
                Key::Hold => RateSpec::Hold(map.next_value()?),
                Key::Ramp => RateSpec::Ramp(map.next_value()?),
                Key::Step => RateSpec::Step(map.next_value()?),
                Key::Spike => RateSpec::Spike(map.next_value()?),
                Key::Sine => RateSpec::Sine(map.next_value()?),
                Key::Soak => RateSpec::Soak(map.next_value()?),
                Key::Stages => {
                    RateSpec::Stages(StagesRate { stages: map.next_value()?, from: HumanRate::default() })
                }
                Key::Trace => RateSpec::Trace(map.next_value()?),
                Key::From => match from.replace(map.next_value()?) {
                    None => continue,
                    Some(_) => return Err(M::Error::duplicate_field("from")),
                },
            };
            let second = next.name();
            if let Some(first) = shape.replace(next) {
                let message = format!("a rate has one shape, and here are `{}` and `{second}`", first.name());
                return Err(M::Error::custom(message));
            }
        }
        match (shape, from) {
            (None, _) => {
                Err(M::Error::custom("a rate needs a shape, such as `{ramp: {from: 10/s, to: 100/s}}`"))
            }
            (Some(RateSpec::Stages(stages)), _) if stages.stages.is_empty() => Err(M::Error::custom(
                "there are no stages; write at least one, such as `{for: 10s, to: 100/s}`",
            )),
            (Some(RateSpec::Stages(stages)), Some(from)) => {
                Ok(RateSpec::Stages(StagesRate { from, ..stages }))
            }
            (Some(shape), None) => Ok(shape),
            (Some(shape), Some(_)) => {
                let message = format!("`from` stands beside `stages` only, not beside `{}`", shape.name());
                Err(M::Error::custom(message))
            }
        }
    }
}

impl RateSpec {
    /// The shape, as it is written.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Hold(_) => "hold",
            Self::Ramp(_) => "ramp",
            Self::Step(_) => "step",
            Self::Spike(_) => "spike",
            Self::Sine(_) => "sine",
            Self::Soak(_) => "soak",
            Self::Stages(_) => "stages",
            Self::Trace(_) => "trace",
        }
    }
}

impl JsonSchema for RateSpec {
    fn schema_name() -> Cow<'static, str> {
        "RateSpec".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let rate = generator.subschema_for::<HumanRate>();
        let shape = |name: &str, schema: &Schema| {
            json_schema!({
                "type": "object",
                "properties": {name: schema},
                "required": [name],
                "additionalProperties": false
            })
        };
        let stage = generator.subschema_for::<RateStage>();
        json_schema!({
            "description": "Operations a second: a rate, one shape of it over time, or a trace of recorded instants.",
            "oneOf": [
                rate,
                shape("hold", &rate),
                shape("ramp", &generator.subschema_for::<RampRate>()),
                shape("step", &generator.subschema_for::<StepRate>()),
                shape("spike", &generator.subschema_for::<SpikeRate>()),
                shape("sine", &generator.subschema_for::<SineRate>()),
                shape("soak", &generator.subschema_for::<SoakRate>()),
                {
                    "type": "object",
                    "properties": {
                        "stages": {"type": "array", "minItems": 1, "items": stage},
                        "from": rate
                    },
                    "required": ["stages"],
                    "additionalProperties": false
                },
                shape("trace", &json_schema!({"type": "string", "minLength": 1}))
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;

    const SHAPES: [(&str, &str); 10] = [
        ("500/s", r#""500/s""#),
        ("{hold: 30k/s}", r#""30k/s""#),
        ("{ramp: {from: 10/s, to: 1000/s}}", r#"{"ramp":{"from":"10/s","to":"1k/s"}}"#),
        (
            "{step: {from: 100/s, to: 1000/s, steps: 10}}",
            r#"{"step":{"from":"100/s","to":"1k/s","steps":10}}"#,
        ),
        (
            "{spike: {base: 100/s, peak: 900/s, at: 10s, lasts: 5s}}",
            r#"{"spike":{"base":"100/s","peak":"900/s","at":"10s","lasts":"5s"}}"#,
        ),
        (
            "{sine: {mean: 500/s, amplitude: 300/s, period: 90s}}",
            r#"{"sine":{"mean":"500/s","amplitude":"300/s","period":"90s"}}"#,
        ),
        ("{soak: {rate: 500/s, ramp: 30s}}", r#"{"soak":{"rate":"500/s","ramp":"30s"}}"#),
        (
            "{stages: [{for: 10s, to: 100/s}, {for: 30s, to: 100/s}], from: 0/s}",
            r#"{"stages":[{"for":"10s","to":"100/s"},{"for":"30s","to":"100/s"}]}"#,
        ),
        (
            "{from: 5/s, stages: [{for: 10s, to: 100/s}]}",
            r#"{"stages":[{"for":"10s","to":"100/s"}],"from":"5/s"}"#,
        ),
        ("{trace: offsets.txt}", r#"{"trace":"offsets.txt"}"#),
    ];

    fn read(yaml: &str) -> Result<RateSpec, String> {
        #[derive(Deserialize)]
        struct Phase {
            rate: RateSpec,
        }
        let document = Document::parse("s.yaml", &format!("rate: {yaml}\n")).map_err(|e| e.to_string())?;
        document.read::<Phase>().map(|phase| phase.rate).map_err(|error| error.to_string())
    }

    #[test]
    fn every_shape_is_read_and_written_back() {
        for (yaml, json) in SHAPES {
            let spec = read(yaml).unwrap();
            assert_eq!(serde_json::to_string(&spec).unwrap(), json);
            assert_eq!(serde_json::from_str::<RateSpec>(json).unwrap(), spec);
            assert_eq!(spec.trace().is_some(), yaml.contains("trace"));
        }
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        for (yaml, start, help) in [
            ("500", "a rate needs a unit, like 500/s or 30k/s in s.yaml:1:7", ""),
            ("-0.5", "a rate needs a unit, like 500/s or 30k/s in s.yaml:1:7", ""),
            ("fast", "a rate begins with a number, like 500/s or 30k/s in s.yaml:1:7", ""),
            ("[500/s]", "expected a rate, like 500/s, or a map with one of hold, ramp", "found a list"),
            ("{}", "a rate needs a shape, such as `{ramp: {from: 10/s, to: 100/s}}` in s.yaml:1:7", ""),
            ("{rmap: {from: 1/s}}", "unknown key `rmap` in s.yaml:1:8", "did you mean `ramp`?"),
            ("{ramp: {from: 1/s, too: 2/s}}", "unknown key `too` in s.yaml:1:26", "did you mean `to`?"),
            ("{ramp: {from: 1/s}}", "the key `to` is missing in s.yaml:1:8", ""),
            ("{ramp: {from: 1/s, to: 2}}", "a rate needs a unit, like 500/s or 30k/s in s.yaml:1:30", ""),
            (
                "{ramp: {from: 1/s, to: 2/s}, hold: 3/s}",
                "a rate has one shape, and here are `ramp` and `hold` in s.yaml:1:7",
                "",
            ),
            (
                "{hold: 3/s, from: 1/s}",
                "`from` stands beside `stages` only, not beside `hold` in s.yaml:1:7",
                "",
            ),
            (
                "{stages: []}",
                "there are no stages; write at least one, such as `{for: 10s, to: 100/s}` in",
                "",
            ),
            ("{stages: [{for: 10s, two: 5/s}]}", "unknown key `two` in s.yaml:1:28", "did you mean `to`?"),
            ("{step: {from: 1/s, to: 2/s, steps: 2.5}}", "expected a whole number, found", "s.yaml:1:42"),
        ] {
            let error = read(yaml).unwrap_err();
            assert!(error.starts_with(start) && error.contains(help), "{yaml}: {error}");
        }
    }

    #[test]
    fn the_schema_knows_every_key() {
        let schema = serde_json::to_string(&schemars::schema_for!(RateSpec)).unwrap();
        for field in ["hold", "ramp", "step", "spike", "sine", "soak", "stages", "trace", "from"] {
            assert!(schema.contains(&format!("\"{field}\"")), "{field}");
        }
    }
}
