//! What becomes of figures on two sides.

use annvil_conduct::compare::{CompareSpec, Pairing, Refused, Unlike, compare};
use annvil_core::comparison::{Comparison, Verdict};
use annvil_core::figures::Group;
use annvil_core::quantity::{Quantity, Stat};

use crate::made::{RECALL, around, at, group, key, recalls, speeds};

fn usual(name: &str, nanoseconds: f64, lost: u32) -> Group {
    group(name, 5, |number, figures| {
        speeds(figures, number, nanoseconds);
        recalls(figures, "hnsw", lost);
    })
}

fn verdict(comparison: &Comparison, quantity: Quantity, stat: Stat) -> Verdict {
    let wanted = key("hnsw", quantity, stat);
    comparison.metrics.iter().find(|metric| metric.key == wanted).map(|metric| metric.verdict).unwrap()
}

#[test]
fn slower_is_regressed_and_equal_recall_is_equivalent() {
    let comparison = compare(&usual("a", 1e6, 0), &usual("b", 1.12e6, 0), &CompareSpec::default()).unwrap();
    assert_eq!(verdict(&comparison, Quantity::Service, Stat::P50), Verdict::Regressed);
    assert_eq!(verdict(&comparison, Quantity::Throughput, Stat::Value), Verdict::Regressed);
    assert_eq!(verdict(&comparison, RECALL, Stat::Mean), Verdict::Equivalent);
    assert_eq!(comparison.sentence, "b is 12 % slower (hnsw search p95), and as right (recall the same).");
    let recall = comparison.metrics.iter().find(|metric| metric.key.quantity == RECALL).unwrap();
    assert_eq!(recall.method, "query by query, over 200 queries");
    assert!(
        comparison.remarks.iter().any(|remark| remark.starts_with("not interleaved")),
        "{:?}",
        comparison.remarks
    );
}

#[test]
fn faster_but_less_right_is_both() {
    let comparison = compare(&usual("a", 1e6, 0), &usual("b", 0.8e6, 3), &CompareSpec::default()).unwrap();
    assert_eq!(verdict(&comparison, Quantity::Service, Stat::P50), Verdict::Improved);
    assert_eq!(verdict(&comparison, RECALL, Stat::Mean), Verdict::Regressed);
    assert!(comparison.sentence.contains("less right (recall −3.4 points, hnsw)"), "{}", comparison.sentence);
}

#[test]
fn the_same_is_never_regressed_and_sides_exchanged_turn_the_answer_around() {
    let (a, b) = (usual("a", 1e6, 0), usual("b", 1.1e6, 3));
    let same = compare(&a, &a, &CompareSpec::default()).unwrap();
    assert!(same.metrics.iter().all(|metric| metric.verdict != Verdict::Regressed));
    let there = compare(&a, &b, &CompareSpec::default()).unwrap();
    let back = compare(&b, &a, &CompareSpec::default()).unwrap();
    for (one, other) in there.metrics.iter().zip(&back.metrics) {
        let turned = match one.verdict {
            Verdict::Regressed => Verdict::Improved,
            Verdict::Improved => Verdict::Regressed,
            verdict => verdict,
        };
        assert_eq!(other.verdict, turned, "{}", one.key);
    }
}

#[test]
fn what_may_not_be_compared_is_refused_or_marked() {
    let (a, mut b) = (usual("a", 1e6, 0), usual("b", 1e6, 0));
    for run in &mut b.runs {
        run.fingerprint = Some("bbbb".to_owned());
    }
    let refused = compare(&a, &b, &CompareSpec::default()).unwrap_err();
    assert!(matches!(refused, Refused::Machines { .. }) && !refused.is_invalid(), "{refused}");
    let marked = CompareSpec { machines: Unlike::Marked, ..CompareSpec::default() };
    let comparison = compare(&a, &b, &marked).unwrap();
    assert!(comparison.remarks[0].starts_with("not comparable"), "{:?}", comparison.remarks);

    b.runs[0].plan_hash = Some("other".to_owned());
    let refused = compare(&a, &b, &marked).unwrap_err();
    assert!(matches!(refused, Refused::Plans { .. }), "{refused}");

    b.runs[0].invalid = vec!["the client was the bottleneck".to_owned()];
    assert!(compare(&a, &b, &marked).unwrap_err().is_invalid());
    // What another tool does not say can't differ.
    let foreign = group("f", 5, |number, figures| speeds(figures, number, 1e6));
    let mut foreign = Group { runs: foreign.runs.clone(), ..foreign };
    for run in &mut foreign.runs {
        (run.fingerprint, run.plan_hash) = (None, None);
        "criterion".clone_into(&mut run.tool);
    }
    let comparison = compare(&foreign, &foreign, &CompareSpec::default()).unwrap();
    assert!(comparison.remarks[0].starts_with("criterion names neither"), "{:?}", comparison.remarks);
}

#[test]
fn variants_are_paired_by_name_by_choice_or_because_there_is_no_other() {
    let side = |name: &str, variants: &[&str]| {
        group(name, 4, |number, figures| {
            for variant in variants {
                figures.values.insert(key(variant, Quantity::Service, Stat::P50), around(1e6, number));
            }
        })
    };
    let alone = compare(&side("a", &["f32"]), &side("b", &["f16"]), &CompareSpec::default()).unwrap();
    assert_eq!(alone.metrics[0].key_a.as_ref().unwrap().variant, "f32");
    assert!(alone.remarks.iter().any(|remark| remark.contains("`f32` is compared with variant `f16`")));

    let both = side("a", &["f32", "f16"]);
    let pairs = CompareSpec {
        pairing: Pairing::Variants(vec![("f32".to_owned(), "f16".to_owned())]),
        ..CompareSpec::default()
    };
    let comparison = compare(&both, &both, &pairs).unwrap();
    assert_eq!((comparison.metrics.len(), comparison.metrics[0].key.variant.as_str()), (1, "f16"));
    // Variants of one run were measured in turns.
    assert!(comparison.interleaved && comparison.metrics[0].verdict == Verdict::Equivalent);

    let misspelt = CompareSpec {
        pairing: Pairing::Variants(vec![("f32".to_owned(), "f61".to_owned())]),
        ..CompareSpec::default()
    };
    let error = compare(&both, &both, &misspelt).unwrap_err().to_string();
    assert!(error.contains("no variant `f61` on side b") && error.contains("`f32`"), "{error}");

    let refused = compare(&side("a", &["f32", "i8"]), &side("b", &["f16", "bits"]), &CompareSpec::default());
    assert!(refused.unwrap_err().to_string().contains("--pair A=B"));

    let other =
        compare(&side("a", &["f32", "old"]), &side("b", &["f32", "new"]), &CompareSpec::default()).unwrap();
    let left: Vec<(&str, bool)> =
        other.unmatched.iter().map(|one| (one.key.variant.as_str(), one.in_a)).collect();
    assert_eq!(left, [("old", true), ("new", false)]);
}

#[test]
fn one_point_is_compared_with_another_and_sweeps_at_equal_recall() {
    let sweep = |name: &str, points: &[(&str, f64, f64)]| {
        group(name, 5, |number, figures| {
            for (point, nanoseconds, recall) in points {
                figures
                    .values
                    .insert(at("hnsw", point, Quantity::Service, Stat::P50), around(*nanoseconds, number));
                figures.values.insert(at("hnsw", point, RECALL, Stat::Mean), *recall);
            }
        })
    };
    let one = compare(
        &sweep("a", &[("ef=64", 1e6, 0.99)]),
        &sweep("b", &[("ef=40", 0.7e6, 0.96)]),
        &CompareSpec::default(),
    )
    .unwrap();
    assert_eq!(one.metrics[0].key_a.as_ref().unwrap().point, "ef=64");
    assert!(one.equal_recall.is_empty());

    // Faster at every point, because it searches less: at one recall it is as fast.
    let a = sweep("a", &[("ef=1", 1e6, 0.90), ("ef=2", 2e6, 0.95), ("ef=3", 4e6, 0.99)]);
    let b = sweep("b", &[("ef=1", 0.5e6, 0.85), ("ef=2", 1e6, 0.90), ("ef=3", 2e6, 0.95)]);
    let comparison = compare(&a, &b, &CompareSpec::default()).unwrap();
    let [equal] = comparison.equal_recall.as_slice() else { panic!("{:?}", comparison.equal_recall) };
    assert!((equal.recall - 0.95).abs() < 1e-12 && equal.verdict == Verdict::Equivalent, "{equal:?}");
    assert!(
        comparison.sentence.ends_with("At a recall of 0.9500 it is as fast (search p50)."),
        "{}",
        comparison.sentence
    );
}

#[test]
fn values_without_a_ratio_and_moments_are_not_guessed_at() {
    let side = |name: &str, bytes: f64, settle: f64| {
        group(name, 3, |number, figures| {
            figures.values.insert(key("hnsw", Quantity::Memory, Stat::Value), bytes);
            figures.values.insert(key("hnsw", Quantity::Time, Stat::Value), settle * (number + 1) as f64);
        })
    };
    let comparison =
        compare(&side("a", 0.0, 100.0), &side("b", 0.0, 300.0), &CompareSpec::default()).unwrap();
    assert!(comparison.metrics.iter().all(|metric| metric.verdict == Verdict::Equivalent), "{comparison:?}");
    let comparison =
        compare(&side("a", 0.0, 100.0), &side("b", 5.0, 300.0), &CompareSpec::default()).unwrap();
    let memory = comparison.metrics.iter().find(|metric| metric.key.quantity == Quantity::Memory).unwrap();
    assert_eq!((memory.verdict, memory.change), (Verdict::Inconclusive, None));
    let comparison =
        compare(&side("a", 100.0, 1.0), &side("b", 110.0, 1.0), &CompareSpec::default()).unwrap();
    let memory = comparison.metrics.iter().find(|metric| metric.key.quantity == Quantity::Memory).unwrap();
    assert_eq!(memory.verdict, Verdict::Regressed);
}

#[test]
fn of_two_runs_only_what_is_equal_to_the_last_digit_is_told() {
    let side = |name: &str, nanoseconds: f64| {
        group(name, 1, |_, figures| {
            figures.values.insert(key("hnsw", Quantity::Memory, Stat::Value), 3_350_000.0);
            figures.values.insert(key("hnsw", Quantity::Success, Stat::Value), 1.0);
            figures.values.insert(key("hnsw", Quantity::Service, Stat::P50), nanoseconds);
        })
    };
    let comparison = compare(&side("a", 1e6), &side("b", 2e6), &CompareSpec::default()).unwrap();
    assert_eq!(verdict(&comparison, Quantity::Memory, Stat::Value), Verdict::Equivalent);
    assert_eq!(verdict(&comparison, Quantity::Success, Stat::Value), Verdict::Equivalent);
    assert_eq!(verdict(&comparison, Quantity::Service, Stat::P50), Verdict::Inconclusive);
}
