//! The `embedded` engine: usearch for HNSW graphs, the flat scan where no index is asked for. All in this process.

mod build;
mod codes;
mod collection;
mod graph;
mod hnsw;
mod originals;
mod persist;
mod session;

use annvil_core::engine::{Engine, EngineError, Result};
use annvil_core::metric::Metric;
use annvil_core::scenario::{Hnsw as Parameters, Index, Storage, Variant};

use crate::Context;
use crate::flat::Flat;
use hnsw::Hnsw;

/// Candidates that usearch keeps while searching unless it is told otherwise.
const DEFAULT_EF_SEARCH: usize = 64;

/// A variant with an HNSW graph, after everything was refused that can't work.
#[derive(Debug, Clone, PartialEq)]
struct Settings {
    storage: Storage,
    graph: Parameters,
    rerank: Option<usize>,
}

/// Opens the engine.
pub(crate) fn open(variant: &Variant, context: &Context) -> Result<Box<dyn Engine>> {
    Ok(match settings(variant)? {
        Some(settings) => Box::new(Hnsw::new(settings, context)),
        None => Box::new(Flat::new("embedded")),
    })
}

/// Refuses what can't work.
pub(crate) fn check(variant: &Variant, metric: Metric) -> Result<()> {
    settings(variant)?.map_or(Ok(()), |settings| settings.check_metric(metric))
}

/// Settings of an HNSW index; `None` for a flat scan.
fn settings(variant: &Variant) -> Result<Option<Settings>> {
    crate::check::not_of_postgres("embedded", variant)?;
    let Index::Hnsw(graph) = &variant.index else {
        refuse_without_index(variant)?;
        return Ok(None);
    };
    if graph.m < 2 || graph.m > 1024 {
        return Err(configuration(format!("hnsw: m is {}", graph.m), "use 2 to 1024; 16 is usual"));
    }
    if graph.ef_construction == 0 {
        return Err(configuration("hnsw: ef_construction is 0".to_owned(), "use at least m; 128 is usual"));
    }
    let rerank = variant.rerank.as_ref().map(|rerank| rerank.candidates);
    if rerank == Some(0) {
        return Err(configuration("rerank: candidates is 0".to_owned(), "use more than k; 100 is usual"));
    }
    Ok(Some(Settings { storage: variant.storage, graph: graph.clone(), rerank }))
}

fn refuse_without_index(variant: &Variant) -> Result<()> {
    if variant.storage != Storage::F32 {
        return Err(EngineError::Unsupported {
            engine: "embedded".to_owned(),
            what: format!("storage {} without an index", variant.storage.element()),
            help: "set index: hnsw, or storage: f32".to_owned(),
        });
    }
    if variant.rerank.is_some() {
        return Err(configuration(
            "rerank without an index".to_owned(),
            "a flat scan of f32 rows is exact already: leave rerank out, or set index: hnsw",
        ));
    }
    if variant.search.ef_search.is_some() {
        return Err(configuration(
            "ef_search without an index".to_owned(),
            "set index: hnsw, or leave it out",
        ));
    }
    Ok(())
}

fn configuration(what: String, help: &str) -> EngineError {
    EngineError::Configuration { what, help: help.to_owned() }
}

impl Settings {
    /// Refuses a metric that the storage can't express.
    fn check_metric(&self, metric: Metric) -> Result<()> {
        let bits = self.storage == Storage::B1;
        if matches!(metric, Metric::L1 | Metric::Jaccard) || (metric == Metric::Hamming && !bits) {
            let other =
                if metric == Metric::Hamming { "storage b1, whose graph is built on it, or " } else { "" };
            return Err(EngineError::Unsupported {
                engine: "embedded".to_owned(),
                what: format!("an hnsw index with storage {} and metric {metric}", self.storage.element()),
                help: format!("use {other}index none, which compares every row"),
            });
        }
        if self.storage == Storage::I8 && metric != Metric::Cosine {
            return Err(EngineError::Unsupported {
                engine: "embedded".to_owned(),
                what: format!("storage i8 with metric {metric}"),
                help:
                    "usearch's i8 codes keep the direction of a row and not its length (its inner product of \
                       signed bytes was off by 10,000): use metric cosine, or storage f16"
                        .to_owned(),
            });
        }
        Ok(())
    }

    /// The largest magnitude that the storage can hold.
    fn largest(&self) -> f32 {
        if self.storage == Storage::F16 { half::f16::MAX.to_f32() } else { f32::MAX }
    }

    /// As it is written into persisted files: what must be the same at restore.
    fn describe(&self) -> String {
        let Parameters { m, ef_construction, .. } = self.graph;
        let rerank = if self.rerank.is_some() { ", originals kept" } else { "" };
        format!(
            "storage {}, index hnsw (m {m}, ef_construction {ef_construction}){rerank}",
            self.storage.element()
        )
    }
}
