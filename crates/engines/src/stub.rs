//! The `stub` engine: a flat scan with a script. It answers when, how and as wrongly as it is told, so that the harness
//! can be proved against a closed form and against every defect that verification must find.
//!
//! Its time is the injected clock's, so that all of it runs in virtual time. A script that takes time (`service`,
//! `stalls`, `timeouts`) makes it a multiplexed engine with any number of calls in flight; otherwise it answers at once
//! and is driven like an in-process engine. With `in_process` it is driven so in any case, and a call spins until its
//! end; with `over: tcp` a server thread plays the script behind a socket. Both need a clock that runs by itself.
//!
//! Storage, index, rerank and search parameters of its variants must be left at their defaults: they would change
//! nothing, and a scenario that compares nothing would look like one that does.

mod answers;
mod check;
mod opening;
mod places;
mod script;
mod session;
mod tcp;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
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
use annvil_core::scenario::{Answers, Fault, StubSpec, Transport, Variant};

use crate::flat::Flat;
use crate::{Context, check as variants};
use answers::Source;
use opening::Opening;
use places::Places;
use script::Script;
use session::StubSession;
use tcp::{Door, Play, Server};

/// Calls in flight, as good as without limit.
const IN_FLIGHT: usize = 1_000_000;

/// Refuses scripts that can't be played, and variants that ask for more than a flat scan.
pub(crate) fn check(spec: &StubSpec, variant: &Variant) -> Result<()> {
    variants::plain_variant("stub", variant)?;
    check::script(spec)
}

/// Opens the engine.
pub(crate) fn open(spec: &StubSpec, variant: &Variant, context: &Context) -> Result<Box<dyn Engine>> {
    check(spec, variant)?;
    Ok(Box::new(Stub {
        spec: spec.clone(),
        clock: Arc::clone(&context.clock),
        scan: Arc::new(Flat::new("stub")),
        places: spec.capacity.map(|count| Arc::new(Places::new(count))),
        opening: Arc::new(Opening::new(Arc::clone(&context.clock))),
        server: Mutex::default(),
        sessions: AtomicU64::new(0),
    }))
}

struct Stub {
    spec: StubSpec,
    clock: Arc<dyn Clock>,
    scan: Arc<Flat>,
    /// Where calls are served, if there is a capacity.
    places: Option<Arc<Places>>,
    /// The zero of stalls and slow intervals.
    opening: Arc<Opening>,
    /// The server, from the first session over TCP on.
    server: Mutex<Option<Server>>,
    sessions: AtomicU64,
}

impl Stub {
    fn is_empty(&self) -> bool {
        self.spec.answers == Answers::Empty
    }

    fn takes_time(&self) -> bool {
        self.spec.service.is_some() || !self.spec.stalls.is_empty() || self.spec.timeouts > 0.0
    }

    /// The way to the server, which is started if it is not there.
    fn door(&self) -> Result<Arc<Door>> {
        let mut server = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        if server.is_none() {
            *server = Some(Server::start(Play {
                spec: self.spec.clone(),
                clock: Arc::clone(&self.clock),
                scan: Arc::clone(&self.scan),
                places: self.places.clone(),
                opening: Arc::clone(&self.opening),
            })?);
        }
        server
            .as_ref()
            .map(Server::door)
            .ok_or_else(|| EngineError::failed("stub", "start its server", "it is gone"))
    }

    async fn over_tcp(&self, encoded: Arc<Encoded>) -> Result<Box<dyn Session>> {
        let number = self.sessions.fetch_add(1, Ordering::Relaxed);
        // Now, not when the server has taken the connection.
        self.opening.zero();
        tcp::connect(self.door()?, number, encoded).await
    }

    async fn in_this_process(&self, encoded: Arc<Encoded>) -> Result<Box<dyn Session>> {
        let scan = if self.is_empty() { None } else { Some(self.scan.session(encoded).await?) };
        let source = Source::new(scan, self.spec.fault);
        let number = self.sessions.fetch_add(1, Ordering::Relaxed);
        let script = Script::new(&self.spec, self.opening.zero(), number, self.places.clone());
        let blocking = self.mode() == Mode::Blocking;
        Ok(Box::new(StubSession::new(source, script, Arc::clone(&self.clock), blocking)))
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
            if self.spec.over == Some(Transport::Tcp) {
                "stub-server: the server, one thread of this process".clone_into(&mut info.hidden_threads);
            }
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
        self.opening.reset();
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
        let waits = self.spec.over.is_some() || self.takes_time();
        if waits && !self.spec.in_process { Mode::Multiplexed(IN_FLIGHT) } else { Mode::Blocking }
    }

    fn session(&self, encoded: Arc<Encoded>) -> ControlFuture<'_, Box<dyn Session>> {
        match self.spec.over {
            Some(Transport::Tcp) => Box::pin(self.over_tcp(encoded)),
            None => Box::pin(self.in_this_process(encoded)),
        }
    }

    fn usage(&self) -> ControlFuture<'_, Usage> {
        self.scan.usage()
    }

    fn destroy(&self) -> ControlFuture<'_, ()> {
        // Its sessions are refused from now on; a session that is opened later finds a new server.
        drop(self.server.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.scan.destroy()
    }
}
