//! Settle: the index is built and complete.

use std::sync::{Mutex, PoisonError};

use annvil_core::form::Params;
use annvil_core::record::PhaseResult;
use annvil_core::units::Nanos;

use crate::asking::settled;
use crate::block::{Outcome, Stage, Stop};
use crate::event::{Event, Sink};

/// Least time between two reports of progress.
const TICK: Nanos = Nanos(100_000_000);

pub(super) fn run(stage: &mut Stage<'_>) -> Result<Outcome, Stop> {
    let rows = stage.job.inputs.dataset().info().rows as u64;
    stage.tell(&Event::PhaseStarted {
        name: stage.current.clone(),
        kind: "settle".to_owned(),
        point: Params::new(),
        total: Some(rows),
        duration: None,
    });
    let clock = &*stage.clock;
    let began = clock.now();
    let deadline = stage.job.deadline;
    // The engine reports from its building threads.
    let told: Mutex<(Nanos, &mut dyn Sink)> = Mutex::new((began, &mut *stage.sink));
    let progress = |done: u64| {
        let now = clock.now();
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_sub(told.0) >= TICK {
            told.0 = now;
            told.1.event(&Event::Progress { done, elapsed: now.saturating_sub(began) });
        }
    };
    let settling = stage.engine.settle(deadline, &progress);
    let settled = settled(&stage.runtime, &stage.job.cancel, settling)?;
    Ok(Outcome::new(PhaseResult::Settle(settled)))
}
