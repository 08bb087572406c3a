//! Which figures are worth a line where there are many.

use annvil_core::comparison::{MetricComparison, Verdict};
use annvil_core::gate::Fired;
use annvil_core::units::counted;

use super::view::GateView;

/// Up to so many figures are all shown.
const FEW: usize = 14;

/// Of many figures so many are shown that speak against the change.
const AGAINST: usize = 20;

/// And so many that are not decided, or better.
const OTHERS: usize = 5;

/// What is shown, and what is only counted.
pub(crate) struct Selection<'r> {
    pub(crate) shown: Vec<&'r MetricComparison>,
    pub(crate) limits: Vec<&'r Fired>,
    /// What was left out, a sentence each.
    pub(crate) more: Vec<String>,
}

/// All of few figures; of many those that matter.
pub(crate) fn select<'r>(view: &GateView<'r>) -> Selection<'r> {
    let mut limits: Vec<&Fired> = view.limits().collect();
    let mut more = Vec::new();
    if limits.len() > AGAINST {
        more.push(format!("{} more missed: limits and objectives", limits.len() - AGAINST));
        limits.truncate(AGAINST);
    }
    if view.metrics.len() <= FEW {
        return Selection { shown: view.metrics.clone(), limits, more };
    }
    let mut shown = Vec::new();
    for verdict in [Verdict::Regressed, Verdict::Inconclusive, Verdict::Improved, Verdict::Equivalent] {
        let of =
            |metric: &&&MetricComparison| metric.verdict == verdict && view.severity(&metric.key).is_none();
        let all: Vec<&MetricComparison> = view.metrics.iter().filter(of).copied().collect();
        let room = match verdict {
            Verdict::Regressed => AGAINST,
            Verdict::Inconclusive | Verdict::Improved => OTHERS,
            Verdict::Equivalent => 0,
        };
        // A line that says "1 more" takes as much room as the one.
        let room = if all.len() == room + 1 { all.len() } else { room.min(all.len()) };
        let (now, later) = all.split_at(room);
        shown.extend_from_slice(now);
        more.extend((!later.is_empty()).then(|| left_out(verdict, later, room == 0)));
    }
    let fired: Vec<&MetricComparison> =
        view.metrics.iter().filter(|metric| view.severity(&metric.key).is_some()).copied().collect();
    if fired.len() > AGAINST {
        more.insert(0, format!("{} more fired", fired.len() - AGAINST));
    }
    let shown = fired.into_iter().take(AGAINST).chain(shown).collect();
    Selection { shown, limits, more }
}

fn left_out(verdict: Verdict, left: &[&MetricComparison], all: bool) -> String {
    let n = left.len();
    let more = if all { "" } else { " more" };
    match verdict {
        Verdict::Equivalent => format!("{n}{more} EQUIVALENT: within their margins"),
        Verdict::Improved => format!("{n}{more} IMPROVED"),
        Verdict::Regressed => format!("{n}{more} REGRESSED, accepted"),
        Verdict::Inconclusive => {
            let runs = left.iter().filter_map(|metric| metric.more_runs);
            let need = match (runs.clone().min(), runs.max()) {
                (Some(least), Some(most)) if least == most => {
                    format!(": need about {}", counted(u64::from(least), "more run"))
                }
                (Some(least), Some(most)) => format!(": need about {least} to {most} more runs"),
                _ => String::new(),
            };
            format!("{n}{more} INCONCLUSIVE{need}")
        }
    }
}
