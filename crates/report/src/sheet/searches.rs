//! The table of a search: one row a variant at its reported point.

use annvil_core::units::count;

use super::{Column, Row, Sheet};
use crate::view::figures::Figures;
use crate::view::timed::{Open, warmed};
use crate::view::{Measure, VariantView, View, label};

/// The table of one search. `whole` adds what belongs to the variant rather than the search: build time and memory.
pub(crate) fn search(view: &View<'_>, measure: &Measure<'_>, whole: bool) -> Sheet {
    let compared = view.variants.iter().any(|variant| baseline_speed(view, variant, measure).is_some());
    let k = view.variants.iter().find_map(|variant| variant.reported(measure)?.recall).map(|recall| recall.k);
    let mut columns = vec![
        Column::name(""),
        Column::words(&k.map_or_else(|| "recall".to_owned(), |k| format!("recall@{k}")), 0),
        Column::figure("p50", 0),
        Column::figure("p95", 7),
        Column::figure("p99", 1),
    ];
    if measure.open {
        columns.extend([
            Column::figure("offered", 2),
            Column::figure("achieved", 0),
            Column::figure("share", 1),
        ]);
    } else {
        columns.push(Column::figure("QPS", 0));
    }
    columns.extend(compared.then(|| Column::figure("×", 2)));
    if whole {
        let memory = if view.has_tables() { "stored" } else { "memory" };
        columns.extend([Column::figure("build", 4), Column::figure(memory, 3), Column::words("", 6)]);
    }
    let rows = view.variants.iter().map(|variant| Row {
        gap: view.begins_a_size(variant),
        ..row(view, variant, measure, compared, whole, columns.len())
    });
    Sheet {
        title: label::measure_name(measure),
        tag: measure.tag(),
        caption: caption(view, measure, whole),
        rows: rows.collect(),
        columns,
        notes: notes(view, measure),
        ..Sheet::default()
    }
}

/// How fast the variant is that this one is compared with.
fn baseline_speed(view: &View<'_>, variant: &VariantView<'_>, measure: &Measure<'_>) -> Option<f64> {
    view.baseline(variant)?.reported(measure)?.speed(measure.open)
}

fn row(
    view: &View<'_>,
    variant: &VariantView<'_>,
    measure: &Measure<'_>,
    compared: bool,
    whole: bool,
    columns: usize,
) -> Row {
    let figures = variant.reported(measure);
    let ended = variant.ended(measure.phase);
    let trouble = variant.trouble().filter(|_| figures.is_none() || variant.failure().is_some());
    let mut row = Row { note: ended.or(trouble), ..Row::of(variant.number, vec![variant.label()]) };
    let Some(figures) = figures else {
        row.note.get_or_insert_with(|| "not measured".to_owned());
        return row;
    };
    let mut figure_cells = cells(&figures).to_vec();
    if let Some(open) = Open::of(&variant.timed_reported(measure.phase)) {
        figure_cells.pop();
        figure_cells.extend([
            label::rate(open.offered),
            label::rate(open.achieved),
            label::share(open.share),
        ]);
    }
    row.cells.extend(figure_cells);
    if compared {
        let baseline = baseline_speed(view, variant, measure);
        let times = figures.speed(measure.open).zip(baseline).map(|(speed, baseline)| speed / baseline);
        row.cells.push(label::ratio(times));
    }
    if whole {
        let memory = if view.has_tables() { variant.stored_bytes() } else { variant.index_bytes() };
        row.cells.extend([label::time(variant.build()), label::size(memory)]);
        row.cells.push(if variant.is_baseline() { "baseline".to_owned() } else { String::new() });
    }
    debug_assert_eq!(row.cells.len(), columns);
    row
}

/// Recall with its half width, three percentiles, throughput.
pub(super) fn cells(figures: &Figures) -> [String; 5] {
    [
        label::recall_with_width(figures.recall.as_ref()),
        label::time(figures.p50),
        label::time(figures.p95),
        label::time(figures.p99),
        label::qps(figures.qps),
    ]
}

fn caption(view: &View<'_>, measure: &Measure<'_>, whole: bool) -> String {
    let mut words = vec![label::describe_measure(measure)];
    if view.blocks() > 1 {
        words.push(format!("middle of {} builds", view.blocks()));
    }
    if whole {
        let measured =
            |variant: &&VariantView<'_>| variant.is_baseline() && variant.reported(measure).is_some();
        let baselines: Vec<&VariantView<'_>> = view.variants.iter().filter(measured).collect();
        let what = if measure.open { "p50" } else { "QPS" };
        words.extend(match baselines.as_slice() {
            [] => None,
            [one] => Some(format!("× is {what} against {}", one.label())),
            _ => Some(format!("× is {what} against the baseline of as many rows")),
        });
        let memory = if view.has_tables() { "stored: table and index" } else { "memory: the index" };
        words.push(memory.to_owned());
    }
    words.join(" · ")
}

/// Operations that failed, were too long, or came up short; a warm-up that did not reach its end.
fn notes(view: &View<'_>, measure: &Measure<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    for variant in &view.variants {
        let Some(figures) = variant.reported(measure) else { continue };
        let all = figures.operations + figures.failed;
        let name = variant.label();
        let what = measure.form.operation.name();
        if figures.failed > 0 {
            notes.push(format!(
                "{name}: {} of {} operations of {what} failed",
                count(figures.failed),
                count(all)
            ));
        }
        if figures.clamped > 0 {
            notes.push(format!("{name}: {} took longer than 60 s and count as 60 s", count(figures.clamped)));
        }
        let short = figures.recall.map_or(0, |recall| recall.short_answers);
        if short > 0 {
            notes.push(format!("{name}: {} answers were short of rows that exist", count(short)));
        }
        notes.extend(not_flat(variant, measure));
    }
    notes
}

/// That the clock started before service times were flat.
pub(super) fn not_flat(variant: &VariantView<'_>, measure: &Measure<'_>) -> Option<String> {
    let timed = variant.timed_reported(measure.phase);
    let timed = timed.iter().find(|timed| timed.load.warm == Some(false))?;
    Some(format!("{}: {}", variant.label(), warmed(timed.phase)?))
}
