//! A comparison as Markdown.

use std::fmt::Write as _;

use annvil_core::comparison::{AaSummary, Comparison, MetricComparison, Scale, SideRecord};
use annvil_core::units::{count, counted};

use super::words::{amount, change, undecided, values};
use super::{Names, heading, ordered, recalls};
use crate::markdown::escape;
use crate::text::{ABSENT, one_line};

/// A comparison as Markdown: every figure, worst first. Names and messages are escaped.
pub fn comparison_markdown(comparison: &Comparison) -> String {
    let names = Names::of(comparison.metrics.iter().map(|metric| &metric.key));
    let say = |text: &str| escape(&one_line(text));
    let mut out = format!("# {} → {}\n\n", say(&comparison.a.name), say(&comparison.b.name));
    let _ = writeln!(
        out,
        "**{}**\n\n{}\n",
        say(&comparison.sentence),
        say(&heading(comparison, &names).join(" · "))
    );
    let metrics = ordered(comparison);
    out.push_str(&table(&metrics, &names, |metric| undecided(metric).unwrap_or_default()));
    out.push_str(&rest(comparison));
    out
}

/// Figures as a table; `note` says what is to be known of each.
pub(crate) fn table(
    metrics: &[&MetricComparison],
    names: &Names,
    note: impl Fn(&MetricComparison) -> String,
) -> String {
    if metrics.is_empty() {
        return "No figure is on both sides.\n\n".to_owned();
    }
    let mut out =
        String::from("| | figure | before → after | change | margin | |\n|---|---|---:|---:|---:|---|\n");
    for metric in metrics {
        let remarks = metric.remarks.iter().map(|remark| one_line(remark));
        let notes: Vec<String> =
            [note(metric)].into_iter().chain(remarks).filter(|note| !note.is_empty()).collect();
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            metric.verdict,
            escape(&names.name(&metric.key)),
            escape(&values(metric.key.quantity, metric.a, metric.b)),
            metric.change.as_ref().map_or_else(|| ABSENT.to_owned(), |it| escape(&change(metric.scale, it))),
            amount(metric.scale, metric.margin),
            escape(&notes.join("; "))
        );
    }
    out.push('\n');
    out
}

/// What stands below the figures: equal recall, what only one side has, remarks, runs.
pub(crate) fn rest(comparison: &Comparison) -> String {
    let mut out = String::new();
    list(&mut out, "At equal recall", &recalls(comparison));
    let mut remarks: Vec<String> = comparison.remarks.iter().map(|remark| one_line(remark)).collect();
    remarks.extend(comparison.aa.as_ref().map(aa));
    list(&mut out, "To know", &remarks);
    let only = |in_a| comparison.unmatched.iter().filter(move |figure| figure.in_a == in_a);
    for (in_a, side) in [(true, &comparison.a), (false, &comparison.b)] {
        let figures: Vec<String> = only(in_a).map(|figure| figure.key.to_string()).collect();
        list(&mut out, &format!("Only in {}", one_line(&side.name)), &figures);
    }
    let _ = writeln!(out, "## Runs\n\n| side | run | began | commit | machine |\n|---|---|---|---|---|");
    for side in [&comparison.a, &comparison.b] {
        runs(&mut out, side);
    }
    out.push('\n');
    out
}

fn list(out: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "## {}\n", escape(title));
    for line in lines {
        let _ = writeln!(out, "- {}", escape(line));
    }
    out.push('\n');
}

fn runs(out: &mut String, side: &SideRecord) {
    for run in &side.runs {
        let commit = run.origin.commit.as_deref().unwrap_or(ABSENT);
        let machine = run.machine.as_deref().unwrap_or(ABSENT);
        let cells = [&side.name, &run.run, &run.started, commit, machine].map(|cell| escape(&one_line(cell)));
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
}

/// What A/A found, in a sentence.
pub(crate) fn aa(aa: &AaSummary) -> String {
    let mut said = format!(
        "A/A on this machine, {}: {} of {} of the same with the same said REGRESSED, {}",
        one_line(aa.measured.get(..10).unwrap_or(&aa.measured)),
        count(aa.false_alarms as u64),
        counted(aa.comparisons as u64, "comparison"),
        counted(aa.blocks as u64, "block")
    );
    if let Some(detectable) = aa.detectable {
        let _ =
            write!(said, "; smallest detectable change {} in the middle", amount(Scale::Ratio, detectable));
    }
    said
}
