//! The thread of the stub's server ends with its engine. In a process of its own: nobody else has such a thread.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use annvil_core::clock::{Clock, LocalFuture};
use annvil_core::engine::Engine;
use annvil_core::label::Labels;
use annvil_core::scenario::{Answers, EngineSpec, StubSpec, Transport, Variant};
use annvil_core::units::{HumanDuration, Nanos};
use annvil_core::vector::Matrix;
use annvil_engines::{Context, open};

/// The server has nothing to wait for here.
struct Still;

impl Clock for Still {
    fn now(&self) -> Nanos {
        Nanos::ZERO
    }

    fn sleep_until(&self, _: Nanos) -> LocalFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}

fn servers() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let name = |task: std::io::Result<std::fs::DirEntry>| {
        // A thread may be gone before its name is read.
        std::fs::read_to_string(task.unwrap().path().join("comm")).unwrap_or_default()
    };
    tasks.map(name).filter(|name| name.trim() == "stub-server").count()
}

fn sockets() -> usize {
    let open = std::fs::read_dir("/proc/self/fd").unwrap();
    let target = |entry: std::io::Result<std::fs::DirEntry>| std::fs::read_link(entry.unwrap().path());
    open.filter_map(|entry| target(entry).ok())
        .filter(|to| to.to_string_lossy().starts_with("socket:"))
        .count()
}

#[test]
fn threads_and_sockets_end_with_the_engine() {
    let spec = StubSpec {
        service: Some(HumanDuration::from_secs(60)),
        over: Some(Transport::Tcp),
        answers: Answers::Empty,
        ..StubSpec::default()
    };
    let context = Context { clock: Arc::new(Still), scratch: std::env::temp_dir() };
    let engine = || open(&EngineSpec::Stub(spec.clone()), &Variant::default(), &context).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let before = sockets();
    let use_it = |engine: &dyn Engine| {
        runtime.block_on(async {
            let encoded = engine.encode(&[], &Matrix::new(vec![0.0], 1).unwrap(), &Labels::empty(0)).unwrap();
            let one = engine.session(Arc::clone(&encoded)).await.unwrap();
            let _other = engine.session(encoded).await.unwrap();
            // Its answer is due in a minute, and its connection is gone before.
            let mut reply = annvil_core::operation::Reply::default();
            let call = one.call(annvil_core::operation::OpRef::Fetch { id: 1 }, &mut reply);
            assert!(tokio::time::timeout(std::time::Duration::from_millis(20), call).await.is_err());
            assert_eq!(servers(), 1);
        });
    };
    for _ in 0..3 {
        let dropped = engine();
        assert_eq!(servers(), 0);
        use_it(&*dropped);
        drop(dropped);
        assert_eq!(servers(), 0);

        let destroyed = engine();
        use_it(&*destroyed);
        runtime.block_on(destroyed.destroy()).unwrap();
        assert_eq!(servers(), 0);
    }
    runtime.block_on(async { tokio::task::yield_now().await });
    assert_eq!(sockets(), before);
}
