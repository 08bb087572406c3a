//! Which data set a scenario asks for: its `data:` value.
//!
//! ```yaml
//! data: wordnet-10k                          # a set in the box, by name
//! data: {name: wordnet-10k, rows: 2000}      # the same, cut
//! data: {base: b.npy, queries: q.fvecs, metric: cosine, truth: t.ivecs, labels: l.jsonl, texts: t.jsonl}
//! ```

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::metric::Metric;

/// A data set by name or by files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataSpec {
    /// A set that travels inside the binary.
    Named {
        /// Its name.
        name: String,
        /// Only this many of its first rows.
        rows: Option<usize>,
        /// Only this many of its first queries.
        queries_limit: Option<usize>,
    },
    /// Files.
    Files(Box<DataFiles>),
}

/// A data set in files. Formats go by extension: `.npy`, `.fvecs`, `.ivecs`, and `.jsonl` with one object a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFiles {
    /// The base vectors.
    pub base: PathBuf,
    /// The queries, of the same dimension.
    pub queries: PathBuf,
    /// Exact answers: for each query the numbers of its nearest rows, nearest first.
    pub truth: Option<PathBuf>,
    /// Labels of the rows.
    pub labels: Option<PathBuf>,
    /// Texts of the rows.
    pub texts: Option<PathBuf>,
    /// The metric that the vectors are meant for.
    pub metric: Metric,
    /// Only this many of the first rows.
    pub rows: Option<usize>,
    /// Only this many of the first queries.
    pub queries_limit: Option<usize>,
}

impl DataSpec {
    /// A whole set in the box.
    pub fn named(name: impl Into<String>) -> Self {
        Self::Named { name: name.into(), rows: None, queries_limit: None }
    }

    /// The same set with relative paths taken from `folder`, usually that of the scenario file.
    #[must_use]
    pub fn relative_to(&self, folder: &Path) -> Self {
        match self {
            Self::Named { .. } => self.clone(),
            Self::Files(files) => {
                let from_folder = |path: &PathBuf| folder.join(path);
                Self::Files(Box::new(DataFiles {
                    base: from_folder(&files.base),
                    queries: from_folder(&files.queries),
                    truth: files.truth.as_ref().map(from_folder),
                    labels: files.labels.as_ref().map(from_folder),
                    texts: files.texts.as_ref().map(from_folder),
                    ..(**files).clone()
                }))
            }
        }
    }
}

const FIELDS: &[&str] =
    &["name", "base", "queries", "truth", "labels", "texts", "metric", "rows", "queries_limit"];

impl Serialize for DataSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        fn entry<M: SerializeMap, T: Serialize>(
            map: &mut M,
            key: &str,
            value: Option<&T>,
        ) -> Result<(), M::Error> {
            value.map_or(Ok(()), |value| map.serialize_entry(key, value))
        }
        match self {
            Self::Named { name, rows: None, queries_limit: None } => serializer.serialize_str(name),
            Self::Named { name, rows, queries_limit } => {
                let mut map = serializer.serialize_map(None)?;
                entry(&mut map, "name", Some(name))?;
                entry(&mut map, "rows", rows.as_ref())?;
                entry(&mut map, "queries_limit", queries_limit.as_ref())?;
                map.end()
            }
            Self::Files(files) => {
                let mut map = serializer.serialize_map(None)?;
                entry(&mut map, "base", Some(&files.base))?;
                entry(&mut map, "queries", Some(&files.queries))?;
                entry(&mut map, "truth", files.truth.as_ref())?;
                entry(&mut map, "labels", files.labels.as_ref())?;
                entry(&mut map, "texts", files.texts.as_ref())?;
                entry(&mut map, "metric", Some(&files.metric))?;
                entry(&mut map, "rows", files.rows.as_ref())?;
                entry(&mut map, "queries_limit", files.queries_limit.as_ref())?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for DataSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SpecVisitor)
    }
}

/// Written out instead of derived: an untagged enum would lose line, column and the names that are expected.
struct SpecVisitor;

impl<'de> Visitor<'de> for SpecVisitor {
    type Value = DataSpec;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a data set, or a map with `name`, or with `base`, `queries` and `metric`")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<DataSpec, E> {
        Ok(DataSpec::named(name))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<DataSpec, M::Error> {
        let mut given = Given::default();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match key.as_ref() {
                "name" => take(&mut map, "name", &mut given.name)?,
                "base" => take(&mut map, "base", &mut given.base)?,
                "queries" => take(&mut map, "queries", &mut given.queries)?,
                "truth" => take(&mut map, "truth", &mut given.truth)?,
                "labels" => take(&mut map, "labels", &mut given.labels)?,
                "texts" => take(&mut map, "texts", &mut given.texts)?,
                "metric" => take(&mut map, "metric", &mut given.metric)?,
                "rows" => take(&mut map, "rows", &mut given.rows)?,
                "queries_limit" => take(&mut map, "queries_limit", &mut given.queries_limit)?,
                unknown => {
                    let error = M::Error::unknown_field(unknown, FIELDS);
                    map.next_value::<IgnoredAny>()?;
                    return Err(error);
                }
            }
        }
        given.into_spec().map_err(M::Error::custom)
    }
}

#[derive(Default)]
struct Given {
    name: Option<String>,
    base: Option<PathBuf>,
    queries: Option<PathBuf>,
    truth: Option<PathBuf>,
    labels: Option<PathBuf>,
    texts: Option<PathBuf>,
    metric: Option<Metric>,
    rows: Option<usize>,
    queries_limit: Option<usize>,
}

fn take<'de, M: MapAccess<'de>, T: Deserialize<'de>>(
    map: &mut M,
    key: &'static str,
    slot: &mut Option<T>,
) -> Result<(), M::Error> {
    if slot.is_some() {
        return Err(M::Error::duplicate_field(key));
    }
    *slot = Some(map.next_value()?);
    Ok(())
}

impl Given {
    fn into_spec(self) -> Result<DataSpec, String> {
        if self.rows == Some(0) || self.queries_limit == Some(0) {
            return Err(
                "`rows` and `queries_limit` must be at least 1; leave them out to take all".to_owned()
            );
        }
        if let Some(name) = self.name {
            let file = [
                ("base", self.base.is_some()),
                ("queries", self.queries.is_some()),
                ("truth", self.truth.is_some()),
                ("labels", self.labels.is_some()),
                ("texts", self.texts.is_some()),
                ("metric", self.metric.is_some()),
            ];
            return match file.iter().find(|(_, given)| *given) {
                Some((key, _)) => Err(format!(
                    "`name` takes a set from the box, which brings its own `{key}`; give one of the two"
                )),
                None => Ok(DataSpec::Named { name, rows: self.rows, queries_limit: self.queries_limit }),
            };
        }
        let missing = |key: &str, why: &str| format!("`data` lacks `{key}`: {why}");
        Ok(DataSpec::Files(Box::new(DataFiles {
            base: self.base.ok_or_else(|| missing("base", "a file of base vectors, or `name` for a set in the box"))?,
            queries: self.queries.ok_or_else(|| {
                missing("queries", "a file of query vectors that are not rows of the base; a row that asks for itself proves nothing")
            })?,
            truth: self.truth,
            labels: self.labels,
            texts: self.texts,
            metric: self.metric.ok_or_else(|| missing("metric", "cosine, inner_product or l2, as the vectors were made for"))?,
            rows: self.rows,
            queries_limit: self.queries_limit,
        })))
    }
}

impl JsonSchema for DataSpec {
    fn schema_name() -> Cow<'static, str> {
        "DataSpec".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let metric = generator.subschema_for::<Metric>();
        let count = json_schema!({"type": "integer", "minimum": 1});
        let path = json_schema!({"type": "string"});
        json_schema!({
            "description": "The data set: a name, a name with limits, or files (.npy, .fvecs, .ivecs, .jsonl).",
            "oneOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "properties": {"name": {"type": "string"}, "rows": count, "queries_limit": count},
                    "required": ["name"],
                    "additionalProperties": false
                },
                {
                    "type": "object",
                    "properties": {
                        "base": path, "queries": path, "truth": path, "labels": path, "texts": path,
                        "metric": metric, "rows": count, "queries_limit": count
                    },
                    "required": ["base", "queries", "metric"],
                    "additionalProperties": false
                }
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yaml(text: &str) -> Result<DataSpec, String> {
        serde_saphyr::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn names_and_maps_travel_both_ways() {
        for (text, json) in [
            ("wordnet-10k", "\"wordnet-10k\""),
            ("{name: wordnet-10k, rows: 2000}", r#"{"name":"wordnet-10k","rows":2000}"#),
            (
                "{metric: l2, queries: q.fvecs, base: b.npy, labels: l.jsonl, queries_limit: 5}",
                r#"{"base":"b.npy","queries":"q.fvecs","labels":"l.jsonl","metric":"l2","queries_limit":5}"#,
            ),
        ] {
            let spec = yaml(text).unwrap();
            assert_eq!(serde_json::to_string(&spec).unwrap(), json);
            assert_eq!(serde_json::from_str::<DataSpec>(json).unwrap(), spec);
        }
    }

    #[test]
    fn relative_paths_start_from_a_folder() {
        let spec = yaml("{base: b.npy, queries: /q.npy, labels: l.jsonl, metric: l2, rows: 5}").unwrap();
        let DataSpec::Files(files) = spec.relative_to(Path::new("sets/a")) else { panic!("files") };
        assert_eq!((files.base, files.queries), ("sets/a/b.npy".into(), "/q.npy".into()));
        assert_eq!((files.labels, files.truth, files.rows), (Some("sets/a/l.jsonl".into()), None, Some(5)));
        let named = DataSpec::named("wordnet-10k");
        assert_eq!(named.relative_to(Path::new("x")), named);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, part) in [
            ("{base: b.npy, metric: l2}", "lacks `queries`"),
            ("{base: b.npy, queries: q.npy}", "lacks `metric`"),
            ("{rows: 5}", "lacks `base`"),
            ("{name: x, metric: l2}", "its own `metric`"),
            ("{name: x, rows: 0}", "at least 1"),
            ("{nme: x}", "nme"),
            ("[1]", "the name of a data set"),
        ] {
            let error = yaml(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn the_schema_knows_every_field() {
        let schema = serde_json::to_string(&schemars::schema_for!(DataSpec)).unwrap();
        for field in FIELDS {
            assert!(schema.contains(&format!("\"{field}\"")), "{field}");
        }
    }
}
