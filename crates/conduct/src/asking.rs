//! What a system under test is asked beside its load, within limits: one that hangs must not cost what was measured.

use std::time::Duration;

use annvil_core::engine::{ControlFuture, EngineError, Result, Settled};
use annvil_core::server::{PoolFigures, ServerFigures};
use annvil_load::cancel::Cancel;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::block::Stop;

/// How long removing what was made may take.
pub(crate) const REMOVAL: Duration = Duration::from_secs(30);

/// How long a server may take to give its counters.
pub(crate) const COUNTERS: Duration = Duration::from_secs(10);

/// How long a pooler may hold up the ticks of a phase.
const POOLS: Duration = Duration::from_millis(500);

/// How often the flag is looked at while the engine builds.
const LOOK: Duration = Duration::from_millis(100);

/// The answer, if it comes within `limit`; else what `engine` was `doing`, an infinitive, is given up.
pub(crate) fn within<T>(
    limit: Duration,
    runtime: &Runtime,
    (engine, doing): (&str, &str),
    question: impl Future<Output = Result<T>>,
) -> Result<T> {
    runtime
        .block_on(async { timeout(limit, question).await })
        .unwrap_or_else(|_| Err(EngineError::Deadline { engine: engine.to_owned(), doing: doing.to_owned() }))
}

/// Waits for the engine to settle. Where the run is stopped before, building is dropped.
pub(crate) fn settled(
    runtime: &Runtime,
    cancel: &Cancel,
    mut settling: ControlFuture<'_, Settled>,
) -> std::result::Result<Settled, Stop> {
    runtime.block_on(async {
        loop {
            if let Ok(settled) = timeout(LOOK, &mut settling).await {
                return Ok(settled?);
            }
            if let Some(reason) = cancel.reason() {
                return Err(Stop::Interrupted(reason));
            }
        }
    })
}

/// What a pooler said of its pools in one phase.
#[derive(Default)]
pub(crate) struct Pools {
    highest: Vec<PoolFigures>,
    silent: bool,
}

impl Pools {
    /// Asks once more. A pooler that does not answer is its own business: the phase goes on, and it is not asked again.
    pub(crate) fn ask(&mut self, runtime: &Runtime, question: ControlFuture<'_, Vec<PoolFigures>>) {
        if self.silent {
            return;
        }
        match within(POOLS, runtime, ("the pooler", "show its pools"), question) {
            Ok(now) => ServerFigures::highest(&mut self.highest, now),
            Err(_) => self.silent = true,
        }
    }

    /// The highest of what it said, for the record; the next phase begins anew.
    pub(crate) fn take(&mut self) -> Vec<PoolFigures> {
        std::mem::take(self).highest
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::pending;

    use annvil_core::units::Nanos;
    use annvil_load::cancel::Reason;
    use annvil_load::time::runtime;

    use super::*;

    #[test]
    fn what_hangs_is_given_up() {
        let runtime = runtime().unwrap();
        let asked = ("postgres", "count");
        let late = within(Duration::from_millis(5), &runtime, asked, pending::<Result<()>>()).unwrap_err();
        assert_eq!(late.to_string(), "postgres did not count in time");
        assert_eq!(within(COUNTERS, &runtime, asked, async { Ok(7) }).unwrap(), 7);
    }

    #[test]
    fn a_silent_pooler_is_asked_once_a_phase() {
        let runtime = runtime().unwrap();
        let asked = Cell::new(0);
        let mut pools = Pools::default();
        for hangs in [true, false] {
            pools.ask(&runtime, Box::pin(async { Ok(vec![PoolFigures::default()]) }));
            for _ in 0..2 {
                pools.ask(
                    &runtime,
                    Box::pin(async {
                        asked.set(asked.get() + 1);
                        if hangs { pending().await } else { Err(EngineError::failed("", "", "")) }
                    }),
                );
            }
            assert_eq!(pools.take(), [PoolFigures::default()]);
        }
        assert_eq!(asked.get(), 2);
    }

    #[test]
    fn building_is_dropped_where_the_run_is_stopped() {
        struct Told<'a>(&'a Cell<bool>);
        impl Drop for Told<'_> {
            fn drop(&mut self) {
                self.0.set(true);
            }
        }
        let (runtime, cancel, dropped) = (runtime().unwrap(), Cancel::new(), Cell::new(false));
        cancel.raise(Reason::User);
        let told = Told(&dropped);
        let settling = async {
            let _told = told;
            pending().await
        };
        let stopped = settled(&runtime, &cancel, Box::pin(settling));
        assert!(matches!(stopped, Err(Stop::Interrupted(Reason::User))));
        assert!(dropped.get());
        // What is ready when the flag is seen is ready.
        let ready = Settled { searchable: Nanos(1), indexed: Nanos(2) };
        let settling = Box::pin(async { Ok(ready) });
        assert!(settled(&runtime, &cancel, settling).is_ok());
    }
}
