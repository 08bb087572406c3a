//! What each engine can do: the text behind `annvil engines`. One place an engine; what is listed here is tested.

use annvil_core::form::Operation;
use annvil_core::metric::Metric;
use serde::Serialize;

/// What an engine can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EngineSummary {
    /// Its name in scenarios.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub about: &'static str,
    /// Version of the system under test.
    pub version: String,
    /// Whether this build has it.
    pub built: bool,
    /// Operations.
    pub operations: Vec<Operation>,
    /// Storages of vectors.
    pub storages: Vec<&'static str>,
    /// Indexes.
    pub indexes: Vec<&'static str>,
    /// Metrics.
    pub metrics: Vec<Metric>,
    /// Whether searches may have filters.
    pub filters: bool,
    /// Whether it persists and restores.
    pub persists: bool,
    /// What of the above can't be had together, and other limits.
    pub limits: Vec<&'static str>,
}

const OPERATIONS: [Operation; 5] =
    [Operation::Search, Operation::Fetch, Operation::Distance, Operation::Upsert, Operation::Delete];

/// All engines, those that this build lacks too.
pub fn list() -> Vec<EngineSummary> {
    vec![embedded(), null(), postgres(), stub()]
}

fn embedded() -> EngineSummary {
    EngineSummary {
        name: "embedded",
        about: "in this process: usearch for HNSW graphs, a flat scan without index",
        #[cfg(feature = "embedded")]
        version: format!("usearch {}", usearch::version()),
        #[cfg(not(feature = "embedded"))]
        version: "not built: needs the feature `embedded`".to_owned(),
        built: cfg!(feature = "embedded"),
        operations: OPERATIONS.to_vec(),
        storages: vec!["f32", "f16", "i8", "b1"],
        indexes: vec!["none", "hnsw"],
        metrics: Metric::ALL.to_vec(),
        filters: true,
        persists: true,
        limits: vec![
            "index none: storage f32 only, no rerank",
            "storage i8: metric cosine only",
            "storage b1: no scores and no distances without rerank",
            "writes run one at a time, and searches wait for them",
        ],
    }
}

fn null() -> EngineSummary {
    EngineSummary {
        name: "null",
        about: "answers at once with nothing: measures the harness",
        version: env!("CARGO_PKG_VERSION").to_owned(),
        built: true,
        operations: OPERATIONS.to_vec(),
        storages: vec!["f32"],
        indexes: vec!["none"],
        metrics: Metric::ALL.to_vec(),
        filters: false,
        persists: false,
        limits: vec!["all answers are empty"],
    }
}

fn postgres() -> EngineSummary {
    EngineSummary {
        name: "postgres",
        about: "PostgreSQL with pgvector, pgvectorscale or RuVector; `annvil engines --check URL` says what a server has",
        version: if cfg!(feature = "postgres") {
            "the server's".to_owned()
        } else {
            "not built: needs the feature `postgres`".to_owned()
        },
        built: cfg!(feature = "postgres"),
        operations: OPERATIONS.to_vec(),
        storages: vec!["vector", "halfvec", "bit", "sparsevec"],
        indexes: vec!["none", "hnsw", "ivfflat", "diskann"],
        metrics: Metric::ALL.to_vec(),
        filters: true,
        persists: false,
        limits: vec![
            "storage bit: metrics hamming and jaccard, which have no other storage",
            "index ivfflat: not over sparsevec, not with metrics l1 and jaccard",
            "index diskann: pgvectorscale only, storage vector, not with metric l1",
            "quantize: over storage vector or, to bits, halfvec; quantize bit needs rerank",
            "RuVector: storage vector, metrics cosine and l2, no quantize and no rerank",
        ],
    }
}

fn stub() -> EngineSummary {
    EngineSummary {
        name: "stub",
        about: "a flat scan with scripted times, failures and faults: proves the harness",
        version: env!("CARGO_PKG_VERSION").to_owned(),
        built: true,
        operations: OPERATIONS.to_vec(),
        storages: vec!["f32"],
        indexes: vec!["none"],
        metrics: Metric::ALL.to_vec(),
        filters: true,
        persists: false,
        limits: vec!["storage, index, rerank and search parameters of its variants stay at their defaults"],
    }
}
