//! The `null` engine: takes everything, answers at once with nothing. It measures the harness.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use annvil_core::clock::LocalFuture;
use annvil_core::dataset::Queries;
use annvil_core::engine::{
    ControlFuture, Encoded, Engine, EngineInfo, Mode, Promise, Result, Schema, Session, Settled, Usage,
};
use annvil_core::form::{Form, Params, Scores};
use annvil_core::label::Labels;
use annvil_core::operation::{Batch, OpError, OpRef, Reply};
use annvil_core::scenario::Variant;
use annvil_core::units::Nanos;

use crate::check;
use crate::done::done;

/// Opens the engine.
pub(crate) fn open(variant: &Variant) -> Result<Box<dyn Engine>> {
    check::plain_variant("null", variant)?;
    Ok(Box::new(Null))
}

struct Null;

impl Engine for Null {
    fn info(&self) -> ControlFuture<'_, EngineInfo> {
        Box::pin(async {
            Ok(EngineInfo {
                name: "null".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                configuration: BTreeMap::new(),
                hidden_threads: "none".to_owned(),
            })
        })
    }

    fn create<'a>(&'a self, _: &'a Schema) -> ControlFuture<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn load<'a>(&'a self, _: Batch<'a>) -> ControlFuture<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn settle<'a>(&'a self, _: Instant, _: &'a (dyn Fn(u64) + Sync)) -> ControlFuture<'a, Settled> {
        Box::pin(async { Ok(Settled { searchable: Nanos::ZERO, indexed: Nanos::ZERO }) })
    }

    fn apply<'a>(&'a self, _: &'a Params) -> ControlFuture<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn promise(&self, _: &Form) -> Promise {
        Promise { exact: false, scores: Scores::None }
    }

    fn encode(&self, _: &[Form], _: &Queries, _: &Labels) -> Result<Arc<Encoded>> {
        Ok(Arc::new(()))
    }

    fn mode(&self) -> Mode {
        Mode::Blocking
    }

    fn session(&self, _: Arc<Encoded>) -> ControlFuture<'_, Box<dyn Session>> {
        Box::pin(async { Ok(Box::new(NullSession) as Box<dyn Session>) })
    }

    fn usage(&self) -> ControlFuture<'_, Usage> {
        Box::pin(async { Ok(Usage::default()) })
    }
}

struct NullSession;

impl Session for NullSession {
    fn call<'a>(
        &'a self,
        _: OpRef<'a>,
        out: &'a mut Reply,
    ) -> LocalFuture<'a, std::result::Result<(), OpError>> {
        out.clear();
        done(Ok(()))
    }
}
