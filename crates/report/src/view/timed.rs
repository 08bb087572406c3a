//! A phase in which operations were timed, in one block; and what the blocks of a phase of open load come to.

use annvil_core::form::{Operation, Params};
use annvil_core::histogram::Histogram;
use annvil_core::quantity::Stat;
use annvil_core::record::{
    CheckpointRecord, FailureKind, FormRecord, FreshnessRecord, LoadRecord, PhaseRecord, PhaseResult,
};
use annvil_core::units::Nanos;

use super::VariantView;
use super::figures::{merged, middle};
use crate::text::one_line;

/// What a phase measured.
#[derive(Clone)]
pub(crate) struct Timed<'a> {
    pub(crate) phase: &'a PhaseRecord,
    pub(crate) load: &'a LoadRecord,
    pub(crate) forms: &'a [FormRecord],
    pub(crate) checkpoints: &'a [CheckpointRecord],
    pub(crate) freshness: Option<&'a FreshnessRecord>,
    /// Why it ended before its time.
    pub(crate) ended: Option<String>,
}

impl<'a> VariantView<'a> {
    /// The phase of this name in each block; nothing if the variant's answers are wrong.
    pub(crate) fn timed(&self, name: &str, point: Option<&Params>) -> Vec<Timed<'a>> {
        if self.is_wrong() {
            return Vec::new();
        }
        let mut all = Vec::new();
        for block in &self.blocks {
            let named = block.phases.iter().filter(|phase| phase.name == name);
            let at =
                named.filter(|phase| point.is_none_or(|at| phase.point == *at || phase.point.is_empty()));
            for phase in at {
                let PhaseResult::Measured { load, forms, checkpoints, freshness, ended } = &phase.result
                else {
                    continue;
                };
                // Of the phases of a block that was stopped, the last one is not whole.
                let last = block.phases.last().is_some_and(|last| std::ptr::eq(last, phase));
                let stopped = block.failure.as_ref().filter(|failure| {
                    last && failure.kind == FailureKind::Interrupted && failure.phase == phase.name
                });
                let ended = ended.as_ref().or(stopped.map(|failure| &failure.message));
                all.push(Timed {
                    phase,
                    load,
                    forms,
                    checkpoints,
                    freshness: freshness.as_deref(),
                    ended: ended.map(|why| one_line(why)),
                });
            }
        }
        all
    }

    /// The same at the reported point.
    pub(crate) fn timed_reported(&self, name: &str) -> Vec<Timed<'a>> {
        self.timed(name, Some(&self.planned.report_at))
    }

    /// Why the phase ended before its time, in the first block in which it did.
    pub(crate) fn ended(&self, name: &str) -> Option<String> {
        let ended = self.timed_reported(name).into_iter().find_map(|timed| timed.ended)?;
        Some(format!("ended early: {ended}"))
    }
}

impl<'a> Timed<'a> {
    /// Time of the phase that passed before its load began: what is watched beside the load begins earlier.
    pub(crate) fn before_load(&self) -> Nanos {
        let before = self
            .phase
            .breakdown
            .iter()
            .filter(|share| matches!(share.what.as_str(), "opening sessions" | "warm-up"));
        Nanos(before.map(|share| share.time.0).sum())
    }

    /// The form that its latency is read from: the search, else the first one.
    pub(crate) fn leading(&self) -> Option<&'a FormRecord> {
        let search = self.forms.iter().find(|form| form.form.operation == Operation::Search);
        search.or(self.forms.first())
    }

    pub(crate) fn operations(&self) -> u64 {
        self.forms.iter().map(|form| form.operations).sum()
    }

    fn window(&self) -> Nanos {
        self.forms.iter().map(|form| form.window).max().unwrap_or_default()
    }

    /// Operations answered a second, of all forms.
    pub(crate) fn rate(&self) -> Option<f64> {
        let window = self.window();
        (window.0 > 0).then(|| self.operations() as f64 / window.as_secs_f64())
    }

    /// The samples of all forms together.
    fn merged(&self, of: impl Fn(&'a FormRecord) -> Option<&'a Histogram>) -> Option<Histogram> {
        merged(self.forms.iter().filter_map(of))
    }
}

/// The warm-up of a phase in words: whether it was long enough, where that is known.
pub(crate) fn warmed(phase: &PhaseRecord) -> Option<String> {
    let PhaseResult::Measured { load, forms, .. } = &phase.result else { return None };
    let what = forms.first()?.warmup.what.split(',').next()?.trim();
    (!what.is_empty()).then(|| match load.warm {
        Some(true) => format!("steady after {what}"),
        Some(false) => format!("not yet flat after {what}"),
        None => format!("warmed up with {what}"),
    })
}

/// What was offered in a phase of open load and what became of it: the middle of the blocks, counts added up.
pub(crate) struct Open {
    /// Arrivals a second.
    pub(crate) offered: Option<f64>,
    /// Operations answered a second.
    pub(crate) achieved: Option<f64>,
    /// Share of the arrivals that were answered.
    pub(crate) share: Option<f64>,
    pub(crate) dropped: u64,
    pub(crate) unsent: u64,
    /// Mean number in flight.
    pub(crate) in_flight: Option<f64>,
    pub(crate) max_in_flight: u64,
    /// Three percentiles of the time from sending.
    pub(crate) service: [Option<f64>; 3],
    /// 99th percentiles of the two parts of the response time that are not the engine's.
    pub(crate) queue_wait: Option<f64>,
    pub(crate) lag: Option<f64>,
}

impl Open {
    /// `None` in closed load.
    pub(crate) fn of(blocks: &[Timed<'_>]) -> Option<Self> {
        let open: Vec<_> =
            blocks.iter().filter_map(|timed| Some((timed, timed.load.open.as_ref()?))).collect();
        let first = open.first()?.1;
        let over = |figure: &dyn Fn(&Timed<'_>) -> Option<f64>| {
            middle(open.iter().filter_map(|(timed, _)| figure(timed)).collect())
        };
        let service: Vec<Option<Histogram>> =
            open.iter().map(|(timed, _)| timed.merged(|form| Some(&form.service))).collect();
        let percentile =
            |stat| middle(service.iter().flatten().filter_map(|samples| samples.stat(stat)).collect());
        let share = |timed: &Timed<'_>| {
            let offered = timed.load.open.as_ref()?.offered;
            (offered > 0).then(|| timed.operations() as f64 / offered as f64)
        };
        Some(Self {
            offered: middle(open.iter().map(|(_, open)| open.rate()).collect()),
            achieved: over(&|timed| timed.rate()),
            share: over(&share),
            dropped: open.iter().map(|(_, open)| open.dropped).sum(),
            unsent: open.iter().map(|(_, open)| open.unsent).sum(),
            in_flight: over(&|timed| Some(timed.load.in_flight)),
            max_in_flight: first.max_in_flight,
            service: [Stat::P50, Stat::P95, Stat::P99].map(percentile),
            queue_wait: over(&|timed| timed.merged(|form| form.queue_wait.as_ref())?.stat(Stat::P99)),
            lag: over(&|timed| timed.merged(|form| form.sched_lag.as_ref())?.stat(Stat::P99)),
        })
    }
}
