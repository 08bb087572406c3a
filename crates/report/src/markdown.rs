//! The same content as Markdown: `summary.md`, readable in a pull request and in an editor.

use std::fmt::Write as _;

use annvil_core::record::RunRecord;

use crate::sheet::{self, Sheet};
use crate::terminal::{status_text, title};
use crate::text::{capital, one_line};
use crate::view::resources;
use crate::view::validity::Validity;
use crate::view::verdict::{Verdict, word};
use crate::view::{View, facts};

/// The report as Markdown. Names and messages are escaped, so that nothing of them becomes markup.
pub fn markdown(record: &RunRecord) -> String {
    let view = View::new(record);
    let mut out = format!("# {}\n\n", escape(&one_line(&record.plan.name)));
    if !record.plan.why.trim().is_empty() {
        let _ = writeln!(out, "{}\n", escape(&one_line(&record.plan.why)));
    }
    let _ = writeln!(
        out,
        "{}  \n{} · plan `{}`\n",
        escape(&title(record)),
        escape(&when(record)),
        record.plan_hash
    );
    if let Some(status) = status_text(&view) {
        let _ = writeln!(out, "**{}**\n", escape(&status));
    }
    verdict(&mut out, &view);
    for sheet in sheet::all(&view) {
        table(&mut out, &sheet);
    }
    objectives(&mut out, &view);
    let _ = writeln!(out, "## Environment\n\n| | |\n|---|---|");
    for (name, value) in facts::environment(record) {
        let _ = writeln!(out, "| {} | {} |", escape(&name), escape(&value));
    }
    out
}

/// When it ran and for how long.
fn when(record: &RunRecord) -> String {
    let took = annvil_core::units::time_text(record.seconds * 1e9);
    one_line(&format!("{} · {} · took {took}", record.id, record.started))
}

fn verdict(out: &mut String, view: &View<'_>) {
    let validity = Validity::of(view);
    if validity.is_invalid() {
        let _ = writeln!(out, "**Invalid: this run cannot be judged.**\n");
        for broken in &validity.broken {
            let _ = writeln!(
                out,
                "- {} {} ({})",
                escape(&broken.name),
                escape(&broken.figure),
                escape(&broken.place)
            );
        }
        out.push('\n');
    }
    if let Some((worth, figures)) = validity.words() {
        let _ = writeln!(out, "**{}**: {}\n", escape(&capital(worth)), escape(&figures));
    }
    if let Some(used) = resources::summary(view) {
        let _ = writeln!(out, "Resources: {}\n", escape(&used));
    }
    for finding in crate::findings::of(view) {
        let _ = writeln!(out, "- {}", escape(&finding));
    }
    for variant in
        view.variants.iter().filter(|variant| view.measures.is_empty() && variant.trouble().is_some())
    {
        let _ = writeln!(
            out,
            "- {}: {}",
            escape(&one_line(variant.name())),
            escape(&variant.trouble().unwrap_or_default())
        );
    }
    out.push('\n');
}

fn table(out: &mut String, sheet: &Sheet) {
    let tag = sheet.tag.map_or_else(String::new, |tag| format!(" ({tag})"));
    if !sheet.title.is_empty() {
        let _ = writeln!(out, "## {}{tag}\n", escape(&sheet.title));
    }
    for said in &sheet.lead {
        let _ = writeln!(out, "**{}**\n", escape(said));
    }
    if !sheet.caption.is_empty() {
        let _ = writeln!(out, "{}\n", escape(&sheet.caption));
    }
    let titles: Vec<String> = sheet.columns.iter().map(|column| escape(&column.title)).collect();
    let rules: Vec<&str> =
        sheet.columns.iter().map(|column| if column.right { "---:" } else { "---" }).collect();
    let _ = writeln!(out, "| {} |\n|{}|", titles.join(" | "), rules.join("|"));
    for row in &sheet.rows {
        let mut cells: Vec<String> = row.cells.iter().map(|cell| escape(cell)).collect();
        if let Some(note) = &row.note {
            let note = format!("*{}*", escape(note));
            match cells.len() {
                1 => cells.push(note),
                _ => cells[0].push_str(&format!(" {note}")),
            }
        }
        cells.resize(sheet.columns.len(), String::new());
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out.push('\n');
    for note in &sheet.notes {
        let _ = writeln!(out, "- {}", escape(note));
    }
    if !sheet.notes.is_empty() {
        out.push('\n');
    }
}

fn objectives(out: &mut String, view: &View<'_>) {
    let verdicts = Verdict::all(view);
    if verdicts.is_empty() {
        return;
    }
    let _ = writeln!(out, "## Objectives\n\n| | objective | worst figure | |\n|---|---|---|---|");
    for verdict in verdicts {
        let more: Vec<String> = verdict.others.into_iter().chain(verdict.exceptions).collect();
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            word(verdict.grade),
            escape(&verdict.text),
            escape(&verdict.worst),
            escape(&more.join("; "))
        );
    }
    out.push('\n');
}

/// Text that means only itself in Markdown and in the HTML that it becomes.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\n' | '\r' => out.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}
