//! Thousands of sessions against a stub server over loopback TCP, in real time.

#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use annvil_core::clock::Clock;
use annvil_core::engine::Engine;
use annvil_core::form::Form;
use annvil_core::label::Labels;
use annvil_core::scenario::{Answers, EngineSpec, StubSpec, Transport, Variant};
use annvil_core::schedule::Arrivals;
use annvil_core::units::{HumanDuration, Nanos};
use annvil_core::vector::Matrix;
use annvil_load::cancel::Reason;
use annvil_load::claims::End;
use annvil_load::time::SystemClock;
use annvil_load::work::{Task, Work};
use annvil_load::{Load, Measured, run};

const SESSIONS: usize = 5_000;

fn measure(change: impl FnOnce(&mut Load)) -> Measured {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let context = annvil_engines::Context { clock: Arc::clone(&clock), scratch: std::env::temp_dir() };
    let stub = StubSpec {
        service: Some(HumanDuration::from_millis(20)),
        answers: Answers::Empty,
        over: Some(Transport::Tcp),
        ..StubSpec::default()
    };
    let engine: Arc<dyn Engine> =
        annvil_engines::open(&EngineSpec::Stub(stub), &Variant::default(), &context).unwrap().into();
    let queries = Matrix::new(vec![0.0; 4], 1).unwrap();
    let encoded = engine.encode(&[Form::search("search", 10)], &queries, &Labels::empty(0)).unwrap();
    let work = Work::of(Task::Search { form: 0, order: vec![0, 1, 2, 3] });
    let mut load = Load::new(engine, encoded, clock, work);
    load.sessions = SESSIONS;
    change(&mut load);
    run(load, Arrivals::Closed, &mut |_| ControlFlow::Continue(())).unwrap()
}

/// Highest resident memory of this process so far, in megabytes.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1000)
}

// One test, so that the memory seen is that of one load at a time.
#[test]
fn five_thousand_sessions_start_are_counted_and_stop() {
    let measured = measure(|load| {
        load.ramp = Nanos::from_millis(500);
        load.end = End { operations: None, duration: Some(Nanos::from_secs(2)) };
    });
    let total = measured.total();
    // Every session has done its first operation, whatever the machine could do after that.
    assert!(total.operations >= SESSIONS as u64, "{}", total.operations);
    assert_eq!(total.failed(), 0);
    assert_eq!(total.service.count(), total.operations);
    assert_eq!(measured.numbers, [total.operations]);

    let mut asked = None;
    let measured = measure(|load| {
        load.end = End { operations: None, duration: Some(Nanos::from_secs(60)) };
        let cancel = load.cancel.clone();
        asked = Some(std::thread::spawn(move || {
            std::thread::sleep(Duration::from_secs(3));
            cancel.raise(Reason::User);
            Instant::now()
        }));
    });
    let ended = Instant::now();
    let asked = asked.unwrap().join().unwrap();
    assert_eq!(measured.stopped, Some(Reason::User));
    assert!(ended.saturating_duration_since(asked) < Duration::from_secs(5));
    if let Some(peak) = peak() {
        // Histograms belong to threads, not to sessions: at 221 kB each there would be gigabytes.
        assert!(peak < 300, "{peak} MB");
    }
}
