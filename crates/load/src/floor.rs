//! What the harness itself costs: the null engine under closed and open load.

use std::ops::ControlFlow;
use std::sync::Arc;

use annvil_core::engine::Engine;
use annvil_core::form::Form;
use annvil_core::label::Labels;
use annvil_core::quantity::Stat;
use annvil_core::record::Floor;
use annvil_core::schedule::{Arrivals, Poisson, Schedule};
use annvil_core::units::{Nanos, Rate};
use annvil_core::vector::Matrix;

use crate::claims::End;
use crate::measured::Measured;
use crate::runner::{Load, LoadError, run};
use crate::time::SystemClock;
use crate::warm::WarmUp;
use crate::work::{Task, Work};

/// Arrivals a second, and how many, that show how late the harness sends.
const PACE: f64 = 5_000.0;
const PACED: u64 = 2_000;

/// Measures the floor with `engine`, which should do nothing. `operations` a session; a million take a quarter second.
pub fn floor(engine: &Arc<dyn Engine>, operations: u64, cores: usize) -> Result<Floor, LoadError> {
    let one = closed_null(engine, 1, operations)?;
    let two = if cores > 1 { Some(closed_null(engine, 2, operations)?) } else { None };
    let open = open_null(engine, operations, Box::new(Poisson::new(Rate(1e12), operations, 1)))?;
    let paced = open_null(engine, PACED, Box::new(Poisson::new(Rate(PACE), PACED, 1)))?;
    let lag = paced.total().sched_lag;
    let nanos = |stat| lag.stat(stat).map(|value| Nanos(value as u64));
    Ok(Floor {
        one_session_ns: per_operation(&one, 1),
        two_sessions_ns: two.map(|two| per_operation(&two, 2)),
        open_ns: Some(per_operation(&open, 1)),
        lag_p50: nanos(Stat::P50),
        lag_p99: nanos(Stat::P99),
    })
}

/// Nanoseconds of a session's time that an operation took, everything included.
pub fn per_operation(measured: &Measured, sessions: usize) -> f64 {
    measured.window.0 as f64 * sessions as f64 / measured.total().operations.max(1) as f64
}

/// Closed load of searches on an engine that does nothing, each timed by itself.
pub fn closed_null(
    engine: &Arc<dyn Engine>,
    sessions: usize,
    operations: u64,
) -> Result<Measured, LoadError> {
    null(engine, sessions, operations, Arrivals::Closed)
}

/// Open load of one session on an engine that does nothing. With arrivals that are all due at once it shows what an
/// operation costs, with others how late they are sent.
pub fn open_null(
    engine: &Arc<dyn Engine>,
    operations: u64,
    schedule: Box<dyn Schedule>,
) -> Result<Measured, LoadError> {
    null(engine, 1, operations, Arrivals::Open(schedule))
}

fn null(
    engine: &Arc<dyn Engine>,
    sessions: usize,
    operations: u64,
    arrivals: Arrivals,
) -> Result<Measured, LoadError> {
    let queries = Matrix::new(vec![0.0; 1000], 1).unwrap_or_else(|| unreachable!("rows of one element"));
    let encoded = engine.encode(&[Form::search("search", 10)], &queries, &Labels::empty(0))?;
    let work = Work::of(Task::Search { form: 0, order: (0..1000).collect() });
    let load = Load {
        sessions,
        end: End { operations: Some(operations * sessions as u64), duration: None },
        warmup: WarmUp::Operations(100_000),
        ..Load::new(Arc::clone(engine), encoded, Arc::new(SystemClock::new()), work)
    };
    run(load, arrivals, &mut |_| ControlFlow::Continue(()))
}
