//! The table of what the client, the system under test and the host used, phase by phase.

use annvil_core::record::ResourceFigures;
use annvil_core::units::{Bytes, Rate, size_text};

use super::{Column, Row, Sheet};
use crate::text::{ABSENT, one_line};
use crate::view::resources::{Use, uses};
use crate::view::{View, label};

/// Rows that are listed: the record has all of them.
const MOST: usize = 60;

/// A row for each phase and subject; `None` if nothing is known.
pub(crate) fn resources(view: &View<'_>) -> Option<Sheet> {
    let uses = uses(view);
    let mut caption = vec!["mean over the phase, and the most over a second", "processors as busy cores"];
    if uses.iter().any(|one| one.subject.peak.proportional.is_some()) {
        caption.push("PSS: at most, each process with its share of what it has in common with others");
    }
    let mut sheet = Sheet {
        caption: caption.join(" · "),
        columns: vec![
            Column::name(""),
            Column::words("phase", 0),
            Column::words("subject", 0),
            Column::figure("cores", 0),
            Column::figure("most", 0),
            Column::figure("memory", 0),
            Column::figure("most", 0),
            Column::figure("PSS", 0),
            Column::figure("threads", 0),
            Column::figure("read", 0),
            Column::figure("written", 0),
            Column::figure("received", 0),
            Column::figure("sent", 0),
            Column::figure("loopback", 0),
            Column::figure("faults", 0),
            Column::figure("from disk", 0),
            Column::figure("stolen", 0),
            Column::figure("load", 0),
            Column::figure("swapped", 0),
        ],
        ..Sheet::default()
    };
    for variant in &view.variants {
        let own = uses.iter().filter(|one| one.variant.number == variant.number);
        sheet.group(own.map(row));
    }
    if sheet.rows.len() > MOST {
        sheet.notes.push(format!("and {} more rows; run.json has them all", sheet.rows.len() - MOST));
        sheet.rows.truncate(MOST);
    }
    (!sheet.rows.is_empty()).then(|| sheet.without_empty_columns())
}

fn row(one: &Use<'_, '_>) -> Row {
    let (mean, peak) = (&one.subject.mean, &one.subject.peak);
    let cells = vec![
        one.variant.plain_name(),
        one.place.clone(),
        one_line(&one.subject.name),
        cores(mean.cpu),
        cores(peak.cpu),
        size(mean.resident),
        size(peak.resident),
        size(peak.proportional),
        mean.threads.map_or_else(|| ABSENT.to_owned(), |threads| threads.to_string()),
        flow(mean.disk_read),
        flow(mean.disk_written),
        flow(mean.received),
        flow(mean.sent),
        flow(mean.loopback),
        rate(mean.minor_faults),
        rate(mean.major_faults),
        label::share(mean.steal),
        mean.load.map_or_else(|| ABSENT.to_owned(), |load| format!("{load:.2}")),
        swapped(mean),
    ];
    Row { note: one.subject.why.as_deref().map(one_line), ..Row::of(one.variant.number, cells) }
}

fn cores(cores: Option<f64>) -> String {
    cores.map_or_else(|| ABSENT.to_owned(), |cores| format!("{cores:.2}"))
}

fn size(bytes: Option<Bytes>) -> String {
    label::size(bytes.map(|bytes| bytes.0 as f64))
}

fn flow(bytes: Option<Bytes>) -> String {
    bytes.map_or_else(|| ABSENT.to_owned(), |bytes| format!("{}/s", size_text(bytes.0 as f64)))
}

fn rate(rate: Option<Rate>) -> String {
    label::rate(rate.map(|rate| rate.0))
}

fn swapped(figures: &ResourceFigures) -> String {
    rate(figures.swapped_in.zip(figures.swapped_out).map(|(read, written)| Rate(read.0 + written.0)))
}
