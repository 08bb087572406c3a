//! The table of a sweep over sessions.

use annvil_core::units::count;

use super::{Column, Row, Sheet};
use crate::view::label;
use crate::view::sessions::{Line, Step, Sweep};

/// Every number of sessions of every variant, and what limits throughput.
pub(crate) fn sessions(sweep: &Sweep<'_, '_>) -> Sheet {
    let mut sheet = Sheet {
        title: crate::text::one_line(sweep.name),
        tag: Some("closed load"),
        lead: sweep.lines.iter().filter_map(Line::words).collect(),
        caption: "service time · ×: throughput against the fewest sessions".to_owned(),
        columns: vec![
            Column::name(""),
            Column::figure("sessions", 0),
            Column::figure("QPS", 0),
            Column::figure("×", 1),
            Column::figure("p50", 0),
            Column::figure("p95", 2),
            Column::figure("p99", 0),
            Column::figure("failed", 3),
        ],
        ..Sheet::default()
    };
    for line in &sweep.lines {
        let first = line.steps.first().and_then(|step| step.figures.qps);
        sheet.group(line.steps.iter().map(|step| row(line, step, first)));
    }
    let none_failed = sheet.rows.iter().all(|row| row.cells.last().is_some_and(|cell| cell == "0"));
    sheet.leave_out(|at| at == 7 && none_failed);
    sheet
}

fn row(line: &Line<'_, '_>, step: &Step, first: Option<f64>) -> Row {
    let figures = &step.figures;
    let cells = vec![
        line.variant.label(),
        count(step.sessions as u64),
        label::qps(figures.qps),
        label::ratio(figures.qps.zip(first).map(|(own, first)| own / first)),
        label::time(figures.p50),
        label::time(figures.p95),
        label::time(figures.p99),
        count(figures.failed),
    ];
    Row { note: step.ended.clone(), ..Row::of(line.variant.number, cells) }
}
