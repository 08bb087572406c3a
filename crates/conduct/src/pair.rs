//! Two engines behind one: searches move from one variant to another, both under the same load.
//!
//! Forms are encoded for both; the first half of the encoded forms is answered by the engine that searches move from, the
//! second half by the other one.

use std::sync::Arc;
use std::time::Instant;

use annvil_core::clock::LocalFuture;
use annvil_core::dataset::Queries;
use annvil_core::engine::{
    ControlFuture, Encoded, Engine, EngineError, EngineInfo, Mode, Promise, Result, Schema, Session, Settled,
    Usage,
};
use annvil_core::form::{Form, Params};
use annvil_core::label::Labels;
use annvil_core::operation::{Batch, OpError, OpRef, Reply};

/// Both engines.
pub(crate) struct Pair {
    pub(crate) from: Arc<dyn Engine>,
    pub(crate) to: Arc<dyn Engine>,
}

/// Queries and forms in both encodings.
struct Both {
    forms: usize,
    from: Arc<Encoded>,
    to: Arc<Encoded>,
}

struct PairSession {
    forms: usize,
    from: Box<dyn Session>,
    to: Box<dyn Session>,
}

impl Session for PairSession {
    fn call<'a>(
        &'a self,
        op: OpRef<'a>,
        out: &'a mut Reply,
    ) -> LocalFuture<'a, std::result::Result<(), OpError>> {
        match op {
            OpRef::Search { form, query } if form >= self.forms => {
                self.to.call(OpRef::Search { form: form - self.forms, query }, out)
            }
            op => self.from.call(op, out),
        }
    }
}

fn unsupported<T>(what: &str) -> Result<T> {
    Err(EngineError::unsupported("a pair of variants", what))
}

/// Only what measuring needs: each engine is built and settled by itself before. The one that searches move from is verified in
/// its own variant's process, not again here.
impl Engine for Pair {
    fn info(&self) -> ControlFuture<'_, EngineInfo> {
        self.to.info()
    }

    fn create<'a>(&'a self, _: &'a Schema) -> ControlFuture<'a, ()> {
        Box::pin(async { unsupported("create") })
    }

    fn load<'a>(&'a self, _: Batch<'a>) -> ControlFuture<'a, ()> {
        Box::pin(async { unsupported("load") })
    }

    fn settle<'a>(&'a self, _: Instant, _: &'a (dyn Fn(u64) + Sync)) -> ControlFuture<'a, Settled> {
        Box::pin(async { unsupported("settle") })
    }

    fn apply<'a>(&'a self, point: &'a Params) -> ControlFuture<'a, ()> {
        self.to.apply(point)
    }

    fn promise(&self, form: &Form) -> Promise {
        self.to.promise(form)
    }

    fn encode(&self, forms: &[Form], queries: &Queries, labels: &Labels) -> Result<Arc<Encoded>> {
        let from = self.from.encode(forms, queries, labels)?;
        let to = self.to.encode(forms, queries, labels)?;
        Ok(Arc::new(Both { forms: forms.len(), from, to }))
    }

    fn mode(&self) -> Mode {
        match (self.from.mode(), self.to.mode()) {
            (Mode::Multiplexed(from), Mode::Multiplexed(to)) => Mode::Multiplexed(from.min(to)),
            _ => Mode::Blocking,
        }
    }

    fn session(&self, encoded: Arc<Encoded>) -> ControlFuture<'_, Box<dyn Session>> {
        Box::pin(async move {
            let Ok(both) = encoded.downcast::<Both>() else {
                return unsupported("queries that another engine encoded");
            };
            let from = self.from.session(Arc::clone(&both.from)).await?;
            let to = self.to.session(Arc::clone(&both.to)).await?;
            Ok(Box::new(PairSession { forms: both.forms, from, to }) as Box<dyn Session>)
        })
    }

    fn usage(&self) -> ControlFuture<'_, Usage> {
        self.to.usage()
    }
}
