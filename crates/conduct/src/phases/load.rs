//! Load: rows are copied in, batch by batch. Only the engine's time counts.

use annvil_core::form::Params;
use annvil_core::operation::Batch;
use annvil_core::record::{PhaseResult, Share};
use annvil_core::scenario::LoadPhase;
use annvil_core::units::Nanos;
use annvil_core::vector::RowId;

use super::Ended;
use crate::block::{Outcome, Stage, Stop};
use crate::event::Event;

pub(super) fn run(stage: &mut Stage<'_>, keys: &LoadPhase) -> Result<Ended, Stop> {
    let dataset = stage.job.inputs.dataset();
    let info = dataset.info();
    let name = keys.name.clone().unwrap_or_else(|| "load".to_owned());
    stage.tell(&Event::PhaseStarted {
        name,
        kind: "load".to_owned(),
        point: Params::new(),
        total: Some(info.rows as u64),
        duration: None,
    });
    let began = stage.clock.now();
    let mut inside = Nanos(0);
    let mut batches = 0;
    let mut done = 0;
    let mut vectors = Vec::new();
    while done < info.rows {
        if let Err(stop) = stage.check_cancel() {
            return Ok(Ended::Early(outcome(stage, done, batches, inside, began), stop));
        }
        let end = info.rows.min(done + keys.batch);
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
        let sent = stage.clock.now();
        stage.runtime.block_on(stage.engine.load(batch))?;
        inside = inside.saturating_add(stage.clock.now().saturating_sub(sent));
        batches += 1;
        done = end;
        let elapsed = stage.clock.now().saturating_sub(began);
        stage.tell(&Event::Progress { done: done as u64, elapsed });
    }
    Ok(Ended::Whole(outcome(stage, done, batches, inside, began)))
}

fn outcome(stage: &Stage<'_>, rows: usize, batches: u64, inside: Nanos, began: Nanos) -> Outcome {
    let all = stage.clock.now().saturating_sub(began);
    Outcome {
        breakdown: vec![
            Share { what: "in the engine".to_owned(), time: inside },
            Share { what: "reading and widening rows".to_owned(), time: all.saturating_sub(inside) },
        ],
        ..Outcome::new(PhaseResult::Load { rows: rows as u64, batches, time: inside })
    }
}
