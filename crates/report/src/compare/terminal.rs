//! A comparison on a terminal.

use annvil_core::comparison::{Comparison, MetricComparison, Verdict};
use annvil_core::key::MetricKey;
use annvil_core::units::counted;

use super::words::{amount, estimate, interval, undecided, values};
use super::{Line, Names, draw, heading, ordered, recalls};
use crate::terminal::{Ink, Style};
use crate::text::{ABSENT, one_line, width, wrap};

/// Figures of one side alone that are named.
const NAMED: usize = 3;

/// A comparison on a terminal, ending in a newline: how it was made, every figure, worst first, what is said beside it and
/// what it comes to. Colours mean something and nothing depends on them.
pub fn comparison_terminal(comparison: &Comparison, style: &Style) -> String {
    let names = Names::of(comparison.metrics.iter().map(|metric| &metric.key));
    let sides = format!("{} → {}", one_line(&comparison.a.name), one_line(&comparison.b.name));
    let mut title = vec!["annvil compare".to_owned(), sides];
    title.extend(heading(comparison, &names));
    let mut out = titled(&title, style);
    let lines: Vec<Line> = ordered(comparison)
        .into_iter()
        .map(|metric| line(metric, &names, undecided(metric).unwrap_or_default()))
        .collect();
    out.push_str(&draw(&lines, style));
    if lines.is_empty() {
        out.push_str(&bullets(&["no figure is on both sides".to_owned()], "", Ink::Amber, style));
    }
    out.push_str(&bullets(&recalls(comparison), "", Ink::Plain, style));
    out.push_str(&bullets(&beside(comparison), "", Ink::Dim, style));
    let sentence = one_line(&comparison.sentence);
    if !sentence.is_empty() {
        out.push('\n');
        out.push_str(&bullets(&[sentence], "", Ink::Bold, style));
    }
    out
}

/// A title in parts, which stay whole where it takes several lines; further lines stand two to the right.
pub(crate) fn titled(parts: &[String], style: &Style) -> String {
    let between = style.say(" · ");
    let mut lines: Vec<String> = Vec::new();
    for part in parts.iter().map(|part| style.say(part)) {
        match lines.last_mut() {
            Some(line) if width(line) + width(&between) + width(&part) <= style.width => {
                line.push_str(&between);
                line.push_str(&part);
            }
            Some(_) => lines.extend(
                wrap(&part, style.width.saturating_sub(2)).into_iter().map(|line| format!("  {line}")),
            ),
            None => lines = wrap(&part, style.width),
        }
    }
    lines.iter().map(|line| style.ink(Ink::Bold, line) + "\n").collect()
}

/// One figure.
pub(crate) fn line(metric: &MetricComparison, names: &Names, note: String) -> Line {
    let quantity = metric.key.quantity;
    let change = metric.change.as_ref();
    let remarks = metric.remarks.iter().map(|remark| one_line(remark));
    let note: Vec<String> = [note].into_iter().chain(remarks).filter(|part| !part.is_empty()).collect();
    Line {
        ink: ink(metric.verdict),
        cells: [
            metric.verdict.to_string(),
            names.name(&metric.key),
            values(quantity, metric.a, metric.b),
            change.map_or_else(|| ABSENT.to_owned(), |change| estimate(metric.scale, change)),
            change.map_or_else(String::new, interval),
            format!("margin {}", amount(metric.scale, metric.margin)),
        ],
        note: note.join("; "),
    }
}

/// The colour of a verdict.
fn ink(verdict: Verdict) -> Ink {
    match verdict {
        Verdict::Regressed => Ink::Red,
        Verdict::Inconclusive => Ink::Amber,
        Verdict::Improved => Ink::Green,
        Verdict::Equivalent => Ink::Plain,
    }
}

/// What a reader must know beside the figures.
fn beside(comparison: &Comparison) -> Vec<String> {
    let mut said: Vec<String> = comparison.remarks.iter().map(|remark| one_line(remark)).collect();
    for (in_a, side) in [(true, &comparison.a), (false, &comparison.b)] {
        let only = comparison.unmatched.iter().filter(|unmatched| unmatched.in_a == in_a);
        said.extend(alone(&only.map(|unmatched| &unmatched.key).collect::<Vec<_>>(), &one_line(&side.name)));
    }
    said.extend(comparison.aa.as_ref().map(super::markdown::aa));
    said
}

/// Figures that one side alone has: `in main alone: hnsw mixed.success.value`. The first few by name.
fn alone(figures: &[&MetricKey], side: &str) -> Option<String> {
    let names: Vec<String> = figures.iter().take(NAMED).map(|key| one_line(&key.to_string())).collect();
    let names = names.join(", ");
    match figures.len() {
        0 => None,
        all if all <= NAMED => Some(format!("in {side} alone: {names}")),
        all => Some(format!("in {side} alone: {names} and {}", counted((all - NAMED) as u64, "more figure"))),
    }
}

/// Wrapped sentences, each after a word that says what it is; further lines stand two to the right.
pub(crate) fn bullets(sentences: &[String], word: &str, ink: Ink, style: &Style) -> String {
    let mut out = String::new();
    for sentence in sentences {
        let text = style.say(&if word.is_empty() { sentence.clone() } else { format!("{word}: {sentence}") });
        for (nth, line) in wrap(&text, style.width.saturating_sub(4).max(30)).iter().enumerate() {
            let lead = if nth == 0 { "  " } else { "    " };
            out.push_str(&format!("{lead}{}\n", style.ink(ink, line)));
        }
    }
    out
}
