//! Mixed load: a row for each kind of operation, what was scored while rows came and went, and how soon new rows are found.

use std::collections::BTreeMap;

use annvil_core::quantity::Stat;
use annvil_core::record::{CheckpointRecord, FreshnessRecord};
use annvil_core::units::{Nanos, count};

use super::searches::not_flat;
use super::{Column, Row, Sheet};
use crate::text::{ABSENT, one_line};
use crate::view::figures::Figures;
use crate::view::timed::Timed;
use crate::view::{Measure, VariantView, View, label};

/// The kinds of operations of a mixed phase.
pub(crate) fn mixed(view: &View<'_>, measure: &Measure<'_>) -> Sheet {
    let mut sheet = Sheet {
        title: one_line(measure.phase),
        tag: measure.tag(),
        caption: caption(measure),
        columns: vec![
            Column::name(""),
            Column::words("form", 0),
            Column::figure("operations", 2),
            Column::figure("rate", 1),
            Column::words("recall", 4),
            Column::figure("p50", 0),
            Column::figure("p95", 5),
            Column::figure("p99", 0),
            Column::words("failed", 3),
        ],
        notes: view.variants.iter().filter_map(|variant| not_flat(variant, measure)).collect(),
        ..Sheet::default()
    };
    let forms: Vec<&Measure<'_>> =
        view.measures.iter().filter(|other| other.phase == measure.phase).collect();
    for variant in &view.variants {
        let mut rows: Vec<Row> = forms.iter().filter_map(|form| row(variant, form)).collect();
        if let Some(last) = rows.last_mut() {
            last.note = variant.ended(measure.phase);
        }
        sheet.group(rows);
    }
    sheet.without_empty_columns()
}

fn caption(measure: &Measure<'_>) -> String {
    let mut words = label::load(measure);
    words.push(if measure.open { "response time" } else { "service time" }.to_owned());
    words.join(", ")
}

fn row(variant: &VariantView<'_>, form: &Measure<'_>) -> Option<Row> {
    let records = variant.forms(form, Some(&variant.planned.report_at));
    let figures = Figures::of(&records)?;
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    for (kind, n) in records.iter().flat_map(|record| &record.failures) {
        *kinds.entry(kind).or_default() += n;
    }
    let failed: Vec<String> =
        kinds.iter().filter(|(_, n)| **n > 0).map(|(kind, n)| format!("{} {kind}", count(*n))).collect();
    let cells = vec![
        variant.label(),
        one_line(&form.form.name),
        count(figures.operations),
        label::rate(figures.qps),
        label::recall_with_width(figures.recall.as_ref()),
        label::time(figures.p50),
        label::time(figures.p95),
        label::time(figures.p99),
        one_line(&failed.join(", ")),
    ];
    Some(Row::of(variant.number, cells))
}

/// What was scored while the collection changed; `None` if nothing was.
pub(crate) fn checkpoints(view: &View<'_>, measure: &Measure<'_>) -> Option<Sheet> {
    let mut sheet = Sheet {
        title: format!("{}: recall while rows come and go", one_line(measure.phase)),
        caption: "against what the collection held then · ghosts: removed rows that were answered · missed new: inserted \
                  rows that should have been"
            .to_owned(),
        columns: vec![
            Column::name(""),
            Column::figure("at", 0),
            Column::words("recall", 0),
            Column::figure("ghosts", 0),
            Column::figure("missed new", 1),
            Column::figure("rows", 2),
            Column::figure("inserted", 3),
            Column::figure("replaced", 6),
            Column::figure("deleted", 4),
            Column::figure("unsure", 5),
            Column::figure("failed", 7),
        ],
        ..Sheet::default()
    };
    for variant in &view.variants {
        for timed in variant.timed_reported(measure.phase) {
            sheet.group(timed.checkpoints.iter().map(|at| checkpoint(variant, at)));
        }
    }
    (!sheet.rows.is_empty()).then_some(sheet)
}

fn checkpoint(variant: &VariantView<'_>, at: &CheckpointRecord) -> Row {
    let recall = at.recall.as_ref().map(|recall| {
        let text = label::plain_recall(Some(recall.mean));
        format!("{text} {}", label::plus_minus(recall.half_width)).trim_end().to_owned()
    });
    let mut cells = vec![variant.label(), at.at.to_string(), recall.unwrap_or_else(|| ABSENT.to_owned())];
    let counts =
        [at.ghosts, at.missed_new, at.rows, at.inserted, at.replaced, at.deleted, at.unsure, at.failed];
    cells.extend(counts.map(count));
    Row::of(variant.number, cells)
}

/// How soon new rows are found; `None` if that was not measured.
pub(crate) fn freshness(view: &View<'_>, measure: &Measure<'_>) -> Option<Sheet> {
    let found: Vec<(&VariantView<'_>, Timed<'_>)> = view
        .variants
        .iter()
        .flat_map(|variant| {
            variant.timed_reported(measure.phase).into_iter().map(move |timed| (variant, timed))
        })
        .collect();
    let rows: Vec<Row> = found
        .iter()
        .filter_map(|(variant, timed)| Some(Row::of(variant.number, fresh(variant, timed.freshness?))))
        .collect();
    let limit = found.iter().find_map(|(_, timed)| timed.freshness).map(|fresh| fresh.limit);
    let limit = limit.unwrap_or(Nanos::ZERO);
    (!rows.is_empty()).then(|| Sheet {
        title: format!("{}: how soon new rows are found", one_line(measure.phase)),
        caption: format!(
            "from the acknowledgement to the end of the first search that finds the row · lost: not found in {limit}"
        ),
        columns: vec![
            Column::name(""),
            Column::figure("p50", 0),
            Column::figure("p99", 0),
            Column::figure("longest", 1),
            Column::figure("lost", 0),
            Column::figure("probes", 0),
            Column::figure("failed", 2),
        ],
        rows,
        ..Sheet::default()
    })
}

fn fresh(variant: &VariantView<'_>, fresh: &FreshnessRecord) -> Vec<String> {
    let stat = |stat| label::time(fresh.time.stat(stat));
    vec![
        variant.label(),
        stat(Stat::P50),
        stat(Stat::P99),
        stat(Stat::Max),
        count(fresh.lost),
        count(fresh.probes),
        count(fresh.failed),
    ]
}
