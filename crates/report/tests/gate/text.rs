//! Comparisons and gates on a terminal, and comparisons as Markdown.

use annvil_core::comparison::{Comparison, Unmatched, Verdict};
use annvil_core::quantity::{Quantity, Stat};
use annvil_report::artefacts::{ci_summary_md, summary_md};
use annvil_report::{Style, comparison_markdown, comparison_terminal, gate_terminal, trend_html};
use unicode_width::UnicodeWidthStr;

use crate::samples::{inconclusive, interrupted, invalid, key, many, regressed, well};

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
    insta::assert_snapshot!("interrupted_110", gate_terminal(&interrupted(), &style(110)));
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
fn the_smallest_detectable_change_has_a_figure() {
    let head = |comparison: &Comparison| {
        let text = comparison_terminal(comparison, &style(200));
        text.lines().next().unwrap().rsplit(" · ").next().unwrap().to_owned()
    };
    let mut comparison = well().comparison.unwrap();
    // Only building is undecided; of what people ask about all is decided, and the worst is named.
    comparison.metrics[1].detectable = Some(0.031);
    comparison.metrics[4].detectable = Some(0.6);
    assert_eq!(head(&comparison), "smallest detectable change 3.1 % (search p95)");
    // Nor is the rate of building.
    let mut rate = comparison.metrics[4].clone();
    rate.key.quantity = Quantity::Throughput;
    comparison.metrics.insert(4, rate);
    assert_eq!(head(&comparison), "smallest detectable change 3.1 % (search p95)");
    comparison.metrics.remove(4);
    // What is not decided says more than what is. A point of recall is as bad as ten percent.
    comparison.metrics[0].verdict = Verdict::Inconclusive;
    assert_eq!(head(&comparison), "smallest detectable change 2.4 % (search p50)");
    comparison.metrics[2].verdict = Verdict::Inconclusive;
    comparison.metrics[2].detectable = Some(0.012);
    assert_eq!(head(&comparison), "smallest detectable change 1.2 pt (recall@10)");
    // Where only building was measured, that is it.
    comparison.metrics.drain(..4);
    assert_eq!(head(&comparison), "smallest detectable change 60 % (settle time)");
    // Nothing is known of one against one: that of other figures would say too much.
    let mut comparison = well().comparison.unwrap();
    for at in [0, 1] {
        comparison.metrics[at].verdict = Verdict::Inconclusive;
        comparison.metrics[at].detectable = None;
    }
    assert_eq!(head(&comparison), "smallest detectable change unknown (search p50 and 1 more figure)");
    comparison.metrics[1].verdict = Verdict::Equivalent;
    assert_eq!(head(&comparison), "smallest detectable change unknown (search p50)");
}

#[test]
fn what_one_side_alone_has_is_named() {
    let mut comparison = well().comparison.unwrap();
    let all = [Stat::P50, Stat::P90, Stat::P95, Stat::P99, Stat::Max];
    comparison.unmatched =
        all.map(|stat| Unmatched { key: key("mixed", Quantity::Service, stat), in_a: false }).into();
    let text = comparison_terminal(&comparison, &style(240));
    let said = "  in candidate alone: hnsw f16 [ef_search=64] mixed.service.p50, hnsw f16 [ef_search=64] mixed.service.p90, \
                hnsw f16 [ef_search=64] mixed.service.p95 and 2 more figures\n";
    assert!(text.contains(said), "{text}");
    comparison.unmatched.truncate(1);
    let text = comparison_terminal(&comparison, &style(240));
    assert!(text.contains("  in candidate alone: hnsw f16 [ef_search=64] mixed.service.p50\n"), "{text}");
}

/// That a rule names nothing must not be lost among other remarks.
#[test]
fn a_rule_that_names_nothing_is_said() {
    let mut report = regressed();
    let rule = "the rule for `serch.p50` names no figure that was measured; did you mean `search`?";
    let remarks = &mut report.comparison.as_mut().unwrap().remarks;
    remarks.splice(0..0, (0..8).map(|n| format!("remark {n}")));
    assert!(gate_terminal(&report, &style(160)).contains(&format!("  {rule}\n")));
    assert!(
        summary_md(&report).contains("\n- the rule for \\`serch.p50\\` names no figure"),
        "{}",
        summary_md(&report)
    );
}

#[test]
fn one_is_not_said_as_many() {
    let mut report = inconclusive();
    let comparison = report.comparison.as_mut().unwrap();
    comparison.metrics.iter_mut().for_each(|metric| metric.more_runs = Some(1));
    comparison.aa.as_mut().unwrap().blocks = 1;
    comparison.metrics.truncate(1);
    let mut text = comparison_terminal(comparison, &style(160));
    text.push_str(&summary_md(&report));
    text.push_str(&ci_summary_md(&report));
    text.push_str(&trend_html(&[]));
    assert!(text.contains("needs about 1 more run\n") && text.contains("1 figure: 1 INCONCLUSIVE"), "{text}");
    for plural in ["runs", "figures", "blocks", "more runs", "more figures"] {
        let one = format!(" 1 {plural}");
        assert!(!text.contains(&one), "{one}: {text}");
    }
}

#[test]
fn the_worst_comes_first_and_nothing_is_lost() {
    let text = gate_terminal(&regressed(), &style(130));
    let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what}\n{text}"));
    // The more severe of two, limits, then what was accepted, what can't be told, the rest.
    let order =
        ["recall@10  ", "search p95  ", "LIMIT", "memory", "settle time", "throughput", "search p50  "];
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
    for report in [well(), regressed(), inconclusive(), invalid(), interrupted(), many()] {
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
