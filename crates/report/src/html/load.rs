//! Sections of load: the highest that holds, sweeps over sessions, migrations, mixed operations, and all of it over time.

use std::fmt::Write as _;

use super::{POINTS, capital, churn, columns, curves, esc, figure, fold, section, series, table, walk};
use crate::sheet::{self, Sheet};
use crate::view::limit::limits;
use crate::view::sessions::sweeps;
use crate::view::{Part, View};

/// Lines that a phase of a variant takes on its drawings, those that only catch the pointer included.
const LINES: usize = 9;

const STICK: &str = "A disc is a trial that held, a cross one that did not, a ring one that could not measure; the band is the answer.";

/// A table below its heading, with what it comes to.
pub(super) fn titled(view: &View<'_>, sheet: &Sheet) -> String {
    heading("h3", sheet) + &answers(sheet) + &table::table(view, sheet)
}

/// The heading of a table: its title, and how the load came.
pub(super) fn heading(element: &str, sheet: &Sheet) -> String {
    if sheet.title.is_empty() {
        return String::new();
    }
    let tag = sheet.tag.map_or_else(String::new, |tag| {
        let class = if tag.starts_with("open") { "tag open" } else { "tag" };
        format!(" <span class=\"{class}\">{tag}</span>")
    });
    format!("<{element}>{}{tag}</{element}>", esc(&capital(&sheet.title)))
}

fn answers(sheet: &Sheet) -> String {
    let said = sheet.lead.iter().map(|said| format!("<p class=\"answer\">{}</p>", esc(said)));
    said.collect::<Vec<_>>().concat()
}

/// The highest load at which everything held.
pub(super) fn limit(out: &mut String, view: &View<'_>) {
    let mut inside = String::new();
    for limits in &limits(view) {
        let levels = sheet::levels(limits);
        inside.push_str(&heading("h3", &levels));
        inside.push_str(&answers(&levels));
        if let Some(drawings) = walk::walk(limits) {
            let _ = write!(inside, "<p class=\"mute how\">{STICK}</p>");
            inside.push_str(&columns(drawings.map(|drawing| figure("", "", &drawing))));
        }
        inside.push_str(&table::table(view, &levels));
        inside.push_str(&fold("every trial", &table::table(view, &sheet::trials(limits))));
    }
    section(out, "limit", "How far it goes", &inside);
}

/// More and more sessions.
pub(super) fn sessions(out: &mut String, view: &View<'_>) {
    let mut inside = String::new();
    for sweep in &sweeps(view) {
        let sheet = sheet::sessions(sweep);
        inside.push_str(&heading("h3", &sheet));
        inside.push_str(&answers(&sheet));
        if let Some([throughput, latency, stick]) = curves::sessions(sweep) {
            inside.push_str(&columns([figure("", "", &throughput), figure("", "", &latency)]));
            inside.push_str(&columns([figure("", "", &stick), table::table(view, &sheet)]));
        } else {
            inside.push_str(&table::table(view, &sheet));
        }
    }
    section(out, "sessions", "More and more sessions", &inside);
}

/// Searches that move from one variant to another.
pub(super) fn migration(out: &mut String, view: &View<'_>) {
    let tables = sheet::migrations(view);
    let inside: String = tables.iter().map(|sheet| titled(view, sheet)).collect();
    section(out, "migration", "Moving over", &inside);
}

/// Several kinds of operations at the same time.
pub(super) fn mixed(out: &mut String, view: &View<'_>) {
    let mut inside = String::new();
    for measure in view.phases(Part::Mixed) {
        inside.push_str(&titled(view, &sheet::mixed(view, measure)));
        inside.extend(sheet::open(view, measure).map(|sheet| table::table(view, &sheet)));
        inside.extend(sheet::checkpoints(view, measure).map(|sheet| titled(view, &sheet)));
        let drawing = churn::recall(view, measure).map(|drawing| figure("", "", &drawing));
        let freshness = sheet::freshness(view, measure).map(|sheet| titled(view, &sheet));
        inside.push_str(&match drawing {
            Some(drawing) => columns([drawing, freshness.unwrap_or_default()]),
            None => freshness.unwrap_or_default(),
        });
    }
    section(out, "mixed", "Mixed operations", &inside);
}

/// Collections that were filled, changed and searched step by step.
pub(super) fn runbooks(out: &mut String, view: &View<'_>) {
    let inside: String = sheet::runbooks(view).iter().map(|sheet| titled(view, sheet)).collect();
    section(out, "runbook", "Step by step", &inside);
}

/// A chart for each phase that was long enough, above it why it ended early.
pub(super) fn over_time(out: &mut String, view: &View<'_>) {
    let mut phases = Vec::new();
    for measure in &view.measures {
        if phases.last().is_none_or(|last: &&crate::view::Measure<'_>| last.phase != measure.phase) {
            phases.push(measure);
        }
    }
    let lines: usize = phases.iter().map(|measure| series::long(view, measure.phase)).sum();
    let most = (POINTS / (lines * LINES).max(1)).clamp(20, 600);
    let mut inside = String::new();
    for measure in phases {
        let Some([rates, latencies, processors, memory]) = series::series(view, measure, most) else {
            continue;
        };
        for variant in &view.variants {
            if let Some(ended) = variant.ended(measure.phase) {
                let said = format!("{} of {} {ended}", measure.phase, variant.label());
                inside.push_str(&format!("<p class=\"near\">{}</p>", esc(&crate::text::one_line(&said))));
            }
        }
        inside.push_str(&columns([figure("", "", &rates), figure("", "", &latencies)]));
        inside.push_str(&columns([figure("", "", &processors), figure("", "", &memory)]));
    }
    if inside.is_empty() && !view.measures.is_empty() {
        inside.push_str(
            "<p class=\"mute\">Every phase was over within a few seconds: too short for a line.</p>",
        );
    }
    section(out, "time", "Over time", &inside);
}
