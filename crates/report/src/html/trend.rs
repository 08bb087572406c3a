//! Figures over time: as a page of their own, and at the end of a run's report.

use std::fmt::Write as _;

use annvil_core::quantity::format_value;
use annvil_core::units::{count, counted};

use super::plot::{Axis, Plot};
use super::{draw, esc, page};
use crate::Series;
use crate::text::{capital, one_line};
use crate::trend::{changes, drift};

/// Height of a drawing.
const HEIGHT: f64 = 250.0;

/// Points of all series together: bounds the page's size however long the history is.
const POINTS: usize = 9_000;

/// Up to so many points are drawn as dots that say what they are.
const DOTS: usize = 120;

/// Charts of series, changes of level and drift, as one HTML file: no network, light and dark. Names are escaped.
pub fn trend_html(series: &[Series]) -> String {
    let mut body = String::from(
        "<header><button id=\"theme\" type=\"button\" aria-label=\"light or dark\" hidden>◐</button><p class=\"brand\">annvil</p><h1>History</h1>",
    );
    let runs = series.iter().map(|series| series.points.len()).max().unwrap_or(0);
    let _ = write!(
        body,
        "<p class=\"meta\"><span>{}</span><span>up to {}</span></p></header>\n<section id=\"trend\">",
        counted(series.len() as u64, "figure"),
        counted(runs as u64, "run")
    );
    if series.is_empty() {
        body.push_str("<p class=\"mute\">No figure has this name.</p>");
    }
    body.push_str(&charts(series));
    body.push_str("</section>\n");
    page("History", env!("CARGO_PKG_VERSION"), &body)
}

/// Figures over time as a part of a run's report, whose own points are the last; nothing without any.
pub(super) fn history(series: &[Series]) -> String {
    if series.is_empty() {
        return String::new();
    }
    let runs = series.iter().map(|series| series.points.len()).max().unwrap_or(0);
    format!(
        "<p class=\"mute how\">The latest {} of this plan on this machine that can be judged; the last is this one. \
         A number marks where a level changed. <code>annvil history trend</code> shows every figure.</p>{}",
        counted(runs as u64, "run"),
        charts(series)
    )
}

fn charts(series: &[Series]) -> String {
    let room = (POINTS / series.len().max(1)).clamp(60, 1_500);
    let charts: String = series.iter().map(|one| figure(one, room)).collect();
    format!("<div class=\"pair\">{charts}</div>")
}

fn figure(series: &Series, room: usize) -> String {
    let values = series.values();
    let print = |value: f64| format_value(series.quantity, value);
    let how = match values.as_slice() {
        [] => "no runs".to_owned(),
        [(_, only)] => format!("one run: {}", print(*only)),
        [.., (_, last)] => format!("{} runs, the last {}", count(values.len() as u64), print(*last)),
    };
    let mut out = format!(
        "<div><figure><figcaption>{}<small>{}</small></figcaption>",
        esc(&one_line(&series.name)),
        esc(&how)
    );
    if values.len() > 1 {
        out.push_str(&drawing(series, &values, room));
    }
    out.push_str("</figure>");
    let rows = changes(series);
    if !rows.is_empty() {
        out.push_str(
            "<div class=\"wide\"><table><thead><tr><th scope=\"col\"></th><th scope=\"col\">began</th>\
             <th scope=\"col\">commit or run</th><th scope=\"col\">before → after</th>\
             <th scope=\"col\" class=\"n\">change</th><th scope=\"col\"></th></tr></thead><tbody>",
        );
        for [number, day, began, values, change, direction] in rows {
            let class = if direction == "worse" { "bad" } else { "good" };
            let cells = [day, began, values].map(|cell| format!("<td>{}</td>", esc(&cell))).concat();
            let _ = write!(
                out,
                "<tr><td>{number}</td>{cells}<td class=\"n\">{}</td><td class=\"grade {class}\">\
                 {direction}</td></tr>",
                esc(&change)
            );
        }
        out.push_str("</tbody></table></div>");
    }
    if series.drift.is_some() {
        let _ = write!(out, "<p class=\"mute how\">{}</p>", esc(&capital(&drift(series))));
    }
    out + "</div>"
}

fn drawing(series: &Series, values: &[(usize, f64)], room: usize) -> String {
    let print = |value: f64| format_value(series.quantity, value);
    let day = |at: f64| {
        let run = series.points.get(at.round().max(0.0) as usize);
        run.map(|run| one_line(run.day())).unwrap_or_default()
    };
    let low = values.iter().map(|(_, value)| *value).fold(f64::INFINITY, f64::min);
    let high = values.iter().map(|(_, value)| *value).fold(f64::NEG_INFINITY, f64::max);
    // A line that does not move lies in the middle.
    let gap = if high > low { (high - low) * 0.08 } else { high.abs().max(1.0) * 0.05 };
    let last = (series.points.len() - 1) as f64;
    let ticks: Vec<f64> = [0.0, 1.0, 2.0, 3.0, 4.0].map(|part| (last * part / 4.0).round()).into();
    // Room for the last day, which is written below the middle of its tick.
    let x = Axis::between(0.0, last * 1.06, "", &day).ticks(ticks);
    let title = series.quantity.to_string();
    let y = Axis::between(low - gap, high + gap, &title, &print);
    let mut plot = Plot::new(HEIGHT, &x, &y);
    let pairs: Vec<_> =
        thinned(values, room).into_iter().map(|(at, value)| Some((at as f64, value))).collect();
    let mut body = String::from("<g style=\"--c:var(--c1)\">");
    body.push_str(&plot.line(&pairs, if values.len() > DOTS { "l faint" } else { "l dash" }));
    if values.len() <= DOTS {
        for (at, value) in values {
            let (x, y) = plot.at((*at as f64, *value));
            body.push_str(&dot(series, *at, x, y));
        }
    }
    body.push_str("</g><g style=\"--c:var(--c2)\">");
    for (from, to, level) in series.levels() {
        let ends = [Some((from as f64, level)), Some(((to - 1) as f64, level))];
        body.push_str(&plot.line(&ends, "l"));
    }
    body.push_str(&upright(series, &plot));
    body.push_str("</g>");
    plot.add(&body);
    let about = format!("{} over {} runs, from {} to {}", series.name, values.len(), print(low), print(high));
    plot.done(&one_line(&about))
}

/// A line where each change began, with its number. Of changes that lie too close for two numbers the first is written.
fn upright(series: &Series, plot: &Plot) -> String {
    let print = |value: f64| format_value(series.quantity, value);
    let mut lines = String::new();
    let mut last = f64::NEG_INFINITY;
    let changes = series.changes.iter().enumerate();
    for (nth, change) in changes.filter(|(_, change)| change.at < series.points.len()) {
        let run = &series.points[change.at];
        let levels = format!("{} → {}", print(change.before), print(change.after));
        let tip = format!("{}: {} {}\n{levels}", nth + 1, one_line(run.day()), one_line(&run.run));
        let (x, _) = plot.at((change.at as f64, change.after));
        let number = if x - last > 14.0 { (nth + 1).to_string() } else { String::new() };
        if !number.is_empty() {
            last = x;
        }
        lines.push_str(&plot.upright(change.at as f64, "knee", &number, &tip));
    }
    lines
}

fn dot(series: &Series, at: usize, x: f64, y: f64) -> String {
    let point = &series.points[at];
    let commit = point.short_commit().map(|commit| format!("\ncommit {commit}")).unwrap_or_default();
    let tip =
        format!("{}\n{} {}{commit}", format_value(series.quantity, point.value), point.day(), point.run);
    format!("<g>{}<circle class=\"m\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.6\"/></g>", draw::tip(&tip))
}

/// At most about `room` points: of each stretch its lowest and its highest, so that no spike is lost.
fn thinned(values: &[(usize, f64)], room: usize) -> Vec<(usize, f64)> {
    if values.len() <= room {
        return values.to_vec();
    }
    let stretch = values.len().div_ceil(room / 2);
    let ends = values.chunks(stretch).flat_map(|part| {
        let least = part.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1));
        let most = part.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1));
        let mut ends: Vec<(usize, f64)> = least.into_iter().chain(most).collect();
        ends.sort_by_key(|(at, _)| *at);
        ends.dedup();
        ends
    });
    ends.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spike_is_lost() {
        let mut values: Vec<(usize, f64)> = (0..5_000).map(|at| (at, (at % 7) as f64)).collect();
        values[1_234].1 = 99.0;
        values[4_321].1 = -99.0;
        let few = thinned(&values, 600);
        assert!(few.len() <= 600 && few.len() > 500, "{}", few.len());
        assert!(few.contains(&(1_234, 99.0)) && few.contains(&(4_321, -99.0)));
        assert!(few.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(thinned(&values[..10], 600), &values[..10]);
    }
}
