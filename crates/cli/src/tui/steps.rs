//! Every phase of every variant: what is done with its outcome, what runs, what is to come.

use annvil_core::form::Params;
use annvil_core::plan::{Plan, PlannedVariant};
use annvil_core::record::PhaseRecord;
use annvil_core::scenario::{Phase, Points, point_name};

use crate::summary::brief;

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    ToCome,
    Running,
    Done,
    /// Done, but a check says that its figures mean nothing.
    Invalid,
    Failed,
    /// The variant ended before it.
    LeftOut,
}

/// A phase at a point, or what stands above the phases of a variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// Name of the phase and its point; of a variant its own name.
    pub(super) name: String,
    /// What it came to.
    pub(super) outcome: String,
    pub(super) mark: Mark,
    pub(super) kind: Kind,
}

/// What a step is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A variant and the number of its phases.
    Variant(usize),
    /// A phase by its unique name, which several points share, and its kind.
    Phase(String, &'static str),
}

/// The steps of a run in their order.
#[derive(Debug, Clone, Default)]
pub(super) struct Steps {
    steps: Vec<Step>,
    /// Where the variant begins that is measured now.
    variant: Option<usize>,
}

impl Steps {
    pub(super) fn new(plan: &Plan) -> Self {
        let mut steps = Vec::new();
        let blocks = plan.order.len();
        for (block, variants) in plan.order.iter().enumerate() {
            for variant in variants.iter().filter_map(|name| plan.variant(name)) {
                let phases: Vec<Step> =
                    plan.phases.iter().flat_map(|phase| at_points(phase, variant)).collect();
                let block = if blocks > 1 { format!(" · block {}", block + 1) } else { String::new() };
                let kind = Kind::Variant(phases.len());
                steps.push(Step::new(format!("{}{block}", variant.name), kind));
                steps.extend(phases);
            }
        }
        Self { steps, variant: None }
    }

    /// The next variant begins.
    pub(super) fn variant_started(&mut self) {
        self.leave_out();
        let from = self.variant.map_or(0, |at| at + 1);
        let next = self.steps.iter().skip(from).position(|step| matches!(step.kind, Kind::Variant(_)));
        self.variant = next.map(|next| from + next);
        self.mark(self.variant, Mark::Running);
    }

    /// A phase begins. Gives its name beside its point, and its kind.
    pub(super) fn phase_started(&mut self, name: &str) -> Option<(String, &'static str)> {
        let at = self.find(name, Mark::ToCome);
        self.mark(at, Mark::Running);
        let step = self.steps.get(at?)?;
        let Kind::Phase(_, kind) = step.kind else { return None };
        Some((step.name.clone(), kind))
    }

    /// A phase has ended. Some do without having begun: what an engine can't do at all. Gives its name beside its point.
    pub(super) fn phase_done(&mut self, record: &PhaseRecord) -> Option<String> {
        let at = self.find(&record.name, Mark::Running).or_else(|| self.find(&record.name, Mark::ToCome));
        let invalid = record.validity.iter().any(|check| check.valid == Some(false));
        self.mark(at, if invalid { Mark::Invalid } else { Mark::Done });
        let step = self.steps.get_mut(at?)?;
        step.outcome = brief(record);
        Some(step.name.clone())
    }

    /// The variant has failed in a phase.
    pub(super) fn variant_failed(&mut self, phase: &str) {
        let at = self.find(phase, Mark::Running).or_else(|| self.find(phase, Mark::ToCome));
        self.mark(at, Mark::Failed);
        self.mark(self.variant, Mark::Failed);
        self.leave_out();
    }

    /// The variant has ended.
    pub(super) fn variant_done(&mut self) {
        self.leave_out();
        if let Some(step) = self.variant.and_then(|at| self.steps.get_mut(at))
            && step.mark == Mark::Running
        {
            step.mark = Mark::Done;
        }
    }

    /// What is shown: all phases of variants that have begun, one row for each that has not.
    pub(super) fn rows(&self) -> Vec<&Step> {
        let begun = self.variant.map_or(0, |at| at + 1 + self.phases(at));
        let (begun, later) = self.steps.split_at(begun.min(self.steps.len()));
        begun.iter().chain(later.iter().filter(|step| matches!(step.kind, Kind::Variant(_)))).collect()
    }

    /// Number of the phase that runs or ran last, and how many the variant has.
    pub(super) fn place(&self) -> Option<(usize, usize)> {
        let at = self.variant?;
        let phases = self.phases(at);
        let begun = self.steps[at + 1..=at + phases].iter().filter(|step| step.mark != Mark::ToCome).count();
        Some((begun, phases))
    }

    /// The variant that is measured, its number and the number of all, blocks included.
    pub(super) fn variant(&self) -> Option<(&str, usize, usize)> {
        let at = self.variant?;
        let variants = |steps: &[Step]| steps.iter().filter(|s| matches!(s.kind, Kind::Variant(_))).count();
        Some((&self.steps[at].name, variants(&self.steps[..=at]), variants(&self.steps)))
    }

    fn phases(&self, variant: usize) -> usize {
        match self.steps.get(variant).map(|step| &step.kind) {
            Some(Kind::Variant(phases)) => *phases,
            _ => 0,
        }
    }

    /// The first phase of the current variant with this name and mark.
    fn find(&self, name: &str, mark: Mark) -> Option<usize> {
        let from = self.variant? + 1;
        let phases = self.steps.iter().enumerate().skip(from).take(self.phases(from - 1));
        phases
            .filter(|(_, step)| step.mark == mark)
            .find(|(_, step)| matches!(&step.kind, Kind::Phase(own, _) if own == name))
            .map(|(at, _)| at)
    }

    fn mark(&mut self, at: Option<usize>, mark: Mark) {
        if let Some(step) = at.and_then(|at| self.steps.get_mut(at)) {
            step.mark = mark;
        }
    }

    /// What the current variant has not done will not be done.
    fn leave_out(&mut self) {
        let Some(at) = self.variant else { return };
        let phases = self.phases(at);
        for step in self.steps.iter_mut().skip(at + 1).take(phases) {
            match step.mark {
                Mark::ToCome | Mark::Running => step.mark = Mark::LeftOut,
                _ => {}
            }
        }
    }
}

impl Step {
    fn new(name: String, kind: Kind) -> Self {
        Self { name, outcome: String::new(), mark: Mark::ToCome, kind }
    }
}

fn at_points(phase: &Phase, variant: &PlannedVariant) -> Vec<Step> {
    let step = |point: &Params| {
        let name = format!("{} {}", phase.name(), point_name(point));
        Step::new(name.trim_end().to_owned(), Kind::Phase(phase.name().to_owned(), phase.kind()))
    };
    match phase {
        // Where there is but one point, its name tells nothing.
        Phase::Search(search) if search.points == Points::All && variant.points.len() > 1 => {
            variant.points.iter().map(step).collect()
        }
        _ => vec![step(&Params::new())],
    }
}
