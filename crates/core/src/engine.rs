//! A system under test: the control plane ([`Engine`]) and one caller's connection ([`Session`]).

use std::any::Any;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::LocalFuture;
use crate::dataset::Queries;
use crate::form::{Form, Params, Scores};
use crate::label::{LabelType, Labels};
use crate::metric::Metric;
use crate::operation::{Batch, OpError, OpRef, Reply};
use crate::server::{Advice, Explained, PoolFigures, ServerFigures};
use crate::units::{Bytes, Nanos};

/// What an engine says of itself; stored with the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EngineInfo {
    /// Name of the adapter.
    pub name: String,
    /// Version of the system under test.
    pub version: String,
    /// Its effective configuration, as far as it can be asked.
    pub configuration: BTreeMap<String, String>,
    /// Threads and pools that the client library runs by itself.
    pub hidden_threads: String,
}

/// What a collection is made for.
#[derive(Debug, Clone)]
pub struct Schema {
    /// Dimensions of a vector.
    pub dim: usize,
    /// Distance metric.
    pub metric: Metric,
    /// Rows that will be loaded, for engines that reserve.
    pub rows: usize,
    /// Sessions that will search at the same time, for engines that reserve.
    pub sessions: usize,
    /// Threads that may build the index.
    pub build_threads: usize,
    /// Labels and their types.
    pub labels: BTreeMap<String, LabelType>,
}

/// How long it took after loading until rows were found, and until the index was complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Settled {
    /// Until every row could be found.
    pub searchable: Nanos,
    /// Until the index was built.
    pub indexed: Nanos,
}

/// What the collection takes. Each figure may be unknown; unknown is never a guessed 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// Rows in the collection.
    pub rows: Option<u64>,
    /// Bytes of the index in memory: vectors, graph and key table, without labels and texts.
    pub index: Option<Bytes>,
    /// Bytes of the vector codes alone.
    pub codes: Option<Bytes>,
    /// Bytes of the table that holds the rows, what is stored out of line included, indexes not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<Bytes>,
    /// Of those, the bytes stored out of line (`TOAST`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_of_line: Option<Bytes>,
    /// Bytes of table and index that are in the server's buffers now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffers: Option<Bytes>,
    /// Bytes of labels and texts in memory.
    pub payload: Option<Bytes>,
    /// Bytes on disk, everything included.
    pub disk: Option<Bytes>,
}

impl Usage {
    /// Bytes of table and index together; unknown where rows lie in no table.
    pub fn stored(&self) -> Option<Bytes> {
        Some(Bytes(self.table?.0 + self.index?.0))
    }
}

/// How sessions are driven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// In-process: a call occupies its thread, so each session has one.
    Blocking,
    /// Over a connection: a thread drives several sessions, each with this many calls in flight.
    Multiplexed(usize),
}

/// Threads that drive sessions of an engine behind a connection: one a core at most.
pub fn driving_threads(sessions: usize) -> usize {
    sessions.min(std::thread::available_parallelism().map_or(1, usize::from))
}

/// Forms and queries in an engine's own encoding. Only the engine that made it can read it.
pub type Encoded = dyn Any + Send + Sync;

/// Why the control plane failed.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The engine can't do what was asked.
    #[error("{engine} does not support {what}{}", hint(.help))]
    Unsupported {
        /// Name of the engine.
        engine: String,
        /// What was asked.
        what: String,
        /// What to do instead; may be empty.
        help: String,
    },
    /// The configuration can't work.
    #[error("{what}{}", hint(.help))]
    Configuration {
        /// What is wrong.
        what: String,
        /// What to try.
        help: String,
    },
    /// The system under test failed.
    #[error("{engine} failed to {doing}: {cause}")]
    Failed {
        /// Name of the engine.
        engine: String,
        /// What it was doing, as an infinitive.
        doing: String,
        /// What it said.
        cause: String,
    },
    /// It took longer than allowed.
    #[error("{engine} did not {doing} in time")]
    Deadline {
        /// Name of the engine.
        engine: String,
        /// What it was doing, as an infinitive.
        doing: String,
    },
}

fn hint(help: &str) -> String {
    if help.is_empty() { String::new() } else { format!("\n  {help}") }
}

impl EngineError {
    /// An [`EngineError::Unsupported`] without advice.
    pub fn unsupported(engine: &str, what: impl Into<String>) -> Self {
        Self::Unsupported { engine: engine.to_owned(), what: what.into(), help: String::new() }
    }

    /// An [`EngineError::Failed`].
    pub fn failed(engine: &str, doing: impl Into<String>, cause: impl std::fmt::Display) -> Self {
        Self::Failed { engine: engine.to_owned(), doing: doing.into(), cause: cause.to_string() }
    }
}

/// The result of a control-plane call.
pub type Result<T> = std::result::Result<T, EngineError>;

/// A future of the control plane.
pub type ControlFuture<'a, T> = LocalFuture<'a, Result<T>>;

/// A system under test. One value serves one collection; several sessions search it at the same time.
pub trait Engine: Send + Sync {
    /// Name, version, effective configuration.
    fn info(&self) -> ControlFuture<'_, EngineInfo>;

    /// Drops the collection if it is there and creates it.
    fn create<'a>(&'a self, schema: &'a Schema) -> ControlFuture<'a, ()>;

    /// Copies rows in. Building an index belongs to [`Engine::settle`].
    fn load<'a>(&'a self, rows: Batch<'a>) -> ControlFuture<'a, ()>;

    /// Builds what is left to build and waits until every row is found and the index is complete. `progress` is told
    /// the number of indexed rows now and then.
    fn settle<'a>(
        &'a self,
        deadline: Instant,
        progress: &'a (dyn Fn(u64) + Sync),
    ) -> ControlFuture<'a, Settled>;

    /// Sets the search parameters of a point of a sweep; between phases only.
    fn apply<'a>(&'a self, point: &'a Params) -> ControlFuture<'a, ()>;

    /// Whether a search form returns exact neighbours, and what its scores are worth.
    fn promise(&self, form: &Form) -> Promise;

    /// Translates forms and queries into the engine's own encoding, outside the clock. Filters are translated whole or
    /// refused, never dropped.
    fn encode(&self, forms: &[Form], queries: &Queries, labels: &Labels) -> Result<Arc<Encoded>>;

    /// How sessions are driven.
    fn mode(&self) -> Mode;

    /// Opens a connection on the thread that will use it.
    fn session(&self, encoded: Arc<Encoded>) -> ControlFuture<'_, Box<dyn Session>>;

    /// Memory and disk.
    fn usage(&self) -> ControlFuture<'_, Usage>;

    /// How the system answers a form: its plan, and whether that is what the variant claims. `None` if it has no plans.
    fn explain<'a>(
        &'a self,
        _encoded: &'a Encoded,
        _form: usize,
        _query: usize,
    ) -> ControlFuture<'a, Option<Explained>> {
        Box::pin(async { Ok(None) })
    }

    /// Counters of the server, read before and after a phase; see [`ServerFigures::since`].
    fn observe(&self) -> ControlFuture<'_, ServerFigures> {
        Box::pin(async { Ok(ServerFigures::default()) })
    }

    /// What a pooler in front of the server says of its pools; asked once a second while a phase is timed.
    fn pools(&self) -> ControlFuture<'_, Vec<PoolFigures>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// Settings of the server that are worth a look, judged after the index is built.
    fn advise(&self) -> ControlFuture<'_, Vec<Advice>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// Writes the collection to a folder; ends after it is on the disk (fsync). Returns the bytes written.
    fn persist<'a>(&'a self, _folder: &'a Path) -> ControlFuture<'a, Bytes> {
        Box::pin(async { Err(EngineError::unsupported("this engine", "persist")) })
    }

    /// Replaces the collection by one that was persisted in a folder.
    fn restore<'a>(&'a self, _folder: &'a Path) -> ControlFuture<'a, ()> {
        Box::pin(async { Err(EngineError::unsupported("this engine", "restore")) })
    }

    /// Removes everything that [`Engine::create`] made.
    fn destroy(&self) -> ControlFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

/// What an engine claims for the answers of a form; `verify` holds it to that.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Promise {
    /// Whether the answers are the true nearest neighbours.
    pub exact: bool,
    /// What its scores are worth.
    pub scores: Scores,
}

/// One connection or caller: opened and used on its own thread.
pub trait Session {
    /// Does one operation; the answer is left in `out`, which the session clears first.
    fn call<'a>(
        &'a self,
        op: OpRef<'a>,
        out: &'a mut Reply,
    ) -> LocalFuture<'a, std::result::Result<(), OpError>>;
}
