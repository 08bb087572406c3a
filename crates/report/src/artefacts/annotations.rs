//! Annotations of GitHub Actions: commands that a job prints and GitHub shows beside the change.

use annvil_core::gate::{GateReport, Rule, Severity};

use crate::compare::words::{change, values};
use crate::gate::{GateView, State, against, label, troubles};
use crate::text::one_line;

/// GitHub shows so many of each kind of a step.
const SHOWN: usize = 10;

/// Annotations, one a line, to be printed to standard output; empty if nothing is to be said. Minor regressions and what
/// cannot be told are warnings, all else are errors. At most ten of each kind, as GitHub shows.
pub fn github_annotations(report: &GateReport) -> String {
    let view = GateView::new(report);
    let (mut errors, mut warnings) = (Vec::new(), Vec::new());
    for (word, reasons) in troubles(report) {
        let title = format!("{}: {word}", report.name);
        errors.extend(reasons.into_iter().map(|reason| (title.clone(), reason)));
    }
    for fired in &report.fired {
        let changed = matches!(fired.rule, Rule::Statistics | Rule::Relative);
        let compared = view.metrics.iter().find(|metric| changed && metric.key == fired.key);
        let figure = match compared {
            Some(metric) => {
                let change = metric.change.as_ref().map(|it| format!(", {}", change(metric.scale, it)));
                let values = values(metric.key.quantity, metric.a, metric.b);
                format!("{values}{}", change.unwrap_or_default())
            }
            None => against(fired),
        };
        let title = format!("{}: {} {}", report.name, view.names.name(&fired.key), label(fired));
        let kind = if fired.severity == Severity::Minor { &mut warnings } else { &mut errors };
        add(kind, title, &format!("{figure}; severity {}.", fired.severity), &fired.words);
    }
    if State::of(report) == State::Inconclusive {
        warnings.push((format!("{}: can't tell", report.name), report.sentence.clone()));
    }
    if errors.is_empty() && warnings.is_empty() && report.exit_code != 0 {
        errors.push((format!("{}: {}", report.name, State::of(report).title()), report.sentence.clone()));
    }
    commands("error", &errors) + &commands("warning", &warnings)
}

/// What is said of a figure; several rules that speak of one are one annotation.
fn add(said: &mut Vec<(String, String)>, title: String, figure: &str, words: &str) {
    let same = |(other, text): &&mut (String, String)| *other == title && text.starts_with(figure);
    match said.iter_mut().find(same) {
        Some((_, text)) if text.contains(words) => {}
        Some((_, text)) => text.push_str(&format!("; {words}")),
        None => said.push((title, format!("{figure} {words}"))),
    }
}

/// One command each. The last of too many says how many more there are.
fn commands(kind: &str, said: &[(String, String)]) -> String {
    let shown = if said.len() > SHOWN { SHOWN - 1 } else { said.len() };
    let mut out = String::new();
    for (title, text) in &said[..shown] {
        out.push_str(&command(kind, title, text));
    }
    if said.len() > shown {
        out.push_str(&command(kind, "annvil", &format!("and {} more: see summary.md", said.len() - shown)));
    }
    out
}

fn command(kind: &str, title: &str, text: &str) -> String {
    format!("::{kind} title={}::{}\n", property(&one_line(title)), data(&one_line(text)))
}

/// Text of a command as GitHub reads it back.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The same within a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_escaped_and_few() {
        assert_eq!(command("error", "a: b, 5 %", "x\n5 %: y"), "::error title=a%3A b%2C 5 %25::x 5 %25: y\n");
        let many: Vec<_> = (0..25).map(|n| (n.to_string(), String::new())).collect();
        let text = commands("error", &many);
        assert_eq!(text.lines().count(), SHOWN);
        assert!(text.ends_with("::and 16 more: see summary.md\n"));
        assert_eq!(commands("error", &many[..10]).lines().count(), 10);
    }
}
