//! More answers have fewer rows than were asked for.

use annvil_core::comparison::Verdict;
use annvil_core::gate::Cause;
use annvil_core::quantity::Quantity;

use super::{Place, cause, shown};

pub(super) fn ask(place: &Place<'_>) -> Option<Cause> {
    let lost = place.metrics().any(|metric| {
        matches!(metric.key.quantity, Quantity::Recall { .. }) && metric.verdict == Verdict::Regressed
    });
    let short = place.here(Quantity::ShortAnswers).filter(|short| lost && short.b >= 2.0 * short.a + 1.0)?;
    let (was, is) = shown(&short);
    Some(cause(
        "short-answers",
        format!("{is} answers had fewer rows than were asked for during {}, {was} before.", place.phase),
        "With a filter an approximate index may run out of candidates: raise its effort, or let it scan on.",
        vec![short],
    ))
}
