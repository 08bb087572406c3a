//! What the live view shows, as events leave it. Nothing here knows of a terminal.

use std::collections::VecDeque;

use annvil_conduct::event::{Event, Second};
use annvil_core::plan::Plan;
use annvil_core::record::{PhaseRecord, PhaseResult, ResourceFigures, StepRecord};
use annvil_core::scenario::point_name;
use annvil_core::units::{Nanos, count};
use annvil_load::cancel::Reason;

use super::steps::Steps;
use crate::summary::{early_end, memory_line, trial};

/// Seconds of a phase that the chart shows.
pub(super) const SPAN: u64 = 300;

/// Messages that are kept.
const NOTES: usize = 50;

/// Everything that is shown.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// Program, scenario, data set, engine, seed.
    pub(super) title: String,
    pub(super) steps: Steps,
    /// Work that is no phase.
    pub(super) preparing: Option<String>,
    /// The phase that runs, or ran last.
    pub(super) phase: Option<Running>,
    /// The last recall that is known and where it was measured.
    pub(super) recall: Option<String>,
    pub(super) resources: Vec<(String, ResourceFigures)>,
    pub(super) notes: VecDeque<Note>,
    /// Time since the run began.
    pub(super) elapsed: Nanos,
    /// Why the run is ending early, if it is.
    pub(super) stopping: Option<Reason>,
}

/// A message and when it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) at: Nanos,
    pub(super) bad: bool,
    pub(super) text: String,
}

/// A phase that runs, or that has ended while the next has not begun.
#[derive(Debug, Clone, Default)]
pub(super) struct Running {
    /// Name and point.
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) total: Option<u64>,
    pub(super) duration: Option<Nanos>,
    pub(super) done: u64,
    pub(super) elapsed: Nanos,
    pub(super) ended: bool,
    /// Whether it ended before its time.
    early: bool,
    /// Wanted and achieved rates by the second, for as long as the chart reaches back.
    pub(super) rates: VecDeque<Moment>,
    pub(super) second: Option<Second>,
    /// Levels tried and what became of the last one.
    pub(super) trials: usize,
    pub(super) last_trial: Option<String>,
    /// Time of the trials before the one that runs: each starts at zero.
    before: Nanos,
}

/// Rates of a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moment {
    /// Seconds since the phase began.
    pub(super) at: f64,
    pub(super) wanted: Option<f64>,
    pub(super) achieved: f64,
}

impl State {
    pub(super) fn new(plan: &Plan) -> Self {
        let set = &plan.dataset;
        let title = format!(
            "annvil {} · {} · {} {} × {} {} · {} · seed {}",
            env!("CARGO_PKG_VERSION"),
            plan.name,
            set.name,
            count(set.rows as u64),
            set.dim,
            set.metric,
            plan.engine.name(),
            plan.seed,
        );
        Self { title, steps: Steps::new(plan), ..Self::default() }
    }

    /// Takes an event in.
    pub(super) fn event(&mut self, event: &Event, at: Nanos) {
        self.elapsed = at;
        match event {
            Event::Preparing { what } => self.preparing = Some(what.clone()),
            Event::BlockStarted { .. } => {
                self.preparing = Some("opening the engine".to_owned());
                self.phase = None;
                self.steps.variant_started();
            }
            Event::PhaseStarted { name, kind, point, total, duration } => {
                self.preparing = None;
                // The plan's kind: a mixed phase tells that of its first operation.
                let planned = self.steps.phase_started(name);
                let (title, kind) = planned.map_or_else(
                    || (format!("{name} {}", point_name(point)).trim_end().to_owned(), kind.clone()),
                    |(title, kind)| (title, kind.to_owned()),
                );
                self.phase = Some(Running {
                    name: title,
                    kind,
                    total: *total,
                    duration: *duration,
                    ..Running::default()
                });
            }
            Event::Progress { done, elapsed } => {
                if let Some(phase) = &mut self.phase {
                    (phase.done, phase.elapsed) = (*done, *elapsed);
                }
            }
            Event::Second(second) => {
                self.resources.clone_from(&second.resources);
                if let Some(phase) = &mut self.phase {
                    phase.second(second);
                }
            }
            Event::Trial { level, met, rates } => {
                let text = trial(*level, *met, *rates);
                if let Some(phase) = &mut self.phase {
                    phase.trials += 1;
                    self.notes.push_back(Note { at, bad: false, text: format!("{}: {text}", phase.name) });
                    phase.last_trial = Some(text);
                }
            }
            Event::PhaseDone(record) => self.done(record, at),
            Event::Memory(memory) => {
                if let Some(text) = memory_line(memory) {
                    self.note(at, false, format!("memory: {text}"));
                }
            }
            Event::BlockFailed(failure) => {
                self.steps.variant_failed(&failure.phase);
                let place =
                    if failure.phase.is_empty() { String::new() } else { format!("{}: ", failure.phase) };
                self.note(at, true, format!("{place}{}", failure.message));
            }
            Event::BlockDone => self.steps.variant_done(),
            Event::Engine(_) | Event::Advice(_) => {}
        }
        self.forget();
    }

    /// Adds a message; of several lines the first.
    pub(super) fn note(&mut self, at: Nanos, bad: bool, text: impl Into<String>) {
        self.notes.push_back(Note { at, bad, text: text.into() });
        self.forget();
    }

    fn forget(&mut self) {
        while self.notes.len() > NOTES {
            self.notes.pop_front();
        }
    }

    fn done(&mut self, record: &PhaseRecord, at: Nanos) {
        let place = self.steps.phase_done(record).unwrap_or_else(|| record.name.clone());
        if let Some(phase) = &mut self.phase {
            (phase.ended, phase.early) = (true, early_end(record).is_some());
        }
        if let Some(why) = early_end(record) {
            self.note(at, true, format!("{place} {why}"));
        }
        for check in record.validity.iter().filter(|check| check.valid == Some(false)) {
            self.note(at, true, format!("{place} is invalid: {}: {}", check.name, check.figure));
        }
        let recall = match &record.result {
            PhaseResult::Measured { forms, checkpoints, .. } => {
                let scored = forms.iter().rev().find_map(|form| form.recall.as_ref());
                scored.or_else(|| checkpoints.iter().rev().find_map(|checkpoint| checkpoint.recall.as_ref()))
            }
            PhaseResult::Runbook(book) => book.last().and_then(StepRecord::recall),
            _ => None,
        };
        if let Some(recall) = recall {
            let variant = match self.steps.variant() {
                Some((name, _, all)) if all > 1 => format!(" of {name}"),
                _ => String::new(),
            };
            self.recall = Some(format!("{:.4} @{}, {place}{variant}", recall.mean, recall.k));
        }
    }
}

impl Running {
    fn second(&mut self, second: &Second) {
        if let Some(last) = self.second.as_ref().filter(|last| last.elapsed > second.elapsed) {
            self.before = self.before.saturating_add(last.elapsed);
        }
        self.rates.push_back(Moment {
            at: self.before.saturating_add(second.elapsed).as_secs_f64(),
            wanted: second.wanted,
            achieved: second.achieved,
        });
        while self.rates.len() as u64 > SPAN {
            self.rates.pop_front();
        }
        self.second = Some(second.clone());
    }

    /// Whether a search for the limit runs: its progress starts anew with each trial.
    pub(super) fn seeks_limit(&self) -> bool {
        self.kind == "limit"
    }

    /// Whether it is load, which has a rate and latencies.
    pub(super) fn is_load(&self) -> bool {
        matches!(&*self.kind, "search" | "mixed" | "migration" | "runbook" | "limit" | "fetch" | "distance")
    }

    /// Share that is done, from 0 to 1, if that can be known.
    pub(super) fn share(&self) -> Option<f64> {
        if self.seeks_limit() {
            return None;
        }
        let share = match (self.total, self.duration) {
            // The last progress came before the end.
            _ if self.ended && !self.early => 1.0,
            (Some(total), _) => self.done as f64 / total.max(1) as f64,
            (None, Some(duration)) => self.elapsed.as_secs_f64() / duration.as_secs_f64().max(1e-9),
            (None, None) => return None,
        };
        Some(share.clamp(0.0, 1.0))
    }
}
