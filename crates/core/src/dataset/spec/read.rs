//! Reading the `data:` of a scenario, with errors that keep their place.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{DataFiles, DataSpec};
use crate::dataset::SynthSpec;
use crate::metric::Metric;

/// Every key.
pub(super) const FIELDS: &[&str] = &[
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
