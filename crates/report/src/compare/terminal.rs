//! A comparison on a terminal.

use annvil_core::comparison::{Comparison, MetricComparison, Verdict};

use super::words::{amount, estimate, interval, undecided, values};
use super::{Line, Names, draw, heading, ordered, recalls};
use crate::terminal::{Ink, Style};
use crate::text::{ABSENT, one_line, wrap};

/// A comparison on a terminal, ending in a newline: how it was made, every figure, worst first, what is said beside it and
/// what it comes to. Colours mean something and nothing depends on them.
pub fn comparison_terminal(comparison: &Comparison, style: &Style) -> String {
    let names = Names::of(comparison.metrics.iter().map(|metric| &metric.key));
    let sides = format!("{} → {}", one_line(&comparison.a.name), one_line(&comparison.b.name));
    let mut title = vec!["annvil compare".to_owned(), sides];
    title.extend(heading(comparison));
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

/// A title in parts, wrapped where it is too long.
pub(crate) fn titled(parts: &[String], style: &Style) -> String {
    let text = style.say(&parts.join(" · "));
    let lines = wrap(&text, style.width);
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
        let only = comparison.unmatched.iter().filter(|unmatched| unmatched.in_a == in_a).count();
        let plural = if only == 1 { "figure is" } else { "figures are" };
        said.extend((only > 0).then(|| format!("{only} {plural} in {} alone", one_line(&side.name))));
    }
    said.extend(comparison.aa.as_ref().map(super::markdown::aa));
    said
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
