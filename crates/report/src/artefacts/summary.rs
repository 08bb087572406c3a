//! `summary.md`: everything that a gate found.

use std::fmt::Write as _;

use annvil_core::gate::{Cause, GateReport};
use annvil_core::objective::Grade;
use annvil_core::quantity::format_value;

use super::comment::ci_summary_md;
use crate::compare::words::values;
use crate::compare::{heading, rest, table};
use crate::gate::{GateView, NOT_JUDGED, State, against, label, severity_and_words, troubles};
use crate::markdown::escape;
use crate::text::{ABSENT, capital, one_line};

/// Bytes that GitHub takes as the summary of one step.
const STEP: usize = 1_000_000;

/// Everything that was found, as Markdown: figures worst first, limits, objectives, causes, runs.
pub fn summary_md(report: &GateReport) -> String {
    let view = GateView::new(report);
    let mut out = format!("# {}: {}\n\n", say(&report.name), State::of(report).title());
    out.push_str(&lead(&view));
    limits(&mut out, &view);
    if report.comparison.is_some() {
        out.push_str("## Figures\n\n");
        out.push_str(&table(&view.metrics, &view.names, |metric| view.note(metric)));
    }
    objectives(&mut out, &view);
    causes(&mut out, &view, "##");
    if let Some(comparison) = &report.comparison {
        out.push_str(&rest(comparison));
    }
    let _ = writeln!(out, "exit {} · {}{}", report.exit_code, say(&report.decided), origin(report));
    out
}

/// The same for the page of a step of GitHub Actions, to be appended to the file that `GITHUB_STEP_SUMMARY` names. What
/// would be too long for it is left out.
pub fn github_step_summary(report: &GateReport) -> String {
    let whole = summary_md(report);
    if whole.len() < STEP { whole } else { ci_summary_md(report) }
}

/// Text of one line that means only itself.
pub(super) fn say(text: &str) -> String {
    escape(&one_line(text))
}

/// The sentence, what it rests on, and what keeps it from being judged.
pub(super) fn lead(view: &GateView<'_>) -> String {
    let report = view.report;
    let mut out = String::new();
    if !report.sentence.trim().is_empty() {
        let _ = writeln!(out, "**{}**\n", say(&report.sentence));
    }
    if let Some(comparison) = &report.comparison {
        let _ = writeln!(out, "{}\n", say(&heading(comparison, &view.names).join(" · ")));
    }
    let troubles = troubles(report);
    for (word, reasons) in &troubles {
        for reason in reasons {
            let _ = writeln!(out, "- **{}**: {}", capital(word), say(reason));
        }
    }
    if !troubles.is_empty() {
        out.push('\n');
    }
    out
}

/// What is missed apart from the compared figures.
pub(super) fn limits(out: &mut String, view: &GateView<'_>) {
    let mut limits = view.limits().peekable();
    if limits.peek().is_none() {
        return;
    }
    out.push_str("| | figure | value | |\n|---|---|---|---|\n");
    for fired in limits {
        let cells =
            [label(fired).to_owned(), view.names.name(&fired.key), against(fired), severity_and_words(fired)];
        let _ = writeln!(out, "| {} |", cells.map(|cell| escape(&cell)).join(" | "));
    }
    out.push('\n');
}

fn objectives(out: &mut String, view: &GateView<'_>) {
    let report = view.report;
    if report.objectives.is_empty() {
        return;
    }
    out.push_str("## Objectives\n\n| | objective | figure | value |\n|---|---|---|---:|\n");
    for result in &report.objectives {
        for judged in &result.judged {
            let value = judged.value.map(|value| format_value(judged.key.quantity, value));
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} |",
                if view.is_judged() { grade(judged.grade) } else { NOT_JUDGED },
                say(&result.objective.objective.to_string()),
                say(&judged.key.to_string()),
                escape(value.as_deref().unwrap_or(ABSENT))
            );
        }
    }
    out.push('\n');
}

/// A grade in a word.
pub(super) fn grade(grade: Grade) -> &'static str {
    match grade {
        Grade::Met => "met",
        Grade::Near => "near",
        Grade::Missed => "missed",
        Grade::Critical => "missed, critical",
        Grade::Unknown => "can't tell",
    }
}

/// Probable causes, each with what to try and its figures of both sides.
pub(super) fn causes(out: &mut String, view: &GateView<'_>, level: &str) {
    if view.report.causes.is_empty() {
        return;
    }
    let _ = writeln!(out, "{level} Likely cause\n");
    for cause in &view.report.causes {
        let _ = writeln!(out, "- {}  \n  {}", say(&cause.sentence), say(&cause.advice));
        let evidence = evidence(cause);
        if !evidence.is_empty() {
            let _ = writeln!(out, "  ({})", escape(&evidence));
        }
    }
    out.push('\n');
}

fn evidence(cause: &Cause) -> String {
    let figures = cause.evidence.iter();
    let figures =
        figures.map(|figure| format!("{} {}", figure.key, values(figure.key.quantity, figure.a, figure.b)));
    one_line(&figures.collect::<Vec<_>>().join("; "))
}

/// Which change it was.
pub(super) fn origin(report: &GateReport) -> String {
    let origin = &report.origin;
    let commit = origin.commit.as_deref().map(|commit| format!("commit {}", short(commit)));
    let parts = [commit, origin.branch.as_ref().map(|branch| format!("branch {branch}"))];
    let mut out = String::new();
    for part in parts.into_iter().flatten() {
        let _ = write!(out, " · {}", say(&part));
    }
    out
}

/// The first characters of a commit.
fn short(commit: &str) -> String {
    commit.chars().take(10).collect()
}
