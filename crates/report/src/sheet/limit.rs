//! The tables of the highest load: level by level, and every trial.

use annvil_core::record::TrialRecord;
use annvil_core::units::Nanos;

use super::{Column, Row, Sheet};
use crate::text::one_line;
use crate::view::label;
use crate::view::limit::{Level, Limit, Limits, why};
use crate::view::verdict::pretty;

/// A row a level; the answers stand before it.
pub(crate) fn levels(limits: &Limits<'_, '_>) -> Sheet {
    let mut sheet = Sheet {
        title: one_line(limits.phase),
        tag: Some(if is_open(limits) { "open load" } else { "closed load" }),
        lead: limits.found.iter().map(Limit::answer).collect(),
        caption: caption(limits),
        columns: columns(limits, "trials"),
        ..Sheet::default()
    };
    for limit in &limits.found {
        sheet.group(limit.levels().iter().map(|level| {
            let mut cells = vec![limit.name(), limit.level(level.level), level.held()];
            cells.extend(figures(|figure| level.figure(figure)));
            cells.push(level.why().unwrap_or_default());
            Row { strong: is_answer(limit, level), ..Row::of(limit.variant.number, cells) }
        }));
    }
    sheet.without_empty_columns()
}

/// A row a trial, from the lowest level.
pub(crate) fn trials(limits: &Limits<'_, '_>) -> Sheet {
    let mut sheet = Sheet { columns: columns(limits, ""), ..Sheet::default() };
    for limit in &limits.found {
        let levels = limit.levels();
        sheet.group(levels.iter().flat_map(|level| &level.trials).map(|trial| {
            let held = match trial.met {
                Some(true) => "held",
                Some(false) => "missed",
                None => "invalid",
            };
            let mut cells = vec![limit.name(), limit.level(trial.level), held.to_owned()];
            cells.extend(figures(|figure| figure(trial)));
            cells.push(why(trial));
            Row::of(limit.variant.number, cells)
        }));
    }
    sheet.without_empty_columns()
}

/// Whether levels are rates of arrivals.
fn is_open(limits: &Limits<'_, '_>) -> bool {
    limits.found.iter().any(|limit| limit.record.rates)
}

fn is_answer(limit: &Limit<'_, '_>, level: &Level<'_>) -> bool {
    limit.record.low == Some(level.level)
}

fn columns(limits: &Limits<'_, '_>, held: &str) -> Vec<Column> {
    let rates = is_open(limits);
    vec![
        Column::name(""),
        Column::figure(if rates { "offered" } else { "sessions" }, 0),
        Column::words(held, 0),
        Column::figure("achieved", 5),
        Column::figure("p50", 3),
        Column::figure("p95", 0),
        Column::figure("p99", 1),
        Column::figure("success", 8),
        Column::figure("recall", 7),
        Column::rest("why", 4),
    ]
}

/// Throughput, three percentiles, success, recall: each as `get` finds it.
fn figures(get: impl Fn(&dyn Fn(&TrialRecord) -> Option<f64>) -> Option<f64>) -> [String; 6] {
    let time = |time: Option<Nanos>| time.map(|time| time.0 as f64);
    [
        label::rate(get(&|trial| Some(trial.throughput))),
        label::time(get(&|trial| time(trial.p50))),
        label::time(get(&|trial| time(trial.p95))),
        label::time(get(&|trial| time(trial.p99))),
        label::share(get(&|trial| Some(trial.success))),
        label::plain_recall(get(&|trial| trial.recall)),
    ]
}

fn caption(limits: &Limits<'_, '_>) -> String {
    let hold: Vec<String> = limits.hold.iter().map(|objective| pretty(objective)).collect();
    let rates = is_open(limits);
    let what = if rates { "response time" } else { "service time" };
    match hold.len() {
        0 => what.to_owned(),
        _ => format!("{what} · holds while {}", hold.join(" and ")),
    }
}
