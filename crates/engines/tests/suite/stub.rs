//! The script of the stub, in a time of its own.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use annvil_core::clock::{Clock, LocalFuture};
use annvil_core::engine::{Engine, Mode};
use annvil_core::form::{Form, Scores};
use annvil_core::metric::Metric;
use annvil_core::operation::{OpError, OpRef, Reply};
use annvil_core::scenario::{Answers, EngineSpec, Fault, Slow, Spread, Stall, StubSpec, Transport, Variant};
use annvil_core::units::{HumanDuration, Nanos};
use annvil_engines::{Context, open};

use super::common::*;

fn stub(spec: StubSpec) -> (Box<dyn Engine>, Arc<Leap>) {
    let clock = Arc::new(Leap::default());
    let shared: Arc<dyn Clock> = Arc::<Leap>::clone(&clock);
    let context = Context { clock: shared, scratch: std::env::temp_dir() };
    (open(&EngineSpec::Stub(spec), &Variant::default(), &context).unwrap(), clock)
}

#[test]
fn calls_take_their_time_and_wait_for_stalls() {
    let (engine, clock) = stub(StubSpec {
        service: Some(HumanDuration::from_millis(1)),
        stalls: vec![Stall { at: HumanDuration::from_millis(100), length: HumanDuration::from_millis(1000) }],
        answers: Answers::Empty,
        ..StubSpec::default()
    });
    assert_eq!(engine.mode(), Mode::Multiplexed(1_000_000));
    now(clock.sleep_until(Nanos::from_secs(7)));
    let session = session(engine.as_ref(), &[Form::search("search", 3)], &queries(1, 4, 1.0, 1));
    for (sent, ends) in [(0, 1), (50, 51), (98, 99), (500, 1101), (1200, 1201)] {
        now(clock.sleep_until(Nanos::from_millis(7000 + sent)));
        assert_eq!(search(session.as_ref(), 0, 0), Reply::default());
        assert_eq!(clock.now(), Nanos::from_millis(7000 + ends));
    }
}

#[test]
fn slow_intervals_count_from_the_first_session() {
    let millis = HumanDuration::from_millis;
    let (engine, clock) = stub(StubSpec {
        service: Some(millis(1)),
        slow: vec![Slow { at: millis(100), length: Some(millis(50)), factor: 3.0 }],
        answers: Answers::Empty,
        ..StubSpec::default()
    });
    now(clock.sleep_until(Nanos::from_secs(7)));
    let session = session(engine.as_ref(), &[Form::search("search", 3)], &queries(1, 4, 1.0, 1));
    for (sent, took) in [(0, 1), (99, 1), (102, 3), (149, 3), (153, 1)] {
        now(clock.sleep_until(Nanos::from_millis(7000 + sent)));
        search(session.as_ref(), 0, 0);
        assert_eq!(clock.now(), Nanos::from_millis(7000 + sent + took));
    }
}

/// Time that only the test moves, so that several calls can wait at once.
#[derive(Default)]
struct Hand(AtomicU64);

impl Clock for Hand {
    fn now(&self) -> Nanos {
        Nanos(self.0.load(Ordering::SeqCst))
    }

    fn sleep_until(&self, instant: Nanos) -> LocalFuture<'_, ()> {
        Box::pin(poll_fn(move |_| if self.now() < instant { Poll::Pending } else { Poll::Ready(()) }))
    }
}

#[test]
fn capacity_is_shared_by_sessions_and_kept_by_calls_that_are_given_up() {
    let clock = Arc::new(Hand::default());
    let shared: Arc<dyn Clock> = Arc::<Hand>::clone(&clock);
    let spec = StubSpec {
        service: Some(HumanDuration::from_millis(10)),
        capacity: Some(2),
        answers: Answers::Empty,
        ..StubSpec::default()
    };
    let context = Context { clock: shared, scratch: std::env::temp_dir() };
    let engine = open(&EngineSpec::Stub(spec), &Variant::default(), &context).unwrap();
    let form = [Form::search("search", 3)];
    let sessions = [(); 5].map(|()| session(engine.as_ref(), &form, &queries(1, 4, 1.0, 1)));
    let mut replies = [(); 5].map(|()| Reply::default());
    let calls = sessions.iter().zip(&mut replies);
    let mut calls: Vec<_> =
        calls.map(|(session, reply)| session.call(OpRef::Search { form: 0, query: 0 }, reply)).collect();
    let ended = |calls: &mut Vec<LocalFuture<'_, _>>, at| {
        clock.0.store(Nanos::from_millis(at).0, Ordering::SeqCst);
        calls.iter_mut().map(|call| try_now(call).is_some()).collect::<Vec<bool>>()
    };
    assert_eq!(ended(&mut calls, 0), [false; 5]);
    // The first two are served and given up; the others still wait for their places.
    drop(calls.drain(..2));
    assert_eq!(ended(&mut calls, 19), [false; 3]);
    assert_eq!(ended(&mut calls, 20), [true, true, false]);
    drop(calls.drain(..2));
    assert_eq!(ended(&mut calls, 29), [false]);
    assert_eq!(ended(&mut calls, 30), [true]);
}

#[test]
fn an_in_process_call_keeps_its_thread_for_its_service_time() {
    struct Wall(Instant);
    impl Clock for Wall {
        fn now(&self) -> Nanos {
            self.0.elapsed().into()
        }
        fn sleep_until(&self, _: Nanos) -> LocalFuture<'_, ()> {
            panic!("an in-process call does not sleep")
        }
    }
    let service = HumanDuration::from_millis(2);
    let spec = StubSpec { service: Some(service), in_process: true, ..StubSpec::default() };
    let context = Context { clock: Arc::new(Wall(Instant::now())), scratch: std::env::temp_dir() };
    let engine = open(&EngineSpec::Stub(spec), &Variant::default(), &context).unwrap();
    assert_eq!(engine.mode(), Mode::Blocking);
    let data = rows(20, 4, 1.0, 1);
    fill(engine.as_ref(), &data, &data.schema(Metric::L2)).unwrap();
    let session = session(engine.as_ref(), &[Form::search("search", 3)], &queries(1, 4, 1.0, 1));
    let took = (0..20).map(|_| {
        let began = Instant::now();
        assert_eq!(search(session.as_ref(), 0, 0).ids.len(), 3);
        began.elapsed()
    });
    let took: Vec<Duration> = took.collect();
    // Each at least its time; and the best of them, which nobody interrupted, hardly more.
    let (least, service) = (*took.iter().min().unwrap(), service.as_duration());
    assert!(least >= service && least < service.mul_f64(1.05), "{least:?}");
}

#[test]
fn scripts_that_contradict_themselves_are_refused_in_words() {
    let millisecond = Some(HumanDuration::from_millis(1));
    let plain = StubSpec { service: millisecond, ..StubSpec::default() };
    let blocking = StubSpec { in_process: true, ..plain.clone() };
    let slow = |factor| vec![Slow { at: HumanDuration::from_secs(1), length: None, factor }];
    for (spec, says) in [
        (StubSpec { slow: slow(3.0), ..StubSpec::default() }, "`slow` changes nothing"),
        (
            StubSpec { slow: slow(3.0), service: Some(HumanDuration::default()), ..StubSpec::default() },
            "service: 1ms",
        ),
        (StubSpec { slow: slow(0.0), ..plain.clone() }, "the factor 0"),
        (StubSpec { slow: slow(f64::NAN), ..plain.clone() }, "the factor NaN"),
        (StubSpec { capacity: Some(4), ..StubSpec::default() }, "`capacity` changes nothing"),
        (StubSpec { capacity: Some(0), ..plain.clone() }, "capacity 0 serves no call"),
        (StubSpec { spread: Spread::Exponential, ..StubSpec::default() }, "`spread` changes nothing"),
        (StubSpec { timeouts: 0.1, ..blocking.clone() }, "`in_process` and `timeouts`"),
        (StubSpec { capacity: Some(1), ..blocking.clone() }, "`in_process` and `capacity`"),
        (StubSpec { over: Some(Transport::Tcp), ..blocking.clone() }, "`in_process` and `over: tcp`"),
    ] {
        let engine = EngineSpec::Stub(spec);
        let error = annvil_engines::check(&engine, &Variant::default(), Metric::L2).unwrap_err().to_string();
        assert!(error.starts_with("stub: ") && error.contains(says) && error.contains('\n'), "{error}");
        let context = Context { clock: Arc::new(Leap::default()), scratch: std::env::temp_dir() };
        assert!(open(&engine, &Variant::default(), &context).is_err());
    }
    for spec in [plain, blocking] {
        annvil_engines::check(&EngineSpec::Stub(spec), &Variant::default(), Metric::L2).unwrap();
    }
}

#[test]
fn failures_are_counted_and_timeouts_never_end() {
    let (engine, _) = stub(StubSpec { errors: 1.0, ..StubSpec::default() });
    assert_eq!(engine.mode(), Mode::Blocking);
    let data = rows(20, 4, 1.0, 1);
    fill(engine.as_ref(), &data, &data.schema(Metric::L2)).unwrap();
    let asked = session(engine.as_ref(), &[Form::search("search", 3)], &queries(1, 4, 1.0, 1));
    assert!(matches!(call(asked.as_ref(), OpRef::Search { form: 0, query: 0 }), Err(OpError::Other(_))));

    let (engine, _) = stub(StubSpec { timeouts: 1.0, answers: Answers::Empty, ..StubSpec::default() });
    assert!(matches!(engine.mode(), Mode::Multiplexed(_)));
    let asked = session(engine.as_ref(), &[Form::search("search", 3)], &queries(1, 4, 1.0, 1));
    let mut reply = Reply::default();
    assert!(try_now(asked.call(OpRef::Search { form: 0, query: 0 }, &mut reply)).is_none());
}

#[test]
fn answers_are_what_they_are_promised_to_be() {
    let data = rows(50, 4, 1.0, 1);
    let form = Form::search("search", 5);
    for (answers, exact, scores, count) in [
        (Answers::Exact, true, Scores::Exact, 5),
        (Answers::Approximate, false, Scores::Exact, 5),
        (Answers::Empty, false, Scores::None, 0),
    ] {
        let (engine, _) = stub(StubSpec { answers, ..StubSpec::default() });
        fill(engine.as_ref(), &data, &data.schema(Metric::L2)).unwrap();
        let promise = engine.promise(&form);
        assert_eq!((promise.exact, promise.scores), (exact, scores));
        let session = session(engine.as_ref(), std::slice::from_ref(&form), &queries(1, 4, 1.0, 1));
        assert_eq!(search(session.as_ref(), 0, 0).ids.len(), count);
    }
}

#[test]
fn every_fault_is_there_and_no_other() {
    let data = rows(50, 4, 1.0, 1);
    let queries = queries(3, 4, 1.0, 2);
    let forms = [Form::search("all", 5), Form::search("g1", 5).filtered("group = 'g1'".parse().unwrap())];
    let ask = |fault| {
        let (engine, _) = stub(StubSpec { fault, ..StubSpec::default() });
        fill(engine.as_ref(), &data, &data.schema(Metric::L2)).unwrap();
        (session(engine.as_ref(), &forms, &queries), engine)
    };
    let (good, _engine) = ask(None);
    let (right, filtered) = (search(good.as_ref(), 0, 1), search(good.as_ref(), 1, 1));
    assert_ne!(right, filtered);
    let spoilt = |fault| {
        let (session, _engine) = ask(Some(fault));
        search(session.as_ref(), 0, 1)
    };
    let (session, _engine) = ask(Some(Fault::DropsFilter));
    assert_eq!(search(session.as_ref(), 1, 1), right);

    let twice = spoilt(Fault::RepeatsId);
    assert_eq!((twice.ids[0], twice.ids[1], &twice.ids[2..]), (right.ids[0], right.ids[0], &right.ids[2..]));
    let swapped = spoilt(Fault::Misorders);
    assert_eq!(
        (swapped.ids[1], swapped.scores[1], swapped.ids[0]),
        (right.ids[0], right.scores[0], right.ids[1])
    );
    let (more, less) = (spoilt(Fault::TooMany), spoilt(Fault::TooFew));
    assert_eq!((more.ids.len(), &more.ids[..5]), (6, &right.ids[..]));
    assert_eq!((&less.ids[..], &less.scores[..]), (&right.ids[..4], &right.scores[..4]));
    let wrong = spoilt(Fault::WrongScore);
    assert!((wrong.scores[0] - right.scores[0]).abs() > 0.099 && wrong.scores.is_sorted());
    assert_eq!(wrong.scores[1..], right.scores[1..]);
    let unknown = spoilt(Fault::UnknownId);
    assert_eq!(unknown.ids.iter().filter(|id| !data.ids.contains(id)).count(), 1);
    assert_eq!(spoilt(Fault::MissesNearest).ids, more.ids[1..]);
    assert!(catch_unwind(AssertUnwindSafe(|| spoilt(Fault::Panics))).is_err());

    let (session, _engine) = ask(Some(Fault::LosesUpserts));
    let mut other = rows(1, 4, 1.0, 5);
    other.ids[0] = 900;
    assert_eq!(other.batch(0..1, |rows| call(session.as_ref(), OpRef::Upsert { rows })).unwrap().affected, 1);
    assert!(call(session.as_ref(), OpRef::Fetch { id: 900 }).unwrap().ids.is_empty());
    let (session, _engine) = ask(Some(Fault::ServesDeleted));
    assert_eq!(call(session.as_ref(), OpRef::Delete { ids: &[right.ids[0], 900] }).unwrap().affected, 1);
    assert_eq!(search(session.as_ref(), 0, 1), right);
}

#[test]
fn null_answers_nothing_at_once() {
    let context = Context { clock: Arc::new(Leap::default()), scratch: std::env::temp_dir() };
    let spec = EngineSpec::Null(annvil_core::scenario::NullSpec {});
    let engine = open(&spec, &Variant::default(), &context).unwrap();
    let data = rows(5, 4, 1.0, 1);
    fill(engine.as_ref(), &data, &data.schema(Metric::L2)).unwrap();
    let session = session(engine.as_ref(), &[Form::search("search", 3)], &queries(1, 4, 1.0, 1));
    assert_eq!(search(session.as_ref(), 0, 0), Reply::default());
    assert!(now(engine.persist(&std::env::temp_dir())).is_err());
}
