//! Resources beside the load: once a second, what the client, the watched processes and the host used.
//!
//! A [`Sampler`] lives as long as a block. Each phase begins and ends with a reading of its own, and the seconds in
//! between count from its beginning, so that its series lies beside that of its latencies and a phase of a few
//! milliseconds has figures too. Linux only; elsewhere, and where something can't be read, figures are absent and the
//! record says why.
//!
//! A reading cost 0.2 ms of processor time on a virtual machine with 2 cores, 0.5 ms more once processes are looked for
//! among 350 of them, and 0.03 ms for each process that is counted. It is part of what the client uses.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use annvil_core::clock::Clock;
use annvil_core::record::{ResourceFigures, ResourceRecord, SubjectRecord};
use annvil_core::scenario::Watch;
use annvil_core::units::Nanos;

mod group;
mod locate;
mod parse;
mod reading;
mod single;
mod subject;
mod table;
#[cfg(test)]
mod tests;
mod track;

use subject::{Roots, Subjects};
use track::{Moment, Track};

/// Distance of two readings.
const STEP: Nanos = Nanos::from_secs(1);

/// Reads resources once a second while a phase is under way, on a thread of its own that ends with it.
pub struct Sampler {
    shared: Arc<Shared>,
    names: Vec<(String, String)>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// Told when a phase begins and when the sampler stops.
    changed: Condvar,
}

struct State {
    subjects: Subjects,
    phase: Option<Phase>,
    stopped: bool,
}

struct Phase {
    track: Track,
    /// When the next reading is due.
    due: Nanos,
}

impl Sampler {
    /// Starts to watch. What can't be found, now or later, is a subject without figures.
    pub fn start(watch: &[Watch], clock: Arc<dyn Clock>) -> Self {
        Self::over(watch, clock, &Roots::default())
    }

    fn over(watch: &[Watch], clock: Arc<dyn Clock>, roots: &Roots) -> Self {
        let mut subjects = Subjects::new(watch, roots);
        let names = subjects.names();
        // Finds the processes now, which is slower than reading them later.
        subjects.read();
        let state = Mutex::new(State { subjects, phase: None, stopped: false });
        let shared = Arc::new(Shared { clock, state, changed: Condvar::new() });
        let ours = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("resources".to_owned()).spawn(move || ours.sample());
        if let Err(error) = &thread {
            tracing::warn!(%error, "no thread for resources: phases have their mean, but no series");
        }
        Self { shared, names, thread: thread.ok() }
    }

    /// Begins a phase with a reading; one that is under way is forgotten.
    pub fn begin(&self) {
        let mut state = self.shared.lock();
        let first = self.shared.moment(&mut state);
        let due = first.at.saturating_add(STEP);
        state.phase = Some(Phase { track: Track::new(first), due });
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Ends the phase with a reading. Nothing was recorded if none was begun.
    pub fn end(&self) -> ResourceRecord {
        let mut state = self.shared.lock();
        let Some(phase) = state.phase.take() else { return ResourceRecord::default() };
        let last = self.shared.moment(&mut state);
        drop(state);
        let summaries = phase.track.end(last);
        let subjects = self.names.iter().zip(summaries).map(|((name, what), summary)| SubjectRecord {
            name: name.clone(),
            what: what.clone(),
            why: summary.why,
            mean: summary.mean,
            peak: summary.peak,
            series: summary.series,
        });
        ResourceRecord { subjects: subjects.collect() }
    }

    /// The last whole second of the phase that is under way, by name of the subject; empty before its first.
    pub fn latest(&self) -> Vec<(String, ResourceFigures)> {
        let figures = self.shared.lock().phase.as_ref().and_then(|phase| phase.track.latest());
        let names = self.names.iter().map(|(name, _)| name.clone());
        figures.map(|figures| names.zip(figures).collect()).unwrap_or_default()
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.shared.lock().stopped = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic there has cost the series and was reported by its own thread.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn moment(&self, state: &mut State) -> Moment {
        Moment { at: self.clock.now(), readings: state.subjects.read() }
    }

    /// The thread: waits for what is due.
    fn sample(&self) {
        let mut state = self.lock();
        while !state.stopped {
            let left = state.phase.as_ref().map(|phase| phase.due.saturating_sub(self.clock.now()));
            state = match left {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(Nanos::ZERO) => {
                    self.take(&mut state);
                    state
                }
                Some(left) => {
                    let waited = self.changed.wait_timeout(state, Duration::from(left));
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Takes the reading that is due. Readings that were missed are not made up for: the next one covers their time.
    fn take(&self, state: &mut State) {
        let moment = self.moment(state);
        if let Some(phase) = &mut state.phase {
            let missed = moment.at.saturating_sub(phase.due).0 / STEP.0;
            phase.due = phase.due.saturating_add(Nanos((missed + 1) * STEP.0));
            phase.track.add(moment);
        }
    }
}
