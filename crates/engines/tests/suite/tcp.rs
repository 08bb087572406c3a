//! The stub behind a socket: the same answers by another way.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use annvil_core::clock::{Clock, LocalFuture};
use annvil_core::engine::{Engine, Mode, Session};
use annvil_core::form::Form;
use annvil_core::label::Labels;
use annvil_core::metric::Metric;
use annvil_core::operation::{OpError, OpRef, Reply};
use annvil_core::scenario::{Answers, EngineSpec, Spread, StubSpec, Transport, Variant};
use annvil_core::units::{HumanDuration, Nanos};
use annvil_engines::{Context, open};
use tokio::task::{LocalSet, spawn_local};

use super::common::*;

/// Real time, in ticks of a millisecond.
struct Wall(Instant);

impl Clock for Wall {
    fn now(&self) -> Nanos {
        self.0.elapsed().into()
    }

    fn sleep_until(&self, instant: Nanos) -> LocalFuture<'_, ()> {
        Box::pin(tokio::time::sleep(instant.saturating_sub(self.now()).into()))
    }
}

fn stub(spec: StubSpec) -> Box<dyn Engine> {
    let context = Context { clock: Arc::new(Wall(Instant::now())), scratch: std::env::temp_dir() };
    open(&EngineSpec::Stub(spec), &Variant::default(), &context).unwrap()
}

fn tcp() -> StubSpec {
    StubSpec { over: Some(Transport::Tcp), ..StubSpec::default() }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, future)
}

async fn connect(engine: &dyn Engine, forms: &[Form]) -> Rc<dyn Session> {
    let encoded = engine.encode(forms, &queries(3, 4, 1.0, 2), &Labels::default()).unwrap();
    engine.session(encoded).await.unwrap().into()
}

async fn ask(session: &dyn Session, op: OpRef<'_>) -> Result<Reply, OpError> {
    let mut reply = Reply { ids: vec![9; 3], scores: vec![9.0; 3], vector: vec![9.0; 3], affected: 9 };
    session.call(op, &mut reply).await.map(|()| reply)
}

#[test]
fn every_operation_is_carried() {
    let data = rows(60, 4, 1.0, 1);
    let forms = [Form::search("all", 5), Form::search("g1", 5).filtered("group = 'g1'".parse().unwrap())];
    let (near, far) = (stub(StubSpec::default()), stub(tcp()));
    assert!(matches!((near.mode(), far.mode()), (Mode::Blocking, Mode::Multiplexed(1_000_000))));
    for engine in [&near, &far] {
        fill(engine.as_ref(), &data, &data.schema(Metric::L2)).unwrap();
    }
    let mut more = rows(12, 4, 1.0, 5);
    more.ids.iter_mut().for_each(|id| *id += 55);
    run(async {
        let near = connect(near.as_ref(), &forms).await;
        let far = connect(far.as_ref(), &forms).await;
        let same = async |op: OpRef<'_>| {
            let (one, two) = (ask(&*near, op).await, ask(&*far, op).await);
            assert_eq!(one, two, "{op:?}");
            one
        };
        for round in 0..3 {
            for (form, query) in [(0, 0), (1, 2), (0, 1), (1, 1)] {
                assert_eq!(same(OpRef::Search { form, query }).await.unwrap().ids.len(), 5);
            }
            assert_eq!(same(OpRef::Fetch { id: 7 }).await.unwrap().vector.len(), 4 * usize::from(round < 2));
            same(OpRef::Fetch { id: 61 }).await.unwrap();
            same(OpRef::Distance { query: 1, id: 9 }).await.unwrap();
            match round {
                0 => {
                    let texts: Vec<&str> = more.texts.iter().map(String::as_str).collect();
                    let label_rows: Vec<usize> = (0..12).rev().collect();
                    let batch = annvil_core::operation::Batch {
                        ids: &more.ids,
                        dim: 4,
                        vectors: &more.vectors,
                        labels: &more.labels,
                        label_rows: &label_rows,
                        texts: &texts,
                    };
                    assert_eq!(same(OpRef::Upsert { rows: batch }).await.unwrap().affected, 12);
                    let narrow = annvil_core::operation::Batch { dim: 3, ..batch };
                    assert!(same(OpRef::Upsert { rows: narrow }).await.is_err());
                    let past = annvil_core::operation::Batch { label_rows: &[99; 12], ..batch };
                    assert!(same(OpRef::Upsert { rows: past }).await.is_err());
                }
                1 => assert_eq!(same(OpRef::Delete { ids: &[7, 60, 999] }).await.unwrap().affected, 2),
                _ => assert!(same(OpRef::Search { form: 2, query: 0 }).await.is_err()),
            }
        }
    });
    let info = now(far.info()).unwrap();
    assert!(info.hidden_threads.contains("stub-server"), "{}", info.hidden_threads);
}

#[test]
fn answers_overtake_each_other_and_find_their_call() {
    let data = rows(300, 4, 1.0, 1);
    let service = Some(HumanDuration::from_millis(10));
    let engine = stub(StubSpec { service, spread: Spread::Exponential, seed: 4, ..tcp() });
    fill(engine.as_ref(), &data, &data.schema(Metric::L2)).unwrap();
    run(async {
        let session = connect(engine.as_ref(), &[Form::search("search", 3)]).await;
        let order = Rc::new(std::cell::RefCell::new(Vec::new()));
        let calls: Vec<_> = (0..200)
            .map(|id| {
                let (session, order) = (Rc::clone(&session), Rc::clone(&order));
                spawn_local(async move {
                    let reply = ask(&*session, OpRef::Fetch { id }).await.unwrap();
                    order.borrow_mut().push(id);
                    (id, reply)
                })
            })
            .collect();
        for call in calls {
            let (id, reply) = call.await.unwrap();
            assert_eq!(
                (reply.ids.as_slice(), reply.vector.as_slice()),
                (&[id][..], data.vector(id as usize))
            );
        }
        assert!(!order.borrow().is_sorted());
    });
}

#[test]
fn a_call_that_is_given_up_leaves_the_connection_as_it_was() {
    let data = rows(20, 4, 1.0, 1);
    let engine = stub(StubSpec { service: Some(HumanDuration::from_millis(40)), ..tcp() });
    fill(engine.as_ref(), &data, &data.schema(Metric::L2)).unwrap();
    run(async {
        let session = connect(engine.as_ref(), &[Form::search("search", 3)]).await;
        let given_up = tokio::time::timeout(Duration::ZERO, ask(&*session, OpRef::Fetch { id: 1 })).await;
        assert!(given_up.is_err());
        for id in [2, 3] {
            assert_eq!(ask(&*session, OpRef::Fetch { id }).await.unwrap().ids, [id]);
        }
    });
}

#[test]
fn the_script_is_played_over_all_connections() {
    let millisecond = HumanDuration::from_millis;
    let spec = StubSpec {
        service: Some(millisecond(20)),
        capacity: Some(2),
        answers: Answers::Empty,
        errors: 0.5,
        ..tcp()
    };
    let engine = stub(spec);
    run(async {
        let sessions = [connect(engine.as_ref(), &[]).await, connect(engine.as_ref(), &[]).await];
        let began = Instant::now();
        let calls: Vec<_> = (0..12)
            .map(|i| {
                let session = Rc::clone(&sessions[i % 2]);
                spawn_local(async move { ask(&*session, OpRef::Fetch { id: 1 }).await })
            })
            .collect();
        let mut failed = 0;
        for call in calls {
            failed += usize::from(call.await.unwrap().is_err());
        }
        // Twelve calls in two places of 20 ms.
        assert!(began.elapsed() >= Duration::from_millis(120), "{:?}", began.elapsed());
        assert!((1..12).contains(&failed), "{failed}");
    });
}

#[test]
fn without_its_server_a_session_is_refused() {
    let service = Some(HumanDuration::from_secs(3600));
    let engine = stub(StubSpec { service, answers: Answers::Empty, ..tcp() });
    run(async {
        let session = connect(engine.as_ref(), &[]).await;
        let waits = Rc::clone(&session);
        let waiting = spawn_local(async move { ask(&*waits, OpRef::Fetch { id: 1 }).await });
        tokio::task::yield_now().await;
        engine.destroy().await.unwrap();
        assert!(matches!(waiting.await.unwrap(), Err(OpError::Refused(_))));
        assert!(matches!(ask(&*session, OpRef::Fetch { id: 2 }).await, Err(OpError::Refused(_))));
        // Another server is started for who comes later.
        connect(engine.as_ref(), &[]).await;
    });
}

#[test]
fn a_panic_of_the_server_closes_the_connection() {
    let data = rows(20, 4, 1.0, 1);
    let engine = stub(StubSpec { fault: Some(annvil_core::scenario::Fault::Panics), ..tcp() });
    fill(engine.as_ref(), &data, &data.schema(Metric::L2)).unwrap();
    run(async {
        let form = [Form::search("search", 3)];
        let one = connect(engine.as_ref(), &form).await;
        let other = connect(engine.as_ref(), &form).await;
        let panics = ask(&*one, OpRef::Search { form: 0, query: 0 }).await;
        assert!(matches!(panics, Err(OpError::Refused(_))), "{panics:?}");
        assert_eq!(ask(&*other, OpRef::Fetch { id: 2 }).await.unwrap().ids, [2]);
    });
}

#[test]
fn thousands_of_connections_are_open_at_once() {
    let hard = rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum;
    let count = hard.map_or(2000, |hard| hard.saturating_sub(1000) / 2).min(2000);
    let engine = stub(StubSpec { answers: Answers::Empty, ..tcp() });
    run(async {
        let encoded = engine.encode(&[], &queries(1, 4, 1.0, 1), &Labels::default()).unwrap();
        let mut sessions = Vec::new();
        for _ in 0..count {
            sessions.push(engine.session(Arc::clone(&encoded)).await.unwrap());
        }
        for session in &sessions {
            assert_eq!(ask(&**session, OpRef::Fetch { id: 1 }).await, Ok(Reply::default()));
        }
    });
}
