//! Search parameters of a variant: values and sweeps, and the profiles that stand for them.

use std::collections::{BTreeMap, BTreeSet};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::index::{Index, Ivfflat};
use super::postgres::Setting;
use super::sweep::Sweep;
use crate::form::Params;

/// Search parameters of a variant. Those that may be lists are swept: every combination of their values is a point.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SearchParams {
    /// Candidates kept while searching an HNSW graph; one value or a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ef_search: Option<Sweep>,
    /// Lists that are searched (`ivfflat`); one value or a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probes: Option<Sweep>,
    /// Candidates kept while searching (`diskann`); one value or a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search_list_size: Option<Sweep>,
    /// Candidates ranked again by their exact distance (`diskann`); one value or a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rescore: Option<Sweep>,
    /// `speed`, `balanced` or `quality`, one or a list: each stands for a point with documented values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profiles>,
    /// pgvector: go on searching where a filter leaves too few answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iterative_scan: Option<IterativeScan>,
    /// pgvector: rows that an iterative scan of an HNSW graph may visit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_scan_tuples: Option<u64>,
    /// Postgres: any other setting of the sessions that search, such as `enable_seqscan: off`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, Setting>,
}

/// What an iterative scan of pgvector promises of the order of its answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IterativeScan {
    /// No iterative scan.
    Off,
    /// By distance.
    StrictOrder,
    /// Nearly by distance, with better recall; the answers are sorted afterwards.
    RelaxedOrder,
}

/// What a search is tuned for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Few candidates.
    Speed,
    /// In between.
    Balanced,
    /// Many candidates.
    Quality,
}

impl Profile {
    /// The parameters that it stands for.
    ///
    /// | index | speed | balanced | quality |
    /// |---|---|---|---|
    /// | `hnsw` | `ef_search` 40 | 100 | 400 |
    /// | `ivfflat` | `probes` √lists ÷ 2 | √lists | 4 √lists |
    /// | `diskann` | `search_list_size` 50, `rescore` 25 | 100, 50 | 400, 200 |
    pub fn parameters(self, index: &Index) -> Params {
        let choose = |speed: u64, balanced: u64, quality: u64| match self {
            Self::Speed => speed,
            Self::Balanced => balanced,
            Self::Quality => quality,
        };
        let named = |name: &str, value: u64| (name.to_owned(), value);
        match index {
            Index::None => Params::new(),
            Index::Hnsw(_) => Params::from([named("ef_search", choose(40, 100, 400))]),
            Index::Ivfflat(Ivfflat { lists, .. }) => {
                let root = (*lists as f64).sqrt();
                let probes = |factor: f64| ((root * factor).round() as u64).clamp(1, (*lists as u64).max(1));
                Params::from([named("probes", choose(probes(0.5), probes(1.0), probes(4.0)))])
            }
            Index::Diskann(_) => Params::from([
                named("search_list_size", choose(50, 100, 400)),
                named("rescore", choose(25, 50, 200)),
            ]),
        }
    }
}

/// One profile or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profiles(pub Vec<Profile>);

impl Serialize for Profiles {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => one.serialize(serializer),
            many => many.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Profiles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Profiles;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("`speed`, `balanced` or `quality`, or a list of them")
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<Profiles, E> {
                match value {
                    "speed" => Ok(Profiles(vec![Profile::Speed])),
                    "balanced" => Ok(Profiles(vec![Profile::Balanced])),
                    "quality" => Ok(Profiles(vec![Profile::Quality])),
                    other => Err(E::custom(format!(
                        "there is no profile `{other}`, only speed, balanced and quality"
                    ))),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Profiles, A::Error> {
                let mut profiles: Vec<Profile> = Vec::new();
                while let Some(next) = seq.next_element()? {
                    if profiles.contains(&next) {
                        return Err(A::Error::custom("a profile is listed twice"));
                    }
                    profiles.push(next);
                }
                if profiles.is_empty() {
                    return Err(A::Error::custom("the list is empty; write at least one profile"));
                }
                Ok(Profiles(profiles))
            }
        }

        deserializer.deserialize_any(OneOrMany)
    }
}

impl JsonSchema for Profiles {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Profiles".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<Profile>();
        json_schema!({
            "description": "One profile or a list of profiles to try in turn.",
            "oneOf": [one, {"type": "array", "minItems": 1, "uniqueItems": true, "items": one}]
        })
    }
}

impl SearchParams {
    /// The parameters that may be swept, by name.
    pub fn swept(&self) -> [(&'static str, Option<&Sweep>); 4] {
        [
            ("ef_search", self.ef_search.as_ref()),
            ("probes", self.probes.as_ref()),
            ("search_list_size", self.search_list_size.as_ref()),
            ("rescore", self.rescore.as_ref()),
        ]
    }

    /// Every point of the sweep, in the order in which the values are written, the first parameter slowest; one empty point
    /// if nothing is set. Profiles come in front of it; a value that is written beside them holds for all of them.
    pub fn points(&self, index: &Index) -> Vec<Params> {
        let mut points: Vec<Params> = match &self.profile {
            None => vec![Params::new()],
            Some(profiles) => profiles.0.iter().map(|profile| profile.parameters(index)).collect(),
        };
        for (name, values) in self.swept() {
            let Some(Sweep(values)) = values else { continue };
            let with = |point: &Params, value: u64| {
                let mut point = point.clone();
                point.insert(name.to_owned(), value);
                point
            };
            points =
                points.iter().flat_map(|point| values.iter().map(move |value| with(point, *value))).collect();
        }
        // A value that holds for all profiles makes points alike that are no neighbours.
        let mut seen = BTreeSet::new();
        points.retain(|point| seen.insert(point.clone()));
        points
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Diskann, Hnsw};

    #[test]
    fn points_are_all_combinations() {
        let search = SearchParams {
            search_list_size: Some(Sweep(vec![50, 100])),
            rescore: Some(Sweep(vec![10, 20])),
            ..SearchParams::default()
        };
        let shown: Vec<String> = search
            .points(&Index::Diskann(Diskann::default()))
            .iter()
            .map(crate::scenario::point_name)
            .collect();
        assert_eq!(
            shown,
            [
                "rescore=10 search_list_size=50",
                "rescore=20 search_list_size=50",
                "rescore=10 search_list_size=100",
                "rescore=20 search_list_size=100"
            ]
        );
        assert_eq!(SearchParams::default().points(&Index::None), [Params::new()]);
    }

    #[test]
    fn a_point_is_there_once() {
        let text = r#"{"profile": ["speed", "balanced"], "search_list_size": [50, 100], "rescore": 25}"#;
        let search: SearchParams = serde_json::from_str(text).unwrap();
        let points = search.points(&Index::Diskann(Diskann::default()));
        let sizes: Vec<u64> = points.iter().map(|point| point["search_list_size"]).collect();
        assert_eq!(sizes, [50, 100]);
    }

    #[test]
    fn profiles_stand_for_values() {
        let search: SearchParams = serde_json::from_str(r#"{"profile": ["speed", "quality"]}"#).unwrap();
        let points = search.points(&Index::Hnsw(Hnsw::default()));
        assert_eq!(points.iter().map(|point| point["ef_search"]).collect::<Vec<_>>(), [40, 400]);
        let lists = Index::Ivfflat(Ivfflat { lists: 100, ..Ivfflat::default() });
        assert_eq!(search.points(&lists).iter().map(|point| point["probes"]).collect::<Vec<_>>(), [5, 40]);
        assert!(serde_json::from_str::<SearchParams>(r#"{"profile": "fast"}"#).is_err());
    }
}
