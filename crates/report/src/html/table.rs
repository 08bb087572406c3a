//! A sheet as an HTML table.

use std::fmt::Write as _;

use super::draw::swatch;
use super::escape::esc;
use crate::sheet::{Row, Sheet};
use crate::view::View;

/// The table with its caption; the title belongs to whoever places it.
pub(super) fn table(view: &View<'_>, sheet: &Sheet) -> String {
    let mut out = String::from("<div class=\"wide\"><table>");
    if !sheet.caption.is_empty() {
        let _ = write!(out, "<caption>{}</caption>", esc(&sheet.caption));
    }
    out.push_str("<thead><tr>");
    for column in &sheet.columns {
        let class = if column.right { " class=\"n\"" } else { "" };
        let _ = write!(out, "<th scope=\"col\"{class}>{}</th>", esc(&column.title));
    }
    out.push_str("</tr></thead><tbody>");
    for row in &sheet.rows {
        out.push_str(&line(view, sheet, row));
    }
    out.push_str("</tbody></table></div>");
    for note in &sheet.notes {
        let _ = write!(out, "<p class=\"near\">{}</p>", esc(note));
    }
    out
}

fn line(view: &View<'_>, sheet: &Sheet, row: &Row) -> String {
    let variant = row.variant.and_then(|number| view.variants.get(number));
    let mut classes = Vec::new();
    classes.extend(row.strong.then_some("strong"));
    classes.extend(row.gap.then_some("gap"));
    let mut out = format!("<tr class=\"{}\"", classes.join(" "));
    if let Some(number) = row.variant {
        let _ = write!(out, " data-v=\"{number}\"");
    }
    out.push('>');
    for (at, (cell, column)) in row.cells.iter().zip(&sheet.columns).enumerate() {
        if at == 0 {
            let swatch = variant.filter(|_| !cell.is_empty()).map_or_else(String::new, swatch);
            let _ = write!(out, "<th scope=\"row\">{swatch}{}</th>", esc(cell));
        } else {
            let class = match (column.right, column.rest) {
                (true, _) => " class=\"n\"",
                (_, true) => " class=\"rest\"",
                _ => "",
            };
            let _ = write!(out, "<td{class}>{}</td>", esc(cell));
        }
    }
    let missing = sheet.columns.len().saturating_sub(row.cells.len());
    if missing > 0 {
        let _ = write!(
            out,
            "<td colspan=\"{missing}\" class=\"bad\">{}</td>",
            esc(row.note.as_deref().unwrap_or_default())
        );
        out.push_str("</tr>");
    } else {
        out.push_str("</tr>");
        if let Some(note) = &row.note {
            let _ = write!(
                out,
                "<tr><td></td><td colspan=\"{}\" class=\"bad\">{}</td></tr>",
                sheet.columns.len() - 1,
                esc(note)
            );
        }
    }
    out
}

/// A table of names and values.
pub(super) fn facts(facts: &[(String, String)]) -> String {
    let mut out = String::from("<dl>");
    for (name, value) in facts {
        let _ = write!(out, "<div><dt>{}</dt><dd>{}</dd></div>", esc(name), esc(value));
    }
    out.push_str("</dl>");
    out
}
