//! What the harness itself costs: the null engine under closed load.

use std::sync::Arc;

use annvil_core::engine::Engine;
use annvil_core::label::Labels;
use annvil_core::record::Floor;
use annvil_core::schedule::Arrivals;
use annvil_core::vector::Matrix;

use crate::cancel::Cancel;
use crate::claims::End;
use crate::runner::{Load, LoadError, Measured, run};
use crate::time::SystemClock;
use crate::work::Work;
use annvil_core::form::Form;
use annvil_core::units::Nanos;

/// Measures the floor with `engine`, which should do nothing. `operations` a session; a million take a quarter second.
pub fn floor(engine: &Arc<dyn Engine>, operations: u64, cores: usize) -> Result<Floor, LoadError> {
    let one = closed_null(engine, 1, operations)?;
    let two = if cores > 1 { Some(closed_null(engine, 2, operations)?) } else { None };
    Ok(Floor {
        one_session_ns: per_operation(&one, 1),
        two_sessions_ns: two.map(|two| per_operation(&two, 2)),
    })
}

/// Nanoseconds of a session's time that an operation took, everything included.
pub fn per_operation(measured: &Measured, sessions: usize) -> f64 {
    measured.window.0 as f64 * sessions as f64 / measured.total.operations.max(1) as f64
}

/// Closed load of searches on an engine that does nothing, each timed by itself.
pub fn closed_null(
    engine: &Arc<dyn Engine>,
    sessions: usize,
    operations: u64,
) -> Result<Measured, LoadError> {
    let queries = Matrix::new(vec![0.0; 1000], 1).unwrap_or_else(|| unreachable!("rows of one element"));
    let encoded = engine.encode(&[Form::search("search", 10)], &queries, &Labels::empty(0))?;
    let load = Load {
        engine: Arc::clone(engine),
        encoded,
        clock: Arc::new(SystemClock::new()),
        work: Arc::new(Work::Search { form: 0, order: (0..1000).collect() }),
        sessions,
        end: End { operations: Some(operations * sessions as u64), duration: None },
        warmup: 100_000,
        batch: 1,
        timeout: Nanos(30_000_000_000),
        seed: 0,
        cancel: Cancel::new(),
    };
    run(load, Arrivals::Closed, &mut |_, _| {})
}
