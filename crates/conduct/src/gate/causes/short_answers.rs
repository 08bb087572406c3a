//! More answers have fewer rows than were asked for.

use annvil_core::comparison::Verdict;
use annvil_core::gate::{Cause, Evidence};
use annvil_core::quantity::{Quantity, Stat};

use super::{Place, cause, shown};

/// Times by which they must have become more.
const TIMES: f64 = 2.0;

pub(super) fn ask(place: &Place<'_>) -> Option<Cause> {
    let lost = place.metrics().any(|metric| {
        matches!(metric.key.quantity, Quantity::Recall { .. }) && metric.verdict == Verdict::Regressed
    });
    if !lost {
        return None;
    }
    let rates = place.evidence(Quantity::Throughput, Stat::Value, true);
    let short = place.evidence(Quantity::ShortAnswers, Stat::Value, true).into_iter().find(|short| {
        // They are counted: a phase that lasts a time has more of everything the faster it is.
        let rate = rates.iter().find(|rate| rate.key.form == short.key.form);
        let faster = rate.map_or(1.0, |rate: &Evidence| (rate.b / rate.a).max(1.0));
        short.b >= TIMES * faster * short.a + 1.0
    })?;
    let (was, is) = shown(&short);
    Some(cause(
        "short-answers",
        format!("{is} answers had fewer rows than were asked for during {}, {was} before.", place.phase),
        "With a filter an approximate index may run out of candidates: raise its effort, or let it scan on.",
        vec![short],
    ))
}
