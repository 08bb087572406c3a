//! The machine had less to give: its hypervisor gave processor time to others.

use annvil_core::gate::Cause;
use annvil_core::quantity::Quantity;

use super::{Place, cause, shown};

/// Points of processor time that must have been taken more than before.
const TAKEN: f64 = 0.02;

pub(super) fn ask(place: &Place<'_>) -> Option<Cause> {
    let steal =
        place.here(Quantity::Steal).filter(|steal| steal.b - steal.a >= TAKEN && place.is_slower())?;
    let (was, is) = shown(&steal);
    Some(cause(
        "machine-busy",
        format!(
            "The hypervisor gave {is} of the processor time to others during {}, {was} before.",
            place.phase
        ),
        "Measure again at a quieter time, or on a machine of your own.",
        vec![steal],
    ))
}
