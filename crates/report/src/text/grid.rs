//! A sheet as aligned text.

use super::{ascii, cut, cut_name, pad, width, wrap};
use crate::sheet::{Row, Sheet};
use crate::terminal::{Ink, Style};

/// Spaces between columns.
const GAP: usize = 2;

/// Least room for a column that takes the rest.
const REST: usize = 20;

/// Spaces before every line.
const MARGIN: usize = 2;

/// Draws a sheet. Columns are left out, least needed first, until it fits the style's width; long names are cut.
pub(crate) fn draw(sheet: &Sheet, style: &Style) -> String {
    let say = |text: &str| if style.unicode { text.to_owned() } else { ascii(text) };
    let mut cells: Vec<Vec<String>> =
        sheet.rows.iter().map(|row| row.cells.iter().map(|cell| say(cell)).collect()).collect();
    let mut titles: Vec<String> = sheet.columns.iter().map(|column| say(&column.title)).collect();
    shorten_names(&mut cells, &mut titles, style);
    let mut widths: Vec<usize> = (0..titles.len())
        .map(|at| {
            let widest = cells.iter().filter_map(|row| row.get(at)).map(|cell| width(cell)).max();
            widest.unwrap_or(0).max(width(&titles[at]))
        })
        .collect();
    let widest = widths.clone();
    // A column that takes the rest is only worth its place with room for some words.
    for (width, column) in widths.iter_mut().zip(&sheet.columns) {
        *width = if column.rest { REST.min(*width) } else { *width };
    }
    let shown = shown(sheet, &widths, style.width);
    for at in shown.iter().copied().filter(|at| sheet.columns[*at].rest) {
        let taken = total(&shown, &widths) - widths[at];
        widths[at] = style.width.saturating_sub(taken).clamp(widths[at], widest[at].max(widths[at]));
        cells.iter_mut().filter_map(|row| row.get_mut(at)).for_each(|cell| *cell = cut(cell, widths[at]));
    }
    let line = |cells: &[String]| {
        let mut text = " ".repeat(MARGIN);
        for (nth, at) in shown.iter().enumerate() {
            let cell = cells.get(*at).map_or("", String::as_str);
            if nth > 0 {
                text.push_str(&" ".repeat(GAP));
            }
            text.push_str(&pad(cell, widths[*at], sheet.columns[*at].right));
        }
        text.trim_end().to_owned()
    };
    let mut out = vec![style.ink(Ink::Dim, &line(&titles))];
    for (row, cells) in sheet.rows.iter().zip(&cells) {
        if row.gap {
            out.push(String::new());
        }
        out.extend(row_lines(row, &line(cells), widths.first().copied().unwrap_or(0), style));
    }
    out.extend(left_out(sheet, &shown, style));
    out.join("\n") + "\n"
}

/// Columns that did not fit, by name: nothing is kept back in silence.
fn left_out(sheet: &Sheet, shown: &[usize], style: &Style) -> Option<String> {
    let titles = sheet.columns.iter().enumerate().filter(|(at, _)| !shown.contains(at));
    let titles: Vec<&str> =
        titles.map(|(_, column)| column.title.as_str()).filter(|title| !title.is_empty()).collect();
    let text = format!("{}no room for {}", " ".repeat(MARGIN), titles.join(", "));
    (!titles.is_empty()).then(|| style.ink(Ink::Dim, &cut(&text, style.width)))
}

/// A row, and what is to be said of it: beside the name if the row has no figures, else below.
fn row_lines(row: &Row, line: &str, name: usize, style: &Style) -> Vec<String> {
    let Some(note) = &row.note else { return vec![line.to_owned()] };
    let note = if style.unicode { note.clone() } else { ascii(note) };
    let indent = MARGIN + name + GAP;
    let mut notes = wrap(&note, style.width.saturating_sub(indent).max(24)).into_iter();
    let mut lines = Vec::new();
    if row.cells.len() <= 1 {
        let first = notes.next().unwrap_or_default();
        lines.push(format!("{}{}", pad(line, indent, false), style.ink(Ink::Red, &first)));
    } else {
        lines.push(line.to_owned());
    }
    lines.extend(notes.map(|note| format!("{}{}", " ".repeat(indent), style.ink(Ink::Red, &note))));
    lines
}

/// Names get at most a third of the width, and never less than the eye needs.
fn shorten_names(cells: &mut [Vec<String>], titles: &mut [String], style: &Style) {
    let most = (style.width / 3).max(16);
    let names = cells.iter_mut().filter_map(|row| row.first_mut()).chain(titles.first_mut());
    for name in names {
        let short = cut_name(name, most);
        *name = if style.unicode { short } else { ascii(&short) };
    }
}

/// Columns of the terminal that a line takes.
fn total(shown: &[usize], widths: &[usize]) -> usize {
    MARGIN + shown.iter().map(|at| widths[*at] + GAP).sum::<usize>() - GAP.min(MARGIN)
}

/// Numbers of the columns that fit.
fn shown(sheet: &Sheet, widths: &[usize], to: usize) -> Vec<usize> {
    // A column without a word in it is not shown at all.
    let used = |at: usize| {
        !sheet.columns[at].title.is_empty()
            || sheet.rows.iter().any(|row| row.cells.get(at).is_some_and(|cell| !cell.is_empty()))
    };
    let mut shown: Vec<usize> = (0..widths.len()).filter(|at| *at == 0 || used(*at)).collect();
    loop {
        let total = total(&shown, widths);
        let least = shown.iter().copied().max_by_key(|at| (sheet.columns[*at].spare, *at));
        match least.filter(|at| total > to && sheet.columns[*at].spare > 0) {
            Some(least) => shown.retain(|at| *at != least),
            None => return shown,
        }
    }
}
