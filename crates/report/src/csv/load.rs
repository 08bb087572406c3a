//! A row for each form of each phase that was timed: what was offered, achieved, and how long it took.

use annvil_core::histogram::Histogram;
use annvil_core::quantity::Stat;
use annvil_core::record::{FailureKind, FormRecord, LoadRecord, PhaseResult, RunRecord};
use annvil_core::scenario::point_name;

use super::field;

const HEAD: &str = "variant,point,phase,form,block,load,sessions,operations,failed,offered,achieved,dropped,unsent,\
in_flight,response_p50,response_p95,response_p99,service_p50,service_p95,service_p99,queue_wait_p99,sched_lag_p99,\
recall,ended";

/// One row for each form of each phase that was timed. Latencies are nanoseconds, rates are per second; `offered`,
/// `dropped`, `unsent` and `in_flight` are of the phase, `achieved` is of the form. What is not known is empty.
///
/// Variants whose answers are wrong have no rows.
pub fn load_csv(record: &RunRecord) -> String {
    let mut text = format!("{HEAD}\n");
    let right = record.blocks.iter().filter(|block| {
        !record.blocks.iter().any(|other| {
            other.variant == block.variant
                && other.failure.as_ref().is_some_and(|failure| failure.kind == FailureKind::Verification)
        })
    });
    for block in right {
        for phase in &block.phases {
            let PhaseResult::Measured { load, forms, ended, .. } = &phase.result else { continue };
            for form in forms {
                let mut cells = vec![
                    field(&block.variant),
                    field(&point_name(&phase.point)),
                    field(&phase.name),
                    field(&form.form.name),
                    block.block.to_string(),
                ];
                cells.extend(figures(load, form));
                cells.push(ended.as_deref().map(field).unwrap_or_default());
                text.push_str(&cells.join(","));
                text.push('\n');
            }
        }
    }
    text
}

fn figures(load: &LoadRecord, form: &FormRecord) -> Vec<String> {
    let open = load.open.as_ref();
    let some = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let count = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
    let stat = |histogram: Option<&Histogram>, stat| some(histogram.and_then(|samples| samples.stat(stat)));
    let achieved = (form.window.0 > 0).then(|| form.operations as f64 / form.window.as_secs_f64());
    let mut cells = vec![
        if open.is_some() { "open" } else { "closed" }.to_owned(),
        load.sessions.to_string(),
        form.operations.to_string(),
        form.failures.values().sum::<u64>().to_string(),
        some(open.map(annvil_core::record::OpenRecord::rate)),
        some(achieved),
        count(open.map(|open| open.dropped)),
        count(open.map(|open| open.unsent)),
        load.in_flight.to_string(),
    ];
    for histogram in [form.response.as_ref(), Some(&form.service)] {
        cells.extend([Stat::P50, Stat::P95, Stat::P99].map(|wanted| stat(histogram, wanted)));
    }
    cells.push(stat(form.queue_wait.as_ref(), Stat::P99));
    cells.push(stat(form.sched_lag.as_ref(), Stat::P99));
    cells.push(some(form.recall.as_ref().map(|recall| recall.mean)));
    cells
}
