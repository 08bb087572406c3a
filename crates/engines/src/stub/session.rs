//! Calls of the stub: the scan's answer, spoilt if a fault is set, at the time that the script says.

use std::future::pending;
use std::sync::Arc;

use annvil_core::clock::{Clock, LocalFuture};
use annvil_core::engine::Session;
use annvil_core::operation::{OpError, OpRef, Reply};
use annvil_core::scenario::Fault;
use annvil_core::vector::RowId;

use super::script::{End, Script};

/// An id that no row has.
const UNKNOWN: RowId = RowId::MAX - 1;

/// What `Fault::WrongScore` takes off: the order stays right, so that only a look at the scores finds it.
const OFF: f32 = 0.1;

/// One caller.
pub(super) struct StubSession {
    /// `None` if there are no answers.
    scan: Option<Box<dyn Session>>,
    script: Script,
    fault: Option<Fault>,
    clock: Arc<dyn Clock>,
}

impl StubSession {
    pub(super) fn new(
        scan: Option<Box<dyn Session>>,
        script: Script,
        fault: Option<Fault>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { scan, script, fault, clock }
    }

    async fn play(&self, op: OpRef<'_>, out: &mut Reply) -> Result<(), OpError> {
        let sent = self.clock.now();
        out.clear();
        let end = self.script.draw();
        let outcome = match (end, &self.scan) {
            (End::Never, _) => return pending().await,
            (End::Error, _) => Err(OpError::Other("the script says so".to_owned())),
            (End::Answer, None) => Ok(()),
            (End::Answer, Some(scan)) => self.answer(scan.as_ref(), op, out).await,
        };
        let ends = self.script.end(sent);
        if ends > sent {
            self.clock.sleep_until(ends).await;
        }
        outcome
    }

    async fn answer(&self, scan: &dyn Session, op: OpRef<'_>, out: &mut Reply) -> Result<(), OpError> {
        match (op, self.fault) {
            (OpRef::Upsert { rows }, Some(Fault::LosesUpserts)) => {
                out.affected = rows.len() as u64;
                Ok(())
            }
            (OpRef::Delete { ids }, Some(Fault::ServesDeleted)) => {
                // Acknowledged as if they were gone, unknown ids left out.
                let mut affected = 0;
                for id in ids {
                    scan.call(OpRef::Fetch { id: *id }, out).await?;
                    affected += out.ids.len() as u64;
                }
                out.clear();
                out.affected = affected;
                Ok(())
            }
            (OpRef::Search { .. }, Some(fault)) => {
                scan.call(op, out).await?;
                spoil(fault, out);
                Ok(())
            }
            _ => scan.call(op, out).await,
        }
    }
}

/// Spoils the answer of a search. The scan was asked for one more, where a fault needs it.
fn spoil(fault: Fault, out: &mut Reply) {
    match fault {
        Fault::RepeatsId if out.ids.len() > 1 => {
            out.ids[1] = out.ids[0];
            out.scores[1] = out.scores[0];
        }
        Fault::Misorders if out.ids.len() > 1 => {
            out.ids.swap(0, 1);
            out.scores.swap(0, 1);
        }
        Fault::TooFew => {
            out.ids.pop();
            out.scores.pop();
        }
        Fault::WrongScore => out.scores.iter_mut().take(1).for_each(|score| *score -= OFF),
        Fault::UnknownId => out.ids.iter_mut().rev().take(1).for_each(|id| *id = UNKNOWN),
        Fault::MissesNearest if !out.ids.is_empty() => {
            out.ids.remove(0);
            out.scores.remove(0);
        }
        #[allow(clippy::panic)] // the fault is that it panics: the harness has to survive it and say so
        Fault::Panics => panic!("the stub's script says that it panics in the middle of a search"),
        // Made by what the scan was asked, or faults of writes; or there are too few answers to spoil.
        Fault::DropsFilter
        | Fault::TooMany
        | Fault::LosesUpserts
        | Fault::ServesDeleted
        | Fault::RepeatsId
        | Fault::Misorders
        | Fault::MissesNearest => {}
    }
}

impl Session for StubSession {
    fn call<'a>(&'a self, op: OpRef<'a>, out: &'a mut Reply) -> LocalFuture<'a, Result<(), OpError>> {
        Box::pin(self.play(op, out))
    }
}
