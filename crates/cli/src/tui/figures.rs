//! The figures of the running phase, and what the machine is used for.

use annvil_conduct::event::Second;
use annvil_core::record::ResourceFigures;
use annvil_core::units::{Nanos, Rate, count};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::render::{BAD, FAINT, LIVELY, fitted, whole_seconds};
use super::state::{Running, State};

/// Columns of the gauge.
const GAUGE: usize = 20;

/// What the running phase is.
pub(super) fn title(state: &State) -> String {
    match (&state.preparing, &state.phase) {
        (Some(_), _) | (None, None) => "preparing".to_owned(),
        (None, Some(phase)) => {
            let kind = if phase.kind == phase.name { String::new() } else { format!(" · {}", phase.kind) };
            let ended = if phase.ended { " · done" } else { "" };
            format!("{}{kind}{ended}", phase.name)
        }
    }
}

/// Gauge, rates, operations in flight, percentiles, failures and recall.
pub(super) fn phase(state: &State) -> Vec<Line<'static>> {
    let mut lines = match (&state.preparing, &state.phase) {
        (Some(what), _) => vec![labelled("now", vec![Span::raw(format!("{what} …"))])],
        (None, Some(phase)) => running(phase),
        (None, None) => Vec::new(),
    };
    if let Some(recall) = &state.recall {
        lines.push(labelled("recall", vec![Span::raw(recall.clone())]));
    }
    lines
}

fn running(phase: &Running) -> Vec<Line<'static>> {
    let mut lines = vec![gauge(phase)];
    if let Some(last) = &phase.last_trial {
        let trials = format!("{} done, last {last}", phase.trials);
        lines.push(labelled("trials", vec![Span::raw(trials)]));
    }
    match &phase.second {
        Some(second) => lines.extend(of_second(second)),
        // The same rows from the beginning: a view that jumps can't be read.
        None if phase.is_load() => {
            lines.extend(["rate", "latency", "failures"].map(|label| labelled(label, vec![faint("–")])));
        }
        None => {}
    }
    lines
}

fn gauge(phase: &Running) -> Line<'static> {
    let rate = Rate(phase.done as f64 / phase.elapsed.as_secs_f64().max(1e-9));
    let time = match phase.duration {
        // Of a few seconds the tenths matter.
        Some(duration) if duration < Nanos::from_secs(10) => format!("{:.1} s", phase.elapsed.as_secs_f64()),
        _ => whole_seconds(phase.elapsed),
    };
    let Some(share) = phase.share() else {
        let done = if phase.seeks_limit() { String::new() } else { format!("  {} done", count(phase.done)) };
        return labelled("for", vec![Span::raw(format!("{time}{done}"))]);
    };
    let full = (share * GAUGE as f64) as usize;
    let text = match (phase.total, phase.duration) {
        (Some(total), _) => format!("{} of {}  {rate}", count(phase.done), count(total)),
        (_, Some(duration)) => format!("{time} of {duration}  {} done", count(phase.done)),
        (None, None) => String::new(),
    };
    Line::from(vec![
        Span::styled("━".repeat(full), LIVELY),
        Span::styled("─".repeat(GAUGE - full), FAINT),
        Span::raw(format!("  {:>3.0} %  {text}", (share * 100.0).floor())),
    ])
}

fn of_second(second: &Second) -> Vec<Line<'static>> {
    let mut rate = vec![Span::styled(Rate(second.achieved).to_string(), LIVELY), faint(" achieved")];
    if let Some(wanted) = second.wanted {
        rate.extend([faint("  • "), Span::raw(Rate(wanted).to_string()), faint(" wanted")]);
    }
    rate.extend([Span::raw(format!("  {}", count(second.in_flight))), faint(" in flight")]);
    let time = |time: Option<Nanos>| time.map_or_else(|| "–".to_owned(), |time| time.to_string());
    let mut latency = Vec::new();
    for (name, value) in [("p50 ", second.p50), ("  p95 ", second.p95), ("  p99 ", second.p99)] {
        latency.extend([faint(name), Span::raw(time(value))]);
    }
    latency.push(faint("  phase so far"));
    let failed = if second.failures.is_empty() {
        vec![Span::raw("none")]
    } else {
        let kinds = second.failures.iter().map(|(kind, n)| format!("{} {kind}", count(*n)));
        vec![Span::styled(kinds.collect::<Vec<_>>().join(", "), BAD)]
    };
    vec![
        labelled("rate", rate),
        labelled(if second.response { "response" } else { "service" }, latency),
        labelled("failures", failed),
    ]
}

/// A line for the client, for everything that is watched, and for the host.
pub(super) fn resources(state: &State, width: u16) -> Vec<Line<'static>> {
    let names =
        state.resources.iter().map(|(name, _)| Span::raw(name.as_str()).width()).max().unwrap_or(0).max(8);
    let line = |(name, figures): &(String, ResourceFigures)| {
        let gap = " ".repeat(names - Span::raw(name.as_str()).width());
        let room = width.saturating_sub(names as u16 + 2);
        Line::from(vec![faint(format!("{name}{gap}  ")), Span::raw(fitted(&used(figures), room))])
    };
    state.resources.iter().map(line).collect()
}

/// What is known of a subject; what is nought and rarely anything else is left out.
fn used(figures: &ResourceFigures) -> String {
    let each = |n: Option<Rate>, what: &str| n.filter(|n| n.0 > 0.0).map(|n| format!("{n} {what}"));
    let bytes = |n: Option<annvil_core::units::Bytes>, what: &str| {
        n.filter(|n| n.0 > 0).map(|n| format!("{what} {n}/s"))
    };
    let words = [
        figures.cpu.map(|cpu| format!("{cpu:.2} cores")),
        figures.resident.map(|resident| resident.to_string()),
        figures.load.map(|load| format!("load {load:.2}")),
        figures.steal.map(|steal| format!("steal {:.1} %", steal * 100.0)),
        figures.available.map(|available| format!("{available} free")),
        bytes(figures.disk_read, "reads"),
        bytes(figures.disk_written, "writes"),
        bytes(figures.received, "receives"),
        bytes(figures.sent, "sends"),
        bytes(figures.loopback, "loopback"),
        each(figures.major_faults, "major faults"),
        each(figures.swapped_in, "pages swapped in"),
        each(figures.swapped_out, "pages swapped out"),
    ];
    let words: Vec<String> = words.into_iter().flatten().collect();
    if words.is_empty() { "unknown".to_owned() } else { words.join("  ") }
}

fn labelled(label: &str, words: Vec<Span<'static>>) -> Line<'static> {
    let mut line = vec![faint(format!("{label:<8}  "))];
    line.extend(words);
    Line::from(line)
}

fn faint(text: impl Into<std::borrow::Cow<'static, str>>) -> Span<'static> {
    Span::styled(text, Style::new().patch(FAINT))
}
