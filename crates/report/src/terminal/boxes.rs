//! A box for each variant, laid side by side.

use super::{Ink, Style};
use crate::text::{cut, cut_name, pad, width, wrap};
use crate::view::{VariantView, View, label};

/// Columns between boxes, and before the first.
const GAP: usize = 2;

/// Columns inside a box: as many as the figures take, so that four stand side by side on a wide screen.
const INSIDE: usize = 21;

/// A line of a box, and whether it is figures or what the variant is.
struct Line {
    text: String,
    ink: Ink,
}

/// The boxes; `None` without variants. They have one width, so that they line up.
pub(super) fn draw(view: &View<'_>, style: &Style) -> Option<String> {
    let boxes: Vec<(String, Vec<Line>)> = view
        .variants
        .iter()
        .map(|variant| (style.say(&variant.plain_name()), lines(view, variant, style)))
        .collect();
    let inside = INSIDE;
    if boxes.is_empty() {
        return None;
    }
    let per_line = (style.width / (inside + 4 + GAP)).max(1);
    let mut out = String::new();
    for group in boxes.chunks(per_line) {
        let height = group.iter().map(|(_, lines)| lines.len()).max().unwrap_or(0);
        let mut text: Vec<String> = vec![String::new(); height + 2];
        for (name, lines) in group {
            for (row, part) in text.iter_mut().zip(frame(name, lines, inside, height, style)) {
                row.push_str(&" ".repeat(GAP));
                row.push_str(&part);
            }
        }
        out.push_str(&text.join("\n"));
        out.push('\n');
    }
    Some(out)
}

fn frame(name: &str, lines: &[Line], inside: usize, height: usize, style: &Style) -> Vec<String> {
    let [top_left, top_right, low_left, low_right, across, down] = if style.unicode {
        ["╭", "╮", "╰", "╯", "─", "│"]
    } else {
        ["+", "+", "+", "+", "-", "|"]
    };
    let name = style.say(&cut_name(name, inside.saturating_sub(1)));
    let rest = across.repeat((inside + 1).saturating_sub(width(&name) + 2));
    let edge = |text: &str| style.ink(Ink::Dim, text);
    let mut out = vec![format!(
        "{} {} {}",
        edge(&format!("{top_left}{across}")),
        style.ink(Ink::Bold, &name),
        edge(&format!("{rest}{top_right}"))
    )];
    for nth in 0..height {
        let (text, ink) = lines.get(nth).map_or(("", Ink::Plain), |line| (line.text.as_str(), line.ink));
        let text = style.say(&cut(text, inside));
        let gap = " ".repeat(inside.saturating_sub(width(&text)));
        out.push(format!("{} {}{gap} {}", edge(down), style.ink(ink, &text), edge(down)));
    }
    out.push(edge(&format!("{low_left}{}{low_right}", across.repeat(inside + 2))));
    out
}

/// What it is, then how right, how fast, how long to build and how large.
fn lines(view: &View<'_>, variant: &VariantView<'_>, style: &Style) -> Vec<Line> {
    let mut lines: Vec<Line> = label::describe(variant.planned, &view.record.plan.engine)
        .into_iter()
        .map(|text| Line { text: style.say(&text), ink: Ink::Dim })
        .collect();
    let figures = view.main().and_then(|measure| Some((measure, variant.reported(measure)?)));
    if let Some(trouble) = variant.trouble().filter(|_| figures.is_none() || variant.failure().is_some()) {
        let trouble = wrap(&style.say(&trouble), INSIDE).into_iter().take(6);
        lines.extend(trouble.map(|text| Line { text, ink: Ink::Red }));
    }
    let Some((measure, figures)) = figures else { return lines };
    let baseline = view.baseline(variant).filter(|_| !variant.is_baseline());
    let baseline = baseline.and_then(|baseline| baseline.reported(measure)?.speed(measure.open));
    let times =
        figures.speed(measure.open).zip(baseline).map(|(own, baseline)| label::ratio(Some(own / baseline)));
    let times = times.map_or_else(String::new, |times| format!("  {times} ×"));
    let mut pairs = Vec::new();
    if figures.recall.is_some() {
        pairs.push(("recall", label::recall_with_width(figures.recall.as_ref())));
    }
    // In open load the schedule sets the rate: what is compared is how long it takes.
    let (of_p50, of_rate) = if measure.open { (times.as_str(), "") } else { ("", times.as_str()) };
    pairs.push(("p50", format!("{}{of_p50}", label::time(figures.p50))));
    pairs.push(("p99", label::time(figures.p99)));
    pairs.push(("QPS", format!("{}{of_rate}", label::qps(figures.qps))));
    pairs.push(("build", label::time(variant.build())));
    if view.has_tables() {
        pairs.push(("index", label::size(variant.index_bytes())));
        pairs.push(("stored", label::size(variant.stored_bytes())));
    } else {
        pairs.push(("memory", label::size(variant.index_bytes())));
    }
    lines.extend(pairs.into_iter().map(|(name, figure)| Line {
        text: style.say(&format!("{}{figure}", pad(name, 8, false))),
        ink: Ink::Plain,
    }));
    lines
}
