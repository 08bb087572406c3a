//! Which data set a scenario asks for: its `data:` value.
//!
//! ```yaml
//! data: wordnet-10k                          # a set in the box, by name
//! data: {name: wordnet-10k, rows: 2000}      # the same, cut
//! data: sets/glove-100-angular.hdf5          # a file or folder that brings its queries and says its metric
//! data: {path: mine.csv, metric: cosine, hold_out: 500}   # one that does not: 500 of its rows become the queries
//! data: {synth: {rows: 50k, like: wordnet-10k}}    # made, in the likeness of another
//! data: {base: b.npy, queries: q.fvecs, metric: cosine, truth: t.ivecs, labels: l.jsonl, texts: t.jsonl}
//! ```
//!
//! A text is a path if it has a `/` or the extension of a file; else it is a name.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::SynthSpec;
use crate::metric::Metric;

/// A data set by name, by files, or by recipe.
#[derive(Debug, Clone, PartialEq)]
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
    /// A recipe: the set is made when it is opened.
    Synth(Box<SynthSpec>),
}

/// A data set in files. Formats go by extension; a container or folder brings its parts, and what is named here
/// replaces them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DataFiles {
    /// The base vectors, or a file or folder that holds them and more.
    pub base: PathBuf,
    /// Whether `base` is the name of a set and not a path.
    pub by_name: bool,
    /// The queries, of the same dimension.
    pub queries: Option<PathBuf>,
    /// Take this many rows out of the base, chosen at random, and search for them. Queries that the set brings are then
    /// left out.
    pub hold_out: Option<usize>,
    /// Exact answers: for each query the numbers of its nearest rows, nearest first.
    pub truth: Option<PathBuf>,
    /// Labels of the rows.
    pub labels: Option<PathBuf>,
    /// Texts of the rows.
    pub texts: Option<PathBuf>,
    /// The metric that the vectors are meant for; needed where the format does not say it.
    pub metric: Option<Metric>,
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

    /// What a text means: a path if it looks like one, else a name.
    pub fn of_text(text: &str) -> Self {
        let path = Path::new(text);
        // A name such as `glove.6B` is rather a file that is not there than a set in the box.
        if !text.contains("://") && (text.contains(['/', '\\']) || path.extension().is_some()) {
            return Self::path(path);
        }
        Self::named(text)
    }

    /// A file or folder that brings everything with it.
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Self::Files(Box::new(DataFiles { base: path.into(), ..DataFiles::default() }))
    }

    /// The same set with relative paths taken from `folder`, usually that of the scenario file.
    #[must_use]
    pub fn relative_to(&self, folder: &Path) -> Self {
        match self {
            Self::Named { .. } => self.clone(),
            Self::Synth(recipe) => {
                let mut recipe = recipe.clone();
                if let Some(like) = &mut recipe.like
                    && let Self::Files(files) = Self::of_text(like)
                {
                    *like = folder.join(&files.base).to_string_lossy().into_owned();
                }
                Self::Synth(recipe)
            }
            Self::Files(files) => {
                let from_folder = |path: &PathBuf| folder.join(path);
                Self::Files(Box::new(DataFiles {
                    base: if files.by_name { files.base.clone() } else { from_folder(&files.base) },
                    queries: files.queries.as_ref().map(from_folder),
                    truth: files.truth.as_ref().map(from_folder),
                    labels: files.labels.as_ref().map(from_folder),
                    texts: files.texts.as_ref().map(from_folder),
                    ..(**files).clone()
                }))
            }
        }
    }
}

const FIELDS: &[&str] = &[
    "name",
    "synth",
    "path",
    "base",
    "queries",
    "hold_out",
    "truth",
    "labels",
    "texts",
    "metric",
    "rows",
    "queries_limit",
];

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
            Self::Synth(recipe) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("synth", recipe)?;
                map.end()
            }
            Self::Files(files) => {
                let mut map = serializer.serialize_map(None)?;
                entry(&mut map, if files.by_name { "name" } else { "base" }, Some(&files.base))?;
                entry(&mut map, "queries", files.queries.as_ref())?;
                entry(&mut map, "hold_out", files.hold_out.as_ref())?;
                entry(&mut map, "truth", files.truth.as_ref())?;
                entry(&mut map, "labels", files.labels.as_ref())?;
                entry(&mut map, "texts", files.texts.as_ref())?;
                entry(&mut map, "metric", files.metric.as_ref())?;
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
        f.write_str("the name or path of a data set, or a map with `name`, or with `path`, or with `base`, `queries` and `metric`")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<DataSpec, E> {
        Ok(DataSpec::of_text(name))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<DataSpec, M::Error> {
        let mut given = Given::default();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match key.as_ref() {
                "name" => take(&mut map, "name", &mut given.name)?,
                "synth" => take(&mut map, "synth", &mut given.synth)?,
                "path" => take(&mut map, "path", &mut given.path)?,
                "base" => take(&mut map, "base", &mut given.base)?,
                "queries" => take(&mut map, "queries", &mut given.queries)?,
                "hold_out" => take(&mut map, "hold_out", &mut given.hold_out)?,
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
    synth: Option<SynthSpec>,
    path: Option<PathBuf>,
    base: Option<PathBuf>,
    queries: Option<PathBuf>,
    hold_out: Option<usize>,
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
    /// Every key but `synth`, and whether it is there.
    fn others(&self) -> [(&'static str, bool); 10] {
        [
            ("name", self.name.is_some()),
            ("path", self.path.is_some()),
            ("base", self.base.is_some()),
            ("queries", self.queries.is_some()),
            ("hold_out", self.hold_out.is_some()),
            ("truth", self.truth.is_some()),
            ("labels", self.labels.is_some()),
            ("texts", self.texts.is_some()),
            ("metric", self.metric.is_some()),
            ("rows", self.rows.is_some() || self.queries_limit.is_some()),
        ]
    }

    fn into_spec(mut self) -> Result<DataSpec, String> {
        let counts =
            [("rows", self.rows), ("queries_limit", self.queries_limit), ("hold_out", self.hold_out)];
        if let Some((key, _)) = counts.into_iter().find(|(_, count)| *count == Some(0)) {
            return Err(format!("`{key}` must be at least 1; leave it out to take all"));
        }
        if let Some(recipe) = self.synth.take() {
            return match self.others().into_iter().find(|(_, given)| *given) {
                Some((key, _)) => Err(format!("`synth` makes a whole set; `{key}` beside it has no meaning")),
                None => Ok(DataSpec::Synth(Box::new(recipe))),
            };
        }
        if self.name.is_some() && (self.path.is_some() || self.base.is_some()) {
            return Err("`name` is a set of its own, and so is `path`; give one of the two".to_owned());
        }
        if self.queries.is_some() && self.hold_out.is_some() {
            return Err(
                "`hold_out` takes queries out of the base, and `queries` brings some; give one of the two"
                    .to_owned(),
            );
        }
        let parts = [&self.queries, &self.truth, &self.labels, &self.texts];
        let whole =
            parts.iter().all(|part| part.is_none()) && self.metric.is_none() && self.hold_out.is_none();
        let by_name = self.name.is_some();
        if let Some(name) = self.name.take_if(|_| whole) {
            return Ok(DataSpec::Named { name, rows: self.rows, queries_limit: self.queries_limit });
        }
        let base = match (self.path, self.base.or(self.name.map(PathBuf::from))) {
            (Some(_), Some(_)) => {
                return Err("`path` and `base` are the same; give one of the two".to_owned());
            }
            (path, base) => path.or(base).ok_or(
                "`data` lacks `path`: a file or folder with vectors, or `name` for a set in the box",
            )?,
        };
        Ok(DataSpec::Files(Box::new(DataFiles {
            base,
            by_name,
            queries: self.queries,
            hold_out: self.hold_out,
            truth: self.truth,
            labels: self.labels,
            texts: self.texts,
            metric: self.metric,
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
        let recipe = generator.subschema_for::<SynthSpec>();
        let count = json_schema!({"type": "integer", "minimum": 1});
        let path = json_schema!({"type": "string"});
        json_schema!({
            "description": "The data set: a name or path, a name with limits, or files.",
            "oneOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string"},
                        "queries": path, "hold_out": count, "truth": path, "labels": path, "texts": path,
                        "metric": metric, "rows": count, "queries_limit": count
                    },
                    "required": ["name"],
                    "additionalProperties": false
                },
                {
                    "type": "object",
                    "properties": {"synth": recipe},
                    "required": ["synth"],
                    "additionalProperties": false
                },
                {
                    "type": "object",
                    "properties": {
                        "path": path, "base": path, "queries": path, "hold_out": count, "truth": path, "labels": path, "texts": path,
                        "metric": metric, "rows": count, "queries_limit": count
                    },
                    "oneOf": [{"required": ["path"]}, {"required": ["base"]}],
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
            ("sets/a.hdf5", r#"{"base":"sets/a.hdf5"}"#),
            ("{name: wordnet-10k, labels: l.jsonl}", r#"{"name":"wordnet-10k","labels":"l.jsonl"}"#),
            ("{path: a.csv, hold_out: 5}", r#"{"base":"a.csv","hold_out":5}"#),
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
        assert_eq!((files.base, files.queries), ("sets/a/b.npy".into(), Some("/q.npy".into())));
        assert_eq!((files.labels, files.truth, files.rows), (Some("sets/a/l.jsonl".into()), None, Some(5)));
        let named = DataSpec::named("wordnet-10k");
        assert_eq!(named.relative_to(Path::new("x")), named);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, part) in [
            ("{rows: 5}", "lacks `path`"),
            ("{base: b.npy, path: b.npy}", "are the same"),
            ("{path: b.npy, queries: q.npy, hold_out: 5}", "one of the two"),
            ("{name: x, rows: 0}", "at least 1"),
            ("{name: x, synth: {}}", "`name` beside it"),
            ("{name: x, path: y}", "one of the two"),
            ("{synth: {rows: 5}, metric: l2}", "`metric` beside it"),
            ("{synth: {rows: 5}, rows: 5}", "`rows` beside it"),
            ("{synth: {rwos: 5}}", "rwos"),
            ("{nme: x}", "nme"),
            ("[1]", "the name or path of a data set"),
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
