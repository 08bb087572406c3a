//! Persist: the collection is written until its bytes are on the disk.

use std::path::{Path, PathBuf};

use annvil_core::form::Params;
use annvil_core::record::PhaseResult;
use annvil_core::scenario::PersistPhase;
use annvil_core::units::Bytes;

use crate::block::{Outcome, Stage, Stop};
use crate::error::RunError;
use crate::event::Event;

/// Where the last repeat is left for `restore`.
pub(super) fn folder(scratch: &Path) -> PathBuf {
    scratch.join("persisted")
}

pub(super) fn run(stage: &mut Stage<'_>, keys: &PersistPhase) -> Result<Outcome, Stop> {
    stage.tell(&Event::PhaseStarted {
        name: stage.current.clone(),
        kind: "persist".to_owned(),
        point: Params::new(),
        total: Some(u64::from(keys.repeats)),
        duration: None,
    });
    let folder = folder(&stage.job.scratch);
    let began = stage.clock.now();
    let mut times = Vec::new();
    let mut bytes = Bytes(0);
    for repeat in 0..keys.repeats {
        stage.check_cancel()?;
        if folder.exists() {
            std::fs::remove_dir_all(&folder).map_err(|cause| RunError::scratch(&folder, &cause))?;
        }
        std::fs::create_dir_all(&folder).map_err(|cause| RunError::scratch(&folder, &cause))?;
        let start = stage.clock.now();
        bytes = stage.runtime.block_on(stage.engine.persist(&folder))?;
        times.push(stage.clock.now().saturating_sub(start));
        let elapsed = stage.clock.now().saturating_sub(began);
        stage.tell(&Event::Progress { done: u64::from(repeat) + 1, elapsed });
    }
    let rows = stage.job.inputs.dataset().info().rows as u64;
    Ok(Outcome::new(PhaseResult::Persist { rows, bytes, times }))
}
