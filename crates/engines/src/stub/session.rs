//! Calls of the stub inside this process, at the time that the script says.

use std::future::pending;
use std::sync::Arc;

use annvil_core::clock::{Clock, LocalFuture};
use annvil_core::engine::Session;
use annvil_core::operation::{OpError, OpRef, Reply};

use super::answers::Source;
use super::script::Script;
use crate::done::done;

/// One caller.
pub(super) struct StubSession {
    source: Source,
    script: Script,
    clock: Arc<dyn Clock>,
    /// Whether a call keeps its thread busy until it ends.
    blocking: bool,
}

impl StubSession {
    pub(super) fn new(source: Source, script: Script, clock: Arc<dyn Clock>, blocking: bool) -> Self {
        Self { source, script, clock, blocking }
    }

    /// Dropping the call takes nothing back: its place stays busy to its end, as in a server that does not know that
    /// nobody waits any longer.
    async fn play(&self, op: OpRef<'_>, out: &mut Reply) -> Result<(), OpError> {
        let sent = self.clock.now();
        let (end, ends) = self.script.next(sent);
        let Some(outcome) = self.source.outcome(end, op, out) else { return pending().await };
        if ends > sent {
            self.clock.sleep_until(ends).await;
        }
        outcome
    }

    /// Spins on the clock, which must run by itself: virtual time would stand still for ever.
    fn play_now(&self, op: OpRef<'_>, out: &mut Reply) -> Result<(), OpError> {
        let sent = self.clock.now();
        let (end, ends) = self.script.next(sent);
        let outcome = self.source.outcome(end, op, out);
        while ends > sent && self.clock.now() < ends {
            std::hint::spin_loop();
        }
        // Scripts in which a call never ends are not played in this way.
        outcome.unwrap_or(Err(OpError::Timeout))
    }
}

impl Session for StubSession {
    fn call<'a>(&'a self, op: OpRef<'a>, out: &'a mut Reply) -> LocalFuture<'a, Result<(), OpError>> {
        if self.blocking { done(self.play_now(op, out)) } else { Box::pin(self.play(op, out)) }
    }
}
