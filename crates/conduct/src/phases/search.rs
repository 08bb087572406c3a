//! Search, fetch and distance: operations of one kind.

use std::sync::Arc;

use annvil_core::form::{Form, Operation, Params};
use annvil_core::scenario::{
    Choice, DistancePhase, FetchPhase, SearchPhase, Spacing, Traffic, Warmup, WhenFull,
};
use annvil_core::units::Nanos;
use annvil_load::Users;
use annvil_load::work::{DRAWN, Task, Work};
use rand::RngExt;

use super::Ended;
use super::measure::{Measurement, measure};
use super::traffic::choose;
use crate::block::{Stage, Stop};

pub(super) fn search(stage: &mut Stage<'_>, keys: &SearchPhase, point: &Params) -> Result<Ended, Stop> {
    let form = crate::inputs::search_form(keys.k, keys.filter.as_ref());
    let what = searches(stage, form, keys.traffic())?;
    measure(stage, what, point)
}

/// Searches of one form on the variant's own engine.
pub(super) fn searches(stage: &mut Stage<'_>, form: Form, traffic: Traffic) -> Result<Measurement, Stop> {
    let queries = stage.job.inputs.dataset().queries().rows();
    let mut random = stage.job.plan.random(&format!("queries of {}", stage.current));
    let order = choose(&traffic.choice, queries, &mut random)?;
    let index = stage.form_index(&form);
    let operations = operations(&traffic, queries as u64);
    let began = stage.clock.now();
    let encoded = stage.encoded()?;
    Ok(Measurement {
        work: Work::of(Task::Search { form: index, order }).into(),
        users: vec![Users { think: traffic.think, ..Users::default() }],
        forms: vec![form],
        operations,
        batch: 1,
        engine: Arc::clone(&stage.engine),
        encoding: stage.clock.now().saturating_sub(began),
        encoded,
        traffic,
        churn: None,
    })
}

/// As many as are written; without that, a time or a rate, every query once.
pub(super) fn operations(traffic: &Traffic, queries: u64) -> Option<u64> {
    match (traffic.operations, traffic.duration, &traffic.rate) {
        (Some(operations), _, _) => Some(operations),
        (None, None, None) => Some(queries),
        _ => None,
    }
}

pub(super) fn fetch(stage: &mut Stage<'_>, keys: &FetchPhase) -> Result<Ended, Stop> {
    let rows = stage.job.inputs.dataset().info().rows as u64;
    let mut random = stage.job.plan.random(&format!("rows of {}", stage.current));
    let ids = (0..DRAWN).map(|_| random.random_range(0..rows)).collect();
    let what =
        short(stage, Operation::Fetch, Task::Fetch { ids }, keys.operations, keys.batch, keys.sessions)?;
    measure(stage, what, &Params::new())
}

pub(super) fn distance(stage: &mut Stage<'_>, keys: &DistancePhase) -> Result<Ended, Stop> {
    let dataset = stage.job.inputs.dataset();
    let (queries, rows) = (dataset.queries().rows() as u32, dataset.info().rows as u64);
    let mut random = stage.job.plan.random(&format!("pairs of {}", stage.current));
    let mut pair = || (random.random_range(0..queries), random.random_range(0..rows));
    let pairs = (0..DRAWN).map(|_| pair()).collect();
    let task = Task::Distance { pairs };
    let what = short(stage, Operation::Distance, task, keys.operations, keys.batch, keys.sessions)?;
    measure(stage, what, &Params::new())
}

/// Operations that are shorter than reading the clock.
fn short(
    stage: &mut Stage<'_>,
    operation: Operation,
    task: Task,
    operations: u64,
    batch: u64,
    sessions: usize,
) -> Result<Measurement, Stop> {
    let began = stage.clock.now();
    let encoded = stage.encoded()?;
    let traffic = Traffic {
        sessions,
        duration: None,
        operations: Some(operations),
        think: Nanos::ZERO,
        ramp: Nanos::ZERO,
        rate: None,
        arrivals: Spacing::Uniform,
        max_in_flight: None,
        when_full: WhenFull::Queue,
        allow_drops: 0.0,
        // A tenth, but no more than it takes to have everything in reach.
        warmup: Warmup::Operations((operations / 10).min(10_000)),
        choice: Choice::Uniform,
    };
    Ok(Measurement {
        forms: vec![Form::of(operation.name(), operation, 1)],
        work: Work::of(task).into(),
        users: vec![Users::default()],
        traffic,
        operations: Some(operations),
        batch,
        engine: Arc::clone(&stage.engine),
        encoding: stage.clock.now().saturating_sub(began),
        encoded,
        churn: None,
    })
}
