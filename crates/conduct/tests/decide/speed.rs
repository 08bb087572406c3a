//! How long deciding takes: `cargo test --release -p annvil-conduct --test decide speed -- --ignored --nocapture`.
#![allow(clippy::print_stdout, reason = "the figures are what it is run for")]

use std::time::Instant;

use annvil_conduct::compare::{CompareSpec, compare};
use annvil_conduct::gate::{Given, Measured, gate};
use annvil_core::figures::Group;
use annvil_core::gate::GateSpec;
use annvil_core::quantity::{Quantity, Stat};
use annvil_core::record::Origin;

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
#[ignore = "measures time, asserts nothing"]
fn of_a_comparison_and_of_fifty_gates() {
    let (a, b) = (suite("a", 5), suite("b", 5));
    let began = Instant::now();
    let comparison = compare(&a, &b, &CompareSpec::default()).unwrap();
    println!("{} figures, 5 against 5 runs: {:?}", comparison.metrics.len(), began.elapsed());

    let candidate = Measured::figures(suite("candidate", 5));
    let baselines: Vec<Group> = (0..50).map(|number| suite(&format!("baseline {number}"), 5)).collect();
    let spec = GateSpec::default();
    let began = Instant::now();
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
    println!("50 gates of these: {:?}", began.elapsed());
    let whole = suite("baseline", 50);
    let began = Instant::now();
    compare(&whole, &b, &CompareSpec::default()).unwrap();
    println!("against a baseline of 50 runs: {:?}", began.elapsed());
}
