//! Load: rows are copied in, batch by batch. Only the engine's time counts.

use std::sync::Arc;

use annvil_core::clock::Clock;
use annvil_core::engine::Engine;
use annvil_core::form::Params;
use annvil_core::operation::Batch;
use annvil_core::record::{PhaseResult, Share};
use annvil_core::scenario::LoadPhase;
use annvil_core::units::Nanos;
use annvil_core::vector::RowId;

use super::Ended;
use crate::block::{BlockJob, Outcome, Stage, Stop};
use crate::event::Event;

/// Rows handed over at a time where the scenario does not say.
pub(super) const BATCH: usize = 1000;

pub(super) fn run(stage: &mut Stage<'_>, keys: &LoadPhase) -> Result<Ended, Stop> {
    let info = stage.job.inputs.dataset().info();
    let name = keys.name.clone().unwrap_or_else(|| "load".to_owned());
    stage.tell(&Event::PhaseStarted {
        name,
        kind: "load".to_owned(),
        point: Params::new(),
        total: Some(info.rows as u64),
        duration: None,
    });
    let began = stage.clock.now();
    let engine = Arc::clone(&stage.engine);
    let clock = Arc::clone(&stage.clock);
    let sink = &mut *stage.sink;
    let mut told = |done| {
        let elapsed = clock.now().saturating_sub(began);
        sink.event(&Event::Progress { done, elapsed });
    };
    let (copied, stop) = copy(stage.job, &stage.runtime, &*clock, &*engine, keys.batch, &mut told)?;
    let outcome = outcome(stage, &copied, began);
    Ok(match stop {
        None => Ended::Whole(outcome),
        Some(stop) => Ended::Early(outcome, stop),
    })
}

/// What was copied so far.
pub(super) struct Copied {
    rows: usize,
    batches: u64,
    /// Time in the engine.
    inside: Nanos,
}

/// Copies all rows into an engine. Gives back what was copied, and why it ended early, if it did.
pub(super) fn copy(
    job: &BlockJob<'_>,
    runtime: &tokio::runtime::Runtime,
    clock: &dyn Clock,
    engine: &dyn Engine,
    size: usize,
    told: &mut dyn FnMut(u64),
) -> Result<(Copied, Option<Stop>), Stop> {
    let dataset = job.inputs.dataset();
    let info = dataset.info();
    let mut copied = Copied { rows: 0, batches: 0, inside: Nanos::ZERO };
    let mut vectors = Vec::new();
    while copied.rows < info.rows {
        if let Some(reason) = job.cancel.reason() {
            return Ok((copied, Some(Stop::Interrupted(reason))));
        }
        let done = copied.rows;
        let end = info.rows.min(done + size);
        dataset.read_f32(done..end, &mut vectors);
        let ids: Vec<RowId> = (done as u64..end as u64).collect();
        let label_rows: Vec<usize> = (done..end).collect();
        let texts: Vec<&str> = (done..end).filter_map(|row| dataset.text(row)).collect();
        let batch = Batch {
            ids: &ids,
            dim: info.dim,
            vectors: &vectors,
            labels: dataset.labels(),
            label_rows: &label_rows,
            texts: &texts,
        };
        let sent = clock.now();
        runtime.block_on(engine.load(batch))?;
        copied.inside = copied.inside.saturating_add(clock.now().saturating_sub(sent));
        copied.batches += 1;
        copied.rows = end;
        told(end as u64);
    }
    Ok((copied, None))
}

fn outcome(stage: &Stage<'_>, copied: &Copied, began: Nanos) -> Outcome {
    let &Copied { rows, batches, inside } = copied;
    let all = stage.clock.now().saturating_sub(began);
    Outcome {
        breakdown: vec![
            Share { what: "in the engine".to_owned(), time: inside },
            Share { what: "reading and widening rows".to_owned(), time: all.saturating_sub(inside) },
        ],
        ..Outcome::new(PhaseResult::Load { rows: rows as u64, batches, time: inside })
    }
}
