//! One message about a gate, as chat programs and other receivers take it.

use annvil_core::gate::GateReport;
use serde::Serialize;

use crate::compare::words::{change, values};
use crate::gate::{GateView, State, against, label, troubles};
use crate::text::one_line;

mod slack;
mod teams;

pub use slack::slack_json;
pub use teams::teams_json;

/// Lines of what fired; the report behind the link has all.
const LINES: usize = 6;

/// Characters of a line, which chat programs limit.
const LINE: usize = 400;

/// One message.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Notice {
    /// What it is about and what it came to, in one line.
    pub title: String,
    /// `passed`, `regressed`, `missed`, `inconclusive`, `invalid`, `failed`, `refused` or `interrupted`.
    pub verdict: String,
    /// The exit code of the gate.
    pub exit_code: u8,
    /// What happened, worst first; few and short.
    pub lines: Vec<String>,
    /// The page of the CI job.
    pub link: Option<String>,
}

/// What is worth saying of a gate's report.
pub fn notice(report: &GateReport) -> Notice {
    let view = GateView::new(report);
    let state = State::of(report);
    let mut lines = vec![one_line(&report.sentence)];
    for (word, reasons) in troubles(report) {
        lines.extend(reasons.into_iter().map(|reason| format!("{word}: {reason}")));
    }
    for metric in view.metrics.iter().filter(|metric| view.severity(&metric.key).is_some()) {
        let measured = metric.change.as_ref().map(|it| format!(", {}", change(metric.scale, it)));
        lines.push(format!(
            "{} {}: {}{}; {}",
            metric.verdict,
            view.names.name(&metric.key),
            values(metric.key.quantity, metric.a, metric.b),
            measured.unwrap_or_default(),
            view.note(metric)
        ));
    }
    for fired in view.limits() {
        let name = view.names.name(&fired.key);
        lines.push(format!("{} {name}: {}; severity {}", label(fired), against(fired), fired.severity));
    }
    lines.retain(|line| !line.is_empty());
    if lines.len() > LINES + 1 {
        let more = lines.len() - LINES;
        lines.truncate(LINES);
        lines.push(format!("and {more} more"));
    }
    lines.extend(report.causes.first().map(|cause| format!("likely cause: {}", one_line(&cause.sentence))));
    let commit = report.origin.commit.as_deref().map(|commit| commit.chars().take(10).collect::<String>());
    let place: Vec<&str> =
        [report.origin.branch.as_deref(), commit.as_deref()].into_iter().flatten().collect();
    let place = if place.is_empty() { String::new() } else { format!(" ({})", place.join(" ")) };
    Notice {
        title: short(&one_line(&format!("{}: {}{place}", report.name, state.title())), 150),
        verdict: state.word().to_owned(),
        exit_code: report.exit_code,
        lines: lines.iter().map(|line| short(line, LINE)).collect(),
        link: report
            .origin
            .url
            .clone()
            .filter(|url| url.starts_with("https://") || url.starts_with("http://")),
    }
}

/// For any other receiver: the notice itself.
pub fn webhook_json(notice: &Notice) -> String {
    serde_json::json!({ "tool": "annvil", "notice": notice }).to_string()
}

/// At most so many characters.
fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most - 1).collect();
    short.push('…');
    short
}
