//! An hour at 2,000 arrivals a second in virtual time, alone in its process so that its memory can be seen.

#![allow(clippy::unwrap_used)]

mod common;

use annvil_core::quantity::Stat;
use annvil_core::scenario::{Answers, StubSpec};
use annvil_core::schedule::{Arrivals, Curve, Paced, Piece, Spacing};
use annvil_core::units::{HumanDuration, Nanos, Rate};
use common::{measure, milliseconds, near, within};

fn soak(minutes: u64) -> annvil_load::Measured {
    let length = Nanos::from_secs(60 * minutes);
    let curve = Curve::new(vec![Piece::Hold { rate: Rate(2000.0), length }]).unwrap();
    let arrivals = Arrivals::Open(Box::new(Paced::new(curve, Spacing::Poisson, 1)));
    let service = Some(HumanDuration::from_millis(1));
    let stub = StubSpec { service, answers: Answers::Empty, ..StubSpec::default() };
    measure(stub, arrivals, |load| load.max_in_flight = Some(100))
}

/// Highest resident memory of this process so far, in kB.
fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn an_hour_takes_no_more_memory_than_some_minutes() {
    drop(soak(6));
    let before = peak();
    let hour = soak(60);
    let total = hour.total();
    within(total.operations as f64, 7_200_000.0, 0.01);
    assert_eq!((hour.tasks[0].intervals.len(), hour.tasks[0].answers.len()), (3600, 20_000));
    near(milliseconds(total.response.as_ref().unwrap(), Stat::P99), 1.0);
    if let (Some(before), Some(after)) = (before, peak()) {
        assert!(after < 1.05 * before, "{before} kB after 6 minutes, {after} kB after 60");
    }
}
