//! Tables over the points of a sweep.

use annvil_core::objective::{Op, Target};
use annvil_core::quantity::{Quantity, Stat};

use super::searches::cells;
use super::{Column, Row, Sheet};
use crate::view::{Measure, VariantView, View, label};

/// Every point of every variant that was swept; `None` if none was.
pub(crate) fn sweep(view: &View<'_>, measure: &Measure<'_>) -> Option<Sheet> {
    let mut rows = Vec::new();
    for variant in &view.variants {
        let points = variant.sweep(measure);
        if points.len() < 2 {
            continue;
        }
        for (nth, (point, figures)) in points.iter().enumerate() {
            let reported = **point == variant.planned.report_at;
            let mut row =
                Row { variant: Some(variant.number), gap: nth == 0 && !rows.is_empty(), ..Row::default() };
            // The name once a group, or the eye has nothing to rest on.
            row.cells.push(if nth == 0 { variant.plain_name() } else { String::new() });
            row.cells.push(label::short_point(point));
            row.cells.extend(cells(figures));
            row.cells.push(if reported { "reported".to_owned() } else { String::new() });
            row.strong = reported;
            rows.push(row);
        }
    }
    let k = measure.form.k;
    (!rows.is_empty()).then(|| Sheet {
        title: "at each search parameter".to_owned(),
        caption: label::measure_name(measure),
        columns: vec![
            Column::name(""),
            Column::figure("point", 0),
            Column::words(&format!("recall@{k}"), 0),
            Column::figure("p50", 0),
            Column::figure("p95", 3),
            Column::figure("p99", 1),
            Column::figure("QPS", 0),
            Column::words("", 4),
        ],
        rows,
        ..Sheet::default()
    })
}

/// The recall that the objectives ask of this search, if they ask for one: the highest.
pub(crate) fn asked_recall(view: &View<'_>, measure: &Measure<'_>) -> Option<f64> {
    let wanted = Quantity::Recall { k: measure.form.k as u32 };
    let objectives = view.record.plan.objectives.iter().map(|entry| &entry.objective);
    objectives
        .filter(|objective| objective.quantity == wanted && objective.stat == Stat::Mean)
        .filter(|objective| {
            objective.phase.matches(measure.phase) && matches!(objective.op, Op::AtLeast | Op::Greater)
        })
        .filter_map(|objective| match objective.target {
            Target::Absolute(level) => Some(level),
            Target::Relative { .. } => None,
        })
        .max_by(f64::total_cmp)
}

/// Speed at the recall that is asked for: the only fair comparison of speeds. `None` if nothing was swept.
pub(crate) fn equal_recall(view: &View<'_>, measure: &Measure<'_>) -> Option<Sheet> {
    // In open load the schedule sets how many searches there are a second.
    let level = asked_recall(view, measure).filter(|_| !measure.open)?;
    if !view.variants.iter().any(|variant| variant.sweep(measure).len() > 1) {
        return None;
    }
    let at: Vec<(&VariantView<'_>, At)> = view
        .variants
        .iter()
        .filter_map(|variant| Some((variant, speed_at(variant, measure, level)?)))
        .collect();
    let baseline = |variant: &VariantView<'_>| {
        let baseline = view.baseline(variant)?.number;
        at.iter().find(|(other, _)| other.number == baseline).and_then(|(_, at)| at.qps())
    };
    let rows = at.iter().map(|(variant, at)| Row {
        variant: Some(variant.number),
        cells: vec![
            variant.plain_name(),
            label::qps(at.qps()),
            label::ratio(at.qps().zip(baseline(variant)).map(|(qps, baseline)| qps / baseline)),
            at.words(),
        ],
        ..Row::default()
    });
    let rows: Vec<Row> = rows.collect();
    (!rows.is_empty()).then(|| {
        Sheet {
            title: format!("speed at recall {level}"),
            caption: "interpolated between measured points".to_owned(),
            columns: vec![
                Column::name(""),
                Column::figure("QPS", 0),
                Column::figure("×", 0),
                Column::words("how it is known", 1),
            ],
            rows,
            ..Sheet::default()
        }
        .without_empty_columns()
    })
}

/// What is known of a variant's speed at a recall.
enum At {
    /// Between two measured points.
    Between(f64, [String; 2]),
    /// Every measured point is more right than that: it may be faster there.
    Above(f64, String),
    /// It does not get there.
    Never(f64),
}

impl At {
    fn qps(&self) -> Option<f64> {
        match self {
            Self::Between(qps, _) | Self::Above(qps, _) => Some(*qps),
            Self::Never(_) => None,
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Between(_, [below, above]) => format!("between {below} and {above}"),
            Self::Above(_, point) if point.is_empty() => "its one point is more right".to_owned(),
            Self::Above(_, point) => format!("at least: {point} is more right"),
            Self::Never(best) => format!("not reached: at most {best:.4}"),
        }
    }
}

/// Interpolates log QPS over recall between the neighbouring points of the variant's own frontier.
fn speed_at(variant: &VariantView<'_>, measure: &Measure<'_>, level: f64) -> Option<At> {
    let mut points: Vec<(f64, f64, String)> = variant
        .sweep(measure)
        .into_iter()
        .filter_map(|(point, figures)| Some((figures.recall?.mean, figures.qps?, label::short_point(point))))
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    // A point that another beats in both is no part of the frontier.
    let frontier: Vec<&(f64, f64, String)> =
        points.iter().filter(|(r, q, _)| !points.iter().any(|(or, oq, _)| or >= r && oq > q)).collect();
    let above = frontier.iter().find(|(recall, ..)| *recall >= level);
    let below = frontier.iter().rev().find(|(recall, ..)| *recall < level);
    match (below, above) {
        (None, None) => None,
        (Some((best, ..)), None) => Some(At::Never(*best)),
        (None, Some((_, qps, name))) => Some(At::Above(*qps, name.clone())),
        (Some((r0, q0, n0)), Some((r1, q1, n1))) => {
            let share = (level - r0) / (r1 - r0);
            let qps = (q0.ln() + share * (q1.ln() - q0.ln())).exp();
            Some(At::Between(qps, [n0.clone(), n1.clone()]))
        }
    }
}
