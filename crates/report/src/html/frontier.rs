//! How right against how fast: a point for each variant and search parameter, and the best of them joined.

use annvil_core::units::count;

use super::draw;
use super::scale::{Scale, Spread};
use crate::sheet::asked_recall;
use crate::view::figures::Figures;
use crate::view::{Measure, VariantView, View, label};

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 18.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 44.0;

/// Variants that are named in the drawing itself; more would cover it.
const NAMED: usize = 10;

/// Errors below this are drawn as no error: recall of 1 needs a place on a scale of nines.
const FLOOR: f64 = 0.000_5;

struct Point<'a, 'v> {
    variant: &'v VariantView<'a>,
    name: String,
    reported: bool,
    recall: f64,
    half_width: f64,
    qps: f64,
    figures: Figures,
}

/// The drawing; `None` without a search whose recall is known.
pub(super) fn frontier(view: &View<'_>, measure: &Measure<'_>) -> Option<String> {
    let points = points(view, measure);
    let (least, k) = points.iter().map(|p| (p.recall, measure.form.k)).min_by(|a, b| a.0.total_cmp(&b.0))?;
    let level = asked_recall(view, measure);
    let low = (1.0 - (1.0 - least.min(level.unwrap_or(1.0))) * 1.25 - 0.001).clamp(0.0, 0.99);
    let speeds = || points.iter().map(|point| point.qps);
    let x = Scale::new(low, 1.0, LEFT, WIDTH - RIGHT - 6.0, Spread::Nines(FLOOR));
    let y = Scale::new(
        speeds().fold(f64::INFINITY, f64::min) / 1.3,
        speeds().fold(0.0, f64::max) * 1.3,
        HEIGHT - BOTTOM,
        TOP,
        Spread::Log,
    );
    let mut body = draw::x_axis(&x, &x.ticks(42.0), TOP, HEIGHT - BOTTOM, |tick| format!("{tick}"));
    body.push_str(&draw::y_axis(&y, &y.ticks(34.0), LEFT, WIDTH - RIGHT, |tick| count(tick.round() as u64)));
    body.push_str(&draw::text(
        WIDTH - RIGHT,
        HEIGHT - 8.0,
        "t end",
        &format!("recall@{k}, spread towards 1 →"),
    ));
    body.push_str(&draw::text(LEFT - 44.0, 14.0, "t", "↑ searches a second"));
    if let Some(level) = level {
        let at = x.at(level);
        // On the side of the line where there is room.
        let (from, class) = if at < LEFT + 80.0 { (at + 5.0, "t") } else { (at - 5.0, "t end") };
        body.push_str(&format!(
            "<g>{}<line class=\"aim\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{:.1}\"/>{}</g>",
            draw::tip(&format!("the recall that is asked for: {level}")),
            HEIGHT - BOTTOM,
            draw::text(from, HEIGHT - BOTTOM - 7.0, class, &format!("asked: {level}"))
        ));
    }
    body.push_str(&best(&points, &x, &y));
    for variant in &view.variants {
        body.push_str(&series(variant, &points, &x, &y));
    }
    if view.variants.len() <= NAMED {
        body.push_str(&names(&points, &x, &y));
    }
    let about = format!(
        "Recall against searches a second of {} points. The tables hold the same figures.",
        points.len()
    );
    Some(draw::svg(WIDTH, HEIGHT, &about, &body))
}

fn points<'a, 'v>(view: &'v View<'a>, measure: &Measure<'_>) -> Vec<Point<'a, 'v>> {
    let all = view.variants.iter().flat_map(|variant| {
        variant.sweep(measure).into_iter().filter_map(move |(point, figures)| {
            let recall = figures.recall.filter(|recall| recall.mean.is_finite())?;
            Some(Point {
                variant,
                name: label::at(variant.name(), point),
                reported: *point == variant.planned.report_at,
                recall: recall.mean,
                half_width: recall.half_width,
                qps: figures.qps.filter(|qps| *qps > 0.0)?,
                figures,
            })
        })
    });
    all.collect()
}

/// The line through the points that no other point beats both in recall and in speed.
fn best(points: &[Point<'_, '_>], x: &Scale, y: &Scale) -> String {
    let beaten = |point: &&Point<'_, '_>| {
        points.iter().any(|other| {
            other.recall >= point.recall
                && other.qps >= point.qps
                && (other.recall > point.recall || other.qps > point.qps)
        })
    };
    let mut best: Vec<&Point<'_, '_>> = points.iter().filter(|point| !beaten(point)).collect();
    best.sort_by(|a, b| a.recall.total_cmp(&b.recall));
    let places: Vec<_> = best.iter().map(|point| Some((x.at(point.recall), y.at(point.qps)))).collect();
    if places.len() < 2 { String::new() } else { draw::line(&places, "best") }
}

fn series(variant: &VariantView<'_>, points: &[Point<'_, '_>], x: &Scale, y: &Scale) -> String {
    let own: Vec<&Point<'_, '_>> =
        points.iter().filter(|point| point.variant.number == variant.number).collect();
    if own.is_empty() {
        return String::new();
    }
    let places: Vec<_> = own.iter().map(|point| Some((x.at(point.recall), y.at(point.qps)))).collect();
    let mut out = format!("<g {}>", draw::of(variant));
    if places.len() > 1 {
        out.push_str(&draw::line(&places, "l"));
    }
    for point in own {
        let (at, up) = (x.at(point.recall), y.at(point.qps));
        let (from, to) =
            (x.at(point.recall - point.half_width), x.at((point.recall + point.half_width).min(1.0)));
        let class = if point.reported { "p" } else { "p small" };
        out.push_str(&format!("<g class=\"{class}\">{}", draw::tip(&tip(point))));
        if to - from > 1.0 {
            out.push_str(&format!(
                "<line class=\"err\" x1=\"{from:.1}\" x2=\"{to:.1}\" y1=\"{up:.1}\" y2=\"{up:.1}\"/>"
            ));
        }
        out.push_str(&draw::mark(variant, at, up, if point.reported { 5.5 } else { 3.2 }));
        // Small marks are hard to point at.
        out.push_str(&format!("<circle class=\"hit\" cx=\"{at:.1}\" cy=\"{up:.1}\" r=\"11\"/></g>"));
    }
    out.push_str("</g>");
    out
}

fn tip(point: &Point<'_, '_>) -> String {
    let figures = &point.figures;
    format!(
        "{}\nrecall {}\n{} a second\np50 {}, p99 {}",
        point.name,
        label::recall_with_width(figures.recall.as_ref()),
        label::qps(figures.qps),
        label::time(figures.p50),
        label::time(figures.p99)
    )
}

/// Names beside the reported points, moved apart where they would cover each other.
fn names(points: &[Point<'_, '_>], x: &Scale, y: &Scale) -> String {
    let mut taken: Vec<(f64, f64, f64)> = Vec::new();
    let mut out = String::new();
    let mut reported: Vec<&Point<'_, '_>> = points.iter().filter(|point| point.reported).collect();
    reported.sort_by(|a, b| b.qps.total_cmp(&a.qps));
    for point in reported {
        let name = crate::text::cut_name(&point.variant.plain_name(), 24);
        let width = crate::text::width(&name) as f64 * 6.4;
        let (at, up) = (x.at(point.recall), y.at(point.qps));
        let left = at + 11.0 + width > WIDTH - 4.0;
        let from = if left { at - 11.0 - width } else { at + 11.0 };
        let mut line = if left { up - 7.0 } else { up - 4.0 };
        while taken.iter().any(|(l, r, t)| from < *r && from + width > *l && (line - t).abs() < 13.0) {
            line += 5.0;
        }
        taken.push((from, from + width, line));
        let (class, anchor) = if left { ("t end name", at - 11.0) } else { ("t name", at + 11.0) };
        out.push_str(&format!(
            "<g {}>{}</g>",
            draw::of(point.variant),
            draw::text(anchor, line + 4.0, class, &name)
        ));
    }
    out
}
