//! The chart of wanted and achieved rates over the last minutes.

use annvil_core::units::{Nanos, Rate};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Axis, Chart, Dataset, GraphType};

use super::render::{FAINT, LIVELY, whole_seconds};
use super::state::{Running, SPAN, State};

/// Rows below which a chart shows nothing, and above which it shows no more.
pub(super) const LEAST: u16 = 5;
pub(super) const MOST: u16 = 16;

/// Seconds that a chart spans where the end of the phase is not known.
const SHORT: f64 = 60.0;

/// Whether there are rates to draw, or will be: the view holds still from the beginning of a phase.
pub(super) fn any(state: &State) -> bool {
    state.preparing.is_none() && state.phase.as_ref().is_some_and(Running::is_load)
}

pub(super) fn draw(state: &State, frame: &mut Frame<'_>, area: Rect) {
    // Before the first second the place is kept free, without an axis that means nothing.
    let Some(phase) = state.phase.as_ref().filter(|phase| !phase.rates.is_empty()) else { return };
    let (from, to) = span(phase);
    let within = || phase.rates.iter().filter(|moment| moment.at >= from);
    let wanted: Vec<(f64, f64)> = within().filter_map(|m| Some((m.at, m.wanted?))).collect();
    let achieved: Vec<(f64, f64)> = within().map(|moment| (moment.at, moment.achieved)).collect();
    let highest = wanted.iter().chain(&achieved).map(|(_, rate)| *rate).fold(1.0, f64::max);
    let top = ceiling(highest);
    let mut lines = Vec::new();
    if !wanted.is_empty() {
        lines.push(
            Dataset::default().marker(Marker::Dot).graph_type(GraphType::Scatter).style(FAINT).data(&wanted),
        );
    }
    lines.push(
        Dataset::default().marker(Marker::Braille).graph_type(GraphType::Line).style(LIVELY).data(&achieved),
    );
    let words = |seconds: f64| Line::from(whole_seconds(Nanos((seconds * 1e9) as u64)));
    let x = Axis::default().style(FAINT).bounds([from, to]).labels([words(from), words(to)]);
    let y = Axis::default().style(FAINT).bounds([0.0, top]).labels([
        Span::raw("0"),
        Span::raw(Rate(top / 2.0).to_string()),
        Span::raw(Rate(top).to_string()),
    ]);
    frame.render_widget(Chart::new(lines).x_axis(x).y_axis(y).legend_position(None), area);
}

/// First and last second of the chart. It holds still as long as it can.
fn span(phase: &Running) -> (f64, f64) {
    let now = phase.rates.back().map_or(0.0, |moment| moment.at);
    let whole = phase.duration.filter(|_| !phase.seeks_limit()).map_or(SHORT, Nanos::as_secs_f64);
    let most = SPAN as f64;
    if now <= whole && whole <= most {
        (0.0, whole)
    } else if now <= most {
        (0.0, if now <= SHORT { SHORT } else { most })
    } else {
        (now - most, now)
    }
}

/// The next number that reads well, and whose half does too.
fn ceiling(value: f64) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    steps.iter().map(|step| step * power).find(|step| *step >= value).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_ends_above_the_highest_rate() {
        let cases = [
            (1.0, 1.0),
            (2.6, 3.0),
            (998.0, 1000.0),
            (1000.0, 1000.0),
            (1_012.0, 2_000.0),
            (5_500.0, 6_000.0),
        ];
        for (value, top) in cases {
            assert!((ceiling(value) - top).abs() < 1e-6 * top, "{value}: {}", ceiling(value));
        }
    }
}
