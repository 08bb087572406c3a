//! Changes of level and drift in words.

use annvil_core::comparison::Change;

use super::{Drift, Series};
use crate::compare::words::{change, direction, plain_change, values};
use crate::text::{ABSENT, one_line};

/// Every change: number, day, commit or run where it began, before → after, change, whether it is for the worse.
pub(crate) fn changes(series: &Series) -> Vec<[String; 6]> {
    let known = series.changes.iter().enumerate();
    known
        .filter_map(|(nth, change)| {
            let point = series.points.get(change.at)?;
            let began = point.short_commit().unwrap_or_else(|| point.run.clone());
            Some([
                (nth + 1).to_string(),
                one_line(point.day()),
                one_line(&began),
                values(series.quantity, change.before, change.after),
                plain_change(series.scale(), change.share),
                direction(series.quantity, change.after - change.before).to_owned(),
            ])
        })
        .collect()
}

/// The drift in a sentence; a dash if it is not known.
pub(crate) fn drift(series: &Series) -> String {
    let Some(Drift { per_month, low, high }) = series.drift else { return ABSENT.to_owned() };
    let found = Change { estimate: per_month, low, high, confidence: 0.95 };
    let measured = format!("{} a month", change(series.scale(), &found));
    if low <= 0.0 && high >= 0.0 {
        format!("no drift can be told: {measured}")
    } else {
        format!("drifts {measured}: {}", direction(series.quantity, per_month))
    }
}
