//! The index itself became larger: other parameters, another element type, more rows.

use annvil_core::gate::Cause;
use annvil_core::quantity::Quantity;

use super::{Place, cause, shown};

/// Share by which it must have grown.
const GROWN: f64 = 0.05;

pub(super) fn ask(place: &Place<'_>) -> Option<Cause> {
    let memory = place.anywhere(Quantity::Memory)?;
    if memory.b < (1.0 + GROWN) * memory.a {
        return None;
    }
    let (was, is) = shown(&memory);
    let mut sentence = format!("The index grew from {was} to {is}");
    let mut evidence = vec![memory];
    if let Some(codes) = place.anywhere(Quantity::CodesPerRow) {
        let (was, is) = shown(&codes);
        if codes.b > (1.0 + GROWN) * codes.a {
            sentence.push_str(&format!(", and its vectors from {was} to {is} a row: another element type"));
            evidence.push(codes);
        } else if (codes.b - codes.a).abs() <= 0.01 * codes.a {
            sentence.push_str(&format!(
                ", while its vectors still take {is} a row: more neighbours (m) or more rows"
            ));
            evidence.push(codes);
        }
    }
    sentence.push('.');
    Some(cause(
        "index-larger",
        sentence,
        "Compare the index's parameters of both runs, and the rows in the collection.",
        evidence,
    ))
}
