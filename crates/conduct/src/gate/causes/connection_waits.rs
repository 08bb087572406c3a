//! Calls waited for a connection of the client's own pool.

use annvil_core::gate::Cause;
use annvil_core::quantity::{Quantity, Stat};

use super::{Place, cause, shown};

/// Part of the longer mean service time that the longer waiting must be.
const PART: f64 = 0.25;

pub(super) fn ask(place: &Place<'_>) -> Option<Cause> {
    if !place.is_slower() {
        return None;
    }
    let waits = place.evidence(Quantity::ConnectionWait, Stat::Mean, true).into_iter().next()?;
    let service = place.evidence(Quantity::Service, Stat::Mean, true).into_iter().next()?;
    let (longer, slower) = (waits.b - waits.a, service.b - service.a);
    if longer <= 0.0 || slower <= 0.0 || longer < PART * slower {
        return None;
    }
    let (was, is) = shown(&waits);
    let (took, takes) = shown(&service);
    Some(cause(
        "connection-waits",
        format!(
            "Calls waited {is} for a connection on average during {}, {was} before; they took {takes}, {took} before.",
            place.phase
        ),
        "Make the pool larger, or use fewer sessions; a pooler in front of the server may have less to give.",
        vec![waits, service],
    ))
}
