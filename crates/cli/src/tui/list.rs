//! The list of phases: outcomes of those done, the running one, those to come.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::render::{BAD, DOUBTFUL, FAINT, GOOD, LIVELY, fitted, rule};
use super::state::State;
use super::steps::{Kind, Mark, Step};

/// Columns that names of phases may take.
const NAMES: usize = 24;

pub(super) fn draw(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let [title, body] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    rule("phases", frame, title);
    let rows = state.steps.rows();
    let room = usize::from(body.height);
    let names = rows.iter().map(|step| Span::raw(step.name.as_str()).width()).max().unwrap_or(0).min(NAMES);
    let (from, to) = window(&rows, room);
    let hidden = |n: usize, what: &str| Line::styled(format!("  … {n} {what}"), FAINT);
    for (number, (at, row)) in (from..to).zip(body.rows()).enumerate() {
        let line = match rows.get(at) {
            // The first and the last row tell how much there is beyond.
            _ if number == 0 && from > 0 => hidden(from + 1, "before"),
            _ if at + 1 == to && to < rows.len() => hidden(rows.len() - at, "after"),
            Some(step) => line(step, names, body.width),
            None => break,
        };
        frame.render_widget(line, row);
    }
}

/// The rows that are shown: what runs stands two thirds down, for what is done has figures and what is to come has none.
fn window(rows: &[&Step], room: usize) -> (usize, usize) {
    let running = rows
        .iter()
        .rposition(|step| !matches!(step.mark, Mark::ToCome) && matches!(step.kind, Kind::Phase(..)))
        .unwrap_or(0);
    let most = rows.len().saturating_sub(room);
    let from = (running + 1).saturating_sub((room * 2).div_ceil(3)).min(most);
    (from, (from + room).min(rows.len()))
}

fn line(step: &Step, names: usize, width: u16) -> Line<'static> {
    let (mark, style) = match step.mark {
        Mark::ToCome => ("·", FAINT),
        Mark::Running => ("▸", LIVELY),
        Mark::Done => ("✓", GOOD),
        Mark::Invalid => ("!", DOUBTFUL),
        Mark::Failed => ("✗", BAD),
        Mark::LeftOut => ("–", FAINT),
    };
    let words = if matches!(step.mark, Mark::ToCome | Mark::LeftOut) { FAINT } else { Style::new() };
    if let Kind::Variant(phases) = step.kind {
        let rest = if step.mark == Mark::ToCome { format!("  {phases} phases") } else { String::new() };
        return Line::from(vec![
            Span::styled(format!("{mark} "), style),
            Span::styled(step.name.clone(), words.add_modifier(Modifier::BOLD)),
            Span::styled(rest, FAINT),
        ]);
    }
    let name = fitted(&step.name, names as u16);
    let gap = " ".repeat(names.saturating_sub(Span::raw(name.as_str()).width()));
    let doubt = if step.mark == Mark::Invalid { "invalid  " } else { "" };
    let room = usize::from(width).saturating_sub(names + 6 + doubt.len());
    Line::from(vec![
        Span::styled(format!("  {mark} "), style),
        Span::styled(format!("{name}{gap}  "), words),
        Span::styled(doubt, DOUBTFUL),
        Span::raw(fitted(&step.outcome, room as u16)),
    ])
}
