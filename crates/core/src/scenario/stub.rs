//! The script of the stub engine.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::HumanDuration;

/// What the stub engine does besides answering.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StubSpec {
    /// Time that each call takes, finding its answer included; longer only where that alone takes longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<HumanDuration>,
    /// How service times are spread around `service`.
    #[serde(skip_serializing_if = "Spread::is_fixed")]
    pub spread: Spread,
    /// Intervals in which no call ends.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stalls: Vec<Stall>,
    /// Intervals in which service takes longer, or shorter. Where they overlap, their factors multiply.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub slow: Vec<Slow>,
    /// Calls that are served at the same time, over all sessions; without limit unless set. Others wait in the stub, in
    /// the order in which they came, so that it can do `capacity / service` calls a second and no more. A call that
    /// fails, that is never answered or that its caller gives up occupies its place to its end all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub capacity: Option<u32>,
    /// Share of calls that fail, 0 to 1.
    pub errors: f64,
    /// Share of calls that are never answered, 0 to 1.
    pub timeouts: f64,
    /// Where answers come from.
    pub answers: Answers,
    /// A defect that verification must find.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// Whether a call keeps its thread busy until its end, as a search in this process does. Not with `timeouts`,
    /// `capacity` or `over`.
    #[serde(skip_serializing_if = "is_false")]
    pub in_process: bool,
    /// How sessions reach the stub; inside this process unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over: Option<Transport>,
    /// Seed of failures and of service times; every session draws from a stream of its own.
    pub seed: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// How service times are spread around their mean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Spread {
    /// Every call takes the same.
    #[default]
    Fixed,
    /// Exponential with `service` as its mean.
    Exponential,
}

impl Spread {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
    fn is_fixed(&self) -> bool {
        *self == Self::Fixed
    }
}

/// How sessions reach the stub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// A TCP connection a session, on the loopback interface, to a server thread of this process.
    Tcp,
}

/// An interval in which no call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stall {
    /// Start, from the opening of the phase's first session.
    pub at: HumanDuration,
    /// Length.
    #[serde(rename = "for")]
    pub length: HumanDuration,
}

/// An interval in which service takes another time. A call belongs to it if it is sent in it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slow {
    /// Start, from the opening of the phase's first session.
    pub at: HumanDuration,
    /// Length; to the end unless set.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub length: Option<HumanDuration>,
    /// What `service` is multiplied by: 3 for a third of the speed. Above 0.
    pub factor: f64,
}

/// Where the stub's answers come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answers {
    /// A flat scan, promised to be exact.
    #[default]
    Exact,
    /// A flat scan that is only promised to be approximate.
    Approximate,
    /// None at all: calls cost nothing but their script.
    Empty,
}

/// A defect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Filters are ignored.
    DropsFilter,
    /// The first id is answered twice.
    RepeatsId,
    /// The first two answers change places, each with its own score.
    Misorders,
    /// One answer more than asked.
    TooMany,
    /// One answer less than asked.
    TooFew,
    /// The first score is off by a tenth.
    WrongScore,
    /// An id that is in no row.
    UnknownId,
    /// The nearest row is left out.
    MissesNearest,
    /// Upserts are acknowledged and lost.
    LosesUpserts,
    /// Deleted rows are still answered.
    ServesDeleted,
    /// The process panics in the middle of a search.
    Panics,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<StubSpec, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_script_reads_and_writes_the_same() {
        let text = r#"{"service": "1ms", "spread": "exponential", "capacity": 8, "in_process": true, "over": "tcp",
            "slow": [{"at": "10s", "for": "20s", "factor": 3}, {"at": "1min", "factor": 0.5}]}"#;
        let spec = read(text).unwrap();
        assert_eq!(spec.slow[0].length, Some(HumanDuration::from_secs(20)));
        assert_eq!((spec.slow[1].length, spec.slow[1].factor), (None, 0.5));
        assert_eq!((spec.capacity, spec.over), (Some(8), Some(Transport::Tcp)));
        assert_eq!(read(&serde_json::to_string(&spec).unwrap()), Ok(spec));
    }

    #[test]
    fn scenarios_state_it_as_people_write_it() {
        let text = "data: wordnet-10k\nvariants: {a: {}}\nphases: [search: {k: 10}]\n\
            engine: {stub: {service: 1ms, capacity: 8, over: tcp, slow: [{at: 10s, for: 20s, factor: 3}]}}\n";
        let document = crate::document::Document::parse("stub", text).unwrap();
        let scenario: crate::scenario::Scenario = crate::scenario::read(&document).unwrap();
        let crate::scenario::EngineSpec::Stub(spec) = scenario.engine else { panic!("another engine") };
        assert_eq!((spec.capacity, spec.over, spec.slow[0].factor), (Some(8), Some(Transport::Tcp), 3.0));
    }

    #[test]
    fn what_is_not_set_is_not_written() {
        let text = serde_json::to_string(&StubSpec::default()).unwrap();
        assert_eq!(text, r#"{"errors":0.0,"timeouts":0.0,"answers":"exact","seed":0}"#);
        assert!(read(r#"{"slow": [{"at": "1s"}]}"#).unwrap_err().contains("factor"));
        assert!(read(r#"{"over": "udp"}"#).is_err());
    }
}
