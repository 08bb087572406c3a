//! Sweeps over the number of sessions: how throughput grows with them, and what limits it.

use annvil_stats::usl::{self, Usl};

use super::figures::Figures;
use super::{Measure, Part, VariantView, View};

/// Share of the variance below which a fitted law is called a poor one.
const GOOD: f64 = 0.9;

/// A sweep over the number of sessions.
pub(crate) struct Sweep<'a, 'v> {
    /// Its name, which its phases begin with.
    pub(crate) name: &'a str,
    pub(crate) lines: Vec<Line<'a, 'v>>,
}

/// A variant in a sweep.
pub(crate) struct Line<'a, 'v> {
    pub(crate) variant: &'v VariantView<'a>,
    pub(crate) steps: Vec<Step>,
    /// The Universal Scalability Law through its points, if they allow one.
    pub(crate) law: Option<Usl>,
}

/// A number of sessions.
pub(crate) struct Step {
    pub(crate) sessions: usize,
    pub(crate) figures: Figures,
    /// Why it ended before its time.
    pub(crate) ended: Option<String>,
}

/// Every sweep over sessions, in the plan's order.
pub(crate) fn sweeps<'a, 'v>(view: &'v View<'a>) -> Vec<Sweep<'a, 'v>> {
    let mut groups: Vec<(&'a str, Vec<&Measure<'a>>)> = Vec::new();
    for measure in view.measures.iter().filter(|measure| measure.part == Part::Sessions) {
        let name = measure.phase.rsplit_once('-').map_or(measure.phase, |(name, _)| name);
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, phases)) => phases.push(measure),
            None => groups.push((name, vec![measure])),
        }
    }
    let sweep = |(name, phases): (&'a str, Vec<&Measure<'a>>)| {
        let lines = view.variants.iter().filter_map(|variant| line(variant, &phases)).collect();
        Sweep { name, lines }
    };
    groups.into_iter().map(sweep).filter(|sweep| !sweep.lines.is_empty()).collect()
}

fn line<'a, 'v>(variant: &'v VariantView<'a>, phases: &[&Measure<'a>]) -> Option<Line<'a, 'v>> {
    let step = |measure: &&Measure<'a>| {
        let figures = variant.reported(measure)?;
        Some(Step { sessions: measure.sessions, figures, ended: variant.ended(measure.phase) })
    };
    let mut steps: Vec<Step> = phases.iter().filter_map(step).collect();
    steps.sort_by_key(|step| step.sessions);
    let points: Vec<(f64, f64)> =
        steps.iter().filter_map(|step| Some((step.sessions as f64, step.figures.qps?))).collect();
    (!steps.is_empty()).then(|| Line { variant, law: usl::fit(&points), steps })
}

impl Line<'_, '_> {
    /// What limits, as a sentence; `None` with too few points for a law.
    pub(crate) fn words(&self) -> Option<String> {
        let law = self.law?;
        let doubt = if law.r2 < GOOD {
            format!(" The law explains only {:.0} % of how throughput varies.", law.r2.max(0.0) * 100.0)
        } else {
            String::new()
        };
        Some(format!("{}: {}{doubt}", self.variant.label(), law.limit().words()))
    }
}
