//! Open and closed load in virtual time, held against what queueing theory says.

#![allow(clippy::unwrap_used)]

mod common;

use annvil_core::engine::Mode;
use annvil_core::quantity::Stat;
use annvil_core::scenario::{Answers, StubSpec, WhenFull};
use annvil_core::schedule::{Arrivals, Poisson, Schedule, Uniform};
use annvil_core::units::{HumanDuration, Nanos, Rate};
use annvil_load::Users;
use annvil_load::claims::End;
use annvil_load::validity::{self, Asked};
use common::{measure, milliseconds, near, within};

fn one_millisecond() -> StubSpec {
    StubSpec { service: Some(HumanDuration::from_millis(1)), answers: Answers::Empty, ..StubSpec::default() }
}

fn poisson(rate: f64, count: u64) -> Arrivals {
    Arrivals::Open(Box::new(Poisson::new(Rate(rate), count, 1)))
}

/// Response times of one server with a fixed service time, by Lindley's recursion (1952).
fn lindley(mut schedule: impl Schedule, service: u64) -> Vec<u64> {
    let mut free = 0;
    std::iter::from_fn(|| schedule.next())
        .map(|due| {
            free = free.max(due.0) + service;
            free - due.0
        })
        .collect()
}

#[test]
fn one_server_at_80_percent_is_as_slow_as_theory_says() {
    const N: u64 = 400_000;
    let measured = measure(one_millisecond(), poisson(800.0, N), |load| load.max_in_flight = Some(1));
    let total = measured.total();
    let response = total.response.as_ref().unwrap();
    // Every single response time is the recursion's; the histogram keeps three digits.
    let mut exact = lindley(Poisson::new(Rate(800.0), N, 1), 1_000_000);
    let mean = exact.iter().sum::<u64>() as f64 / exact.len() as f64;
    exact.sort_unstable();
    within(response.stat(Stat::Mean).unwrap(), mean, 1e-6);
    within(response.stat(Stat::P99).unwrap(), exact[exact.len() / 100 * 99] as f64, 1e-3);
    // M/D/1 (Pollaczek and Khinchine): mean response 1 + 0.8 / (2 × 0.2) = 3 services.
    within(milliseconds(response, Stat::Mean), 3.0, 0.02);
    near(milliseconds(&total.service, Stat::Max), 1.0);
    let checks = validity::phase(&measured, Asked { steady: true, ..Asked::closed(1, Mode::Multiplexed(1)) });
    let wrong: Vec<_> = checks.iter().filter(|check| check.valid == Some(false)).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    within(measured.in_flight, 0.8, 0.01);
}

#[test]
fn arrivals_beyond_the_limit_are_dropped_and_counted() {
    // Erlang's loss formula with one server at a load of 2: 2 / (1 + 2) of the arrivals are lost.
    let measured = measure(one_millisecond(), poisson(2000.0, 200_000), |load| {
        load.max_in_flight = Some(1);
        load.when_full = WhenFull::Drop;
    });
    let offers = measured.offers.as_ref().unwrap();
    assert_eq!(offers.offered, 200_000);
    within(offers.dropped as f64 / 200_000.0, 2.0 / 3.0, 0.01);
    let total = measured.total();
    assert_eq!(total.operations + offers.dropped, 200_000);
    // Who is let in does not wait.
    near(milliseconds(total.response.as_ref().unwrap(), Stat::Max), 1.0);
    let dropped: u64 = offers.seconds.iter().map(|(_, dropped)| u64::from(*dropped)).sum();
    assert_eq!(dropped, offers.dropped);
    let asked = |allow_drops| Asked { allow_drops, ..Asked::closed(1, Mode::Multiplexed(1)) };
    let valid = |allow| {
        let checks = validity::phase(&measured, asked(allow));
        checks.iter().find(|check| check.name == "arrivals dropped").unwrap().valid
    };
    assert_eq!([valid(0.0), valid(0.5), valid(0.7)], [Some(false), Some(false), Some(true)]);
}

#[test]
fn a_full_target_ends_a_phase_that_is_told_so() {
    let measured = measure(one_millisecond(), poisson(2000.0, 200_000), |load| {
        load.max_in_flight = Some(4);
        load.when_full = WhenFull::Abort;
    });
    assert!(measured.total().operations < 1000);
    assert!(measured.ended.unwrap().contains("all 4 operations in flight"));
}

#[test]
fn what_still_waits_long_after_the_end_is_given_up() {
    let measured = measure(one_millisecond(), poisson(2000.0, 4000), |load| {
        load.max_in_flight = Some(1);
        load.end = End { operations: None, duration: Some(Nanos::from_secs(1)) };
        load.drain = Nanos::from_millis(500);
    });
    let offers = measured.offers.as_ref().unwrap();
    let total = measured.total();
    within(total.operations as f64, 1500.0, 0.01);
    assert_eq!(total.operations + offers.unsent, offers.offered);
    assert!(measured.ended.as_ref().unwrap().contains("still waited"));
    let checks = validity::phase(&measured, Asked::closed(1, Mode::Multiplexed(1)));
    let achieved = checks.iter().find(|check| check.name == "arrivals achieved").unwrap();
    // The target's fault, not the harness's: the arrivals count as not answered instead.
    assert_eq!(achieved.valid, Some(true));
    assert!(achieved.figure.contains("never sent"), "{}", achieved.figure);
}

#[test]
fn who_thinks_asks_less_often_and_who_starts_late_less_still() {
    let closed = |change: &dyn Fn(&mut annvil_load::Load)| {
        measure(one_millisecond(), Arrivals::Closed, |load| {
            load.sessions = 10;
            load.end = End { operations: None, duration: Some(Nanos::from_secs(10)) };
            change(load);
        })
        .total()
        .operations
    };
    assert_eq!(closed(&|_| {}), 100_000);
    // A session asks every 1 + 4 ms.
    let think = |load: &mut annvil_load::Load| {
        load.users[0] = Users { think: Nanos::from_millis(4), ..Users::default() }
    };
    within(closed(&think) as f64, 20_000.0, 0.001);
    // Session i of 10 starts after i seconds: 55 of 100 session-seconds are left.
    within(closed(&|load| load.ramp = Nanos::from_secs(10)) as f64, 55_000.0, 0.001);
}

#[test]
fn the_parts_of_a_phase_are_the_phase() {
    let whole =
        measure(one_millisecond(), Arrivals::Open(Box::new(Uniform::new(Rate(1000.0), 4000))), |load| {
            load.max_in_flight = Some(50);
        });
    let mut parts: Option<annvil_load::Measured> = None;
    for part in 0..4 {
        let schedule = annvil_core::schedule::Window::new(
            Uniform::new(Rate(1000.0), 4000),
            Nanos::from_secs(part),
            Nanos::from_secs(part + 1),
        );
        let first = parts.as_ref().map_or(0, |parts| parts.numbers[0]);
        let measured = measure(one_millisecond(), Arrivals::Open(Box::new(schedule)), |load| {
            load.max_in_flight = Some(50);
            load.users[0].first = first;
        });
        match &mut parts {
            None => parts = Some(measured),
            Some(parts) => parts.append(measured, Nanos::from_secs(part)),
        }
    }
    let parts = parts.unwrap();
    assert_eq!(parts.total(), whole.total());
    assert_eq!(parts.offers, whole.offers);
    assert_eq!(parts.numbers, whole.numbers);
}
