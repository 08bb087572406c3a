//! The flat scan of `annvil-data` as an engine: every row is compared, so that answers are exact.
//!
//! `embedded` uses it where no index is asked for, and `stub` puts its script around it.

mod session;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, RwLock};
use std::time::Instant;

use annvil_core::dataset::Queries;
use annvil_core::engine::{
    ControlFuture, Encoded, Engine, EngineError, EngineInfo, Mode, Promise, Result, Schema, Session, Settled,
    Usage,
};
use annvil_core::form::{Form, Operation, Params, Scores};
use annvil_core::label::Labels;
use annvil_core::operation::{Batch, OpError};
use annvil_core::units::{Bytes, Nanos};
use annvil_core::vector::RowId;
use annvil_data::distance::Kernel;
use annvil_data::exact::ExactScan;

use crate::payload::Payload;
use crate::prepared::Prepared;
use crate::snapshot::{Description, Draft, Snapshot, broken};
use crate::{check, prepared, read, write};
use session::FlatSession;

/// How the persisted file describes a collection without an index.
const VARIANT: &str = "storage f32, index none";

/// A flat scan under the name of the engine that it serves.
pub(crate) struct Flat {
    name: &'static str,
    collection: Arc<RwLock<Option<Collection>>>,
}

/// Rows and what belongs to them, by the same slots.
struct Collection {
    schema: Schema,
    scan: ExactScan,
    kernel: Kernel,
    payload: Payload,
}

/// What [`Engine::encode`] makes.
struct Asked {
    forms: Vec<Prepared>,
    queries: Queries,
}

impl Flat {
    /// Nothing yet.
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, collection: Arc::default() }
    }

    fn failed(&self, doing: &str, why: impl std::fmt::Display) -> EngineError {
        EngineError::failed(self.name, doing, why)
    }

    /// Does something with the collection, which must be there.
    fn with<R>(
        &self,
        doing: &str,
        then: impl FnOnce(&mut Collection) -> std::result::Result<R, String>,
    ) -> Result<R> {
        match write(&self.collection).as_mut() {
            Some(collection) => then(collection).map_err(|why| self.failed(doing, why)),
            None => Err(self.failed(doing, "there is no collection; create it first")),
        }
    }

    fn persist_now(&self, folder: &Path) -> Result<Bytes> {
        self.with(&format!("persist to {}", folder.display()), |collection| {
            collection.compact()?;
            let schema = &collection.schema;
            let description = Description {
                made_by: made_by(),
                variant: VARIANT.to_owned(),
                rows: collection.payload.rows(),
                dim: schema.dim,
                metric: schema.metric,
                labels: schema.labels.iter().map(|(name, kind)| (name.clone(), *kind)).collect(),
                longest_row: 0.0,
                originals: None,
            };
            let row_bytes = size_of::<f32>() * schema.dim;
            let text = |error: std::io::Error| error.to_string();
            let (ids, table) = collection.payload.store()?;
            let rest = ids.bytes.len() + table.bytes.len();
            let mut draft = Draft::new(&description, row_bytes * description.rows, rest).map_err(text)?;
            for (row, bytes) in draft.index().chunks_exact_mut(row_bytes).enumerate() {
                bytes.copy_from_slice(bytemuck::cast_slice(collection.scan.row(row)));
            }
            draft.write(folder, &ids.bytes, &table.bytes).map(Bytes).map_err(text)
        })
    }

    fn restore_now(&self, folder: &Path) -> Result<()> {
        let snapshot = Snapshot::open(self.name, folder)?;
        let bad = |why: &str| broken(self.name, &snapshot.path, why);
        let description = &snapshot.description;
        if description.variant != VARIANT {
            return Err(bad(&format!("it holds {}, and the variant is {VARIANT}", description.variant)));
        }
        let schema = schema_of(description, read(&self.collection).as_ref().map(|c| &c.schema));
        let mut scan = ExactScan::new(schema.dim, schema.metric);
        scan.reserve(description.rows);
        let mut row = vec![0.0; schema.dim];
        let bytes = snapshot.index_bytes();
        if schema.dim == 0 || bytes.len() != size_of::<f32>() * schema.dim * description.rows {
            return Err(bad("its rows have another length than it says; persist the collection again"));
        }
        for bytes in bytes.chunks_exact(size_of::<f32>() * schema.dim) {
            bytemuck::cast_slice_mut(&mut row).copy_from_slice(bytes);
            scan.push(&row);
        }
        let payload =
            Payload::restore(&snapshot.map, snapshot.ids.clone(), snapshot.table.clone(), description.rows)
                .ok_or_else(|| bad("its ids can't be read; persist the collection again"))?;
        let kernel = Kernel::new(schema.metric);
        *write(&self.collection) = Some(Collection { schema, scan, kernel, payload });
        Ok(())
    }
}

/// The schema of a restored collection; how it is used comes from the one before.
pub(crate) fn schema_of(description: &Description, before: Option<&Schema>) -> Schema {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Schema {
        dim: description.dim,
        metric: description.metric,
        rows: description.rows,
        sessions: before.map_or(cores, |schema| schema.sessions),
        build_threads: before.map_or(cores, |schema| schema.build_threads),
        labels: description.labels.iter().cloned().collect(),
    }
}

fn made_by() -> String {
    format!("annvil {}", env!("CARGO_PKG_VERSION"))
}

impl Collection {
    fn load(&mut self, rows: &Batch<'_>) -> std::result::Result<(), String> {
        check::rows(rows, &self.schema, f32::MAX)?;
        if let Some(twice) = rows.ids.iter().find(|id| self.payload.slot(**id).is_some()) {
            return Err(format!("row {twice} is there already; change rows by upsert"));
        }
        self.write(rows)
    }

    /// Inserts or replaces rows that have been checked.
    fn write(&mut self, rows: &Batch<'_>) -> std::result::Result<(), String> {
        for i in 0..rows.len() {
            self.payload.push(rows, i)?;
            self.scan.push(rows.vector(i));
        }
        Ok(())
    }

    fn upsert(&mut self, rows: &Batch<'_>) -> std::result::Result<u64, OpError> {
        check::rows(rows, &self.schema, f32::MAX).map_err(OpError::Other)?;
        self.write(rows).and_then(|()| self.tidy()).map_err(OpError::Other)?;
        Ok(rows.len() as u64)
    }

    fn delete(&mut self, ids: &[RowId]) -> std::result::Result<u64, OpError> {
        let removed = ids.iter().filter(|id| self.payload.remove(**id).is_some()).count();
        self.tidy().map_err(OpError::Other)?;
        Ok(removed as u64)
    }

    /// Dead slots are skipped by every search, so there must not be more of them than of the living.
    fn tidy(&mut self) -> std::result::Result<(), String> {
        if self.payload.dead() > self.payload.rows() + 1024 { self.compact() } else { Ok(()) }
    }

    fn compact(&mut self) -> std::result::Result<(), String> {
        if let Some(kept) = self.payload.compact()? {
            let mut scan = ExactScan::new(self.schema.dim, self.schema.metric);
            scan.reserve(kept.len());
            for slot in kept {
                scan.push(self.scan.row(slot));
            }
            self.scan = scan;
        }
        Ok(())
    }
}

impl Engine for Flat {
    fn info(&self) -> ControlFuture<'_, EngineInfo> {
        Box::pin(async {
            let instructions = Kernel::new(annvil_core::metric::Metric::L2).instructions();
            Ok(EngineInfo {
                name: self.name.to_owned(),
                version: made_by(),
                configuration: BTreeMap::from([
                    ("index".to_owned(), "none (flat scan)".to_owned()),
                    ("simd".to_owned(), instructions.to_owned()),
                    ("storage".to_owned(), "f32".to_owned()),
                    ("writes".to_owned(), "one at a time; searches wait".to_owned()),
                ]),
                hidden_threads: "none".to_owned(),
            })
        })
    }

    fn create<'a>(&'a self, schema: &'a Schema) -> ControlFuture<'a, ()> {
        Box::pin(async {
            if schema.dim == 0 {
                return Err(self.failed("create the collection", "vectors need at least one dimension"));
            }
            let mut scan = ExactScan::new(schema.dim, schema.metric);
            scan.reserve(schema.rows);
            let (kernel, payload) = (Kernel::new(schema.metric), Payload::new(schema));
            *write(&self.collection) = Some(Collection { schema: schema.clone(), scan, kernel, payload });
            Ok(())
        })
    }

    fn load<'a>(&'a self, rows: Batch<'a>) -> ControlFuture<'a, ()> {
        Box::pin(async move { self.with("load rows", |collection| collection.load(&rows)) })
    }

    fn settle<'a>(&'a self, _: Instant, progress: &'a (dyn Fn(u64) + Sync)) -> ControlFuture<'a, Settled> {
        Box::pin(async {
            progress(self.with("settle", |collection| Ok(collection.payload.rows() as u64))?);
            // Rows are found as soon as they are loaded.
            Ok(Settled { searchable: Nanos::ZERO, indexed: Nanos::ZERO })
        })
    }

    fn apply<'a>(&'a self, point: &'a Params) -> ControlFuture<'a, ()> {
        Box::pin(async {
            match point.keys().next() {
                None => Ok(()),
                Some(name) => Err(EngineError::Configuration {
                    what: format!("a flat scan has no search parameter `{name}`"),
                    help: "set an index, or leave `search` out".to_owned(),
                }),
            }
        })
    }

    fn promise(&self, form: &Form) -> Promise {
        let scored = matches!(form.operation, Operation::Search | Operation::Distance);
        Promise { exact: true, scores: if scored { Scores::Exact } else { Scores::None } }
    }

    fn encode(&self, forms: &[Form], queries: &Queries, _: &Labels) -> Result<Arc<Encoded>> {
        let schema = self.with("encode queries", |collection| Ok(collection.schema.clone()))?;
        check::queries(queries, &schema, f32::MAX)?;
        Ok(Arc::new(Asked { forms: prepared::forms(self.name, forms, &schema)?, queries: queries.clone() }))
    }

    fn mode(&self) -> Mode {
        Mode::Blocking
    }

    fn session(&self, encoded: Arc<Encoded>) -> ControlFuture<'_, Box<dyn Session>> {
        Box::pin(async {
            let forms = encoded.downcast::<Asked>();
            let forms = forms
                .map_err(|_| self.failed("open a session", "the queries were encoded by another engine"))?;
            Ok(Box::new(FlatSession::new(Arc::clone(&self.collection), forms)) as Box<dyn Session>)
        })
    }

    fn usage(&self) -> ControlFuture<'_, Usage> {
        Box::pin(async {
            let guard = read(&self.collection);
            Ok(guard.as_ref().map_or_else(Usage::default, |collection| {
                let rows = collection.payload.rows() as u64;
                Usage {
                    rows: Some(rows),
                    index: Some(Bytes(collection.scan.bytes() as u64)),
                    codes: Some(Bytes(rows * (size_of::<f32>() * collection.schema.dim) as u64)),
                    payload: Some(Bytes(collection.payload.bytes() as u64)),
                    ..Usage::default()
                }
            }))
        })
    }

    fn persist<'a>(&'a self, folder: &'a Path) -> ControlFuture<'a, Bytes> {
        Box::pin(async { self.persist_now(folder) })
    }

    fn restore<'a>(&'a self, folder: &'a Path) -> ControlFuture<'a, ()> {
        Box::pin(async { self.restore_now(folder) })
    }

    fn destroy(&self) -> ControlFuture<'_, ()> {
        Box::pin(async {
            *write(&self.collection) = None;
            Ok(())
        })
    }
}
