//! What was timed, form by form, and which part of the report it belongs to.

use annvil_core::form::{Form, Operation};
use annvil_core::record::{PhaseResult, RunRecord};
use annvil_core::scenario::{Phase, Traffic};

/// A form of a phase.
#[derive(Clone, Copy)]
pub(crate) struct Measure<'a> {
    pub(crate) phase: &'a str,
    pub(crate) form: &'a Form,
    pub(crate) sessions: usize,
    pub(crate) batch: u64,
    /// Whether latencies count from the intended instant.
    pub(crate) open: bool,
    pub(crate) part: Part,
    /// The phase as it was planned.
    pub(crate) planned: Option<&'a Phase>,
}

/// What a phase is a part of: it decides where its figures stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// A phase with a table of its own.
    Single,
    /// A number of sessions of a sweep over them.
    Sessions,
    /// A share of the searches that moved.
    Migration,
    /// Several kinds of operations at the same time.
    Mixed,
}

impl Measure<'_> {
    /// How its operations were to come.
    pub(crate) fn traffic(&self) -> Option<Traffic> {
        self.planned.and_then(Phase::traffic)
    }

    /// Open or closed: what must be seen at a glance. Nothing of what is no load, such as fetching once.
    pub(crate) fn tag(&self) -> Option<&'static str> {
        match (self.open, self.part == Part::Single && self.form.operation != Operation::Search) {
            (_, true) => None,
            (true, _) => Some("open load"),
            (false, _) => Some("closed load"),
        }
    }
}

/// Every form that was timed: phases in the plan's order, then what the plan doesn't know.
pub(super) fn measures(record: &RunRecord) -> Vec<Measure<'_>> {
    let mut all: Vec<Measure<'_>> = Vec::new();
    for phase in record.blocks.iter().flat_map(|block| &block.phases) {
        let PhaseResult::Measured { load, forms, .. } = &phase.result else { continue };
        let planned = record.plan.phases.iter().find(|planned| planned.name() == phase.name);
        for form in forms {
            let known =
                |measure: &Measure<'_>| measure.phase == phase.name && measure.form.name == form.form.name;
            if !all.iter().any(known) {
                all.push(Measure {
                    phase: &phase.name,
                    form: &form.form,
                    sessions: form.sessions,
                    batch: form.batch,
                    open: load.open.is_some(),
                    part: part(planned, forms.len()),
                    planned,
                });
            }
        }
    }
    let place =
        |name: &str| record.plan.phases.iter().position(|phase| phase.name() == name).unwrap_or(usize::MAX);
    all.sort_by_key(|measure| place(measure.phase));
    all
}

fn part(planned: Option<&Phase>, forms: usize) -> Part {
    match planned {
        Some(phase) if phase.shape() == Some("concurrency-sweep") => Part::Sessions,
        Some(Phase::Migration(_)) => Part::Migration,
        Some(Phase::Mixed(_)) => Part::Mixed,
        None if forms > 1 => Part::Mixed,
        _ => Part::Single,
    }
}
