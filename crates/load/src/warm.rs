//! Before the clock starts: operations whose figures are discarded, until service times are flat.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use annvil_core::engine::Session;
use annvil_core::operation::{OpError, Reply};
use annvil_core::units::Nanos;
use annvil_stats::steady::{Steady, SteadySpec, Verdict};

use crate::cancel::Cancel;
use crate::drive::limited;
use crate::runner::Load;

/// What is done before the clock starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarmUp {
    /// So many operations, over all sessions.
    Operations(u64),
    /// Until the service times of the first session are flat, but no longer than this.
    Steady(Nanos),
}

/// A drift of less than 2 % over six windows of 20 operations is no drift.
const FLAT: SteadySpec = SteadySpec { window: 20, windows: 6, flat: 0.02, most: usize::MAX };

/// The warm-up of a phase, shared by its sessions.
#[derive(Debug)]
pub(crate) struct Warming {
    plan: WarmUp,
    open: bool,
    cancel: Cancel,
    operations: AtomicU64,
    began: OnceLock<Nanos>,
    steady: Mutex<Steady>,
    over: AtomicBool,
    /// 0 unknown, 1 not flat, 2 flat.
    flat: AtomicU8,
}

impl Warming {
    pub(crate) fn new(plan: WarmUp, open: bool, cancel: Cancel) -> Self {
        Self {
            plan,
            open,
            cancel,
            operations: AtomicU64::new(0),
            began: OnceLock::new(),
            steady: Mutex::new(Steady::new(FLAT)),
            over: AtomicBool::new(false),
            flat: AtomicU8::new(0),
        }
    }

    /// Operations done so far.
    pub(crate) fn operations(&self) -> u64 {
        self.operations.load(Ordering::Relaxed)
    }

    /// Whether service times were flat at the end, if that was waited for.
    pub(crate) fn flat(&self) -> Option<bool> {
        match self.flat.load(Ordering::Relaxed) {
            0 => None,
            flat => Some(flat == 2),
        }
    }

    /// Does a session's share. What fails here shows in the measurement itself.
    pub(crate) async fn warm(&self, load: &Load, number: usize, session: &dyn Session) {
        // Who starts late, thinks or waits for arrivals would not ask all at once; the warm-up must not either.
        let gentle = load.ramp.0 > 0 || self.open || load.users.iter().any(|users| users.think.0 > 0);
        let askers = if gentle { load.threads().min(load.sessions) } else { load.sessions };
        if number >= askers {
            return;
        }
        let mut reply = Reply::default();
        let mut k = number as u64;
        while self.goes_on(load, k) {
            let Some(operation) = load.work.harmless(k) else { return };
            k += askers as u64;
            let sent = load.clock.now();
            let result = limited(session, operation, &mut reply, &*load.clock, load.timeout).await;
            self.operations.fetch_add(1, Ordering::Relaxed);
            // An engine that does not answer at all would keep everybody waiting for as long as there are operations.
            if result == Err(OpError::Timeout) {
                self.over.store(true, Ordering::Relaxed);
                return;
            }
            if number == 0 && matches!(self.plan, WarmUp::Steady(_)) {
                self.look(load.clock.now().saturating_sub(sent));
            }
        }
    }

    fn goes_on(&self, load: &Load, k: u64) -> bool {
        if self.over.load(Ordering::Relaxed) || self.cancel.reason().is_some() {
            return false;
        }
        match self.plan {
            WarmUp::Operations(n) => k < n,
            WarmUp::Steady(most) => {
                let now = load.clock.now();
                let began = *self.began.get_or_init(|| now);
                now.saturating_sub(began) < most
            }
        }
    }

    /// The first session's service times decide for all.
    fn look(&self, service: Nanos) {
        let mut steady = self.steady.lock().unwrap_or_else(PoisonError::into_inner);
        match steady.push(service.0 as f64) {
            Verdict::Unsettled => self.flat.store(1, Ordering::Relaxed),
            Verdict::Flat { .. } => {
                self.flat.store(2, Ordering::Relaxed);
                self.over.store(true, Ordering::Relaxed);
            }
            Verdict::Bounded => self.over.store(true, Ordering::Relaxed),
        }
    }
}
