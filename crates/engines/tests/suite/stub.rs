//! The script of the stub, in a time of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use annvil_core::clock::Clock;
use annvil_core::engine::{Engine, Mode};
use annvil_core::form::{Form, Scores};
use annvil_core::metric::Metric;
use annvil_core::operation::{OpError, OpRef, Reply};
use annvil_core::scenario::{Answers, EngineSpec, Fault, Stall, StubSpec, Variant};
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
