//! How long deciding takes, against the second that nobody minds: `cargo xtask bench-stats --part speed`.
#![allow(clippy::print_stdout, reason = "the figures are what it is run for")]

use std::time::Instant;

use annvil_conduct::compare::{CompareSpec, compare};
use annvil_conduct::gate::{Given, Measured, gate};
use annvil_conduct::trend::{TrendSpec, trends};
use annvil_core::figures::{Figures, Group, Provenance};
use annvil_core::gate::GateSpec;
use annvil_core::quantity::{Quantity, Stat};
use annvil_core::record::Origin;
use annvil_store::{Entry, RunFilter, Store};

use crate::made::{RECALL, around, group, key};

/// Twelve variants with five figures each, one of them the recall of 1,000 queries.
fn suite(name: &str, runs: usize) -> Group {
    group(name, runs, |number, figures| {
        for variant in 0..12 {
            let variant = format!("variant {variant}");
            for stat in [Stat::P50, Stat::P95, Stat::P99] {
                figures.values.insert(key(&variant, Quantity::Service, stat), around(1e6, number));
            }
            figures.values.insert(key(&variant, Quantity::Throughput, Stat::Value), around(1e3, number));
            let recall = key(&variant, RECALL, Stat::Mean);
            figures.values.insert(recall.clone(), 0.97);
            let of = |query: u32| if (query + number as u32).is_multiple_of(3) { 0.9 } else { 1.0 };
            figures.by_query.insert(recall, (0..1000).map(|query| (query, of(query))).collect());
        }
    })
}

#[test]
#[ignore = "measures time: cargo xtask bench-stats --part speed"]
fn of_a_comparison_and_of_fifty_gates() {
    let (a, b) = (suite("a", 5), suite("b", 5));
    timed("60 figures, 5 against 5 runs", || {
        compare(&a, &b, &CompareSpec::default()).unwrap();
    });

    let candidate = Measured::figures(suite("candidate", 5));
    let baselines: Vec<Group> = (0..50).map(|number| suite(&format!("baseline {number}"), 5)).collect();
    let spec = GateSpec::default();
    timed("50 gates of these, each on a baseline of its own", || {
        for baseline in &baselines {
            gate(Given {
                name: String::new(),
                decided: String::new(),
                origin: Origin::default(),
                spec: &spec,
                candidate: &candidate,
                baseline: Some(baseline),
                missing: None,
                unlike: false,
                compare: CompareSpec::default(),
                accepted: &[],
            });
        }
    });
    let whole = suite("baseline", 50);
    timed("60 figures, a baseline of 50 runs against 5", || {
        compare(&whole, &b, &CompareSpec::default()).unwrap();
    });
}

/// Runs in a large store, and the figures of each.
const RUNS: u32 = 100_000;
const FIGURES: u32 = 60;

#[test]
#[ignore = "fills a store for a minute: cargo xtask bench-stats --part speed"]
fn of_trends_in_a_large_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::beside(folder.path()).unwrap();
    fill(&store);
    timed("100,000 runs: opened, the latest 20 listed", || {
        let store = Store::read(folder.path().join("history.db").to_str().unwrap()).unwrap().unwrap();
        store.runs(&RunFilter { limit: Some(20), ..RunFilter::default() }).unwrap();
    });
    let drawn = |spec: &TrendSpec| {
        let found = trends(&store, spec).unwrap();
        let style = annvil_report::Style { width: 100, ..annvil_report::Style::default() };
        assert!(annvil_report::trend_terminal(&found.series, &style).len() > 1000);
        found.series
    };
    timed("one figure of all of them as a trend, drawn", || {
        let figure = "variant_7.p99".parse().unwrap();
        let [series] = &drawn(&TrendSpec { patterns: vec![figure], ..TrendSpec::default() })[..] else {
            panic!("it has one figure")
        };
        assert_eq!((series.points.len(), series.changes.len()), (RUNS as usize, 1));
    });
    let filter = RunFilter { limit: Some(1000), ..RunFilter::default() };
    timed("all 60 figures of the latest 1,000, drawn", || {
        assert_eq!(drawn(&TrendSpec { filter, ..TrendSpec::default() }).len(), FIGURES as usize);
    });
}

/// Runs every ten minutes on one branch, each with its figures, which rise by 20 % in the middle.
fn fill(store: &Store) {
    let numbers: Vec<u32> = (0..RUNS).collect();
    for some in numbers.chunks(1000) {
        let made: Vec<(Provenance, Figures)> = some.iter().map(|number| run(*number)).collect();
        let entries: Vec<Entry<'_>> =
            made.iter().map(|(about, figures)| (about, std::slice::from_ref(figures), None)).collect();
        store.add_all(&entries).unwrap();
    }
}

fn run(number: u32) -> (Provenance, Figures) {
    let name = format!("run-{number:06}");
    let began = jiff::Timestamp::from_second(1_700_000_000 + i64::from(number) * 600).unwrap();
    let about = Provenance {
        run: name.clone(),
        session: name.clone(),
        tool: "annvil".to_owned(),
        scenario: "large".to_owned(),
        started: began.to_string(),
        complete: true,
        ..Provenance::default()
    };
    let level = if number < RUNS / 2 { 1e6 } else { 1.2e6 };
    let mut figures = Figures { run: name.clone(), session: name, ..Figures::default() };
    for variant in 0..FIGURES {
        let key = key(&format!("variant_{variant}"), Quantity::Service, Stat::P99);
        figures.values.insert(key, around(level, (number * 7 + variant) as usize));
    }
    (about, figures)
}

fn timed(what: &str, work: impl FnOnce()) {
    let began = Instant::now();
    work();
    let seconds = began.elapsed().as_secs_f64();
    println!("{:>8.1} ms  {what}: {:.2} of a second", seconds * 1e3, seconds);
}
