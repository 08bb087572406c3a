//! Throughput and latency against sessions, and against each other.

use annvil_core::units::{count, rate_text, time_text};

use super::draw;
use super::plot::{Axis, Pair, Plot};
use crate::view::label;
use crate::view::sessions::{Line, Step, Sweep};

const HEIGHT: f64 = 260.0;

/// Points of a law's curve.
const CURVE: u32 = 48;

type Value = fn(&Step) -> Option<f64>;

/// Throughput against sessions with the law through it, latency against sessions, latency against throughput.
pub(super) fn sessions(sweep: &Sweep<'_, '_>) -> Option<[String; 3]> {
    Some([throughput(sweep)?, latency(sweep)?, stick(sweep)?])
}

/// An axis of sessions with ticks at those that were measured.
fn across<'f>(sweep: &Sweep<'_, '_>, print: &'f dyn Fn(f64) -> String) -> Option<Axis<'f>> {
    let steps = sweep.lines.iter().flat_map(|line| &line.steps);
    let mut all: Vec<f64> = steps.map(|step| step.sessions as f64).collect();
    all.sort_by(f64::total_cmp);
    all.dedup();
    Some(Axis::fit(all.iter().copied(), "sessions →", print)?.by_order().ticks(all))
}

fn steps<'s>(sweep: &'s Sweep<'_, '_>) -> impl Iterator<Item = &'s Step> {
    sweep.lines.iter().flat_map(|line| &line.steps)
}

fn number(n: f64) -> String {
    count(n.round() as u64)
}

fn throughput(sweep: &Sweep<'_, '_>) -> Option<String> {
    let title = "↑ searches a second; dashed: the Universal Scalability Law";
    let y = Axis::fit(steps(sweep).filter_map(|step| step.figures.qps), title, &rate_text)?;
    let x = across(sweep, &number)?;
    let mut plot = Plot::new(HEIGHT, &x, &y);
    for line in &sweep.lines {
        let qps: Value = |step| step.figures.qps;
        let mut drawn = law(&plot, line);
        drawn.push_str(&marks(&plot, line, |step| Some((step.sessions as f64, qps(step)?))));
        plot.add(&format!("<g {}>{drawn}</g>", draw::of(line.variant)));
    }
    Some(plot.done("Throughput against sessions; the table holds the same figures."))
}

/// The curve of the law over the sessions that were measured.
fn law(plot: &Plot, line: &Line<'_, '_>) -> String {
    let (Some(law), Some(first), Some(last)) = (line.law, line.steps.first(), line.steps.last()) else {
        return String::new();
    };
    let (from, to) = (first.sessions as f64, last.sessions as f64);
    let curve = (0..=CURVE).map(|n| from * (to / from).powf(f64::from(n) / f64::from(CURVE)));
    let pairs: Vec<_> = curve.map(|n| Some((n, law.throughput(n)))).collect();
    let tip = line.words().unwrap_or_default();
    format!("<g>{}{}</g>", draw::tip(&tip), plot.line(&pairs, "l dash"))
}

fn latency(sweep: &Sweep<'_, '_>) -> Option<String> {
    let title = "↑ service time: p50 (line) and p99 (dashed)";
    let values = steps(sweep).flat_map(|step| [step.figures.p50, step.figures.p99]).flatten();
    let y = Axis::fit(values, title, &time_text)?;
    let mut plot = Plot::new(HEIGHT, &across(sweep, &number)?, &y);
    for line in &sweep.lines {
        let pairs = |value: Value| -> Vec<Option<Pair>> {
            line.steps.iter().map(|step| Some((step.sessions as f64, value(step)?))).collect()
        };
        let mut drawn = plot.line(&pairs(|step| step.figures.p50), "l");
        drawn.push_str(&plot.line(&pairs(|step| step.figures.p99), "l dash"));
        drawn.push_str(&marks(&plot, line, |step| Some((step.sessions as f64, step.figures.p50?))));
        plot.add(&format!("<g {}>{drawn}</g>", draw::of(line.variant)));
    }
    Some(plot.done("Latency against sessions; the table holds the same figures."))
}

/// The hockey stick: what more throughput costs in latency.
fn stick(sweep: &Sweep<'_, '_>) -> Option<String> {
    let title = "↑ p95 (line) and p99 (dashed)";
    let values = steps(sweep).flat_map(|step| [step.figures.p95, step.figures.p99]).flatten();
    let y = Axis::fit(values, title, &time_text)?;
    let x = Axis::fit(steps(sweep).filter_map(|step| step.figures.qps), "searches a second →", &rate_text)?;
    let mut plot = Plot::new(HEIGHT, &x, &y);
    for line in &sweep.lines {
        let pairs = |value: Value| -> Vec<Option<Pair>> {
            line.steps.iter().map(|step| Some((step.figures.qps?, value(step)?))).collect()
        };
        let mut drawn = plot.line(&pairs(|step| step.figures.p95), "l");
        drawn.push_str(&plot.line(&pairs(|step| step.figures.p99), "l dash"));
        drawn.push_str(&marks(&plot, line, |step| Some((step.figures.qps?, step.figures.p95?))));
        plot.add(&format!("<g {}>{drawn}</g>", draw::of(line.variant)));
    }
    Some(plot.done("Latency against throughput, a mark for each number of sessions."))
}

fn marks(plot: &Plot, line: &Line<'_, '_>, place: impl Fn(&Step) -> Option<Pair>) -> String {
    let mark = |step: &Step| {
        let (x, y) = plot.at(place(step)?);
        let figures = &step.figures;
        let tip = format!(
            "{}\n{}: {}\np50 {}, p95 {}, p99 {}",
            line.variant.label(),
            label::plural(step.sessions as u64, "session"),
            label::rate(figures.qps),
            label::time(figures.p50),
            label::time(figures.p95),
            label::time(figures.p99)
        );
        let mark = draw::mark(line.variant, x, y, 3.6);
        Some(format!(
            "<g class=\"p\">{}{mark}<circle class=\"hit\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"10\"/></g>",
            draw::tip(&tip)
        ))
    };
    line.steps.iter().filter_map(mark).collect()
}
