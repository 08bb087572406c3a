//! The tables of everything that is not search: how long other work takes, and how large things are.

use annvil_core::engine::Usage;
use annvil_core::form::Operation;
use annvil_core::record::{PhaseResult, median};
use annvil_core::units::{Bytes, count};

use super::{Column, Row, Sheet};
use crate::view::{Measure, Part, VariantView, View, label};

/// Loading, fetching, distances, persisting and restoring; `None` if none of them was done.
pub(crate) fn work(view: &View<'_>) -> Option<Sheet> {
    let short: Vec<&Measure<'_>> = view
        .measures
        .iter()
        .filter(|measure| measure.part == Part::Single && measure.form.operation != Operation::Search)
        .collect();
    let mut columns = vec![Column::name(""), Column::figure("load", 0), Column::figure("build", 0)];
    columns.extend(short.iter().map(|measure| Column::figure(&label::measure_name(measure), 1)));
    columns.extend([
        Column::figure("persist", 2),
        Column::figure("restore", 3),
        Column::figure("restore cold", 4),
    ]);
    let rows = view.variants.iter().filter(|variant| !variant.blocks.is_empty() && !variant.is_wrong());
    let rows: Vec<Row> = rows.map(|variant| row(variant, &short)).collect();
    let sheet = Sheet {
        title: "other work".to_owned(),
        caption: caption(view, &short),
        columns,
        rows,
        ..Sheet::default()
    };
    let sheet = sheet.without_empty_columns();
    (sheet.columns.len() > 1 && !sheet.rows.is_empty()).then_some(sheet)
}

fn row(variant: &VariantView<'_>, short: &[&Measure<'_>]) -> Row {
    let load = variant.phase_figure(|result| match result {
        PhaseResult::Load { rows, time, .. } if time.0 > 0 => Some(*rows as f64 / time.as_secs_f64()),
        _ => None,
    });
    let mut cells = vec![variant.plain_name(), label::rate(load), label::time(variant.build())];
    cells.extend(short.iter().map(|measure| label::time(variant.reported(measure).and_then(|f| f.mean))));
    cells.push(label::time(variant.phase_figure(|result| match result {
        PhaseResult::Persist { times, .. } => median(times).map(|time| time.0 as f64),
        _ => None,
    })));
    cells.push(label::time(variant.phase_figure(|result| match result {
        PhaseResult::Restore { times, .. } => median(times).map(|time| time.0 as f64),
        _ => None,
    })));
    cells.push(label::time(variant.phase_figure(|result| match result {
        PhaseResult::Restore { cold, .. } => cold.map(|time| time.0 as f64),
        _ => None,
    })));
    Row { variant: Some(variant.number), cells, ..Row::default() }
}

fn caption(view: &View<'_>, short: &[&Measure<'_>]) -> String {
    let mut words = vec!["load counts rows".to_owned()];
    if let Some(first) = short.first() {
        let names: Vec<String> = short.iter().map(|measure| label::measure_name(measure)).collect();
        let batch = if first.batch > 1 {
            format!(", timed in batches of {}", count(first.batch))
        } else {
            String::new()
        };
        words.push(format!("{} are means{batch}", names.join(", ")));
    }
    let phases = view.variants.iter().flat_map(VariantView::phases);
    let cold = phases.filter_map(|phase| match &phase.result {
        PhaseResult::Restore { cold: Some(_), cache, .. } if !cache.is_empty() => Some(cache),
        _ => None,
    });
    words.extend(cold.take(1).map(|cache| format!("cold: {}", crate::text::one_line(cache))));
    words.join(" · ")
}

/// What the bytes are of; `None` if nothing is known of any.
pub(crate) fn sizes(view: &View<'_>) -> Option<Sheet> {
    let rows = view.variants.iter().filter(|variant| !variant.blocks.is_empty());
    let rows: Vec<Row> = rows.map(|variant| size_row(variant, view)).collect();
    let sheet = Sheet {
        title: "size".to_owned(),
        caption: if view.has_tables() {
            "table: its rows, what lies out of line included · stored: table and index · in buffers: of both, in the server's memory \
             after building · file: all on the disk"
        } else {
            "index: as the engine counts it · resident: growth of its process · codes: the vectors alone"
        }
        .to_owned(),
        columns: vec![
            Column::name(""),
            Column::figure("index", 0),
            Column::figure("table", 1),
            Column::figure("out of line", 4),
            Column::figure("stored", 0),
            Column::figure("in buffers", 1),
            Column::figure("resident", 1),
            Column::figure("peak", 5),
            Column::figure("file", 1),
            Column::figure("payload", 4),
            Column::figure("index/row", 3),
            Column::figure("codes/row", 2),
            Column::figure("compression", 2),
        ],
        rows,
        ..Sheet::default()
    };
    let sheet = sheet.without_empty_columns();
    (sheet.columns.len() > 1 && !sheet.rows.is_empty()).then_some(sheet)
}

fn size_row(variant: &VariantView<'_>, view: &View<'_>) -> Row {
    let planned = variant.planned.rows(&view.record.plan.dataset) as f64;
    let rows = variant.memory(|memory| memory.usage.rows.map(|rows| rows as f64)).unwrap_or(planned).max(1.0);
    let index = variant.index_bytes();
    let codes =
        variant.memory(|memory| memory.usage.codes.filter(|codes| codes.0 > 0).map(|codes| codes.0 as f64));
    let full = view.record.plan.dataset.dim as f64 * 4.0 * rows;
    let peak =
        variant.memory(|memory| memory.peak.filter(|_| memory.own_process).map(|bytes| bytes.0 as f64));
    let payload =
        variant.memory(|memory| memory.usage.payload.filter(|bytes| bytes.0 > 0).map(|bytes| bytes.0 as f64));
    let compression = codes.map(|codes| full / codes);
    let size = |of: &dyn Fn(&Usage) -> Option<Bytes>| {
        label::size(variant.memory(|memory| of(&memory.usage).map(|bytes| bytes.0 as f64)))
    };
    let cells = vec![
        variant.plain_name(),
        label::size(index),
        size(&|usage| usage.table),
        size(&|usage| usage.out_of_line.filter(|bytes| bytes.0 > 0)),
        label::size(variant.stored_bytes()),
        size(&|usage| usage.buffers),
        label::size(variant.resident_bytes()),
        label::size(peak),
        label::size(variant.file_bytes()),
        label::size(payload),
        label::size(index.map(|bytes| bytes / rows)),
        label::size(codes.map(|bytes| bytes / rows)),
        compression.map_or_else(|| label::ratio(None), |ratio| format!("{} ×", label::ratio(Some(ratio)))),
    ];
    Row { variant: Some(variant.number), cells, ..Row::default() }
}
