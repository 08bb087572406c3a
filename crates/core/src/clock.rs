//! The one clock of a run, injected wherever time is read or waited for.
//!
//! Runner, pacer and the `stub` engine take the same [`Clock`], so that a whole measurement can be replayed in virtual
//! time and compared with a closed form.

use std::future::Future;
use std::pin::Pin;

use crate::units::Nanos;

/// A future that is boxed and bound to its thread.
pub type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A source of time: nanoseconds since an arbitrary zero that all users of one clock share.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Nanos;

    /// Waits until `instant`; at once if it is past.
    fn sleep_until(&self, instant: Nanos) -> LocalFuture<'_, ()>;

    /// Waits until `instant` or a little longer, for less: for time limits, which hardly ever end.
    fn time_limit(&self, instant: Nanos) -> LocalFuture<'_, ()> {
        self.sleep_until(instant)
    }
}
