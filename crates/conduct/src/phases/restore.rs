//! Restore: a fresh engine reads the collection back and must answer as the first one did.

use std::path::Path;
use std::sync::Arc;

use annvil_core::engine::{Encoded, Engine, EngineError, Session};
use annvil_core::form::{Form, Params};
use annvil_core::operation::{OpRef, Reply};
use annvil_core::record::PhaseResult;
use annvil_core::scenario::RestorePhase;
use annvil_core::vector::RowId;
use annvil_engines::Context;
use annvil_load::verify::Patient;

use super::persist;
use super::verify::patience;
use crate::block::{Outcome, Stage, Stop};
use crate::error::RunError;
use crate::event::Event;

/// Answers wanted of each query.
const K: usize = 10;

pub(super) fn run(stage: &mut Stage<'_>, keys: &RestorePhase) -> Result<Outcome, Stop> {
    stage.tell(&Event::PhaseStarted {
        name: stage.current.clone(),
        kind: "restore".to_owned(),
        point: Params::new(),
        total: Some(u64::from(keys.repeats) + 1),
        duration: None,
    });
    let folder = persist::folder(&stage.job.scratch);
    let dataset = stage.job.inputs.dataset();
    let queries = keys.queries.min(dataset.queries().rows());
    let plain = Form::search("restored", K.min(dataset.info().rows));
    let Some(asked) = stage.job.inputs.first_queries(queries) else {
        return Err(EngineError::failed("restore", "take queries", "the data set has none").into());
    };
    let encoded = stage.engine.encode(std::slice::from_ref(&plain), &asked, dataset.labels())?;
    let before = answers(stage, &*stage.engine, encoded, queries)?;

    let began = stage.clock.now();
    let mut times = Vec::new();
    let mut cold = None;
    let cache = drop_cache(&folder);
    for repeat in 0..=keys.repeats {
        stage.check_cancel()?;
        let scratch = stage.job.scratch.join(format!("restored-{repeat}"));
        std::fs::create_dir_all(&scratch).map_err(|cause| RunError::scratch(&scratch, &cause))?;
        let context = Context { clock: Arc::clone(&stage.clock), scratch: scratch.clone() };
        let engine = annvil_engines::open(&stage.job.plan.engine, &stage.variant.configuration, &context)?;
        let start = stage.clock.now();
        stage.runtime.block_on(engine.restore(&folder))?;
        stage.runtime.block_on(engine.apply(&stage.variant.report_at))?;
        // Encoding queries is the caller's work, as everywhere; it needs the collection and is taken out of the time.
        let restored = stage.clock.now();
        let encoded = engine.encode(std::slice::from_ref(&plain), &asked, dataset.labels())?;
        let encoding = stage.clock.now().saturating_sub(restored);
        let after = answers(stage, &*engine, encoded, queries)?;
        let time = stage.clock.now().saturating_sub(start).saturating_sub(encoding);
        same(&before, &after)?;
        if repeat == 0 && cache.is_ok() {
            cold = Some(time);
        } else if repeat > 0 {
            times.push(time);
        }
        stage.runtime.block_on(engine.destroy())?;
        drop(engine);
        let _ = std::fs::remove_dir_all(&scratch);
        let elapsed = stage.clock.now().saturating_sub(began);
        stage.tell(&Event::Progress { done: u64::from(repeat) + 1, elapsed });
    }
    let rows = dataset.info().rows as u64;
    let cache = match cache {
        Ok(()) => "pages of the files dropped with posix_fadvise before the first repeat".to_owned(),
        Err(why) => format!("no cold figure: {why}"),
    };
    Ok(Outcome::new(PhaseResult::Restore { rows, queries: queries as u64, cold, times, cache }))
}

fn answers(
    stage: &Stage<'_>,
    engine: &dyn Engine,
    encoded: Arc<Encoded>,
    queries: usize,
) -> Result<Vec<Vec<RowId>>, Stop> {
    let failed = |error| EngineError::failed(stage.job.plan.engine.name(), "answer a query", error);
    let all = stage.runtime.block_on(async {
        let session = engine.session(encoded).await?;
        let session = Patient { session: &*session, patience: patience(stage) };
        let mut reply = Reply::default();
        let mut all = Vec::with_capacity(queries);
        for query in 0..queries {
            session.call(OpRef::Search { form: 0, query }, &mut reply).await.map_err(failed)?;
            all.push(reply.ids.clone());
        }
        Ok::<_, EngineError>(all)
    });
    stage.check_cancel()?;
    Ok(all?)
}

fn same(before: &[Vec<RowId>], after: &[Vec<RowId>]) -> Result<(), Stop> {
    match before.iter().zip(after).position(|(before, after)| before != after) {
        None => Ok(()),
        Some(query) => Err(Stop::Verification(format!(
            "restored: `answers as before` does not hold: query {query} was answered {:?}, now {:?}",
            before[query], after[query]
        ))),
    }
}

/// Type of a file system that lies in memory (`statfs(2)`).
const TMPFS: u32 = 0x0102_1994;

/// Asks the kernel to forget the pages of the folder's files. They are on the disk, so it can.
fn drop_cache(folder: &Path) -> Result<(), String> {
    let entries = std::fs::read_dir(folder).map_err(|cause| cause.to_string())?;
    for entry in entries {
        let path = entry.map_err(|cause| cause.to_string())?.path();
        let file = std::fs::File::open(&path).map_err(|cause| cause.to_string())?;
        if rustix::fs::fstatfs(&file).is_ok_and(|stat| stat.f_type as u32 == TMPFS) {
            return Err("the files lie in memory (tmpfs)".to_owned());
        }
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)
            .map_err(|cause| cause.to_string())?;
    }
    Ok(())
}
