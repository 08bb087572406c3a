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

mod read;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

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
    use super::read::FIELDS;
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
