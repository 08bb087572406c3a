//! What a synthetic data set is to be like: `data: {synth: {rows: 1M, dim: 96}}`.
//!
//! Everything follows from these values: the same recipe gives the same rows on every machine.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::document::{Document, DocumentError};
use crate::metric::Metric;
use crate::vector::Element;

/// A recipe for synthetic vectors, queries and labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SynthSpec {
    /// Number of rows, such as 50000, 50k or 1M.
    pub rows: Count,
    /// Dimensions of a vector. With `like` it is that of the other set and may be left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dim: Option<usize>,
    /// Number of queries.
    pub queries: Count,
    /// Where every random choice comes from.
    pub seed: u64,
    /// Element type of the rows.
    pub element: Element,
    /// The metric that the vectors are meant for: cosine unless set, and with `like` that of the other set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<Metric>,
    /// How rows are distributed. Not used with `like`.
    pub kind: SynthKind,
    /// A data set, by name or path, that the rows shall resemble, or a model file that was fitted to one (`.json`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub like: Option<String>,
    /// Clusters; for `kind: clustered`.
    pub clusters: ClusterSpec,
    /// Dimensions of the subspace that each cluster fills, at most `dim`: 16, or `dim` if that is less, unless set; for
    /// `kind: clustered`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intrinsic_dim: Option<usize>,
    /// How fast the spread falls from the widest axis to the narrowest: the `j`-th axis has a standard deviation in
    /// proportion to `j^-anisotropy`. 0 is a ball; for `kind: clustered`.
    pub anisotropy: f64,
    /// Spread beside the subspace, as a share of the spread within it; for `kind: clustered`.
    pub noise: f64,
    /// Rows that are nearly copies of earlier ones.
    pub near_duplicates: NearDuplicates,
    /// How far the mean moves from the first row to the last, in typical distances of two rows.
    pub drift: f64,
    /// Queries that are not drawn as rows are.
    pub other_queries: OtherQueries,
    /// Tenants of skewed size, as the label `tenant` (a text, `t0` is the largest).
    pub tenants: TenantSpec,
    /// Labels that select a wanted share of the rows, each a boolean column.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<LabelSpec>,
    /// Whether rows and queries are scaled to length 1. Unless set: yes for cosine and inner product, and no with
    /// `like`, where lengths follow the other set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub normalise: Option<bool>,
}

impl Default for SynthSpec {
    fn default() -> Self {
        Self {
            rows: Count(100_000),
            dim: None,
            queries: Count(1000),
            seed: 1,
            element: Element::F32,
            metric: None,
            kind: SynthKind::Clustered,
            like: None,
            clusters: ClusterSpec::default(),
            intrinsic_dim: None,
            anisotropy: 0.5,
            noise: 0.1,
            near_duplicates: NearDuplicates::default(),
            drift: 0.0,
            other_queries: OtherQueries::default(),
            tenants: TenantSpec::default(),
            labels: vec![],
            normalise: None,
        }
    }
}

impl SynthSpec {
    /// Dimensions if neither the recipe nor another set says.
    pub const DEFAULT_DIM: usize = 96;

    /// Dimensions of a vector; not for `like`, where the other set says.
    pub fn dim_or_default(&self) -> usize {
        self.dim.unwrap_or(Self::DEFAULT_DIM)
    }

    /// Dimensions of the subspace of a cluster.
    pub fn intrinsic_dim_or_default(&self) -> usize {
        self.intrinsic_dim.unwrap_or_else(|| 16.min(self.dim_or_default()))
    }

    /// The metric; not for `like`, where the other set says.
    pub fn metric_or_default(&self) -> Metric {
        self.metric.unwrap_or(Metric::Cosine)
    }
}

/// Reads a recipe from keys and values, as strictly as one in a scenario: `clusters.count` and `100`. A message names
/// the key as it was given.
pub fn read_recipe(set: &[(String, String)]) -> Result<SynthSpec, DocumentError> {
    let mut document = Document::parse("recipe", "{}")?;
    for (key, value) in set {
        document.set(key, value, &format!("{key}={value}"))?;
    }
    document.read()
}

/// How rows are distributed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SynthKind {
    /// Clusters of skewed size, each in a subspace of low dimension.
    #[default]
    Clustered,
    /// Uniform: on the sphere if normalised, else in the ball of radius 1. Makes every index look bad.
    Uniform,
}

/// Clusters of a synthetic set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClusterSpec {
    /// How many: the root of the number of rows, at most 4,096, unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    /// The `i`-th largest cluster has a share in proportion to `i^-exponent`. 0 makes them equal.
    pub exponent: f64,
    /// Spread within a cluster, as a share of the spread of the centres.
    pub spread: f64,
}

impl Default for ClusterSpec {
    fn default() -> Self {
        Self { count: None, exponent: 0.7, spread: 0.8 }
    }
}

/// Rows that are nearly copies of earlier ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NearDuplicates {
    /// Share of the rows.
    pub share: f64,
    /// Their distance from the row that they copy, in typical distances of two rows.
    pub distance: f64,
}

impl Default for NearDuplicates {
    fn default() -> Self {
        Self { share: 0.0, distance: 0.01 }
    }
}

/// Queries that are not drawn as rows are, as those of another modality: shifted and turned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OtherQueries {
    /// Share of the queries.
    pub share: f64,
    /// How far they are shifted, in typical distances of two rows.
    pub gap: f64,
}

impl Default for OtherQueries {
    fn default() -> Self {
        Self { share: 0.0, gap: 0.5 }
    }
}

/// Tenants of skewed size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TenantSpec {
    /// How many; 0 for no label.
    pub count: usize,
    /// The `i`-th tenant has a share in proportion to `i^-exponent` (Zipf).
    pub exponent: f64,
}

impl Default for TenantSpec {
    fn default() -> Self {
        Self { count: 0, exponent: 1.0 }
    }
}

/// A boolean label that is true for a share of the rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelSpec {
    /// Name of the column.
    pub name: String,
    /// Share of the rows for which it is true, 0 to 1.
    pub selectivity: f64,
    /// Share of the rows whose label follows from their cluster, 0 (the default: by chance) to 1.
    #[serde(default)]
    pub correlation: f64,
}

/// A number of rows: a whole number, or a text with `k`, `M` or `G`, such as `50k` or `1.5M`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count(pub usize);

impl Count {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (number, unit) = match text.char_indices().next_back()? {
            (at, 'k') => (&text[..at], 1_000_u64),
            (at, 'M') => (&text[..at], 1_000_000),
            (at, 'G') => (&text[..at], 1_000_000_000),
            _ => (text, 1),
        };
        let (whole, fraction) = number.trim_end().split_once('.').unwrap_or((number.trim_end(), ""));
        let digits: String =
            whole.chars().filter(|c| !matches!(c, '_' | ',')).chain(fraction.chars()).collect();
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let scaled = digits.parse::<u64>().ok()?.checked_mul(unit)?;
        let divisor = 10_u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        let exact = scaled.is_multiple_of(divisor).then_some(scaled / divisor)?;
        usize::try_from(exact).ok().map(Self)
    }
}

impl Serialize for Count {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0 as u64)
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrText;

        impl Visitor<'_> for NumberOrText {
            type Value = Count;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of rows such as 50000, 50k or 1M")
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Count, E> {
                usize::try_from(value).map(Count).map_err(E::custom)
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Count, E> {
                usize::try_from(value).map(Count).map_err(|_| E::custom("a number of rows can't be negative"))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Count, E> {
                Count::parse(text).ok_or_else(|| {
                    E::custom(format!("`{text}` is no number of rows; write 50000, 50k or 1.5M"))
                })
            }
        }

        deserializer.deserialize_any(NumberOrText)
    }
}

impl JsonSchema for Count {
    fn schema_name() -> Cow<'static, str> {
        "Count".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number of rows: a whole number, or a text with `k`, `M` or `G`.",
            "oneOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": "^[0-9][0-9_,]*(\\.[0-9]+)?\\s*[kMG]?$"}
            ],
            "examples": [50000, "50k", "1.5M"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_take_units() {
        for (text, count) in
            [("50000", 50_000), ("50k", 50_000), ("1.5M", 1_500_000), ("2_000", 2000), ("1G", 1_000_000_000)]
        {
            assert_eq!(Count::parse(text), Some(Count(count)), "{text}");
        }
        for text in ["", "k", "1.5", "1.2345k", "-1", "1m", "1 000", "99999999999999G"] {
            assert_eq!(Count::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_recipe_is_read_strictly_and_written_back() {
        let spec: SynthSpec = serde_json::from_str(
            r#"{"rows": "1M", "dim": 96, "tenants": {"count": 50},
                "labels": [{"name": "hot", "selectivity": 0.01}]}"#,
        )
        .unwrap();
        assert_eq!((spec.rows.0, spec.dim, spec.tenants.count), (1_000_000, Some(96), 50));
        assert_eq!((spec.tenants.exponent, spec.labels[0].correlation), (1.0, 0.0));
        let again: SynthSpec = serde_json::from_str(&serde_json::to_string(&spec).unwrap()).unwrap();
        assert_eq!(again, spec);
        let error = serde_json::from_str::<SynthSpec>(r#"{"row": 5}"#).unwrap_err().to_string();
        assert!(error.contains("row"), "{error}");
    }
}
