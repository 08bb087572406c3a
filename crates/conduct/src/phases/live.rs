//! What is told of a phase of load while it runs.

use std::collections::BTreeMap;

use annvil_core::form::Form;
use annvil_core::operation::OpError;
use annvil_core::quantity::Stat;
use annvil_core::units::Nanos;
use annvil_load::Tick;
use annvil_load::recorder::Part;

use super::traffic::Timing;
use crate::event::{Event, Second};

/// Turns ticks of the runner into events.
pub(super) struct Live<'a> {
    timing: &'a Timing,
    /// Length of the parts of the phase that were measured before.
    before: Nanos,
    done_before: u64,
    searches: Vec<bool>,
}

impl<'a> Live<'a> {
    pub(super) fn new(forms: &[Form], timing: &'a Timing, before: Nanos, done_before: u64) -> Self {
        let searches =
            forms.iter().map(|form| form.operation == annvil_core::form::Operation::Search).collect();
        Self { timing, before, done_before, searches }
    }

    /// How far the phase is.
    pub(super) fn progress(&mut self, tick: &Tick<'_>) -> Event {
        Event::Progress {
            done: self.done_before + tick.taken,
            elapsed: self.before.saturating_add(tick.elapsed),
        }
    }

    /// The second that has become complete, if one has.
    pub(super) fn second(&mut self, tick: &Tick<'_>) -> Option<Second> {
        let totals = tick.totals?;
        let at = self.before.saturating_add(tick.elapsed);
        let lines = || tick.latest.iter().flatten();
        let mut whole: Option<Part> = None;
        let only_searches = self.searches.iter().any(|search| *search);
        for (total, search) in totals.iter().zip(&self.searches) {
            // Latencies of writes and fetches say nothing of searches.
            if only_searches && !search {
                continue;
            }
            match &mut whole {
                None => whole = Some(total.clone()),
                Some(whole) => whole.add(total),
            }
        }
        let whole = whole?;
        let histogram = whole.response.as_ref().unwrap_or(&whole.service);
        let stat = |stat| histogram.stat(stat).map(|value| Nanos(value as u64));
        let mut failures: BTreeMap<String, u64> = BTreeMap::new();
        for total in totals {
            for (kind, n) in OpError::KINDS.iter().zip(total.failures).filter(|(_, n)| *n > 0) {
                *failures.entry((*kind).to_owned()).or_default() += n;
            }
        }
        Some(Second {
            elapsed: at,
            wanted: self.timing.rate_at(at).map(|rate| rate.0),
            achieved: lines().map(|line| line.operations).sum::<u64>() as f64,
            in_flight: tick.in_flight,
            response: whole.response.is_some(),
            p50: stat(Stat::P50),
            p95: stat(Stat::P95),
            p99: stat(Stat::P99),
            failures,
            resources: Vec::new(),
        })
    }
}
