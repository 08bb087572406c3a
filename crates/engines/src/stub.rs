//! The `stub` engine: a flat scan with a script. It answers when, how and as wrongly as it is told, so that the harness
//! can be proved against a closed form and against every defect that verification must find.
//!
//! Its time is the injected clock's, so that all of it runs in virtual time. A script that takes time (`service`,
//! `stalls`, `timeouts`) makes it a multiplexed engine with any number of calls in flight; otherwise it answers at once
//! and is driven like an in-process engine. Storage, index, rerank and search parameters of its variants must be left at
//! their defaults: they would change nothing, and a scenario that compares nothing would look like one that does.

mod script;
mod session;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use annvil_core::clock::Clock;
use annvil_core::dataset::Queries;
use annvil_core::engine::{
    ControlFuture, Encoded, Engine, EngineError, EngineInfo, Mode, Promise, Result, Schema, Session, Settled,
    Usage,
};
use annvil_core::form::{Form, Params, Scores};
use annvil_core::label::Labels;
use annvil_core::operation::Batch;
use annvil_core::scenario::{Answers, Fault, StubSpec, Variant};
use annvil_core::units::Nanos;

use crate::flat::Flat;
use crate::{Context, check};
use script::Script;
use session::StubSession;

/// Calls in flight, as good as without limit.
const IN_FLIGHT: usize = 1_000_000;

/// Opens the engine.
pub(crate) fn open(spec: &StubSpec, variant: &Variant, context: &Context) -> Result<Box<dyn Engine>> {
    check::plain_variant("stub", variant)?;
    let share = 0.0..=1.0;
    if !share.contains(&spec.errors) || !share.contains(&spec.timeouts) || spec.errors + spec.timeouts > 1.0 {
        return Err(EngineError::Configuration {
            what: format!(
                "stub: errors {} and timeouts {} are no shares of the calls",
                spec.errors, spec.timeouts
            ),
            help: "use numbers from 0 to 1 that add up to at most 1".to_owned(),
        });
    }
    Ok(Box::new(Stub {
        spec: spec.clone(),
        clock: Arc::clone(&context.clock),
        scan: Flat::new("stub"),
        opening: Arc::default(),
        sessions: AtomicU64::new(0),
    }))
}

struct Stub {
    spec: StubSpec,
    clock: Arc<dyn Clock>,
    scan: Flat,
    /// When the first session was opened: the zero of the stalls.
    opening: Arc<OnceLock<Nanos>>,
    sessions: AtomicU64,
}

impl Stub {
    fn is_empty(&self) -> bool {
        self.spec.answers == Answers::Empty
    }

    fn takes_time(&self) -> bool {
        self.spec.service.is_some() || !self.spec.stalls.is_empty() || self.spec.timeouts > 0.0
    }
}

/// What the scan is asked so that the answer can be spoilt afterwards.
fn spoilt(form: &Form, fault: Option<Fault>) -> Form {
    let mut form = form.clone();
    match fault {
        Some(Fault::DropsFilter) => form.filter = None,
        Some(Fault::TooMany | Fault::MissesNearest) => form.k += 1,
        _ => {}
    }
    form
}

impl Engine for Stub {
    fn info(&self) -> ControlFuture<'_, EngineInfo> {
        Box::pin(async {
            let mut info = self.scan.info().await?;
            info.configuration = BTreeMap::from([("script".to_owned(), format!("{:?}", self.spec))]);
            Ok(info)
        })
    }

    fn create<'a>(&'a self, schema: &'a Schema) -> ControlFuture<'a, ()> {
        self.scan.create(schema)
    }

    fn load<'a>(&'a self, rows: Batch<'a>) -> ControlFuture<'a, ()> {
        self.scan.load(rows)
    }

    fn settle<'a>(
        &'a self,
        deadline: Instant,
        progress: &'a (dyn Fn(u64) + Sync),
    ) -> ControlFuture<'a, Settled> {
        self.scan.settle(deadline, progress)
    }

    fn apply<'a>(&'a self, point: &'a Params) -> ControlFuture<'a, ()> {
        self.scan.apply(point)
    }

    fn promise(&self, form: &Form) -> Promise {
        match self.spec.answers {
            Answers::Exact => self.scan.promise(form),
            Answers::Approximate => Promise { exact: false, ..self.scan.promise(form) },
            Answers::Empty => Promise { exact: false, scores: Scores::None },
        }
    }

    fn encode(&self, forms: &[Form], queries: &Queries, labels: &Labels) -> Result<Arc<Encoded>> {
        if self.is_empty() {
            return Ok(Arc::new(()));
        }
        let spoilt: Vec<Form> = forms.iter().map(|form| spoilt(form, self.spec.fault)).collect();
        self.scan.encode(&spoilt, queries, labels)
    }

    fn mode(&self) -> Mode {
        if self.takes_time() { Mode::Multiplexed(IN_FLIGHT) } else { Mode::Blocking }
    }

    fn session(&self, encoded: Arc<Encoded>) -> ControlFuture<'_, Box<dyn Session>> {
        Box::pin(async {
            let scan = if self.is_empty() { None } else { Some(self.scan.session(encoded).await?) };
            let opening = *self.opening.get_or_init(|| self.clock.now());
            let number = self.sessions.fetch_add(1, Ordering::Relaxed);
            let script = Script::new(&self.spec, opening, number);
            let clock = Arc::clone(&self.clock);
            Ok(Box::new(StubSession::new(scan, script, self.spec.fault, clock)) as Box<dyn Session>)
        })
    }

    fn usage(&self) -> ControlFuture<'_, Usage> {
        self.scan.usage()
    }

    fn destroy(&self) -> ControlFuture<'_, ()> {
        self.scan.destroy()
    }
}
