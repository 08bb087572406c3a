//! Systems under test: a translation of operations into each system's own calls.
//!
//! One file (and, where it needs more room, the folder beside it) per system, behind a cargo feature:
//! [`open`] is the only way in. Engines know nothing of load, statistics or reports.
//!
//! ```
//! # #[cfg(feature = "embedded")] {
//! let engines = annvil_engines::list();
//! let embedded = engines.iter().find(|engine| engine.name == "embedded").unwrap();
//! assert!(embedded.storages.contains(&"i8") && embedded.persists);
//! # }
//! ```

mod check;
mod done;
#[cfg(feature = "embedded")]
mod embedded;
mod flat;
mod map;
mod null;
mod payload;
#[cfg(feature = "postgres")]
mod postgres;
mod prepared;
mod snapshot;
mod stub;
mod summary;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use annvil_core::clock::Clock;
use annvil_core::engine::{Engine, Result};
use annvil_core::metric::Metric;
use annvil_core::scenario::{EngineSpec, Variant};

#[cfg(feature = "postgres")]
pub use postgres::{probe, pull};
pub use summary::{EngineSummary, list};

/// What an engine is given besides its configuration.
#[derive(Clone)]
pub struct Context {
    /// The clock of the run.
    pub clock: Arc<dyn Clock>,
    /// A folder of its own, made by the caller, for what the variant keeps on disk while it runs.
    pub scratch: PathBuf,
}

/// Opens the engine for one variant. Nothing is loaded, and what can't work is refused here, before there are data.
pub fn open(spec: &EngineSpec, variant: &Variant, context: &Context) -> Result<Box<dyn Engine>> {
    match spec {
        #[cfg(feature = "embedded")]
        EngineSpec::Embedded(_) => embedded::open(variant, context),
        #[cfg(not(feature = "embedded"))]
        EngineSpec::Embedded(_) => Err(not_built("embedded")),
        EngineSpec::Null(_) => null::open(variant),
        EngineSpec::Stub(spec) => stub::open(spec, variant, context),
        #[cfg(feature = "postgres")]
        EngineSpec::Postgres(spec) => postgres::open(spec, variant, context),
        #[cfg(not(feature = "postgres"))]
        EngineSpec::Postgres(_) => Err(not_built("postgres")),
    }
}

/// Refuses a variant that can't work on data of this metric. Nothing is opened.
pub fn check(spec: &EngineSpec, variant: &Variant, metric: Metric) -> Result<()> {
    match spec {
        #[cfg(feature = "embedded")]
        EngineSpec::Embedded(_) => embedded::check(variant, metric),
        #[cfg(not(feature = "embedded"))]
        EngineSpec::Embedded(_) => Err(not_built("embedded")),
        EngineSpec::Null(_) => check::plain_variant("null", variant),
        EngineSpec::Stub(spec) => stub::check(spec, variant),
        #[cfg(feature = "postgres")]
        EngineSpec::Postgres(spec) => postgres::check(spec, variant, metric),
        #[cfg(not(feature = "postgres"))]
        EngineSpec::Postgres(_) => Err(not_built("postgres")),
    }
}

#[cfg(not(all(feature = "embedded", feature = "postgres")))]
fn not_built(engine: &str) -> annvil_core::engine::EngineError {
    annvil_core::engine::EngineError::Unsupported {
        engine: "this build of Annvil".to_owned(),
        what: format!("the engine {engine}"),
        help: format!("build it with `--features {engine}`"),
    }
}

/// Locks for reading. A panic elsewhere is reported where it happened; it must not turn every later call into another.
fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

/// Locks for writing; see [`read`].
fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
