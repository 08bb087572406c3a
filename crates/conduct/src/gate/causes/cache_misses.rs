//! Pages that used to be in the server's buffers are read from files again.

use annvil_core::gate::Cause;
use annvil_core::quantity::{Quantity, format_value};

use super::{Place, cause, shown};

/// Points by which the share of misses must rise.
const RISE: f64 = 0.01;

/// Times by which it must rise.
const TIMES: f64 = 1.5;

pub(super) fn ask(place: &Place<'_>) -> Option<Cause> {
    if !place.is_slower() {
        return None;
    }
    let hits = place.here(Quantity::BufferHits)?;
    let (before, after) = (1.0 - hits.a, 1.0 - hits.b);
    if after - before < RISE || after < TIMES * before {
        return None;
    }
    let (was, is) = shown(&hits);
    let mut sentence = format!("Buffer hits fell from {was} to {is} during {}", place.phase);
    let mut evidence = vec![hits];
    if let (Some(stored), Some(buffers)) =
        (place.anywhere(Quantity::Stored), place.anywhere(Quantity::Buffers))
    {
        let of = |evidence: &annvil_core::gate::Evidence| format_value(evidence.key.quantity, evidence.b);
        sentence.push_str(&format!(
            "; of table and index, {}, the buffers held {} before the searches, {} in the baseline",
            of(&stored),
            of(&buffers),
            format_value(buffers.key.quantity, buffers.a)
        ));
        evidence.extend([stored, buffers]);
    }
    sentence.push('.');
    Some(cause(
        "cache-misses",
        sentence,
        "Give the server more shared_buffers, or make the index smaller; see what else uses the buffers.",
        evidence,
    ))
}
