//! Figures as aligned lines: one each where there is room, more where there is little.

use crate::terminal::{Ink, Style};
use crate::text::{cut_name, pad, width, wrap};

/// Spaces before a line.
const MARGIN: usize = 2;

/// Spaces between columns.
const GAP: usize = 2;

/// Number of the column that is aligned to the right: the change.
const CHANGE: usize = 3;

/// One figure. Cells may be empty.
pub(crate) struct Line {
    /// How its first word is shown.
    pub(crate) ink: Ink,
    /// Verdict, name, values, change, interval, margin.
    pub(crate) cells: [String; 6],
    /// What is to be done or known.
    pub(crate) note: String,
}

/// Draws lines, ending in a newline.
pub(crate) fn draw(lines: &[Line], style: &Style) -> String {
    let mut rows: Vec<[String; 6]> =
        lines.iter().map(|line| line.cells.each_ref().map(|cell| style.say(cell))).collect();
    for row in &mut rows {
        row[1] = style.say(&cut_name(&row[1], (style.width / 3).max(16)));
    }
    let widths: [usize; 6] =
        std::array::from_fn(|at| rows.iter().map(|row| width(&row[at])).max().unwrap_or(0));
    let upto = |columns: usize| {
        let used = widths[..columns].iter().filter(|width| **width > 0);
        MARGIN + used.map(|width| width + GAP).sum::<usize>()
    };
    // As many columns as there is room for; what has none stands below.
    let columns = if upto(6) <= style.width + GAP {
        6
    } else if upto(5) <= style.width + GAP {
        5
    } else {
        2
    };
    let parts = rows.iter().zip(lines);
    parts.map(|(row, line)| one(row, line, columns, &widths, style)).collect()
}

fn one(row: &[String; 6], line: &Line, columns: usize, widths: &[usize; 6], style: &Style) -> String {
    let mut first = " ".repeat(MARGIN);
    let mut used = MARGIN;
    // A line without a change has its note beside its value.
    let last = row.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
    for at in (0..columns.min(last)).filter(|at| widths[*at] > 0) {
        let cell = pad(&row[at], widths[at], at == CHANGE);
        first.push_str(&if at == 0 { style.ink(line.ink, &cell) } else { cell });
        first.push_str(&" ".repeat(GAP));
        used += widths[at] + GAP;
    }
    let note = style.say(&line.note);
    if (columns == 6 || last <= columns) && used + width(&note) <= style.width {
        return format!("{}\n", format!("{first}{note}").trim_end());
    }
    let mut out = format!("{}\n", first.trim_end());
    let below: Vec<&str> =
        row[columns..].iter().chain([&note]).map(String::as_str).filter(|part| !part.is_empty()).collect();
    // What is within its margin needs no further word.
    if note.is_empty() && columns == 5 {
        return out;
    }
    let indent = MARGIN + widths[0] + GAP;
    let indent = if indent + 24 > style.width { MARGIN + 2 } else { indent };
    for said in packed(&below, style.width.saturating_sub(indent).max(20)) {
        out.push_str(&format!("{}{said}\n", " ".repeat(indent)));
    }
    out
}

/// Parts on as few lines as it takes; only a part that is longer than a line is broken.
fn packed(parts: &[&str], to: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if width(line) + GAP + width(part) <= to => {
                line.push_str(&" ".repeat(GAP));
                line.push_str(part);
            }
            _ => lines.extend(wrap(part, to)),
        }
    }
    lines
}
