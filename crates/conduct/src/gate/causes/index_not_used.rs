//! The planner no longer goes through the vector index.

use annvil_core::gate::Cause;
use annvil_core::quantity::Quantity;

use super::{Place, cause, shown};

pub(super) fn ask(place: &Place<'_>) -> Option<Cause> {
    // Every phase of the variant searches by the same plans, also where only recall changed.
    let used = place.anywhere(Quantity::IndexUsed).filter(|used| used.b < used.a)?;
    let (was, is) = shown(&used);
    Some(cause(
        "index-not-used",
        format!("The vector index is not used: {is} of the forms' plans went through one, {was} before."),
        "See the plan in the report: was the index dropped, made for another operator class, or switched off?",
        vec![used],
    ))
}
