//! Migration: a share of the searches has moved from one variant to another, and both are watched.

use std::sync::Arc;

use annvil_core::engine::{Engine, EngineError};
use annvil_core::form::{Form, Params};
use annvil_core::scenario::MigrationPhase;
use annvil_engines::Context;
use annvil_load::Users;
use annvil_load::work::{Task, Work};

use super::measure::{Measurement, measure};
use super::search::operations;
use super::traffic::choose;
use super::{Ended, load};
use crate::asking::settled;
use crate::block::{Stage, Stop, schema};
use crate::error::RunError;
use crate::pair::Pair;
use crate::part::Part;

pub(super) fn run(stage: &mut Stage<'_>, keys: &MigrationPhase, point: &Params) -> Result<Ended, Stop> {
    let plan = stage.job.plan;
    let from = match &keys.from {
        Some(name) => plan.variant_beside(name, stage.variant),
        None => plan.baseline(stage.variant),
    };
    let Some(from) = from else {
        let what = "there is no variant to move from".to_owned();
        return Err(EngineError::Configuration { what, help: String::new() }.into());
    };
    if from.name == stage.variant.name {
        // Moving from a variant to itself moves nothing.
        return Ok(super::unsupported("moving searches from a variant to itself".to_owned()));
    }
    if Part::of(from, &plan.dataset) != Part::of(stage.variant, &plan.dataset) {
        let what = "moving searches between variants of different rows or metrics".to_owned();
        return Ok(super::unsupported(what));
    }
    let other = other(stage, &from.name)?;
    let share = keys.shares.first().copied().unwrap_or(100).min(100);
    let form = crate::inputs::search_form(keys.k, keys.filter.as_ref());
    let traffic = keys.traffic();
    let queries = stage.job.inputs.dataset().queries();
    let mut random = plan.random(&format!("queries of {}", stage.current));
    let order = choose(&traffic.choice, queries.rows(), &mut random)?;
    let task = |form| Task::Search { form, order: order.clone() };
    let weights = [(0, u64::from(100 - share)), (1, u64::from(share))];
    let weights: Vec<(usize, u64)> = weights.into_iter().filter(|(_, weight)| *weight > 0).collect();
    let mut mixed = plan.random(&format!("mix of {}", stage.current));
    let began = stage.clock.now();
    let pair: Arc<dyn Engine> = Arc::new(Pair { from: other, to: Arc::clone(&stage.engine) });
    let encoded = pair.encode(std::slice::from_ref(&form), queries, stage.job.inputs.dataset().labels())?;
    let routed =
        |name: &str, to: &str| Form { name: name.to_owned(), routing: Some(to.to_owned()), ..form.clone() };
    let what = Measurement {
        forms: vec![routed("from", &from.name), routed("to", &stage.variant.name)],
        work: Work::mixed(vec![task(0), task(1)], &[weights], &mut mixed).into(),
        users: vec![Users { think: traffic.think, ..Users::default() }],
        operations: operations(&traffic, queries.rows() as u64),
        traffic,
        batch: 1,
        engine: pair,
        encoding: stage.clock.now().saturating_sub(began),
        encoded,
        churn: None,
    };
    measure(stage, what, point)
}

/// The engine of the variant that searches move from, built in this process once.
fn other(stage: &mut Stage<'_>, name: &str) -> Result<Arc<dyn Engine>, Stop> {
    if let Some(engine) = stage.others.get(name) {
        return Ok(Arc::clone(engine));
    }
    let plan = stage.job.plan;
    let Some(variant) = plan.variant(name) else {
        let what = format!("there is no variant `{name}`");
        return Err(EngineError::Configuration { what, help: String::new() }.into());
    };
    let scratch = stage.job.scratch.join(format!("other-{}", stage.others.len()));
    std::fs::create_dir_all(&scratch).map_err(|cause| RunError::scratch(&scratch, &cause))?;
    let context = Context { clock: Arc::clone(&stage.clock), scratch };
    let engine: Arc<dyn Engine> =
        annvil_engines::open(&plan.engine, &variant.configuration, &context)?.into();
    stage.runtime.block_on(engine.create(&schema(stage.job)))?;
    // From here on it is removed with the block, however that ends.
    stage.others.insert(name.to_owned(), Arc::clone(&engine));
    let (_, stop) = load::copy(stage.job, &stage.runtime, &*stage.clock, &*engine, load::BATCH, &mut |_| {})?;
    if let Some(stop) = stop {
        return Err(stop);
    }
    settled(&stage.runtime, &stage.job.cancel, engine.settle(stage.job.deadline, &|_| {}))?;
    stage.runtime.block_on(engine.apply(&variant.report_at))?;
    Ok(engine)
}
