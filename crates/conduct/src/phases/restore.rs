//! Restore: a fresh engine reads the collection back and must answer as the first one did.

use std::path::Path;
use std::sync::Arc;

use annvil_core::engine::{Encoded, Engine, EngineError};
use annvil_core::form::{Form, Params};
use annvil_core::operation::{OpRef, Reply};
use annvil_core::record::PhaseResult;
use annvil_core::scenario::{Phase, RestorePhase};
use annvil_core::vector::RowId;
use annvil_engines::Context;

use super::persist;
use crate::block::{Outcome, Stage, Stop};
use crate::error::RunError;
use crate::event::Event;

pub(super) fn run(stage: &mut Stage<'_>, keys: &RestorePhase) -> Result<Outcome, Stop> {
    stage.tell(&Event::PhaseStarted {
        name: stage.current.clone(),
        kind: "restore".to_owned(),
        point: Params::new(),
        total: Some(u64::from(keys.repeats) + 1),
    });
    let folder = persist::folder(&stage.job.scratch);
    let dataset = stage.job.inputs.dataset();
    let queries = keys.queries.min(dataset.queries().rows());
    let encoded = stage.encoded()?;
    let plain = plain_form(stage);
    let index = stage.form_index(&plain);
    let before = answers(stage, &*Arc::clone(&stage.engine), encoded, index, queries)?;
    let Some(asked) = stage.job.inputs.first_queries(queries) else {
        return Err(EngineError::failed("restore", "take queries", "the data set has none").into());
    };

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
        let encoded = engine.encode(std::slice::from_ref(&plain), &asked, dataset.labels())?;
        let after = answers(stage, &*engine, encoded, 0, queries)?;
        let time = stage.clock.now().saturating_sub(start);
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

/// The first search form without a filter, or a plain one if the plan has none.
fn plain_form(stage: &Stage<'_>) -> Form {
    let phases = &stage.job.plan.phases;
    let planned = phases.iter().find_map(|phase| match phase {
        Phase::Search(search) if search.filter.is_none() => Some(crate::inputs::search_form(search)),
        _ => None,
    });
    planned.unwrap_or_else(|| stage.forms.first().cloned().unwrap_or_else(|| Form::search("search", 10)))
}

fn answers(
    stage: &Stage<'_>,
    engine: &dyn Engine,
    encoded: Arc<Encoded>,
    form: usize,
    queries: usize,
) -> Result<Vec<Vec<RowId>>, Stop> {
    let failed = |error: annvil_core::operation::OpError| {
        EngineError::failed(stage.job.plan.engine.name(), "answer a query", error)
    };
    stage.runtime.block_on(async {
        let session = engine.session(encoded).await?;
        let mut reply = Reply::default();
        let mut all = Vec::with_capacity(queries);
        for query in 0..queries {
            session.call(OpRef::Search { form, query }, &mut reply).await.map_err(failed)?;
            all.push(reply.ids.clone());
        }
        Ok(all)
    })
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

/// Asks the kernel to forget the pages of the folder's files. They are on the disk, so it can.
fn drop_cache(folder: &Path) -> Result<(), String> {
    let entries = std::fs::read_dir(folder).map_err(|cause| cause.to_string())?;
    for entry in entries {
        let path = entry.map_err(|cause| cause.to_string())?.path();
        let file = std::fs::File::open(&path).map_err(|cause| cause.to_string())?;
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)
            .map_err(|cause| cause.to_string())?;
    }
    Ok(())
}
