//! The acceptance test of honest timing, in virtual time: 1,000 arrivals a second, answers after 1 ms, one stall of 1 s.
//!
//! Every operation that is due during the stall waits for its end. Of 60,000 operations 1,000 wait for 1 s down to 0, so
//! the response time that a share q of all operations stays below is, for q ≥ 59/60, `1 s − 60 s (1 − q)`: 400 ms at
//! p99, 940 ms at p99.9. Who times from the actual sending reports the millisecond of the stub instead.

#![allow(clippy::unwrap_used)]

mod common;

use annvil_core::quantity::Stat;
use annvil_core::scenario::{Answers, Stall, StubSpec};
use annvil_core::schedule::{Arrivals, Uniform};
use annvil_core::units::{HumanDuration, Rate};
use annvil_load::Measured;
use common::{milliseconds, near};

fn measure(in_flight: usize, spec: StubSpec, arrivals: Arrivals) -> Measured {
    common::measure(spec, arrivals, |load| load.max_in_flight = Some(in_flight))
}

fn stalling() -> StubSpec {
    StubSpec {
        service: Some(HumanDuration::from_millis(1)),
        stalls: vec![Stall { at: HumanDuration::from_secs(30), length: HumanDuration::from_secs(1) }],
        answers: Answers::Empty,
        ..StubSpec::default()
    }
}

fn thousand_a_second() -> Arrivals {
    Arrivals::Open(Box::new(Uniform::new(Rate(1000.0), 60_000)))
}

#[test]
fn with_room_for_all_the_stall_is_in_the_service_time() {
    let measured = measure(2000, stalling(), thousand_a_second());
    let total = measured.total();
    let response = total.response.as_ref().unwrap();
    assert_eq!(total.operations, 60_000);
    near(milliseconds(response, Stat::P99), 401.0);
    near(milliseconds(response, Stat::P999), 941.0);
    assert_eq!(measured.total().queue_wait.as_ref().unwrap().stat(Stat::Max), Some(1.0));
}

#[test]
fn with_200_in_flight_the_wait_for_a_session_counts() {
    let measured = measure(200, stalling(), thousand_a_second());
    let total = measured.total();
    let response = total.response.as_ref().unwrap();
    near(milliseconds(response, Stat::P99), 405.0);
    near(milliseconds(response, Stat::P999), 942.0);
    // What is timed from the sending alone: a 400-fold lie.
    near(milliseconds(&measured.total().service, Stat::P99), 1.0);
    // 200 of the thousand are in flight when the stall ends; the others have waited for a session.
    near(milliseconds(measured.total().queue_wait.as_ref().unwrap(), Stat::Max), 804.0);
}

#[test]
fn closed_load_is_slowed_by_the_stall_but_hides_it() {
    let measured = measure(1, stalling(), Arrivals::Open(Box::new(Uniform::new(Rate(1e9), 40_000))));
    near(milliseconds(&measured.total().service, Stat::P999), 1.0);
    near(milliseconds(&measured.total().service, Stat::Max), 1001.0);
}

#[test]
fn scripted_errors_and_timeouts_are_counted_by_kind_and_timed() {
    let spec = StubSpec { errors: 0.05, timeouts: 0.01, ..stalling() };
    let measured = measure(20_000, spec, thousand_a_second());
    let [timeouts, _, _, _, _, other] = measured.total().failures;
    assert!((400..800).contains(&timeouts), "{timeouts}");
    assert!((2600..3400).contains(&other), "{other}");
    assert_eq!(measured.total().operations + measured.total().failed(), 60_000);
    let total = measured.total();
    let failed = total.failed.as_ref().unwrap();
    assert_eq!(failed.count(), timeouts + other);
    near(milliseconds(failed, Stat::Max), 30_000.0);
    // What failed is not in the latency of what was answered.
    assert!(measured.total().service.stat(Stat::Max).unwrap() < 2e9);
}

#[test]
fn the_same_simulation_gives_the_same_result() {
    let one = measure(200, stalling(), thousand_a_second());
    let two = measure(200, stalling(), thousand_a_second());
    assert_eq!((one.total(), &one.tasks[0].intervals), (two.total(), &two.tasks[0].intervals));
}
