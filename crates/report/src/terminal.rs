//! What is printed at the end of a run.

use annvil_core::objective::Grade;
use annvil_core::record::{RunRecord, Status};

use crate::sheet::{self, Sheet};
use crate::text::{ascii, grid, one_line, width, wrap};
use crate::view::limit::limits;
use crate::view::resources;
use crate::view::validity::{Validity, Worth};
use crate::view::verdict::{Verdict, word};
use crate::view::{View, label};

mod boxes;
mod ink;

pub(crate) use ink::Ink;
pub use ink::Style;

/// Spaces before a line.
const MARGIN: &str = "  ";

/// The whole text, ending in a newline: boxes, tables, objectives, validity, findings. Colours mean something and
/// nothing depends on them.
pub fn terminal(record: &RunRecord, style: &Style) -> String {
    let view = View::new(record);
    let mut parts: Vec<String> = Vec::new();
    parts.extend(status(&view, style));
    parts.extend(invalid(&view, style));
    if style.boxes {
        parts.extend(boxes::draw(&view, style));
    }
    if view.main().is_none() && limits(&view).is_empty() {
        // Without a search there is still to be said what became of each variant.
        parts.extend(troubles(&view, style));
    }
    parts.extend(sheet::all(&view).iter().map(|sheet| titled(sheet, style)));
    parts.extend(verdicts(&view, style));
    parts.push(validity(&view, style) + &used(&view, style));
    parts.push(findings(&view, style));
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

/// One line that says which run this is: scenario, data, seed, machine.
pub fn title(record: &RunRecord) -> String {
    let data = &record.plan.dataset;
    let count = |n: usize| annvil_core::units::count(n as u64);
    let mut words = [
        format!("annvil {}", record.build.version),
        one_line(&record.plan.name),
        format!(
            "{} {} × {} {}, {} queries",
            one_line(&data.name),
            count(data.rows),
            data.dim,
            data.metric,
            count(data.queries)
        ),
        format!("seed {}", record.plan.seed),
        label::plural(record.environment.cores as u64, "core"),
    ];
    if let (Some(cores), Some(cpu)) = (words.last_mut(), &record.environment.cpu) {
        cores.push(' ');
        cores.push_str(&one_line(cpu));
    }
    words.join(" · ")
}

/// What must be known before any figure is read.
fn status(view: &View<'_>, style: &Style) -> Option<String> {
    let text = status_text(view)?;
    let lines = wrap(&text, style.width.saturating_sub(2));
    let lines: Vec<String> =
        lines.iter().map(|line| format!("{MARGIN}{}\n", style.ink(Ink::Amber, &style.say(line)))).collect();
    Some(lines.concat())
}

/// The same for every report; `None` of a run that came to its end.
pub(crate) fn status_text(view: &View<'_>) -> Option<String> {
    let whole = view.variants.iter().filter(|variant| variant.trouble().is_none()).count();
    let so_far = format!(
        "what follows was measured until then; {whole} of {} variants are whole",
        view.variants.len()
    );
    match view.record.status {
        Status::Complete => None,
        Status::Interrupted => Some(format!("interrupted: the run was stopped; {so_far}")),
        Status::Running => {
            Some(format!("not finished: the run goes on, or its process was killed; {so_far}"))
        }
        Status::Failed => Some(format!("failed: an engine or the machine failed; {so_far}")),
    }
}

fn troubles(view: &View<'_>, style: &Style) -> Option<String> {
    let lines: String = view
        .variants
        .iter()
        .filter_map(|variant| Some(format!("{}: {}", variant.plain_name(), variant.trouble()?)))
        .map(|line| paragraph(&line, MARGIN.len(), Ink::Red, style))
        .collect();
    (!lines.is_empty()).then_some(lines)
}

/// A table below its title, what it comes to, and what must be known besides. One without a title goes on with the table
/// before it.
fn titled(sheet: &Sheet, style: &Style) -> String {
    let title = style.say(&sheet.title);
    let tag = sheet.tag.map_or_else(String::new, |tag| format!("{tag}  "));
    let beside = width(&title) + width(&tag) + 2;
    let lines = wrap(&style.say(&sheet.caption), style.width.saturating_sub(beside + 2).max(30));
    let indent = MARGIN.len() + if title.is_empty() { 0 } else { beside };
    let caption: Vec<String> = lines.iter().map(|line| style.ink(Ink::Dim, line)).collect();
    let caption = caption.join(&format!("\n{}", " ".repeat(indent)));
    let first = if title.is_empty() {
        format!("{MARGIN}{caption}")
    } else {
        format!("{MARGIN}{}  {tag}{caption}", style.ink(Ink::Bold, &title))
    };
    let mut text = format!("{}\n", first.trim_end());
    for said in &sheet.lead {
        text.push_str(&paragraph(said, MARGIN.len(), Ink::Bold, style));
    }
    text.push_str(&grid::draw(sheet, style));
    for note in &sheet.notes {
        text.push_str(&paragraph(note, MARGIN.len(), Ink::Amber, style));
    }
    text
}

/// The client and what is watched, in a line.
fn used(view: &View<'_>, style: &Style) -> String {
    let said = resources::summary(view).map(|said| format!("resources: {said}"));
    said.map_or_else(String::new, |said| paragraph(&said, MARGIN.len(), Ink::Dim, style))
}

fn verdicts(view: &View<'_>, style: &Style) -> Option<String> {
    let verdicts = Verdict::all(view);
    let widest = verdicts.iter().map(|verdict| width(&style.say(&verdict.text))).max()?.min(style.width);
    let mut text = String::new();
    for verdict in &verdicts {
        let (sign, ink) = sign(verdict.grade, style);
        let said = style.say(&verdict.text);
        let gap = widest.saturating_sub(width(&said));
        // Missed by how much is plain from the figures; critical is not.
        let grade = match verdict.grade {
            Grade::Critical | Grade::Near => format!(", {}", word(verdict.grade)),
            _ => String::new(),
        };
        let worst = style.say(&format!("{}{grade}", verdict.worst));
        let line = format!("{MARGIN}{} {said}", style.ink(ink, sign));
        let beside = MARGIN.len() + width(sign) + 1 + widest + 3;
        // On a narrow screen the figure stands below its objective.
        let below = beside + 20 > style.width;
        let indent = if below { MARGIN.len() + width(sign) + 3 } else { beside };
        let lines = wrap(&worst, style.width.saturating_sub(indent).max(16));
        let mut lines = lines.iter().map(|line| style.ink(ink, line));
        text.push_str(&line);
        if !below {
            text.push_str(&" ".repeat(gap + 3));
            text.push_str(&lines.next().unwrap_or_default());
        }
        text.push('\n');
        for line in lines {
            text.push_str(&format!("{}{line}\n", " ".repeat(indent)));
        }
        let more: Vec<&str> = verdict.others.iter().chain(&verdict.exceptions).map(String::as_str).collect();
        if !more.is_empty() {
            text.push_str(&paragraph(&more.join("; "), MARGIN.len() + width(sign) + 3, Ink::Dim, style));
        }
    }
    Some(text)
}

fn sign(grade: Grade, style: &Style) -> (&'static str, Ink) {
    match (grade, style.unicode) {
        (Grade::Met, true) => ("✓", Ink::Green),
        (Grade::Met, false) => ("ok  ", Ink::Green),
        (Grade::Near, true) => ("~", Ink::Amber),
        (Grade::Near, false) => ("near", Ink::Amber),
        (Grade::Missed | Grade::Critical, true) => ("✗", Ink::Red),
        (Grade::Missed | Grade::Critical, false) => ("MISS", Ink::Red),
        (Grade::Unknown, true) => ("?", Ink::Amber),
        (Grade::Unknown, false) => ("?   ", Ink::Amber),
    }
}

/// What keeps the run from being judged, said before any figure.
fn invalid(view: &View<'_>, style: &Style) -> Option<String> {
    let validity = Validity::of(view);
    if !validity.is_invalid() {
        return None;
    }
    let mut text = paragraph("invalid: this run cannot be judged", MARGIN.len(), Ink::Red, style);
    for broken in validity.broken.iter().take(5) {
        let line = format!("{} {} ({})", broken.name, broken.figure, broken.place);
        text.push_str(&paragraph(&line, MARGIN.len() + 2, Ink::Plain, style));
    }
    if validity.broken.len() > 5 {
        let line = format!("and {} more", validity.broken.len() - 5);
        text.push_str(&paragraph(&line, MARGIN.len() + 2, Ink::Plain, style));
    }
    if validity.broken.iter().any(|broken| broken.name == "waiting for a processor") {
        let remedy =
            "Something else uses the processors. Try again when it has ended, or with fewer sessions.";
        text.push_str(&paragraph(remedy, MARGIN.len() + 2, Ink::Plain, style));
    }
    Some(text)
}

fn validity(view: &View<'_>, style: &Style) -> String {
    let validity = Validity::of(view);
    if let Some((worth, figures)) = validity.words() {
        let ink = if validity.worth() == Worth::Short { Ink::Amber } else { Ink::Plain };
        let line = format!("{worth}: {figures}");
        return paragraph(line.trim_end_matches(": "), MARGIN.len(), ink, style);
    }
    if validity.is_invalid() || view.measures.is_empty() {
        return String::new();
    }
    paragraph("nothing tells whether this run measured well", MARGIN.len(), Ink::Amber, style)
}

fn findings(view: &View<'_>, style: &Style) -> String {
    let mark = if style.unicode { "→" } else { "-" };
    let mut text = String::new();
    for finding in crate::findings::of(view) {
        let said = if style.unicode { finding } else { ascii(&finding) };
        for (nth, line) in wrap(&said, style.width.saturating_sub(4).max(30)).iter().enumerate() {
            let lead = if nth == 0 { style.ink(Ink::Dim, mark) } else { " ".to_owned() };
            text.push_str(&format!("{MARGIN}{lead} {line}\n"));
        }
    }
    text
}

/// Wrapped text; further lines stand two to the right.
fn paragraph(text: &str, indent: usize, ink: Ink, style: &Style) -> String {
    let lines = wrap(&style.say(text), style.width.saturating_sub(indent + 2).max(30));
    let mut out = String::new();
    for (nth, line) in lines.iter().enumerate() {
        let more = if nth == 0 { 0 } else { 2 };
        out.push_str(&format!("{}{}\n", " ".repeat(indent + more), style.ink(ink, line)));
    }
    out
}
