//! Indexes over stored vectors and their parameters.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The index over the stored vectors.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Index {
    /// No index: every row is compared.
    #[default]
    None,
    /// A hierarchical navigable small-world graph.
    Hnsw(Hnsw),
    /// Lists of rows around centres, of which the nearest are searched.
    Ivfflat(Ivfflat),
    /// A graph for disks over compressed vectors (pgvectorscale).
    Diskann(Diskann),
}

impl Index {
    /// The name used in scenarios.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Hnsw(_) => "hnsw",
            Self::Ivfflat(_) => "ivfflat",
            Self::Diskann(_) => "diskann",
        }
    }

    /// Keys of `search` that belong to it.
    pub const fn parameters(&self) -> &'static [&'static str] {
        match self {
            Self::None => &[],
            Self::Hnsw(_) => &["ef_search"],
            Self::Ivfflat(_) => &["probes"],
            Self::Diskann(_) => &["search_list_size", "rescore"],
        }
    }

    /// What is indexed in place of the stored vectors, if it is something else.
    pub const fn quantize(&self) -> Option<Quantize> {
        match self {
            Self::Hnsw(Hnsw { quantize, .. }) | Self::Ivfflat(Ivfflat { quantize, .. }) => *quantize,
            Self::None | Self::Diskann(_) => None,
        }
    }

    /// The operator class that was asked for, instead of the one of the data set's metric.
    pub fn ops(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::Hnsw(Hnsw { ops, .. })
            | Self::Ivfflat(Ivfflat { ops, .. })
            | Self::Diskann(Diskann { ops, .. }) => ops.as_deref(),
        }
    }
}

/// What an expression index holds in place of the stored vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Quantize {
    /// 16-bit floats.
    Halfvec,
    /// The signs, one bit a dimension; needs `rerank`.
    Bit,
}

/// Parameters of an HNSW graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hnsw {
    /// Edges of a node on the upper levels; twice as many on the lowest.
    pub m: usize,
    /// Candidates kept while building.
    pub ef_construction: usize,
    /// Postgres: index this in place of the stored vectors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantize: Option<Quantize>,
    /// Postgres: an operator class other than the one of the data set's metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ops: Option<String>,
}

impl Default for Hnsw {
    fn default() -> Self {
        Self { m: 16, ef_construction: 128, quantize: None, ops: None }
    }
}

/// Parameters of lists around centres.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Ivfflat {
    /// Number of lists. pgvector's advice is a thousandth of the rows up to a million, their square root beyond.
    pub lists: usize,
    /// Postgres: index this in place of the stored vectors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantize: Option<Quantize>,
    /// Postgres: an operator class other than the one of the data set's metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ops: Option<String>,
}

impl Default for Ivfflat {
    fn default() -> Self {
        Self { lists: 100, quantize: None, ops: None }
    }
}

/// Parameters of pgvectorscale's graph; its own defaults unless set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Diskann {
    /// How vectors are kept in the index: `memory_optimized` (compressed) or `plain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_layout: Option<StorageLayout>,
    /// Edges of a node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_neighbors: Option<usize>,
    /// Candidates kept while building.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search_list_size: Option<usize>,
    /// How far edges may reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_alpha: Option<f64>,
    /// Dimensions that are indexed; all unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_dimensions: Option<usize>,
    /// Bits that a dimension is compressed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_bits_per_dimension: Option<usize>,
    /// An operator class other than the one of the data set's metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ops: Option<String>,
}

/// How pgvectorscale keeps vectors in its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StorageLayout {
    /// Compressed by statistical binary quantisation.
    MemoryOptimized,
    /// As they are.
    Plain,
}
