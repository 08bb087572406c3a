//! The view of a state: pure, so that it is tested without a terminal.

use annvil_core::units::Nanos;
use annvil_load::cancel::Reason;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::state::{Note, State};
use super::{figures, list, rates};

/// The smallest terminal that the view fits in, in columns and rows.
pub(super) const SMALLEST: (u16, u16) = (60, 15);

/// Columns from which the phases stand beside the running one.
const WIDE: u16 = 110;

/// Columns below which hints are short.
const ROOMY: u16 = 100;

/// Words that only explain.
pub(super) const FAINT: Style = Style::new().add_modifier(Modifier::DIM);

/// What goes on.
pub(super) const LIVELY: Style = Style::new().fg(Color::Cyan);

/// What is well.
pub(super) const GOOD: Style = Style::new().fg(Color::Green);

/// What means nothing.
pub(super) const DOUBTFUL: Style = Style::new().fg(Color::Yellow);

/// What went wrong.
pub(super) const BAD: Style = Style::new().fg(Color::Red);

/// Draws the view.
pub(super) fn render(state: &State, frame: &mut Frame<'_>) {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let text = format!(
            "The live view needs {} × {} characters; this terminal has {} × {}. Measuring goes on. q stops.",
            SMALLEST.0, SMALLEST.1, area.width, area.height
        );
        let text = Paragraph::new(text).wrap(Wrap { trim: true });
        frame.render_widget(text, area);
        return;
    }
    let [head, body] = Layout::vertical([Constraint::Length(2), Constraint::Fill(1)]).areas(area);
    header(state, frame, head);
    if area.width >= WIDE {
        let [left, _, right] =
            Layout::horizontal([Constraint::Percentage(45), Constraint::Length(2), Constraint::Fill(1)])
                .areas(body);
        list::draw(state, frame, left);
        right_side(state, frame, right);
    } else {
        // The list gets what the figures can spare: they are what a live view is for.
        let list = (body.height / 3).max(4).min(state.steps.rows().len() as u16 + 1);
        let [above, below] = Layout::vertical([Constraint::Length(list), Constraint::Fill(1)]).areas(body);
        list::draw(state, frame, above);
        right_side(state, frame, below);
    }
}

/// The running phase, resources and messages.
fn right_side(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let figures = figures::phase(state);
    let resources = figures::resources(state, area.width);
    let fixed = 1 + figures.len() as u16;
    let (chart, machine, notes) = shares(
        area.height.saturating_sub(fixed),
        rates::any(state),
        resources.len() as u16,
        state.notes.len() as u16,
    );
    let rows = [1, figures.len() as u16, chart, machine, notes];
    let [title, top, middle, machine, notes] = Layout::vertical(rows.map(Constraint::Length)).areas(area);
    rule(&figures::title(state), frame, title);
    frame.render_widget(Paragraph::new(figures), top);
    if chart > 0 {
        rates::draw(state, frame, middle);
    }
    section("resources", resources, frame, machine);
    section("messages", messages(state, notes), frame, notes);
}

/// Rows for the chart, resources and messages with their titles: first a line of each, then the chart, then the rest.
fn shares(spare: u16, chart: bool, resources: u16, notes: u16) -> (u16, u16, u16) {
    let titled = |lines: u16| if lines == 0 { 0 } else { lines + 1 };
    let mut machine = titled(resources.min(1)).min(spare);
    let mut told = titled(notes.min(1)).min(spare - machine);
    let left = spare - machine - told;
    let drawn = if chart && left >= rates::LEAST { rates::LEAST.max(left / 2).min(rates::MOST) } else { 0 };
    let left = left - drawn;
    let more = titled(resources).saturating_sub(machine).min(left);
    machine += more;
    told += titled(notes).saturating_sub(told).min(left - more);
    (drawn, machine, told)
}

/// Lines below their title.
fn section(title: &str, lines: Vec<Line<'_>>, frame: &mut Frame<'_>, area: Rect) {
    if area.height < 2 || lines.is_empty() {
        return;
    }
    let [name, rest] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    rule(title, frame, name);
    frame.render_widget(Paragraph::new(lines), rest);
}

fn header(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let mut words: Vec<String> = Vec::new();
    if let Some((name, number, all)) = state.steps.variant() {
        words.push(if all > 1 { format!("{name}, variant {number} of {all}") } else { name.to_owned() });
    }
    if let Some((number, all)) = state.steps.place() {
        words.push(format!("phase {number} of {all}"));
    }
    words.push(whole_seconds(state.elapsed));
    let (hint, style) = match state.stopping {
        None if area.width < ROOMY => ("q stops and keeps results", FAINT),
        None => ("q or Ctrl-C stops and keeps results", FAINT),
        Some(Reason::TimeLimit) => ("time limit reached; stopping", DOUBTFUL),
        Some(_) => ("stopping; Ctrl-C again ends at once", DOUBTFUL),
    };
    let [first, second] = Layout::vertical([Constraint::Length(1); 2]).areas(area);
    let width = hint.len() as u16;
    let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Length(width)]).areas(second);
    frame.render_widget(Line::styled(fitted(&state.title, first.width), Modifier::BOLD), first);
    frame.render_widget(Line::from(fitted(&words.join(" · "), left.width.saturating_sub(2))), left);
    frame.render_widget(Line::styled(hint, style), right);
}

/// The last messages that fit.
fn messages(state: &State, area: Rect) -> Vec<Line<'static>> {
    let room = usize::from(area.height.saturating_sub(1));
    let last = state.notes.iter().skip(state.notes.len().saturating_sub(room));
    let line = |note: &Note| {
        let text = note.text.lines().next().unwrap_or_default();
        let text = format!("{:>10}  {text}", whole_seconds(note.at));
        Line::styled(fitted(&text, area.width), if note.bad { BAD } else { Style::new() })
    };
    last.map(line).collect()
}

/// A line across with a title.
pub(super) fn rule(title: &str, frame: &mut Frame<'_>, area: Rect) {
    let title = fitted(title, area.width.saturating_sub(4));
    let rest = usize::from(area.width).saturating_sub(Span::raw(title.as_str()).width() + 4);
    let line = vec![
        Span::styled("── ", FAINT),
        Span::styled(title, Modifier::BOLD),
        Span::styled(format!(" {}", "─".repeat(rest)), FAINT),
    ];
    frame.render_widget(Line::from(line), area);
}

/// A text cut to a width, and saying so.
pub(super) fn fitted(text: &str, width: u16) -> String {
    console::truncate_str(text, usize::from(width), "…").into_owned()
}

/// A time that does not flicker: whole seconds.
pub(super) fn whole_seconds(time: Nanos) -> String {
    match time.0 / 1_000_000_000 {
        0 => "0 s".to_owned(),
        seconds => Nanos::from_secs(seconds).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_never_shared_out_twice() {
        for spare in 0..60 {
            for (chart, resources, notes) in
                [(true, 4, 50), (false, 4, 50), (true, 0, 0), (true, 0, 3), (true, 9, 0)]
            {
                let (drawn, machine, told) = shares(spare, chart, resources, notes);
                assert!(drawn + machine + told <= spare, "{spare}: {drawn} {machine} {told}");
                assert!(drawn == 0 || (chart && drawn >= rates::LEAST));
                assert!(machine <= resources + 1 && told <= notes + 1);
            }
        }
        assert_eq!(shares(30, true, 3, 50), (13, 4, 13));
    }
}
