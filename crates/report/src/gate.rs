//! What a gate came to, on a terminal.

use annvil_core::comparison::Verdict;
use annvil_core::gate::GateReport;

mod select;
mod state;
mod view;

use crate::compare::{Line, bullets, draw, heading, line, recalls, titled};
use crate::terminal::{Ink, Style};
use crate::text::one_line;

pub(crate) use select::{Selection, select};
pub(crate) use state::State;
pub(crate) use view::{GateView, NOT_JUDGED, against, label, severity_and_words};

/// Reasons that are shown of each kind; the files have all.
const REASONS: usize = 5;

/// A gate's report on a terminal, ending in a newline: worst first, probable causes, a sentence, the exit code. Where there
/// are many figures, those that nothing speaks against are counted. Colours mean something and nothing depends on them.
pub fn gate_terminal(report: &GateReport, style: &Style) -> String {
    let view = GateView::new(report);
    let mut title = vec!["annvil gate".to_owned(), one_line(&report.name)];
    title.extend(report.comparison.iter().flat_map(|comparison| heading(comparison, &view.names)));
    let mut out = titled(&title, style);
    for (word, reasons) in troubles(report) {
        out.push_str(&bullets(&first(reasons), word, Ink::Red, style));
    }
    let selection = select(&view);
    let lines = lines(&view, &selection);
    out.push_str(&draw(&lines, style));
    out.push_str(&bullets(&selection.more, "", Ink::Dim, style));
    out.push_str(&bullets(
        &report.comparison.as_ref().map(recalls).unwrap_or_default(),
        "",
        Ink::Plain,
        style,
    ));
    out.push_str(&bullets(&view.objectives().into_iter().collect::<Vec<_>>(), "", Ink::Plain, style));
    for cause in &report.causes {
        out.push_str(&bullets(&[one_line(&cause.sentence)], "likely cause", Ink::Plain, style));
        out.push_str(&bullets(&[one_line(&cause.advice)], "try", Ink::Plain, style));
    }
    let remarks = report.comparison.iter().flat_map(|comparison| &comparison.remarks);
    // All of them: that a rule names nothing is among them.
    out.push_str(&bullets(&remarks.map(|remark| one_line(remark)).collect::<Vec<_>>(), "", Ink::Dim, style));
    out.push_str(&bullets(&sentence(report), "", Ink::Bold, style));
    out.push_str(&format!("exit {}\n", report.exit_code));
    out
}

/// Why the candidate cannot be judged, or not against its baseline.
pub(crate) fn troubles(report: &GateReport) -> Vec<(&'static str, Vec<String>)> {
    let lines = |reasons: &[String]| reasons.iter().map(|reason| one_line(reason)).collect::<Vec<_>>();
    let refused = report.refused.iter().map(|reason| one_line(reason)).collect();
    [("invalid", lines(&report.invalid)), ("failed", lines(&report.failed)), ("refused", refused)]
        .into_iter()
        .filter(|(_, reasons): &(_, Vec<String>)| !reasons.is_empty())
        .collect()
}

fn sentence(report: &GateReport) -> Vec<String> {
    Some(one_line(&report.sentence)).filter(|sentence| !sentence.is_empty()).into_iter().collect()
}

/// The first few, and how many more there are.
fn first(mut reasons: Vec<String>) -> Vec<String> {
    if reasons.len() > REASONS {
        let more = reasons.len() - REASONS;
        reasons.truncate(REASONS);
        reasons.push(format!("and {more} more"));
    }
    reasons
}

fn lines(view: &GateView<'_>, selection: &Selection<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    let (fired, others): (Vec<_>, Vec<_>) =
        selection.shown.iter().partition(|metric| view.severity(&metric.key).is_some());
    lines.extend(fired.into_iter().map(|metric| line(metric, &view.names, view.note(metric))));
    for fired in &selection.limits {
        lines.push(Line {
            ink: Ink::Red,
            cells: [
                label(fired).to_owned(),
                view.names.name(&fired.key),
                against(fired),
                String::new(),
                String::new(),
                String::new(),
            ],
            note: severity_and_words(fired),
        });
    }
    lines.extend(others.into_iter().map(|metric| {
        let mut line = line(metric, &view.names, view.note(metric));
        // An accepted regression is no alarm.
        if metric.verdict == Verdict::Regressed {
            line.ink = Ink::Amber;
        }
        line
    }));
    lines
}
