//! Could this run measure at all? Apart from whether its figures are good.

use annvil_core::record::{PhaseRecord, PhaseResult, ValidityCheck};
use annvil_core::units::time_text;

use super::{VariantView, View, label};
use crate::text::one_line;

/// What the checks of all measurements come to.
pub(crate) struct Validity {
    /// Measurements that were checked.
    pub(crate) checked: usize,
    /// What did not hold: where, and the figure.
    pub(crate) broken: Vec<Broken>,
    /// Phases that were too short for a check to tell, each once.
    pub(crate) short: Vec<String>,
    /// Measurements of which every check could tell.
    whole: usize,
    /// Figures that speak for the rest, taken where the harness weighs most: at the fastest search.
    pub(crate) figures: Vec<String>,
}

/// A check that did not hold.
pub(crate) struct Broken {
    pub(crate) place: String,
    pub(crate) phase: String,
    pub(crate) name: String,
    pub(crate) figure: String,
}

/// What follows for the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Worth {
    /// Nothing was checked.
    Unknown,
    /// Something did not hold: there is no verdict.
    Invalid,
    /// Every measurement was too short for some check.
    Short,
    /// Some were; the others are good.
    PartlyShort,
    /// All checks that can be made hold.
    Good,
}

impl Validity {
    pub(crate) fn of(view: &View<'_>) -> Self {
        let mut validity =
            Self { checked: 0, broken: Vec::new(), short: Vec::new(), whole: 0, figures: Vec::new() };
        for variant in &view.variants {
            for phase in variant.phases().filter(|phase| is_measured(phase)) {
                validity.look(variant, phase);
            }
        }
        validity.figures = figures(view);
        validity
    }

    fn look(&mut self, variant: &VariantView<'_>, phase: &PhaseRecord) {
        // Checks that could not be read tell nothing.
        if phase.validity.iter().all(|check| check.valid.is_none()) && !phase.validity.iter().any(is_short) {
            return;
        }
        self.checked += 1;
        let name = one_line(&phase.name);
        let broken = phase.validity.iter().filter(|check| check.valid == Some(false));
        self.broken.extend(broken.map(|check| Broken {
            place: format!("{}, {name}", label::at(variant.name(), &phase.point)),
            phase: name.clone(),
            name: check.name.clone(),
            figure: check.figure.clone(),
        }));
        if !phase.validity.iter().any(is_short) {
            self.whole += 1;
        } else if !self.short.contains(&name) {
            self.short.push(name);
        }
    }

    pub(crate) fn worth(&self) -> Worth {
        match (self.checked, self.broken.len(), self.short.len(), self.whole) {
            (0, ..) => Worth::Unknown,
            (_, 1.., ..) => Worth::Invalid,
            (_, 0, 0, _) => Worth::Good,
            (_, 0, _, 0) => Worth::Short,
            _ => Worth::PartlyShort,
        }
    }

    pub(crate) fn is_invalid(&self) -> bool {
        self.worth() == Worth::Invalid
    }

    /// The phases in which a check did not hold: `ramp and spike`.
    pub(crate) fn broken_phases(&self) -> String {
        let mut names: Vec<String> = Vec::new();
        for broken in &self.broken {
            if !names.contains(&broken.phase) {
                names.push(broken.phase.clone());
            }
        }
        label::few(&names)
    }

    /// The phases that were too short: `fetch and distance`.
    pub(crate) fn short_phases(&self) -> String {
        label::few(&self.short)
    }

    /// In a line, unless it is invalid: what was measured well, and what nobody can tell.
    pub(crate) fn words(&self) -> Option<(&'static str, String)> {
        let figures = self.figures.join(", ");
        match self.worth() {
            Worth::Unknown | Worth::Invalid => None,
            Worth::Good => Some(("measured well", figures)),
            Worth::Short => Some(("too short to tell how well it was measured", self.short_phases())),
            Worth::PartlyShort => {
                Some(("measured well", format!("{figures}; too short to tell: {}", self.short_phases())))
            }
        }
    }
}

/// Whether a check says nothing because there was too little time, or too few operations.
fn is_short(check: &ValidityCheck) -> bool {
    check.valid.is_none() && ["too short", "too few"].iter().any(|short| check.figure.contains(short))
}

fn is_measured(phase: &PhaseRecord) -> bool {
    matches!(phase.result, PhaseResult::Measured { .. } | PhaseResult::Runbook(_))
}

/// The figures of the fastest search at a reported point, and what the harness costs.
fn figures(view: &View<'_>) -> Vec<String> {
    let mut figures: Vec<String> = fastest(view).map_or_else(Vec::new, |phase| {
        phase.validity.iter().filter(|check| check.valid == Some(true)).map(brief).collect()
    });
    if let Some(floor) = view.record.floor.filter(|floor| floor.one_session_ns.is_finite()) {
        figures.push(format!("harness floor {}", time_text(floor.one_session_ns)));
    }
    figures
}

fn fastest<'a>(view: &View<'a>) -> Option<&'a PhaseRecord> {
    let search = view.main()?;
    let speed = |variant: &VariantView<'a>| variant.reported(search).and_then(|figures| figures.qps);
    let fastest = view
        .variants
        .iter()
        .filter_map(|variant| Some((speed(variant)?, variant)))
        .max_by(|a, b| a.0.total_cmp(&b.0))?
        .1;
    let point = &fastest.planned.report_at;
    fastest
        .phases()
        .find(|phase| phase.name == search.phase && (phase.point == *point || phase.point.is_empty()))
}

/// A check without its limit, which stands in the full report.
fn brief(check: &ValidityCheck) -> String {
    let figure = check.figure.split(", ").next().unwrap_or_default();
    format!("{} {figure}", check.name)
}
