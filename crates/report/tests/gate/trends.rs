//! Histories on a terminal and as HTML.

use std::fs;
use std::path::Path;

use annvil_core::quantity::Quantity;
use annvil_report::{
    Drift, Series, Style, TrendChange, TrendPoint, html_with_history, trend_html, trend_terminal,
};
use unicode_width::UnicodeWidthStr;

use crate::samples::RECALL;

/// A series of so many points with steps, and noise that is the same in each run of the test.
fn series(name: &str, quantity: Quantity, level: f64, points: usize, steps: &[(usize, f64)]) -> Series {
    let mut state = 42u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1u32 << 31) - 0.5
    };
    let share =
        |at: usize| steps.iter().filter(|(from, _)| at >= *from).map(|(_, step)| 1.0 + step).product::<f64>();
    let points = (0..points).map(|at| TrendPoint {
        run: format!("2026-run-{at}"),
        started: format!("2026-{:02}-{:02}T10:00:00Z", 1 + at / 28 % 12, 1 + at % 28),
        commit: (at % 3 > 0).then(|| format!("{:x}{:032x}", 0xabc_def0_u64 + at as u64, 7)),
        value: level * share(at) * (1.0 + 0.02 * noise()),
    });
    let points: Vec<TrendPoint> = points.collect();
    let changes = steps.iter().filter(|(at, _)| *at < points.len()).map(|(at, step)| TrendChange {
        at: *at,
        before: level * share(at - 1),
        after: level * share(*at),
        share: if quantity == RECALL { level * share(*at) - level * share(at - 1) } else { *step },
    });
    let changes = changes.collect();
    let drift = (points.len() > 10).then_some(Drift { per_month: 0.012, low: 0.004, high: 0.02 });
    Series { name: name.to_owned(), quantity, points, changes, drift }
}

fn sizes() -> Vec<Series> {
    let p95 = |points, steps: &[(usize, f64)]| {
        series(&format!("hnsw search.response.p95 · {points}"), Quantity::Response, 8.1e6, points, steps)
    };
    let mut recall = series("hnsw search.recall@10.mean", RECALL, 0.96, 60, &[(30, -0.02)]);
    recall.drift = Some(Drift { per_month: 0.0001, low: -0.0002, high: 0.0004 });
    vec![
        p95(0, &[]),
        p95(1, &[]),
        p95(2, &[]),
        p95(40, &[(12, 0.11), (28, -0.06)]),
        recall,
        p95(5_000, &[(1_200, 0.05), (1_230, 0.04), (4_100, -0.12)]),
    ]
}

#[test]
fn charts_on_a_terminal() {
    insta::assert_snapshot!("trends_100", trend_terminal(&sizes(), &Style::default()));
    let plain = Style { unicode: false, width: 70, ..Style::default() };
    let text = trend_terminal(&sizes()[2..5], &plain);
    insta::assert_snapshot!("trends_ascii_70", text);
    assert_eq!(trend_terminal(&[], &plain), "  no figure has this name\n");
}

#[test]
fn charts_keep_to_the_width_and_hold_no_nonsense() {
    for width in [40, 60, 100, 200] {
        let text = trend_terminal(&sizes(), &Style { width, ..Style::default() });
        for line in text.lines() {
            assert!(line.width() <= width, "{width}: {line}");
            assert!(!line.contains("NaN") && !line.contains("inf"), "{line}");
        }
    }
    // Points that are no numbers are left out; a line that does not move is drawn.
    let mut odd = series("odd", Quantity::Response, 5e6, 6, &[]);
    for point in &mut odd.points {
        point.value = 5e6;
    }
    odd.points[2].value = f64::NAN;
    odd.changes = vec![TrendChange { at: 99, before: 1.0, after: 2.0, share: 1.0 }];
    let text = trend_terminal(std::slice::from_ref(&odd), &Style::default());
    assert!(text.contains("5 runs") && text.contains("5 ms"), "{text}");
    let page = trend_html(&[odd]);
    assert!(!page.contains("NaN"));
}

/// A run's own report ends with it, and is whole without.
#[test]
fn a_report_ends_with_its_history() {
    let record = annvil_report::read(include_str!("../reports/run.json")).unwrap();
    let without = html_with_history(&record, &[]);
    assert_eq!(without, annvil_report::html(&record));
    assert!(!without.contains("id=\"history\""));
    let mut series = sizes()[3..5].to_vec();
    series[0].name = "<b>p95</b>".to_owned();
    let with = html_with_history(&record, &series);
    let (before, section) = with.split_once("<section id=\"history\"><h2>History</h2>").unwrap();
    assert!(without.starts_with(before));
    let (section, after) = section.split_once("</section>").unwrap();
    assert!(!after.contains("<section"), "it is the last");
    assert_eq!((section.matches("<svg").count(), section.matches("class=\"knee\"").count()), (2, 3));
    assert!(section.contains("The latest 60 runs of this plan on this machine"), "{section}");
    for part in [
        "&lt;b&gt;p95&lt;/b&gt;",
        "<td>2026-01-13</td><td>2026-run-12</td>",
        "<td>2026-02-01</td><td>abcdf0c0</td>",
        "a month: worse",
        "No drift can be told",
    ] {
        assert!(section.contains(part), "{part}: {section}");
    }
    assert!(!section.contains("NaN") && !section.contains("<b>p95"), "{section}");
}

#[test]
fn the_page_is_whole_and_small() {
    let mut all = sizes();
    all[3].name = "<script>alert(1)</script> \"x\"".to_owned();
    let page = trend_html(&all);
    fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("trend.html"), trend_html(&sizes())).unwrap();
    assert!(page.len() < 300_000, "{} bytes", page.len());
    let body = page.split("</style>").last().unwrap();
    for outside in ["http://", "https://", "url(", "src=", "NaN", "\"inf", "<script>alert"] {
        assert!(!body.contains(outside), "{outside}");
    }
    // One drawing for each series of two points and more.
    assert_eq!(page.matches("<svg").count(), 4);
    assert_eq!(page.matches("class=\"knee\"").count(), 6);
    for tag in ["svg", "g", "div", "figure", "table", "section"] {
        let (open, close) =
            (page.matches(&format!("<{tag}")).count(), page.matches(&format!("</{tag}>")).count());
        let more = if tag == "g" { page.matches("<generator").count() } else { 0 };
        assert_eq!(open - more, close, "{tag}");
    }
    assert!(trend_html(&[]).contains("No figure has this name."));
}
