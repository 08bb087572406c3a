//! What A/A has found, as a table: a line for each kind of figure, or for every figure.

use std::collections::BTreeMap;

use annvil_conduct::aa::{AaFigure, AaReport, BLOCKS};
use annvil_core::comparison::Scale;
use annvil_core::units::{Nanos, counted};

/// Columns of sentences.
const WIDTH: usize = 110;

/// The report as text, ending in a newline. `every` shows every figure instead of the kinds.
pub fn text(report: &AaReport, every: bool) -> String {
    let good = report.blocks.iter().filter(|block| block.counts).count();
    let time = Nanos((report.seconds * 1e9) as u64);
    let mut out =
        format!("annvil aa · {} · {} in {time} · {}\n\n", report.scenario, blocks(good), report.machine);
    let rows = if every { each(&report.figures) } else { kinds(&report.figures) };
    if rows.is_empty() {
        out.push_str("  no figure has blocks enough\n");
    } else {
        let head = ["", "scatter", "at most", "drift", "margin", "finds", "at most"].map(str::to_owned);
        out.push_str(&grid(&head, &rows));
        out.push('\n');
        out.push_str(&bullet(&format!(
            "scatter: standard deviation of a block; the middle of the variants and the most · drift: over the session, \
             where it is more than scatter · margin: * is wider than the rule · finds: the smallest change that {BLOCKS} \
             interleaved blocks a side find beyond the margin four times in five"
        )));
    }
    out.push('\n');
    for line in remarks(report, good) {
        out.push_str(&bullet(&line));
    }
    out
}

fn blocks(n: usize) -> String {
    counted(n as u64, "block")
}

/// A sentence in lines of at most [`WIDTH`] columns; further ones stand two to the right.
fn bullet(text: &str) -> String {
    let mut lines = vec![String::from(" ")];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("    {word}")),
        }
    }
    lines.join("\n") + "\n"
}

type Row = [String; 7];

/// A line for each phase, quantity and statistic over all variants and points.
fn kinds(figures: &[AaFigure]) -> Vec<Row> {
    let mut kinds: BTreeMap<String, Vec<&AaFigure>> = BTreeMap::new();
    let mut order: Vec<String> = Vec::new();
    for figure in figures {
        let name = name(figure);
        if !kinds.contains_key(&name) {
            order.push(name.clone());
        }
        kinds.entry(name).or_default().push(figure);
    }
    order.into_iter().filter_map(|name| Some(row(&name, kinds.get(&name)?))).collect()
}

fn each(figures: &[AaFigure]) -> Vec<Row> {
    figures.iter().map(|figure| row(&short(&figure.key.to_string()), &[figure])).collect()
}

fn name(figure: &AaFigure) -> String {
    let mut key = figure.key.clone();
    key.variant.clear();
    key.point.clear();
    short(&key.to_string())
}

/// A figure's name without the statistic of those that have only one.
fn short(name: &str) -> String {
    let name = name.trim();
    name.strip_suffix(".value").unwrap_or(name).to_owned()
}

fn row(name: &str, figures: &[&AaFigure]) -> Row {
    let scale = figures.first().map_or(Scale::Ratio, |figure| figure.scale);
    let spread = |of: &dyn Fn(&AaFigure) -> f64| {
        let mut values: Vec<f64> = figures.iter().map(|figure| of(figure)).collect();
        values.sort_unstable_by(f64::total_cmp);
        (values.get((values.len() - 1) / 2).copied(), values.last().copied())
    };
    let (scatter, most) = spread(&|figure| figure.sd);
    let (finds, finds_most) = spread(&|figure| figure.detectable);
    let margin = spread(&|figure| figure.margin).0;
    let drift = figures.iter().filter(|figure| figure.drifts).map(|figure| figure.drift);
    let drift = drift.max_by(|a, b| a.abs().total_cmp(&b.abs()));
    let widened = figures.iter().any(|figure| figure.widened && Some(figure.margin) == margin);
    let wide = if widened { "*" } else { " " };
    let several = |value: Option<f64>| if figures.len() > 1 { amount(scale, value) } else { String::new() };
    [
        name.to_owned(),
        amount(scale, scatter),
        several(most),
        drift.map_or_else(String::new, |drift| signed(scale, drift)),
        format!("{}{wide}", amount(scale, margin)),
        amount(scale, finds),
        several(finds_most),
    ]
}

/// A size of change: percent of ratios, points of shares.
fn amount(scale: Scale, value: Option<f64>) -> String {
    let Some(value) = value else { return String::new() };
    let value = 100.0 * value;
    let digits = if value >= 10.0 {
        0
    } else if value >= 1.0 {
        1
    } else {
        2
    };
    match scale {
        Scale::Ratio => format!("{value:.digits$} %"),
        Scale::Difference => format!("{value:.2} pt"),
    }
}

fn signed(scale: Scale, value: f64) -> String {
    let sign = if value < 0.0 { '−' } else { '+' };
    format!("{sign}{}", amount(scale, Some(value.abs())))
}

fn grid(head: &Row, rows: &[Row]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().chain([head]).map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |row: &Row| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            let width = *width;
            if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        format!("  {}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    let mut out = line(head);
    for row in rows {
        out.push_str(&line(row));
    }
    out
}

fn remarks(report: &AaReport, good: usize) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(summary) = &report.summary {
        let shares = if report.splits > 1 {
            "; the splits share their blocks, so this is less than it seems"
        } else {
            ""
        };
        lines.push(format!(
            "false alarms: {} of {} of the same with the same said REGRESSED, in {} of {} of the {}{shares}",
            summary.false_alarms,
            counted(summary.comparisons as u64, "comparison"),
            report.alarmed,
            counted(report.splits as u64, "split"),
            blocks(good),
        ));
        if let Some(detectable) = summary.detectable {
            lines.push(format!(
                "smallest detectable change, {BLOCKS} against {BLOCKS} blocks: {} in the middle of all figures",
                amount(Scale::Ratio, Some(detectable))
            ));
        }
    }
    let between: Vec<f64> = report
        .figures
        .iter()
        .filter(|figure| figure.scale == Scale::Ratio)
        .filter_map(|figure| figure.between)
        .collect();
    lines.push(match between.iter().copied().max_by(f64::total_cmp) {
        Some(most) => {
            let mut sorted = between.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            let middle = sorted[sorted.len() / 2];
            format!(
                "sessions: {} on this machine; they lie {} apart in the middle, {} at most (few sessions lean on the usual 2 %)",
                report.sessions,
                amount(Scale::Ratio, Some(middle)),
                amount(Scale::Ratio, Some(most))
            )
        }
        None => "sessions: this is the first on this machine; until there is another, sessions are taken to lie 2 % apart, \
                 recall 0.2 points"
            .to_owned(),
    });
    let alike =
        report.figures.iter().filter(|figure| figure.autocorrelation.is_some_and(|r| r > 0.5)).count();
    if alike > 0 {
        lines.push(format!(
            "{alike} of {} resemble the block before (autocorrelation above 0.5): interleaving is needed here",
            counted(report.figures.len() as u64, "figure")
        ));
    }
    let again = report.blocks.iter().filter(|block| !block.invalid.is_empty()).count();
    if again > 0 {
        lines.push(format!("measured again, because nobody could judge it: {}", blocks(again)));
    }
    if !report.left_out.is_empty() {
        lines.push(format!(
            "left out, for six blocks of them did not fit into the time: {}; a longer --budget takes them in",
            report.left_out.join(", ")
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use annvil_core::key::MetricKey;
    use annvil_core::quantity::{Quantity, Stat};

    use super::*;

    fn figure(variant: &str, sd: f64, quantity: Quantity, stat: Stat) -> AaFigure {
        let scale = Scale::of(quantity.unit());
        AaFigure {
            key: MetricKey {
                variant: variant.to_owned(),
                point: String::new(),
                phase: "search".to_owned(),
                form: "search".to_owned(),
                quantity,
                stat,
            },
            scale,
            blocks: 6,
            mean: 1.0,
            sd,
            drift: -0.03,
            drifts: sd > 0.02,
            autocorrelation: None,
            between: None,
            freedom: None,
            margin: 0.02,
            widened: false,
            detectable: 0.05,
        }
    }

    #[test]
    fn variants_share_a_line_and_the_worst_is_told() {
        let figures = [
            figure("a", 0.01, Quantity::Service, Stat::P50),
            figure("a", 0.001, Quantity::Recall { k: 10 }, Stat::Mean),
            figure("b", 0.03, Quantity::Service, Stat::P50),
            figure("c", 0.02, Quantity::Service, Stat::P50),
        ];
        let lines = kinds(&figures);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0], ["search.service.p50", "2.0 %", "3.0 %", "−3.0 %", "2.0 % ", "5.0 %", "5.0 %"]);
        assert_eq!(lines[1], ["search.recall@10.mean", "0.10 pt", "", "", "2.00 pt ", "5.00 pt", ""]);
        assert_eq!(each(&figures)[2][0], "b search.service.p50");
    }

    #[test]
    fn sentences_are_broken_between_words() {
        let text = bullet(&"word ".repeat(40));
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(
            text.lines().count() == 2
                && text.starts_with("  word")
                && text.lines().nth(1).unwrap().starts_with("    word")
        );
    }
}
