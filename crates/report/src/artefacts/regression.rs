//! `regression.md`: what speaks against a change, and what to do about it.

use std::fmt::Write as _;

use annvil_core::comparison::MetricComparison;
use annvil_core::gate::GateReport;
use annvil_core::quantity::format_value;

use super::summary::{causes, lead, limits, origin, say};
use crate::compare::words::{amount, change};
use crate::gate::{GateView, State};
use crate::markdown::escape;
use crate::text::ABSENT;

/// What speaks against the change as Markdown: each regression with how sure it is, probable causes with their figures,
/// what was accepted. Without a regression it says so.
pub fn regression_md(report: &GateReport) -> String {
    let view = GateView::new(report);
    let state = State::of(report);
    let mut out = format!("# {}: {}\n\n", say(&report.name), state.title());
    out.push_str(&lead(&view));
    let fired: Vec<&MetricComparison> =
        view.metrics.iter().filter(|metric| view.severity(&metric.key).is_some()).copied().collect();
    if report.fired.is_empty() {
        let judged = view.is_judged() && report.failed.is_empty() && report.refused.is_none();
        out.push_str(match (judged, state) {
            (true, State::Inconclusive) => "Nothing fired, but a regression could hide.\n\n",
            (true, _) => "Nothing speaks against the change.\n\n",
            (false, _) => "Nothing was judged.\n\n",
        });
    }
    limits(&mut out, &view);
    for metric in fired {
        section(&mut out, &view, metric);
    }
    causes(&mut out, &view, "##");
    accepted(&mut out, &view);
    let _ = writeln!(out, "exit {} · {}{}", report.exit_code, say(&report.decided), origin(report));
    out
}

/// One regression, every figure of it.
fn section(out: &mut String, view: &GateView<'_>, metric: &MetricComparison) {
    let print = |value| escape(&format_value(metric.key.quantity, value));
    let _ = writeln!(out, "## {}\n\n| | |\n|---|---|", escape(&view.names.name(&metric.key)));
    let known = |value: Option<String>| value.unwrap_or_else(|| ABSENT.to_owned());
    let rows = [
        ("figure", say(&metric.key.to_string())),
        ("verdict", format!("{}, {}", metric.verdict, say(&view.note(metric)))),
        ("before", print(metric.a)),
        ("after", print(metric.b)),
        ("change", known(metric.change.as_ref().map(|it| escape(&change(metric.scale, it))))),
        ("margin", amount(metric.scale, metric.margin)),
        ("smallest detectable change", known(metric.detectable.map(|least| amount(metric.scale, least)))),
        ("samples", format!("{} + {}", metric.samples.0, metric.samples.1)),
        ("method", say(&metric.method)),
    ];
    for (name, value) in rows {
        let _ = writeln!(out, "| {name} | {value} |");
    }
    for remark in &metric.remarks {
        let _ = writeln!(out, "| | {} |", say(remark));
    }
    out.push('\n');
}

fn accepted(out: &mut String, view: &GateView<'_>) {
    let accepted = &view.report.acknowledged;
    if accepted.is_empty() {
        return;
    }
    out.push_str("## Accepted\n\n| figure | reason | by | when |\n|---|---|---|---|\n");
    for one in accepted {
        let cells = [say(&view.names.name(&one.key)), say(&one.reason), say(&one.who), say(&one.when)];
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out.push('\n');
}
