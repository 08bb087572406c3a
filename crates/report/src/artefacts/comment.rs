//! `ci-summary.md`: a comment in a pull request, short, and updated in place.

use std::fmt::Write as _;

use annvil_core::comparison::MetricComparison;
use annvil_core::gate::GateReport;
use annvil_core::units::counted;

use super::summary::{causes, lead, limits, origin, say};
use crate::compare::table;
use crate::gate::{GateView, State, select};
use crate::text::one_line;

/// Characters that a comment on GitHub may have are 65,536. Less is used, because others count bytes.
const ROOM: usize = 60_000;

/// Rows of the folded table; `summary.md` has all.
const ROWS: usize = 60;

/// The hidden first line of the comment about a scenario: a CI job looks for it and updates the comment that has it.
pub fn marker(name: &str) -> String {
    // Two dashes in a row would end the HTML comment, angle brackets might.
    let safe = one_line(name).replace(['<', '>'], " ").replace("--", "- -");
    format!("<!-- annvil: {} -->", safe.trim_matches(['-', ' ']))
}

/// A comment for a pull request: what fired and why; all other figures are folded. At most 60,000 bytes.
pub fn ci_summary_md(report: &GateReport) -> String {
    let whole = [ROWS, 20, 0].into_iter().map(|rows| comment(report, rows)).find(|text| text.len() <= ROOM);
    // Only messages of an unreasonable length come here.
    whole.unwrap_or_else(|| cut(&comment(report, 0), ROOM))
}

fn comment(report: &GateReport, rows: usize) -> String {
    let view = GateView::new(report);
    let mut out = format!("### {}: {}\n\n", say(&report.name), State::of(report).title());
    out.push_str(&lead(&view));
    limits(&mut out, &view);
    let selection = select(&view);
    let against = |metric: &&&MetricComparison| {
        view.severity(&metric.key).is_some() || view.accepted(&metric.key).is_some()
    };
    let shown: Vec<&MetricComparison> = selection.shown.iter().filter(against).copied().collect();
    if !shown.is_empty() {
        out.push_str(&table(&shown, &view.names, |metric| view.note(metric)));
    }
    causes(&mut out, &view, "####");
    let is_shown = |metric: &MetricComparison| shown.iter().any(|one| std::ptr::eq(*one, metric));
    let others: Vec<&MetricComparison> =
        view.metrics.iter().filter(|metric| !is_shown(metric)).copied().collect();
    if rows > 0 && !others.is_empty() {
        let few = &others[..rows.min(others.len())];
        let _ = writeln!(out, "<details><summary>{}</summary>\n", folded(&others, shown.is_empty()));
        out.push_str(&table(few, &view.names, |metric| view.note(metric)));
        let more = others.len() - few.len();
        if more > 0 {
            let _ = writeln!(out, "In summary.md: {}.\n", counted(more as u64, "more figure"));
        }
        out.push_str("</details>\n\n");
    }
    let _ = writeln!(out, "<sub>annvil gate · exit {}{}</sub>", report.exit_code, origin(report));
    format!("{}\n{}", marker(&report.name), unmentioned(&out))
}

/// What is in the folded table: `58 more figures: 11 INCONCLUSIVE, 47 EQUIVALENT`.
fn folded(metrics: &[&MetricComparison], all: bool) -> String {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for metric in metrics {
        let word = metric.verdict.to_string();
        match counts.iter_mut().find(|(known, _)| *known == word) {
            Some((_, count)) => *count += 1,
            None => counts.push((word, 1)),
        }
    }
    let counts: Vec<String> = counts.into_iter().map(|(word, count)| format!("{count} {word}")).collect();
    let figures = counted(metrics.len() as u64, if all { "figure" } else { "more figure" });
    format!("{figures}: {}", counts.join(", "))
}

/// The text without mentions: a name such as `@team` must not call people.
fn unmentioned(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut last = ' ';
    for c in text.chars() {
        if last == '@' && (c.is_alphanumeric() || c == '_') && !inside_word(&out) {
            out.push_str("<!-- -->");
        }
        out.push(c);
        last = c;
    }
    out
}

/// Whether the `@` at the end stands in a word, as in `recall@10`: that calls nobody.
fn inside_word(text: &str) -> bool {
    text.chars().rev().nth(1).is_some_and(char::is_alphanumeric)
}

/// At most so many bytes, whole lines.
fn cut(text: &str, room: usize) -> String {
    let mut out = String::new();
    for line in text.lines().take_while(|line| line.len() < room) {
        if out.len() + line.len() + 1 > room {
            break;
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_one_comment_whatever_the_name() {
        assert_eq!(marker("quick"), "<!-- annvil: quick -->");
        for name in ["a --> b", "--", "a--b\nc", "<!--", "->"] {
            let marker = marker(name);
            assert_eq!(marker.matches("--").count(), 2, "{marker}");
            assert!(marker.ends_with("-->") && !marker.contains('\n'));
        }
    }

    #[test]
    fn nobody_is_called() {
        assert_eq!(unmentioned("@team recall@10 (@me) a@"), "@<!-- -->team recall@10 (@<!-- -->me) a@");
    }
}
