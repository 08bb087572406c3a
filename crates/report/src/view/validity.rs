//! Could this run measure at all? Apart from whether its figures are good.

use annvil_core::record::{PhaseRecord, PhaseResult, ValidityCheck};
use annvil_core::units::time_text;

use super::{VariantView, View, label};

/// What the checks of all measurements come to.
pub(crate) struct Validity {
    /// Measurements that were checked.
    pub(crate) checked: usize,
    /// What did not hold: where, and the figure.
    pub(crate) broken: Vec<Broken>,
    /// Figures that speak for the rest, taken where the harness weighs most: at the fastest search.
    pub(crate) figures: Vec<String>,
}

/// A check that did not hold.
pub(crate) struct Broken {
    pub(crate) place: String,
    pub(crate) name: String,
    pub(crate) figure: String,
}

impl Validity {
    pub(crate) fn of(view: &View<'_>) -> Self {
        let mut validity = Self { checked: 0, broken: Vec::new(), figures: Vec::new() };
        for variant in &view.variants {
            for phase in variant.phases().filter(|phase| is_measured(phase)) {
                // Checks that could not be read tell nothing.
                validity.checked += usize::from(phase.validity.iter().any(|check| check.valid.is_some()));
                let broken = phase.validity.iter().filter(|check| check.valid == Some(false));
                validity.broken.extend(broken.map(|check| Broken {
                    place: format!("{}, {}", label::at(variant.name(), &phase.point), phase.name),
                    name: check.name.clone(),
                    figure: check.figure.clone(),
                }));
            }
        }
        validity.figures = figures(view);
        validity
    }

    /// `None` if nothing was checked: then nobody can tell.
    pub(crate) fn holds(&self) -> Option<bool> {
        (self.checked > 0).then_some(self.broken.is_empty())
    }
}

fn is_measured(phase: &PhaseRecord) -> bool {
    matches!(phase.result, PhaseResult::Measured { .. })
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
    let search = view.searches().next()?;
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
