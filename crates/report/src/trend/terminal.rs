//! Charts of series on a terminal.

use annvil_core::quantity::format_value;
use annvil_core::units::counted;

use super::chart::Chart;
use super::{Series, changes, drift};
use crate::terminal::{Ink, Style};
use crate::text::{cut, one_line, pad, width, wrap};

/// Spaces before a line.
const MARGIN: &str = "  ";

/// Lines of a chart.
const ROWS: usize = 8;

/// Columns beyond which a chart is no easier to read.
const WIDEST: usize = 120;

/// A chart of each series with its changes of level, which are numbered, and what it drifts by; ends in a newline. Points
/// lie in the order of runs, whatever time passed between them.
pub fn trend_terminal(series: &[Series], style: &Style) -> String {
    if series.is_empty() {
        return format!("{MARGIN}no figure has this name\n");
    }
    let charts: Vec<String> = series.iter().map(|series| one(series, style)).collect();
    charts.join("\n")
}

fn one(series: &Series, style: &Style) -> String {
    let values = series.values();
    let counted = format!(" · {}", counted(values.len() as u64, "run"));
    let name = cut(&one_line(&series.name), style.width.saturating_sub(counted.len() + MARGIN.len()).max(16));
    let mut out = format!("{MARGIN}{}{}\n", style.ink(Ink::Bold, &style.say(&name)), style.say(&counted));
    match values.as_slice() {
        [] => return out,
        [(_, only)] => {
            out.push_str(&format!("{MARGIN}{}\n", style.say(&format_value(series.quantity, *only))));
            return out;
        }
        _ => out.push_str(&drawing(series, &values, style)),
    }
    out.push_str(&table(series, style));
    for line in wrap(&style.say(&drift(series)), style.width.saturating_sub(2).max(20)) {
        if series.drift.is_some() {
            out.push_str(&format!("{MARGIN}{line}\n"));
        }
    }
    out
}

fn drawing(series: &Series, values: &[(usize, f64)], style: &Style) -> String {
    let low = values.iter().map(|(_, value)| *value).fold(f64::INFINITY, f64::min);
    let high = values.iter().map(|(_, value)| *value).fold(f64::NEG_INFINITY, f64::max);
    let print = |value| style.say(&format_value(series.quantity, value));
    let labels = [print(high), print(low)];
    let axis = labels.iter().map(|label| width(label)).max().unwrap_or(0);
    let columns = style.width.saturating_sub(axis + MARGIN.len() + 3).clamp(20, WIDEST);
    // Few points lie a character apart, not across the whole width.
    let columns = columns.min((values.len() * 2).max(20));
    let mut chart = Chart::new(columns, ROWS, style.unicode);
    let last = series.points.len().max(2) - 1;
    let place = |at: usize, of: usize| at * (of - 1) / last;
    let height = |value: f64| if high > low { (value - low) / (high - low) } else { 0.5 };
    let mut spans: Vec<Option<(f64, f64)>> = vec![None; chart.across()];
    for (at, value) in values {
        let span = &mut spans[place(*at, chart.across())];
        let height = height(*value);
        *span = Some(span.map_or((height, height), |(low, high)| (low.min(height), high.max(height))));
    }
    for (x, (low, high)) in spans.into_iter().enumerate().filter_map(|(x, span)| Some((x, span?))) {
        chart.span(x, low, high);
    }
    let (bar, foot) = if style.unicode { ('│', '└') } else { ('|', '+') };
    let mut out = String::new();
    for (nth, line) in chart.lines().iter().enumerate() {
        let label = match nth {
            0 => &labels[0],
            n if n + 1 == ROWS && high > low => &labels[1],
            _ => "",
        };
        let label = pad(label, axis, true);
        out.push_str(format!("{MARGIN}{} {bar}{line}", style.ink(Ink::Dim, &label)).trim_end());
        out.push('\n');
    }
    let rule = if style.unicode { "─" } else { "-" }.repeat(columns);
    let indent = " ".repeat(axis);
    out.push_str(&format!("{MARGIN}{indent} {foot}{rule}\n"));
    let marks = marks(series, columns, &|at| place(at, columns));
    if !marks.is_empty() {
        out.push_str(&format!("{MARGIN}{indent}  {}\n", style.ink(Ink::Amber, &marks)));
    }
    out + &days(series, columns, axis, style)
}

/// The numbers of the changes, each below the place where it began.
fn marks(series: &Series, columns: usize, place: &dyn Fn(usize) -> usize) -> String {
    let mut marks = String::new();
    let known = series.changes.iter().enumerate().filter(|(_, change)| change.at < series.points.len());
    for (nth, change) in known {
        let number = (nth + 1).to_string();
        let at = place(change.at).min(columns - number.len());
        // Where two begin at one place the earlier is shown.
        if at >= width(&marks) + usize::from(!marks.is_empty()) {
            marks = format!("{}{number}", pad(&marks, at, false));
        }
    }
    marks
}

/// The first and the last day.
fn days(series: &Series, columns: usize, axis: usize, style: &Style) -> String {
    let day =
        |point: Option<&super::TrendPoint>| point.map(|point| one_line(point.day())).unwrap_or_default();
    let (first, last) = (day(series.points.first()), day(series.points.last()));
    let gap = columns.saturating_sub(width(&first) + width(&last));
    let days = match gap {
        _ if first == last => first,
        0 => format!("{first} {last}"),
        gap => format!("{first}{}{last}", " ".repeat(gap)),
    };
    format!("{MARGIN}{}{}\n", " ".repeat(axis + 2), style.ink(Ink::Dim, &days)).replace(" \n", "\n")
}

fn table(series: &Series, style: &Style) -> String {
    let rows: Vec<[String; 6]> =
        changes(series).into_iter().map(|row| row.map(|cell| style.say(&cell))).collect();
    let widths: [usize; 6] =
        std::array::from_fn(|at| rows.iter().map(|row| width(&row[at])).max().unwrap_or(0));
    let mut out = String::new();
    for row in &rows {
        let mut line = MARGIN.to_owned();
        for (at, cell) in row.iter().enumerate() {
            let cell = pad(cell, widths[at], matches!(at, 0 | 4));
            let ink = match (at, row[5].as_str()) {
                (0, _) => Ink::Amber,
                (5, "worse") => Ink::Red,
                (5, _) => Ink::Green,
                _ => Ink::Plain,
            };
            line.push_str(&style.ink(ink, &cell));
            line.push_str(MARGIN);
        }
        if width(&line) > style.width && !style.color {
            let (head, tail) = (row[..3].join("  "), row[3..].join("  "));
            line = format!("{MARGIN}{head}\n{MARGIN}    {tail}");
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
