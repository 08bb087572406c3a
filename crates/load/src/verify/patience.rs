//! A session for checks outside the clock: calls end in time, stop when the run is stopped, and are tried again.
//!
//! An operation that fails now and then is counted where operations are timed; it says nothing about right and wrong.

use annvil_core::clock::{Clock, LocalFuture};
use annvil_core::engine::Session;
use annvil_core::operation::{OpError, OpRef, Reply};
use annvil_core::units::Nanos;

use crate::cancel::Cancel;
use crate::drive::limited;

/// How often an operation is tried.
const ATTEMPTS: usize = 5;

/// How long checks wait, and for what.
#[derive(Clone, Copy)]
pub struct Patience<'a> {
    /// The clock.
    pub clock: &'a dyn Clock,
    /// Time limit of a call.
    pub timeout: Nanos,
    /// Stopping from outside.
    pub cancel: &'a Cancel,
}

/// A session whose calls are limited and tried again.
pub struct Patient<'a> {
    /// The session itself.
    pub session: &'a dyn Session,
    /// How long it waits, and for what.
    pub patience: Patience<'a>,
}

impl Session for Patient<'_> {
    fn call<'a>(&'a self, op: OpRef<'a>, out: &'a mut Reply) -> LocalFuture<'a, Result<(), OpError>> {
        Box::pin(async move {
            let Patience { clock, timeout, cancel } = self.patience;
            let mut last = OpError::Other("stopped".to_owned());
            for _ in 0..ATTEMPTS {
                if cancel.reason().is_some() {
                    return Err(last);
                }
                match limited(self.session, op, out, clock, timeout).await {
                    Err(
                        error @ (OpError::Timeout
                        | OpError::Refused(_)
                        | OpError::Throttled(_)
                        | OpError::Other(_)),
                    ) => {
                        last = error;
                    }
                    answered => return answered,
                }
            }
            Err(last)
        })
    }
}
