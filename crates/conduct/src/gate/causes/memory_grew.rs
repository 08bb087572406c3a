//! Memory grew beside the index, or the machine began to swap.

use annvil_core::gate::Cause;
use annvil_core::quantity::Quantity;

use super::{Place, cause, shown};

/// Share by which resident memory must have grown.
const GROWN: f64 = 0.10;

/// Part of the growth that the index itself may be: what is mostly the index is said of the index.
const INDEX: f64 = 0.5;

/// Pages a second from which on a machine swaps.
const PAGES: f64 = 1.0;

pub(super) fn ask(place: &Place<'_>) -> Option<Cause> {
    if !place.is_slower() {
        return None;
    }
    let swapped =
        place.here(Quantity::Swapped).filter(|swapped| swapped.b >= PAGES && swapped.b >= 2.0 * swapped.a);
    let index = place.anywhere(Quantity::Memory).map_or(0.0, |index| index.b - index.a);
    let resident = place
        .anywhere(Quantity::Resident)
        .filter(|memory| memory.b >= (1.0 + GROWN) * memory.a && index <= INDEX * (memory.b - memory.a));
    let mut parts = Vec::new();
    if let Some(resident) = &resident {
        let (was, is) = shown(resident);
        parts.push(format!("resident memory grew from {was} to {is}"));
    }
    if let Some(swapped) = &swapped {
        let (was, is) = shown(swapped);
        parts.push(format!("the machine swapped {is} of pages, {was} before"));
    }
    if parts.is_empty() {
        return None;
    }
    let sentence = capital(&parts.join(", and "));
    Some(cause(
        "memory-grew",
        format!("{sentence}."),
        "See what the process keeps besides its index; what does not fit into the caches is slower to reach.",
        resident.into_iter().chain(swapped).collect(),
    ))
}

/// A text that begins a sentence.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}
