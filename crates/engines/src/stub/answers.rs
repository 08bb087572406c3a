//! What the stub answers: what the scan finds, spoilt if a fault is set.

use std::task::{Context, Poll, Waker};

use annvil_core::engine::Session;
use annvil_core::operation::{OpError, OpRef, Reply};
use annvil_core::scenario::Fault;
use annvil_core::vector::RowId;

use super::script::End;

/// An id that no row has.
const UNKNOWN: RowId = RowId::MAX - 1;

/// What `Fault::WrongScore` takes off: the order stays right, so that only a look at the scores finds it.
const OFF: f32 = 0.1;

/// Where answers come from.
pub(super) struct Source {
    /// `None` if there are no answers.
    scan: Option<Box<dyn Session>>,
    fault: Option<Fault>,
}

impl Source {
    pub(super) fn new(scan: Option<Box<dyn Session>>, fault: Option<Fault>) -> Self {
        Self { scan, fault }
    }

    /// The outcome of a call that ends as the script says; `None` if it never does.
    pub(super) fn outcome(&self, end: End, op: OpRef<'_>, out: &mut Reply) -> Option<Result<(), OpError>> {
        out.clear();
        match (end, &self.scan) {
            (End::Never, _) => None,
            (End::Error, _) => Some(Err(OpError::Other("the script says so".to_owned()))),
            (End::Answer, None) => Some(Ok(())),
            (End::Answer, Some(scan)) => Some(answer(&**scan, self.fault, op, out)),
        }
    }
}

fn answer(scan: &dyn Session, fault: Option<Fault>, op: OpRef<'_>, out: &mut Reply) -> Result<(), OpError> {
    match (op, fault) {
        (OpRef::Upsert { rows }, Some(Fault::LosesUpserts)) => {
            out.affected = rows.len() as u64;
            Ok(())
        }
        (OpRef::Delete { ids }, Some(Fault::ServesDeleted)) => {
            // Acknowledged as if they were gone, unknown ids left out.
            let mut affected = 0;
            for id in ids {
                ask(scan, OpRef::Fetch { id: *id }, out)?;
                affected += out.ids.len() as u64;
            }
            out.clear();
            out.affected = affected;
            Ok(())
        }
        (OpRef::Search { .. }, Some(fault)) => {
            ask(scan, op, out)?;
            spoil(fault, out);
            Ok(())
        }
        _ => ask(scan, op, out),
    }
}

/// The scan never waits for anything, so it need not be awaited.
fn ask(scan: &dyn Session, op: OpRef<'_>, out: &mut Reply) -> Result<(), OpError> {
    match scan.call(op, out).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => Err(OpError::Other("the stub's scan waits for something".to_owned())),
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
