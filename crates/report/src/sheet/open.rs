//! What is behind a response time: the engine, waiting for a free session, and the harness.

use annvil_core::units::count;

use super::{Column, Row, Sheet};
use crate::view::timed::Open;
use crate::view::{Measure, Part, View, label};

/// The first of the columns of arrivals that were lost.
const LOST: usize = 11;

/// The table that goes with one of open load; `None` for closed load, and where nothing was measured.
pub(crate) fn open(view: &View<'_>, measure: &Measure<'_>) -> Option<Sheet> {
    let rows: Vec<Row> = view
        .variants
        .iter()
        .filter_map(|variant| {
            let open = Open::of(&variant.timed_reported(measure.phase))?;
            Some(Row::of(variant.number, cells(variant.label(), &open)))
        })
        .collect();
    let lossless = rows.iter().all(|row| row.cells[LOST..].iter().all(|cell| cell == "0"));
    let mut sheet = Sheet {
        caption: caption(measure),
        columns: vec![
            Column::name(""),
            Column::figure("offered", 2),
            Column::figure("achieved", 2),
            Column::figure("share", 2),
            Column::figure("service p50", 0),
            Column::figure("p95", 5),
            Column::figure("p99", 0),
            Column::figure("wait p99", 1),
            Column::figure("lag p99", 3),
            Column::figure("in flight", 1),
            Column::figure("at most", 4),
            Column::figure("dropped", 1),
            Column::figure("unsent", 1),
        ],
        rows,
        ..Sheet::default()
    };
    // A search says what was offered beside its response times already; nothing lost needs no column.
    let said = if measure.part == Part::Mixed { 0..0 } else { 1..4 };
    sheet.leave_out(|at| said.contains(&at) || lossless && at >= LOST);
    (!sheet.rows.is_empty()).then_some(sheet)
}

fn cells(name: String, open: &Open) -> Vec<String> {
    let [p50, p95, p99] = open.service.map(label::time);
    vec![
        name,
        label::rate(open.offered),
        label::rate(open.achieved),
        label::share(open.share),
        p50,
        p95,
        p99,
        label::time(open.queue_wait),
        label::time(open.lag),
        open.in_flight.map_or_else(|| label::ratio(None), |mean| format!("{mean:.2}")),
        count(open.max_in_flight),
        count(open.dropped),
        count(open.unsent),
    ]
}

fn caption(measure: &Measure<'_>) -> String {
    let of = if measure.part == Part::Mixed { "all operations together · " } else { "" };
    format!(
        "{of}service: from sending to the answer · wait: until a session was free · lag: what the harness added"
    )
}
