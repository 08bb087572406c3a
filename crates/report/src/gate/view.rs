//! A gate's report with what is looked up in it often.

use annvil_core::comparison::MetricComparison;
use annvil_core::gate::{Acknowledged, Fired, GateReport, Rule, Severity};
use annvil_core::key::MetricKey;
use annvil_core::objective::Grade;
use annvil_core::quantity::format_value;

use super::State;
use crate::compare::words::undecided;
use crate::compare::{Names, ordered};
use crate::text::one_line;

/// What is said of objectives where nothing is judged.
pub(crate) const NOT_JUDGED: &str = "not judged";

/// A report and the names of its figures.
pub(crate) struct GateView<'r> {
    pub(crate) report: &'r GateReport,
    pub(crate) names: Names,
    /// Every compared figure: what fired first, by its severity.
    pub(crate) metrics: Vec<&'r MetricComparison>,
}

impl<'r> GateView<'r> {
    pub(crate) fn new(report: &'r GateReport) -> Self {
        let compared = report.comparison.iter().flat_map(|comparison| &comparison.metrics);
        let keys = compared.map(|metric| &metric.key).chain(report.fired.iter().map(|fired| &fired.key));
        let names = Names::of(keys);
        let mut view = Self { report, names, metrics: Vec::new() };
        view.metrics = report.comparison.as_ref().map(ordered).unwrap_or_default();
        let mut metrics = std::mem::take(&mut view.metrics);
        metrics.sort_by_key(|metric| std::cmp::Reverse(view.severity(&metric.key)));
        view.metrics = metrics;
        view
    }

    /// How bad it is that a figure became worse; none if nobody says so.
    pub(crate) fn severity(&self, key: &MetricKey) -> Option<Severity> {
        self.changes(key).map(|fired| fired.severity).max()
    }

    /// What fired because a figure changed.
    fn changes<'s>(&'s self, key: &'s MetricKey) -> impl Iterator<Item = &'r Fired> + 's {
        self.report.fired.iter().filter(move |fired| !is_limit(fired) && fired.key == *key)
    }

    /// Who accepted that a figure became worse.
    pub(crate) fn accepted(&self, key: &MetricKey) -> Option<&'r Acknowledged> {
        self.report.acknowledged.iter().find(|accepted| accepted.key == *key)
    }

    /// Whether a figure is among the compared ones.
    pub(crate) fn is_compared(&self, key: &MetricKey) -> bool {
        self.metrics.iter().any(|metric| metric.key == *key)
    }

    /// What fired apart from the compared figures: limits of the candidate itself, objectives.
    pub(crate) fn limits(&self) -> impl Iterator<Item = &'r Fired> {
        self.report.fired.iter().filter(|fired| is_limit(fired) || !self.is_compared(&fired.key))
    }

    /// What is to be known of a figure: how bad, accepted by whom, what would decide it.
    pub(crate) fn note(&self, metric: &MetricComparison) -> String {
        if let Some(severity) = self.severity(&metric.key) {
            let mut words = vec![format!("severity {severity}")];
            let relative = self.changes(&metric.key).filter(|fired| fired.rule == Rule::Relative);
            words.extend(relative.map(|fired| one_line(&fired.words)));
            return words.join("; ");
        }
        if let Some(accepted) = self.accepted(&metric.key) {
            return one_line(&format!("accepted by {}: {}", accepted.who, accepted.reason));
        }
        undecided(metric).unwrap_or_default()
    }

    /// Whether anything is judged at all: what is invalid or was stopped is not.
    pub(crate) fn is_judged(&self) -> bool {
        self.report.invalid.is_empty() && State::of(self.report) != State::Interrupted
    }

    /// How many of the objectives are met; nothing without objectives.
    pub(crate) fn objectives(&self) -> Option<String> {
        let judged = self.report.objectives.iter().flat_map(|result| &result.judged);
        let (mut met, mut unknown, mut all) = (0, 0, 0);
        for figure in judged {
            all += 1;
            met += usize::from(matches!(figure.grade, Grade::Met | Grade::Near));
            unknown += usize::from(figure.grade == Grade::Unknown);
        }
        if all > 0 && !self.is_judged() {
            return Some(format!("objectives: {NOT_JUDGED}"));
        }
        let unknown = if unknown > 0 { format!(", {unknown} can't be told") } else { String::new() };
        (all > 0).then(|| format!("objectives: {met} of {all} met{unknown}"))
    }
}

/// Whether something speaks against the candidate's own value.
fn is_limit(fired: &Fired) -> bool {
    matches!(fired.rule, Rule::Absolute | Rule::Objective)
}

/// What kind of limit fired, in a word.
pub(crate) fn label(fired: &Fired) -> &'static str {
    match fired.rule {
        Rule::Objective => "MISSED",
        Rule::Absolute => "LIMIT",
        Rule::Relative | Rule::Statistics => "REGRESSED",
    }
}

/// The value and what it is held against.
pub(crate) fn against(fired: &Fired) -> String {
    let print = |value| format_value(fired.key.quantity, value);
    let value = fired.value.map_or_else(|| "not measured".to_owned(), print);
    fired.limit.map_or_else(|| value.clone(), |limit| format!("{value}, limit {}", print(limit)))
}

/// How bad it is and what happened.
pub(crate) fn severity_and_words(fired: &Fired) -> String {
    one_line(&format!("severity {}; {}", fired.severity, fired.words)).trim_end_matches("; ").to_owned()
}
