//! The control plane of collections with an HNSW graph.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Instant;

use annvil_core::clock::Clock;
use annvil_core::dataset::Queries;
use annvil_core::engine::{
    ControlFuture, Encoded, Engine, EngineError, EngineInfo, Mode, Promise, Result, Schema, Session, Settled,
    Usage,
};
use annvil_core::form::{Form, Operation, Params, Scores};
use annvil_core::label::Labels;
use annvil_core::metric::Metric;
use annvil_core::operation::Batch;
use annvil_core::scenario::{Hnsw as Parameters, Storage};
use annvil_core::units::Bytes;

use super::build::BuildError;
use super::codes::Codes;
use super::collection::Collection;
use super::graph::Graph;
use super::session::{Asked, HnswSession};
use super::{DEFAULT_EF_SEARCH, Settings};
use crate::{Context, check, prepared, read, write};

/// What i8 scores may be off by. Codes are cut off towards zero at 1/127 of a row's length, which changes cosines by
/// 0.005 (root of the mean square) at 384 dimensions as at 3,072: at most by 0.0214 in 100,000 pairs of wordnet-10k and
/// by 0.024 in 180,000 random pairs. From some 2,000 dimensions on, most codes of a row are 0 or 1, and the errors of
/// near neighbours grow: 0.038 at 3,072.
fn i8_error(dim: usize) -> f64 {
    (dim as f64 / 50_000.0).max(0.03)
}

/// Half floats round by at most this share.
const F16_ROUNDING: f64 = 1.0 / 2048.0;

/// One variant.
pub(super) struct Hnsw {
    settings: Settings,
    clock: Arc<dyn Clock>,
    scratch: PathBuf,
    ef_search: AtomicUsize,
    /// Length of the longest query, as the bits of an `f64`.
    longest_query: AtomicU64,
    shared: Arc<Shared>,
}

/// What sessions and the control plane share.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) collection: RwLock<Option<Collection>>,
    /// Sessions that are open.
    pub(super) sessions: AtomicUsize,
}

impl Hnsw {
    /// Nothing yet.
    pub(super) fn new(settings: Settings, context: &Context) -> Self {
        Self {
            settings,
            clock: Arc::clone(&context.clock),
            scratch: context.scratch.clone(),
            ef_search: AtomicUsize::new(DEFAULT_EF_SEARCH),
            longest_query: AtomicU64::new(0),
            shared: Arc::default(),
        }
    }

    fn ef_search(&self) -> usize {
        self.ef_search.load(Ordering::Relaxed)
    }

    /// Does something with the collection, which must be there.
    fn with<R>(&self, doing: &str, then: impl FnOnce(&mut Collection) -> Result<R>) -> Result<R> {
        match write(&self.shared.collection).as_mut() {
            Some(collection) => then(collection),
            None => Err(failed(doing, "there is no collection; create it first")),
        }
    }

    fn settle_now(&self, deadline: Instant, progress: &(dyn Fn(u64) + Sync)) -> Result<Settled> {
        let start = self.clock.now();
        self.with("build the index", |collection| {
            collection.settle(deadline, progress).map_err(|error| match error {
                BuildError::Deadline => EngineError::Deadline {
                    engine: "embedded".to_owned(),
                    doing: "build the index".to_owned(),
                },
                BuildError::Failed(why) => failed("build the index", why),
            })
        })?;
        let took = self.clock.now().saturating_sub(start);
        // Rows are found when they are in the graph, and the graph is complete when the last one is.
        Ok(Settled { searchable: took, indexed: took })
    }

    fn apply_now(&self, point: &Params) -> Result<()> {
        if let Some(name) = point.keys().find(|name| *name != "ef_search") {
            return Err(EngineError::Configuration {
                what: format!("embedded has no search parameter `{name}`"),
                help: "it has ef_search".to_owned(),
            });
        }
        let ef_search = match point.get("ef_search") {
            None => DEFAULT_EF_SEARCH,
            Some(value) => usize::try_from(*value).ok().filter(|value| *value > 0).ok_or_else(|| {
                EngineError::Configuration {
                    what: format!("ef_search is {value}"),
                    help: "use at least 1".to_owned(),
                }
            })?,
        };
        self.ef_search.store(ef_search, Ordering::Relaxed);
        if let Some(collection) = write(&self.shared.collection).as_mut() {
            collection.graph.set_ef_search(ef_search);
        }
        Ok(())
    }

    fn encode_now(&self, forms: &[Form], queries: &Queries) -> Result<Arc<Encoded>> {
        let schema = self.with("encode queries", |collection| Ok(collection.schema.clone()))?;
        check::queries(queries, &schema, self.settings.largest())?;
        if let Some(form) = forms.iter().find(|form| form.operation == Operation::Distance)
            && self.settings.storage == Storage::B1
            && self.settings.rerank.is_none()
        {
            return Err(EngineError::Unsupported {
                engine: "embedded".to_owned(),
                what: format!("distances of b1 storage (form `{}`)", form.name),
                help: "signs have Hamming distances only: set rerank, which keeps the original rows"
                    .to_owned(),
            });
        }
        let prepared = prepared::forms("embedded", forms, &schema)?;
        let mut codes = Codes::zeros(self.settings.storage, schema.dim, queries.rows());
        let mut longest = f64::from_bits(self.longest_query.load(Ordering::Relaxed));
        for row in 0..queries.rows() {
            let query = queries.row(row);
            codes.encode(row, query);
            longest = longest.max(query.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt());
        }
        self.longest_query.store(longest.to_bits(), Ordering::Relaxed);
        let vectors = self.settings.rerank.map(|_| queries.clone());
        Ok(Arc::new(Asked { forms: prepared, codes, rows: queries.rows(), vectors }))
    }

    /// What scores of the stored codes are worth.
    fn scores(&self) -> Scores {
        let guard = read(&self.shared.collection);
        match self.settings.storage {
            _ if self.settings.rerank.is_some() => Scores::Exact,
            Storage::F32 | Storage::Sparsevec => Scores::Exact,
            Storage::B1 => Scores::None,
            Storage::I8 => {
                Scores::Within(i8_error(guard.as_ref().map_or(0, |collection| collection.schema.dim)))
            }
            Storage::F16 => {
                let Some(collection) = guard.as_ref() else { return Scores::Within(2.0 * F16_ROUNDING) };
                let query = f64::from_bits(self.longest_query.load(Ordering::Relaxed));
                let row = collection.longest;
                // Both vectors are rounded, each by at most its length times the rounding; a little more for the sums.
                let error = match collection.schema.metric {
                    Metric::Cosine => 2.0 * F16_ROUNDING,
                    Metric::InnerProduct => 2.0 * F16_ROUNDING * row * query,
                    Metric::L2 => F16_ROUNDING * (row + query),
                    Metric::L1 | Metric::Hamming | Metric::Jaccard => return Scores::None, // refused when the collection was made
                };
                Scores::Within(1.05 * error)
            }
        }
    }

    fn info_now(&self) -> EngineInfo {
        let Settings { storage, graph: Parameters { m, ef_construction, .. }, rerank } = &self.settings;
        let guard = read(&self.shared.collection);
        let graph = guard.as_ref().map(|collection| &collection.graph);
        let mut configuration = BTreeMap::from([
            ("ef_construction", ef_construction.to_string()),
            ("ef_search", self.ef_search().to_string()),
            ("index", "hnsw".to_owned()),
            ("m", m.to_string()),
            ("rerank", rerank.map_or("off".to_owned(), |candidates| format!("{candidates} candidates"))),
            ("simd", graph.map_or("unknown before create".to_owned(), Graph::instructions)),
            ("simd available", usearch::hardware_acceleration_available()),
            ("storage", storage.element().to_string()),
            ("writes", "one at a time; searches wait".to_owned()),
        ]);
        if let Some(graph) = graph {
            let held = if graph.is_view() {
                "mapped from the restored file until the first write"
            } else {
                "in memory"
            };
            configuration.insert("graph", held.to_owned());
            configuration.insert("threads reserved", graph.threads().to_string());
        }
        if *storage == Storage::I8 {
            configuration
                .insert("quantisation", "127 x / |x|, cut off towards zero (usearch's own)".to_owned());
        }
        EngineInfo {
            name: "embedded".to_owned(),
            version: format!("usearch {}", usearch::version()),
            configuration: configuration.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            hidden_threads: "none".to_owned(),
        }
    }

    fn open_session(&self, encoded: Arc<Encoded>) -> Result<Box<dyn Session>> {
        let forms = encoded
            .downcast::<Asked>()
            .map_err(|_| failed("open a session", "the queries were encoded by another engine"))?;
        let open = self.shared.sessions.fetch_add(1, Ordering::SeqCst) + 1;
        // From here on the session counts, and takes itself off when it is dropped.
        let session = HnswSession::new(Arc::clone(&self.shared), forms);
        let short = read(&self.shared.collection)
            .as_ref()
            .is_some_and(|collection| collection.graph.threads() < open);
        if short {
            self.with("open a session", |collection| {
                let threads = open.max(collection.threads());
                collection.graph.reserve(0, threads).map_err(|why| failed("open a session", why))
            })?;
        }
        Ok(Box::new(session))
    }
}

fn failed(doing: &str, why: impl std::fmt::Display) -> EngineError {
    EngineError::failed("embedded", doing, why)
}

impl Engine for Hnsw {
    fn info(&self) -> ControlFuture<'_, EngineInfo> {
        Box::pin(async { Ok(self.info_now()) })
    }

    fn create<'a>(&'a self, schema: &'a Schema) -> ControlFuture<'a, ()> {
        Box::pin(async {
            self.settings.check_metric(schema.metric)?;
            if schema.dim == 0 {
                return Err(failed("create the collection", "vectors need at least one dimension"));
            }
            let collection = Collection::create(&self.settings, schema, self.ef_search(), &self.scratch);
            *write(&self.shared.collection) =
                Some(collection.map_err(|why| failed("create the collection", why))?);
            Ok(())
        })
    }

    fn load<'a>(&'a self, rows: Batch<'a>) -> ControlFuture<'a, ()> {
        Box::pin(async move {
            self.with("load rows", |collection| {
                collection.load(&rows).map_err(|why| failed("load rows", why))
            })
        })
    }

    fn settle<'a>(
        &'a self,
        deadline: Instant,
        progress: &'a (dyn Fn(u64) + Sync),
    ) -> ControlFuture<'a, Settled> {
        Box::pin(async move { self.settle_now(deadline, progress) })
    }

    fn apply<'a>(&'a self, point: &'a Params) -> ControlFuture<'a, ()> {
        Box::pin(async { self.apply_now(point) })
    }

    fn promise(&self, form: &Form) -> Promise {
        match form.operation {
            Operation::Search => Promise { exact: false, scores: self.scores() },
            Operation::Distance => Promise { exact: self.scores() == Scores::Exact, scores: self.scores() },
            Operation::Fetch | Operation::Upsert | Operation::Delete => {
                Promise { exact: true, scores: Scores::None }
            }
        }
    }

    fn encode(&self, forms: &[Form], queries: &Queries, _: &Labels) -> Result<Arc<Encoded>> {
        self.encode_now(forms, queries)
    }

    fn mode(&self) -> Mode {
        Mode::Blocking
    }

    fn session(&self, encoded: Arc<Encoded>) -> ControlFuture<'_, Box<dyn Session>> {
        Box::pin(async { self.open_session(encoded) })
    }

    fn usage(&self) -> ControlFuture<'_, Usage> {
        Box::pin(async {
            Ok(read(&self.shared.collection).as_ref().map_or_else(Usage::default, Collection::usage))
        })
    }

    fn persist<'a>(&'a self, folder: &'a Path) -> ControlFuture<'a, Bytes> {
        Box::pin(async {
            let doing = format!("persist to {}", folder.display());
            self.with(&doing, |collection| collection.persist(folder).map_err(|why| failed(&doing, why)))
        })
    }

    fn restore<'a>(&'a self, folder: &'a Path) -> ControlFuture<'a, ()> {
        Box::pin(async {
            let mut place = write(&self.shared.collection);
            let before = place.as_ref().map(|collection| &collection.schema);
            let mut restored =
                Collection::restore(&self.settings, folder, &self.scratch, self.ef_search(), before)?;
            let open = self.shared.sessions.load(Ordering::SeqCst);
            if restored.graph.threads() < open {
                restored.graph.reserve(0, open).map_err(|why| failed("restore", why))?;
            }
            *place = Some(restored);
            Ok(())
        })
    }

    fn destroy(&self) -> ControlFuture<'_, ()> {
        Box::pin(async {
            *write(&self.shared.collection) = None;
            Ok(())
        })
    }
}
