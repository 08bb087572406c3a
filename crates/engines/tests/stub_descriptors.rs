//! Too few descriptors for all sessions: an error in words, and no hang. In a process of its own, whose limit is low.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use annvil_core::clock::{Clock, LocalFuture};
use annvil_core::label::Labels;
use annvil_core::operation::{OpRef, Reply};
use annvil_core::scenario::{Answers, EngineSpec, StubSpec, Transport, Variant};
use annvil_core::units::Nanos;
use annvil_core::vector::Matrix;
use annvil_engines::{Context, open};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

struct Still;

impl Clock for Still {
    fn now(&self) -> Nanos {
        Nanos::ZERO
    }

    fn sleep_until(&self, _: Nanos) -> LocalFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}

#[test]
fn the_limit_is_raised_and_then_named() {
    setrlimit(Resource::Nofile, Rlimit { current: Some(40), maximum: Some(120) }).unwrap();
    let spec = StubSpec { over: Some(Transport::Tcp), answers: Answers::Empty, ..StubSpec::default() };
    let context = Context { clock: Arc::new(Still), scratch: std::env::temp_dir() };
    let engine = open(&EngineSpec::Stub(spec), &Variant::default(), &context).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let encoded = engine.encode(&[], &Matrix::new(vec![0.0], 1).unwrap(), &Labels::empty(0)).unwrap();
        // What is open besides differs by one or two, so that client and server meet the limit by turns.
        let mut besides = Vec::new();
        for _ in 0..4 {
            let mut sessions = Vec::new();
            let error = loop {
                match engine.session(Arc::clone(&encoded)).await {
                    Ok(session) => sessions.push(session),
                    Err(error) => break error.to_string(),
                }
            };
            assert_eq!(getrlimit(Resource::Nofile).current, Some(120));
            assert!((30..60).contains(&sessions.len()), "{}", sessions.len());
            assert!(error.contains("may open 120 files") && error.contains("ulimit -n"), "{error}");
            for session in &sessions {
                session.call(OpRef::Fetch { id: 1 }, &mut Reply::default()).await.unwrap();
            }
            drop(sessions);
            // The server sees the closed connections in its own time.
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            besides.push(std::fs::File::open("/dev/null").unwrap());
        }
    });
}
