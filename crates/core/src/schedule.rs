//! When operations are due: at once after the last answer (closed), or by a seeded schedule (open).
//!
//! An open schedule is a pure function: a [`Curve`] says how many arrivals to expect by an instant, and its inverse
//! says when the k-th one is due ([`Paced`]). A recorded [`Trace`] gives its instants itself. [`Share`], [`Window`] and
//! [`Limit`] cut a schedule into parts without moving any of its arrivals.

use crate::units::Nanos;

mod constant;
mod curve;
mod paced;
mod part;
mod piece;
mod trace;

pub use constant::{Poisson, Uniform};
pub use curve::{Curve, CurveError};
pub use paced::{Paced, Spacing};
pub use part::{Limit, Share, Window};
pub use piece::Piece;
pub use trace::{Trace, TraceError, parse_trace};

/// Instants at which operations are due, as offsets from the start of the phase, never decreasing.
///
/// The same schedule gives the same instants each time; `None` ends the phase.
pub trait Schedule: Send {
    /// The next instant.
    fn next(&mut self) -> Option<Nanos>;
}

impl<S: Schedule + ?Sized> Schedule for Box<S> {
    fn next(&mut self) -> Option<Nanos> {
        (**self).next()
    }
}

/// The load model of a phase.
pub enum Arrivals {
    /// Each session sends when its last answer has come.
    Closed,
    /// Operations are due by a schedule, whether or not earlier ones were answered.
    Open(Box<dyn Schedule>),
}

impl std::fmt::Debug for Arrivals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Closed => "Closed",
            Self::Open(_) => "Open",
        })
    }
}

#[cfg(test)]
mod tests;
