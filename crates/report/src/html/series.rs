//! Second by second: throughput and latency while a phase ran.

use annvil_core::record::Interval;
use annvil_core::units::{Nanos, rate_text, time_text};

use super::draw;
use super::scale::{Scale, Spread};
use crate::view::figures::middle;
use crate::view::{Measure, VariantView, View, label};

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 210.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 40.0;

/// Seconds that a phase must have for a line to say anything.
const FEWEST: usize = 4;

/// Longest step between two points that are joined, in seconds of the step.
const GAP: f64 = 1.5;

/// Ratio of the highest value to the lowest from which a scale of orders of magnitude is used.
const WIDE: f64 = 4.0;

/// A variant's first block, second by second or in longer steps.
struct Line<'a, 'v> {
    variant: &'v VariantView<'a>,
    points: Vec<Point>,
}

struct Point {
    seconds: f64,
    qps: f64,
    p50: Option<f64>,
    p99: Option<f64>,
    /// Whether time is missing before it.
    after_gap: bool,
}

/// Throughput and latency side by side; `None` where every variant was done within seconds. `most` bounds the points
/// of a line.
pub(super) fn series(view: &View<'_>, measure: &Measure<'_>, most: usize) -> Option<[String; 2]> {
    let lines: Vec<Line<'_, '_>> = view
        .variants
        .iter()
        .filter_map(|variant| {
            let forms = variant.forms(measure, Some(&variant.planned.report_at));
            let points = points(&forms.first()?.intervals, most);
            (points.len() >= FEWEST).then_some(Line { variant, points })
        })
        .collect();
    if lines.is_empty() {
        return None;
    }
    let all = || lines.iter().flat_map(|line| &line.points);
    let end = all().map(|point| point.seconds).fold(0.0, f64::max);
    let x = Scale::new(0.0, end, LEFT, WIDTH - RIGHT, Spread::Even);
    let name = label::measure_name(measure);
    let speed: Vec<f64> = all().map(|point| point.qps).filter(|qps| *qps > 0.0).collect();
    let slow: Vec<f64> = all().flat_map(|point| [point.p50, point.p99]).flatten().collect();
    let draw_one =
        |values: &[f64], title: &str, print: fn(f64) -> String, lines: &dyn Fn(&Scale) -> String| {
            let low = values.iter().copied().fold(f64::INFINITY, f64::min) / 1.15;
            let high = values.iter().copied().fold(0.0, f64::max) * 1.15;
            // Lines that are close are told apart on an even scale, those of different orders on one of orders.
            let spread = if high > WIDE * low { Spread::Log } else { Spread::Even };
            let y = Scale::new(low.min(high).max(1e-9), high.max(1e-9), HEIGHT - BOTTOM, TOP, spread);
            let seconds = |second: f64| if second == 0.0 { "0".to_owned() } else { time_text(second * 1e9) };
            let mut body = draw::x_axis(&x, 60.0, TOP, HEIGHT - BOTTOM, seconds);
            body.push_str(&draw::y_axis(&y, 30.0, LEFT, WIDTH - RIGHT, print));
            body.push_str(&draw::text(8.0, 14.0, "t", title));
            body.push_str(&lines(&y));
            draw::svg(WIDTH, HEIGHT, &format!("{title} over time in {name}"), &body)
        };
    let throughput = draw_one(&speed, &format!("{name}: operations a second"), rate_text, &|y| {
        let path = |point: &Point| Some((x.at(point.seconds), y.at(point.qps)));
        lines.iter().map(|line| group(line, &[("l", &path)])).collect()
    });
    let latency = draw_one(&slow, "p50 (line) and p99 (dashed)", time_text, &|y| {
        let p50 = |point: &Point| Some((x.at(point.seconds), y.at(point.p50?)));
        let p99 = |point: &Point| Some((x.at(point.seconds), y.at(point.p99?)));
        lines.iter().map(|line| group(line, &[("l", &p50), ("l dash", &p99)])).collect()
    });
    Some([throughput, latency])
}

type Place<'f> = &'f dyn Fn(&Point) -> Option<(f64, f64)>;

fn group(line: &Line<'_, '_>, paths: &[(&str, Place<'_>)]) -> String {
    let rates = middle(line.points.iter().map(|point| point.qps).collect());
    let least = line.points.iter().map(|point| point.qps).fold(f64::INFINITY, f64::min);
    let tip = format!(
        "{}\nmiddle {}\nslowest second {}",
        line.variant.label(),
        label::rate(rates),
        label::rate(Some(least))
    );
    let mut out = format!("<g {}>{}", draw::of(line.variant), draw::tip(&tip));
    for (class, place) in paths {
        let mut places = Vec::new();
        for point in &line.points {
            if point.after_gap {
                places.push(None);
            }
            places.push(place(point));
        }
        out.push_str(&draw::line(&places, class));
        out.push_str(&draw::line(&places, "hit"));
    }
    out.push_str("</g>");
    out
}

/// At most about `most` points. Of several seconds together: the mean rate, the middle p50, the highest p99.
fn points(intervals: &[Interval], most: usize) -> Vec<Point> {
    let step = intervals.len().div_ceil(most.max(1)).max(1);
    let mut before = Nanos::ZERO;
    let mut points = Vec::new();
    for group in intervals.chunks(step) {
        let Some(last) = group.last() else { continue };
        let seconds = last.at.saturating_sub(before).as_secs_f64();
        // The rest of a second at the end says little and swings wildly.
        if seconds >= 0.5 {
            let operations: u64 = group.iter().map(|interval| interval.operations).sum();
            points.push(Point {
                seconds: last.at.as_secs_f64(),
                qps: operations as f64 / seconds,
                p50: middle(
                    group.iter().filter_map(|interval| interval.p50).map(|p50| p50.0 as f64).collect(),
                ),
                p99: group.iter().filter_map(|interval| interval.p99).max().map(|p99| p99.0 as f64),
                after_gap: !points.is_empty() && seconds > GAP * step as f64,
            });
        }
        before = last.at;
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(at: u64, operations: u64) -> Interval {
        let p50 = Some(Nanos(at));
        Interval { at: Nanos::from_secs(at), operations, failures: 0, p50, p99: p50 }
    }

    #[test]
    fn seconds_are_put_together_and_gaps_are_kept() {
        let seconds: Vec<Interval> = (1..=10).map(|at| second(at, 100)).collect();
        let points = points(&seconds, 5);
        assert_eq!(points.len(), 5);
        assert!(points.iter().all(|point| point.qps == 100.0 && !point.after_gap));
        assert_eq!((points[0].p50, points[0].p99), (Some(1.5), Some(2.0)));
        let broken = super::points(&[second(1, 5), second(2, 5), second(9, 5)], 100);
        assert_eq!(broken.iter().map(|point| point.after_gap).collect::<Vec<_>>(), [false, false, true]);
    }
}
