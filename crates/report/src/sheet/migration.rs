//! Searches that move from one variant to another: both sides of each share.

use annvil_core::scenario::Phase;

use super::{Column, Row, Sheet};
use crate::text::{ABSENT, one_line};
use crate::view::figures::Figures;
use crate::view::{Measure, Part, VariantView, View, label};

/// A table for each migration, in the plan's order.
pub(crate) fn migrations(view: &View<'_>) -> Vec<Sheet> {
    let mut groups: Vec<(&str, Vec<&Measure<'_>>)> = Vec::new();
    for measure in view.phases(Part::Migration) {
        let name = match measure.planned.and_then(Phase::shape) {
            Some(_) => measure.phase.rsplit_once('-').map_or(measure.phase, |(name, _)| name),
            None => measure.phase,
        };
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, phases)) => phases.push(measure),
            None => groups.push((name, vec![measure])),
        }
    }
    groups.iter().map(|(name, phases)| migration(view, name, phases)).collect()
}

fn migration(view: &View<'_>, name: &str, phases: &[&Measure<'_>]) -> Sheet {
    let mut columns = vec![Column::name("to"), Column::figure("moved", 0)];
    for side in ["from", "to"] {
        columns.extend([
            Column::figure(&format!("{side}: QPS"), 3),
            Column::figure("p50", 1),
            Column::figure("p95", 5),
            Column::figure("p99", 0),
            Column::figure("recall", 2),
            Column::figure("failed", 4),
        ]);
    }
    let first = phases.first();
    let from = first.and_then(|measure| from(view, measure));
    let time = if first.is_some_and(|measure| measure.open) { "response" } else { "service" };
    let mut sheet = Sheet {
        title: one_line(name),
        tag: first.and_then(|measure| measure.tag()),
        caption: from.map_or_else(
            || format!("{time} time of both sides"),
            |from| format!("{time} time of searches that stay with {from} and of those that moved"),
        ),
        columns,
        ..Sheet::default()
    };
    for variant in &view.variants {
        sheet.group(phases.iter().filter_map(|measure| row(variant, measure)));
    }
    let whole = |row: &Row, at: usize| row.cells.get(at).is_none_or(|cell| cell == "0" || cell == ABSENT);
    let none_failed = sheet.rows.iter().all(|row| whole(row, 7) && whole(row, 13));
    sheet.leave_out(|at| none_failed && (at == 7 || at == 13));
    sheet.without_empty_columns()
}

fn from(view: &View<'_>, measure: &Measure<'_>) -> Option<String> {
    let all = view.measures.iter().filter(|other| other.phase == measure.phase);
    let from = all.filter(|other| other.form.name == "from").find_map(|other| other.form.routing.as_deref());
    from.map(one_line)
}

fn row(variant: &VariantView<'_>, measure: &Measure<'_>) -> Option<Row> {
    let timed = variant.timed_reported(measure.phase);
    let sides = ["from", "to"].map(|side| {
        let forms: Vec<_> = timed
            .iter()
            .flat_map(|timed| timed.forms)
            .filter(|form| {
                form.form.name == side && form.operations + form.failures.values().sum::<u64>() > 0
            })
            .collect();
        Figures::of(&forms)
    });
    if sides.iter().all(Option::is_none) {
        return None;
    }
    let moved = match measure.planned {
        Some(Phase::Migration(keys)) => {
            keys.shares.first().map_or_else(|| ABSENT.to_owned(), |share| format!("{share} %"))
        }
        _ => ABSENT.to_owned(),
    };
    let mut cells = vec![variant.label(), moved];
    cells.extend(sides.iter().flat_map(|side| side_cells(side.as_ref())));
    Some(Row { note: variant.ended(measure.phase), ..Row::of(variant.number, cells) })
}

fn side_cells(figures: Option<&Figures>) -> [String; 6] {
    let Some(figures) = figures else { return [ABSENT; 6].map(str::to_owned) };
    [
        label::qps(figures.qps),
        label::time(figures.p50),
        label::time(figures.p95),
        label::time(figures.p99),
        label::recall(figures.recall.as_ref()),
        annvil_core::units::count(figures.failed),
    ]
}
