//! A suite on a terminal: one table of figures, one line a scenario.

use annvil_core::units::count;

use super::{SuiteResult, SuiteScenario, SuiteSummary};
use crate::sheet::{Column, Row, Sheet};
use crate::terminal::{Ink, Style};
use crate::text::{ABSENT, grid, one_line, pad, width, wrap};
use crate::view::label;

/// Spaces before a line.
const MARGIN: &str = "  ";

/// Reasons that are shown of a scenario; its run's report has all.
const REASONS: usize = 3;

/// The figures of a suite and what became of each scenario, ending in a newline.
pub fn suite_table(summary: &SuiteSummary, style: &Style) -> String {
    let mut text = String::new();
    if !summary.results.is_empty() {
        let caption = style.say("response time where arrivals came by a schedule, service time elsewhere");
        let title = style.ink(Ink::Bold, &one_line(&summary.suite));
        text.push_str(&format!("{MARGIN}{title}  {}\n", style.ink(Ink::Dim, &caption)));
        text.push_str(&grid::draw(&figures(&summary.results), style));
        text.push('\n');
    }
    let names = summary.scenarios.iter().map(|scenario| width(&scenario.scenario)).max().unwrap_or(0);
    for scenario in &summary.scenarios {
        text.push_str(&outcome(scenario, names, style));
    }
    text
}

fn figures(results: &[SuiteResult]) -> Sheet {
    let columns = vec![
        Column::name("scenario"),
        Column::words("variant", 0),
        Column::words("phase", 0),
        Column::figure("operations", 5),
        Column::figure("QPS", 0),
        Column::figure("p50", 3),
        Column::figure("p95", 0),
        Column::figure("p99", 2),
        Column::figure("success", 4),
        Column::figure("recall", 1),
    ];
    let mut before: Option<&SuiteResult> = None;
    let rows = results.iter().map(|result| {
        let again = before.filter(|last| last.scenario == result.scenario);
        // A name is said once, or the eye has nothing to rest on.
        let scenario = if again.is_some() { String::new() } else { one_line(&result.scenario) };
        let same_variant =
            again.is_some_and(|last| last.variant == result.variant && last.block == result.block);
        let gap = again.is_none() && before.is_some();
        before = Some(result);
        let variant = if same_variant { String::new() } else { one_line(&result.variant) };
        // The point is said only where it tells rows apart.
        let swept =
            results.iter().any(|other| other.same_but_for_point(result) && other.point != result.point);
        let point = if swept { one_line(&result.point) } else { String::new() };
        Row { cells: cells(result, scenario, variant, &point), gap, ..Row::default() }
    });
    let rows = rows.collect();
    Sheet { columns, rows, ..Sheet::default() }
}

impl SuiteResult {
    fn same_but_for_point(&self, other: &Self) -> bool {
        self.scenario == other.scenario
            && self.variant == other.variant
            && self.phase == other.phase
            && self.operation == other.operation
    }
}

fn cells(result: &SuiteResult, scenario: String, variant: String, point: &str) -> Vec<String> {
    let operation = result.operation.as_str();
    let mut phase = one_line(&result.phase);
    if operation != "search" && operation != phase {
        phase = format!("{phase}.{}", one_line(operation));
    }
    if !point.is_empty() {
        phase = format!("{phase} {point}");
    }
    vec![
        scenario,
        variant,
        phase,
        result.operations.map_or_else(|| ABSENT.to_owned(), count),
        label::qps(result.qps),
        label::time(result.p50),
        label::time(result.p95),
        label::time(result.p99),
        label::share(result.success),
        result.recall.map_or_else(|| ABSENT.to_owned(), |recall| format!("{recall:.4}")),
    ]
}

/// What became of a scenario, and why.
fn outcome(scenario: &SuiteScenario, names: usize, style: &Style) -> String {
    let good = scenario.exit_code == Some(0);
    let (mark, ink) = match scenario.status.as_str() {
        _ if good => ("✓", Ink::Green),
        "invalid" | "interrupted" | "not run" => ("?", Ink::Amber),
        _ => ("✗", Ink::Red),
    };
    let mark = match (style.unicode, mark) {
        (false, "✓") => "+",
        (false, "✗") => "x",
        (_, mark) => mark,
    };
    let name = pad(&one_line(&scenario.scenario), names, false);
    let head = format!("{MARGIN}{} {name}  ", style.ink(ink, mark));
    let indent = MARGIN.len() + 2 + width(&name) + 2;
    let room = style.width.saturating_sub(indent).max(30);
    let mut lines = Vec::new();
    for why in scenario.why.iter().take(REASONS) {
        // What to try stands in further lines, which were shown when it happened.
        let first = why.lines().next().unwrap_or_default();
        lines.extend(wrap(&style.say(&one_line(first)), room));
    }
    let more = scenario.why.len().saturating_sub(REASONS);
    if more > 0 {
        lines.push(style.say(&format!("and {more} more")));
    }
    if lines.is_empty() {
        lines.push(scenario.status.clone());
    }
    let mut text = String::new();
    for (nth, line) in lines.iter().enumerate() {
        let lead = if nth == 0 { head.clone() } else { " ".repeat(indent) };
        text.push_str(&format!("{lead}{line}\n"));
    }
    text
}
