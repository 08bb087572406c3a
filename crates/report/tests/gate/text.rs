//! Comparisons and gates on a terminal, and comparisons as Markdown.

use annvil_report::{Style, comparison_markdown, comparison_terminal, gate_terminal};
use unicode_width::UnicodeWidthStr;

use crate::samples::{inconclusive, invalid, many, regressed, well};

fn style(width: usize) -> Style {
    Style { width, ..Style::default() }
}

#[test]
fn gates_on_a_terminal() {
    insta::assert_snapshot!("well_110", gate_terminal(&well(), &style(110)));
    insta::assert_snapshot!("regressed_130", gate_terminal(&regressed(), &style(130)));
    insta::assert_snapshot!("regressed_90", gate_terminal(&regressed(), &style(90)));
    insta::assert_snapshot!("inconclusive_110", gate_terminal(&inconclusive(), &style(110)));
    insta::assert_snapshot!("invalid_110", gate_terminal(&invalid(), &style(110)));
    insta::assert_snapshot!("many_110", gate_terminal(&many(), &style(110)));
}

#[test]
fn comparisons_as_text() {
    let comparison = regressed().comparison.unwrap();
    insta::assert_snapshot!("comparison_110", comparison_terminal(&comparison, &style(110)));
    insta::assert_snapshot!("comparison_markdown", comparison_markdown(&comparison));
    let ascii = Style { unicode: false, ..style(60) };
    insta::assert_snapshot!("comparison_ascii_60", comparison_terminal(&comparison, &ascii));
}

#[test]
fn the_worst_comes_first_and_nothing_is_lost() {
    let text = gate_terminal(&regressed(), &style(130));
    let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what}\n{text}"));
    // The more severe of two, limits, then what was accepted, what can't be told, the rest.
    let order = ["recall@10  ", "search p95  ", "LIMIT", "memory", "settle time", "throughput", "search p50"];
    assert!(order.windows(2).all(|pair| at(pair[0]) < at(pair[1])), "{text}");
    assert!(text.contains("accepted by ada: m is 32 now") && text.ends_with("exit 1\n"));
    let all = gate_terminal(&many(), &style(110));
    let counted: usize = all
        .lines()
        .map(str::trim)
        .filter_map(|line| {
            let (n, rest) = line.split_once(' ')?;
            rest.contains("EQUIVALENT:").then(|| n.parse::<usize>().ok())?
        })
        .sum();
    assert_eq!(counted, 46, "{all}");
}

#[test]
fn lines_keep_to_the_width() {
    for report in [well(), regressed(), inconclusive(), invalid(), many()] {
        for wide in [60, 80, 100, 160] {
            let mut text = gate_terminal(&report, &style(wide));
            text.extend(report.comparison.as_ref().map(|it| comparison_terminal(it, &style(wide))));
            for line in text.lines() {
                assert!(line.width() <= wide, "{wide}: {line}");
            }
            assert!(!text.contains('\u{1b}'));
        }
    }
}

#[test]
fn colours_change_nothing_but_colours() {
    for report in [regressed(), inconclusive(), many()] {
        let colored = gate_terminal(&report, &Style { color: true, ..style(110) });
        let mut plain = String::new();
        for (nth, part) in colored.split('\u{1b}').enumerate() {
            plain.push_str(if nth == 0 { part } else { part.split_once('m').unwrap().1 });
        }
        assert_ne!(colored, plain);
        assert_eq!(plain, gate_terminal(&report, &style(110)));
    }
}

#[test]
fn ascii_is_ascii() {
    for report in [well(), regressed(), inconclusive(), invalid()] {
        let text = gate_terminal(&report, &Style { unicode: false, ..style(110) });
        assert!(text.is_ascii(), "{text}");
    }
}
