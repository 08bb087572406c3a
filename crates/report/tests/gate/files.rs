//! Markdown, annotations, metrics and CSV.

use annvil_core::gate::{Fired, GateReport, Rule, Severity};
use annvil_core::quantity::Quantity;
use annvil_report::artefacts::{
    ci_summary_md, github_annotations, github_step_summary, gitlab_metrics, history_csv, junit_xml, marker,
    regression_md, summary_md,
};
use annvil_report::{Series, Style, TrendChange, TrendPoint, gate_terminal};

use crate::samples::{fired, inconclusive, interrupted, invalid, many, regressed, well};

fn reports() -> [(&'static str, GateReport); 5] {
    [
        ("well", well()),
        ("regressed", regressed()),
        ("inconclusive", inconclusive()),
        ("invalid", invalid()),
        ("interrupted", interrupted()),
    ]
}

#[test]
fn every_file_of_every_report() {
    for (name, report) in reports() {
        insta::assert_snapshot!(format!("{name}_summary"), summary_md(&report));
        insta::assert_snapshot!(format!("{name}_regression"), regression_md(&report));
        insta::assert_snapshot!(format!("{name}_comment"), ci_summary_md(&report));
        insta::assert_snapshot!(format!("{name}_annotations"), github_annotations(&report));
        insta::assert_snapshot!(format!("{name}_metrics"), gitlab_metrics(&report));
        assert_eq!(github_step_summary(&report), summary_md(&report));
    }
    insta::assert_snapshot!("many_comment", ci_summary_md(&many()));
    insta::assert_snapshot!("many_step_summary", github_step_summary(&many()));
    insta::assert_snapshot!("many_annotations", github_annotations(&many()));
}

#[test]
fn what_was_stopped_is_not_said_to_be_met() {
    let report = interrupted();
    for text in [
        summary_md(&report),
        regression_md(&report),
        ci_summary_md(&report),
        github_step_summary(&report),
        github_annotations(&report),
        junit_xml(&report),
        gate_terminal(&report, &Style::default()),
    ] {
        let words =
            text.split(|c: char| !c.is_alphanumeric()).filter(|word| *word == "met" || *word == "near");
        assert_eq!(words.count(), 0, "{text}");
        assert!(text.contains("nterrupted") && !text.contains("Nothing speaks against"), "{text}");
    }
}

#[test]
fn a_comment_is_short_whatever_the_report() {
    let text = ci_summary_md(&many());
    assert!(text.len() < 20_000, "{} bytes", text.len());
    assert!(text.starts_with(&format!("{}\n", marker(&many().name))));
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
    // Before the fold stands what fired and nothing else; in it the rest, so that each figure has one row.
    let (open, folded) = text.split_once("<details>").unwrap();
    assert_eq!((open.matches("| REGRESSED |").count(), folded.matches("| REGRESSED |").count()), (2, 0));
    assert!(
        folded.starts_with("<summary>58 more figures: 12 INCONCLUSIVE, 46 EQUIVALENT</summary>"),
        "{folded}"
    );
    assert_eq!(
        folded.lines().filter(|line| line.starts_with("| ") && line.contains(" search p")).count(),
        58
    );
    assert!(open.lines().count() < 20, "{open}");
    let mut long = many();
    let metrics = &mut long.comparison.as_mut().unwrap().metrics;
    let more: Vec<_> = (0..40).flat_map(|_| metrics.clone()).collect();
    *metrics = more;
    for metric in metrics.iter_mut() {
        metric.key.variant = "long name ".repeat(60);
    }
    long.invalid = vec!["a reason ".repeat(900); 12];
    for text in [ci_summary_md(&long), github_step_summary(&long)] {
        assert!(text.len() < 1_000_000);
    }
    assert!(ci_summary_md(&long).len() < 65_536, "{}", ci_summary_md(&long).len());
}

#[test]
fn names_are_no_markup() {
    let report = many();
    for text in [summary_md(&report), regression_md(&report), ci_summary_md(&report)] {
        assert!(!text.contains("<b>") && !text.contains("<i>") && !text.contains('\u{1b}'), "{text}");
        for table in text.split("\n\n").filter(|part| part.starts_with("| ")) {
            let bars = |line: &str| line.replace("\\|", "").matches('|').count();
            let first = bars(table.lines().next().unwrap());
            assert!(table.lines().all(|line| bars(line) == first), "{table}");
        }
    }
    assert!(!ci_summary_md(&report).contains("@team") && ci_summary_md(&report).contains("@<!-- -->team"));
}

#[test]
fn annotations_are_at_most_ten_of_a_kind() {
    let mut report = many();
    let metrics = report.comparison.clone().unwrap().metrics;
    report.fired = metrics
        .iter()
        .map(|metric| {
            fired(metric.key.clone(), Rule::Statistics, Severity::Severe, metric.b, metric.a, "slower")
        })
        .collect();
    let text = github_annotations(&report);
    assert_eq!(text.lines().count(), 10);
    assert!(
        text.lines().all(|line| line.starts_with("::error title=") && !line.contains('\u{1b}')),
        "{text}"
    );
    assert!(text.ends_with("and 51 more: see summary.md\n"), "{text}");
    // Two rules that speak of one figure are one annotation.
    report.fired.truncate(1);
    let words = "20 % worse, at most 10 % is allowed".to_owned();
    report.fired.push(Fired { rule: Rule::Relative, words, ..report.fired[0].clone() });
    let text = github_annotations(&report);
    assert_eq!(text.lines().count(), 1);
    assert!(text.ends_with("; severity severe. slower; 20 %25 worse, at most 10 %25 is allowed\n"), "{text}");
    assert_eq!(github_annotations(&well()), "");
    assert!(github_annotations(&inconclusive()).starts_with("::warning title=store%3A can't tell::"));
}

/// The grammar of one sample: name, labels, value.
#[test]
fn metrics_have_the_form_of_openmetrics() {
    for report in [well(), regressed(), many(), invalid()] {
        let text = gitlab_metrics(&report);
        assert!(text.ends_with("# EOF\n"));
        let mut families: Vec<String> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        for line in text.lines().filter(|line| *line != "# EOF") {
            if let Some(head) = line.strip_prefix("# TYPE ") {
                let name = head.split(' ').next().unwrap().to_owned();
                assert!(!families.contains(&name), "{name} twice");
                families.push(name);
            } else if let Some(head) = line.strip_prefix("# UNIT ") {
                let (name, unit) = head.split_once(' ').unwrap();
                assert!(name.ends_with(&format!("_{unit}")), "{line}");
            } else if !line.starts_with("# ") {
                let (series, value) = line.rsplit_once(' ').unwrap();
                assert_eq!(series.split('{').next().unwrap(), families.last().unwrap(), "{line}");
                assert!(value.parse::<f64>().unwrap().is_finite());
                assert!(seen.insert(series.to_owned()), "{series} twice");
            }
        }
    }
    let text = gitlab_metrics(&regressed());
    let sample = "annvil_time_seconds{variant=\"hnsw f16\",point=\"ef_search=64\",phase=\"search\",form=\"search\",\
quantity=\"response\",stat=\"p95\"} 0.009";
    assert!(text.contains(sample), "{text}");
}

#[test]
fn history_as_csv() {
    let point = |n: usize, value| TrendPoint {
        run: format!("run {n}"),
        started: format!("2026-11-0{n}T00:00:00Z"),
        commit: (n > 1).then(|| "=cmd".to_owned()),
        value,
    };
    let series = Series {
        name: "search p95, hnsw".to_owned(),
        quantity: Quantity::Response,
        points: vec![point(1, 8.1e6), point(2, 9.0e6)],
        changes: vec![TrendChange { at: 1, before: 8.1e6, after: 9.0e6, share: 0.111 }],
        drift: None,
    };
    assert_eq!(
        history_csv(&[series]),
        "figure,run,started,commit,value,unit,change\n\
         \"search p95, hnsw\",run 1,2026-11-01T00:00:00Z,,8100000,ns,\n\
         \"search p95, hnsw\",run 2,2026-11-02T00:00:00Z,\"'=cmd\",9000000,ns,0.111\n"
    );
}
