//! The zero of a script's stalls and slow intervals.

use std::sync::{Arc, Mutex, PoisonError};

use annvil_core::clock::Clock;
use annvil_core::units::Nanos;

/// When the first session was opened since the last phase began. A phase begins when its point is applied.
pub(super) struct Opening {
    clock: Arc<dyn Clock>,
    zero: Mutex<Option<Nanos>>,
}

impl Opening {
    /// No session yet.
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, zero: Mutex::new(None) }
    }

    /// The zero; now, if no session was opened before.
    pub(super) fn zero(&self) -> Nanos {
        let mut zero = self.zero.lock().unwrap_or_else(PoisonError::into_inner);
        *zero.get_or_insert_with(|| self.clock.now())
    }

    /// The next session that is opened sets the zero again.
    pub(super) fn reset(&self) {
        *self.zero.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
