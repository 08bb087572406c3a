//! What a gate makes of a comparison: what fires, how bad it is, what was accepted, how it ends.

use annvil_conduct::Outcome;
use annvil_conduct::compare::{CompareSpec, Known, KnownFigure};
use annvil_conduct::gate::{Accepted, Given, Measured, gate};
use annvil_core::comparison::{AaSummary, Verdict};
use annvil_core::figures::Group;
use annvil_core::gate::{Amount, GateReport, GateSpec, Rule, Severity};
use annvil_core::quantity::{Quantity, Stat};

use crate::made::{group, key, recalls, speeds};

fn side(name: &str, nanoseconds: f64, lost: u32) -> Group {
    group(name, 5, |number, figures| {
        speeds(figures, number, nanoseconds);
        recalls(figures, "hnsw", lost);
    })
}

fn judged(candidate: Group, baseline: Option<&Group>, spec: &GateSpec, accepted: &[Accepted]) -> GateReport {
    gate(Given { accepted, ..given(spec, &Measured::figures(candidate), baseline) })
}

fn given<'a>(spec: &'a GateSpec, candidate: &'a Measured, baseline: Option<&'a Group>) -> Given<'a> {
    Given {
        name: "made".to_owned(),
        decided: String::new(),
        origin: annvil_core::record::Origin::default(),
        spec,
        candidate,
        baseline,
        missing: None,
        unlike: false,
        compare: CompareSpec::default(),
        accepted: &[],
    }
}

fn spec(yaml: &str) -> GateSpec {
    annvil_core::document::Document::parse("gate.yaml", yaml).unwrap().read().unwrap()
}

#[test]
fn nothing_changed_ends_with_0() {
    let (a, b) = (side("a", 1e6, 0), side("b", 1e6, 0));
    let report = judged(b, Some(&a), &GateSpec::default(), &[]);
    assert_eq!((report.exit_code, report.fired.len()), (0, 0), "{}", report.sentence);
    assert!(report.sentence.starts_with("Nothing regressed against a"), "{}", report.sentence);
}

#[test]
fn each_rule_says_that_it_was_the_one() {
    let a = side("a", 1e6, 0);
    let report = judged(side("b", 1.3e6, 0), Some(&a), &spec("always: [search.service.p50 <= 1.2ms]"), &[]);
    let key = key("hnsw", Quantity::Service, Stat::P50);
    let rules: Vec<Rule> =
        report.fired.iter().filter(|fired| fired.key == key).map(|fired| fired.rule).collect();
    assert_eq!(rules, [Rule::Statistics, Rule::Relative, Rule::Absolute]);
    assert_eq!((report.severity(), report.exit_code), (Some(Severity::Severe), 1));
    assert_eq!(report.sentence, "hnsw search.service.p50: 30 % worse, margin 2 %, and 2 more figures.");
}

#[test]
fn a_limit_of_ten_percent_is_one_key() {
    let a = side("a", 1e6, 0);
    let fired = |yaml: &str| {
        let report = judged(side("b", 1.12e6, 0), Some(&a), &spec(yaml), &[]);
        report.fired.iter().filter(|fired| fired.rule == Rule::Relative).count()
    };
    assert_eq!(fired("{}"), 0);
    assert_eq!(fired("worse: {latency: 10 %}"), 1);
    assert_eq!(fired("worse: {latency: 10 %}\nmetrics: {search.p50: {worse: 15 %}}"), 0);
}

#[test]
fn recall_that_was_given_up_for_speed_regresses() {
    let a = side("a", 1e6, 0);
    let report = judged(side("b", 0.8e6, 3), Some(&a), &GateSpec::default(), &[]);
    assert_eq!(report.exit_code, 1);
    assert!(report.fired.iter().all(|fired| matches!(fired.key.quantity, Quantity::Recall { .. })));
    assert_eq!(report.severity(), Some(Severity::Severe));
    assert_eq!(report.causes.iter().map(|cause| cause.name.as_str()).collect::<Vec<_>>(), ["recall-traded"]);
}

#[test]
fn what_was_accepted_passes_up_to_its_amount() {
    let a = side("a", 1e6, 0);
    let accepted = |up_to: f64| Accepted {
        pattern: "search".parse().unwrap(),
        up_to: Some(Amount(up_to)),
        reason: "larger vectors".to_owned(),
        who: "ann".to_owned(),
        when: "2026-11-21T10:00:00+00:00".to_owned(),
    };
    let passed = judged(side("b", 1.12e6, 0), Some(&a), &GateSpec::default(), &[accepted(0.15)]);
    assert_eq!((passed.exit_code, passed.acknowledged.len()), (0, 3), "{}", passed.sentence);
    assert!(passed.sentence.contains("but for 3 figures, which were accepted"), "{}", passed.sentence);
    let beyond = judged(side("b", 1.12e6, 0), Some(&a), &GateSpec::default(), &[accepted(0.05)]);
    assert_eq!((beyond.exit_code, beyond.acknowledged.len()), (1, 0));
}

#[test]
fn what_can_hide_ends_with_3() {
    let a = side("a", 1e6, 0);
    let report = judged(side("b", 1.025e6, 0), Some(&a), &spec("must_detect: 1 %"), &[]);
    assert_eq!((report.exit_code, report.fired.len()), (3, 0), "{}", report.sentence);
    assert!(report.sentence.contains("would not have been found"), "{}", report.sentence);
}

#[test]
fn what_means_nothing_is_not_judged() {
    let a = side("a", 1e6, 0);
    let mut b = side("b", 2e6, 0);
    b.runs[0].invalid = vec!["search: scheduling lag: p99 3 ms".to_owned()];
    let report = judged(b, Some(&a), &GateSpec::default(), &[]);
    assert_eq!((report.exit_code, report.fired.len(), report.comparison.is_none()), (4, 0, true));

    let mut other = side("a", 1e6, 0);
    other.runs.iter_mut().for_each(|run| run.fingerprint = Some("bbbb".to_owned()));
    let report = judged(side("b", 1e6, 0), Some(&other), &GateSpec::default(), &[]);
    assert_eq!(report.exit_code, 2);
    assert!(report.refused.as_ref().unwrap().contains("different machines"));
}

#[test]
fn what_was_stopped_is_not_judged() {
    let mut candidate = Measured::figures(side("b", 1e6, 0));
    let spec = spec("always: [search.throughput >= 5000/s]");
    candidate.outcome = Outcome::Interrupted;
    let report = gate(given(&spec, &candidate, Some(&side("a", 1e6, 0))));
    assert_eq!((report.exit_code, report.fired.len(), report.comparison.is_none()), (130, 0, true));
    assert!(report.sentence.ends_with("nothing is judged."), "{}", report.sentence);
}

#[test]
fn without_a_baseline_only_its_own_limits_count() {
    let report = judged(side("b", 1e6, 0), None, &spec("always: [search.service.p50 <= 15ms]"), &[]);
    assert_eq!(report.exit_code, 0);
    assert!(report.sentence.starts_with("No baseline was given"), "{}", report.sentence);
    let report = judged(side("b", 1e6, 0), None, &spec("always: [search.throughput >= 5000/s]"), &[]);
    assert_eq!((report.exit_code, report.fired[0].rule), (1, Rule::Absolute));
    let report = judged(side("b", 1e6, 0), None, &spec("always: [serch.service.p50 <= 1s]"), &[]);
    assert_eq!(report.exit_code, 1);
    assert!(report.sentence.contains("did you mean `search`?"), "{}", report.sentence);
}

#[test]
fn a_rule_that_names_nothing_is_said() {
    let a = side("a", 1e6, 0);
    let spec = spec("metrics: {serch.p50: {worse: 5 %}, search.p50: {worse: 50 %}}");
    let report = judged(side("b", 1e6, 0), Some(&a), &spec, &[]);
    let remarks = report.comparison.unwrap().remarks;
    let said: Vec<_> = remarks.iter().filter(|remark| remark.contains("names no figure")).collect();
    assert_eq!(said, ["the rule for `serch.p50` names no figure that was measured; did you mean `search`?"]);
}

/// One run of each side.
fn alone(name: &str, nanoseconds: f64) -> Group {
    group(name, 1, |number, figures| speeds(figures, number, nanoseconds))
}

#[test]
fn one_run_against_one_is_held_to_what_somebody_wrote() {
    let (a, b) = (alone("a", 1e6), alone("b", 3e6));
    let bare = judged(b.clone(), Some(&a), &GateSpec::default(), &[]);
    assert_eq!((bare.exit_code, bare.fired.len()), (3, 0), "{}", bare.sentence);
    let limited = judged(b, Some(&a), &spec("worse: {latency: 10 %}"), &[]);
    assert_eq!((limited.exit_code, limited.fired[0].rule), (1, Rule::Relative));
    assert!(limited.fired[0].words.contains("200 % worse, at most 10 %"), "{}", limited.fired[0].words);
    let within = judged(alone("b", 1.05e6), Some(&a), &spec("worse: {latency: 10 %}"), &[]);
    assert_eq!((within.exit_code, within.fired.len()), (3, 0), "{}", within.sentence);
}

#[test]
fn a_quantity_that_is_gone_is_missed() {
    let a = side("a", 1e6, 0);
    let b = group("b", 5, |number, figures| speeds(figures, number, 1e6));
    let report = judged(b, Some(&a), &GateSpec::default(), &[]);
    assert_eq!(report.exit_code, 3, "{}", report.sentence);
    assert!(report.sentence.contains("nothing was measured of hnsw search recall@10"), "{}", report.sentence);
}

#[test]
fn a_margin_that_a_noisy_machine_widened_hides_what_must_be_found() {
    let (a, b) = (side("a", 1e6, 0), side("b", 1.12e6, 0));
    let median = key("hnsw", Quantity::Service, Stat::P50);
    let noisy = KnownFigure { margin: 0.25, between: None };
    let speeds = b.figures[0].values.keys().filter(|key| !matches!(key.quantity, Quantity::Recall { .. }));
    let figures = speeds.map(|key| (key.clone(), noisy)).collect();
    let summary = AaSummary {
        measured: String::new(),
        blocks: 10,
        comparisons: 100,
        false_alarms: 0,
        detectable: None,
    };
    let known = Some(Known { summary, figures });
    let compare = CompareSpec { known, ..CompareSpec::default() };
    let (spec, candidate) = (GateSpec::default(), Measured::figures(b));
    let report = gate(Given { compare, ..given(&spec, &candidate, Some(&a)) });
    let metrics = &report.comparison.as_ref().unwrap().metrics;
    let found = metrics.iter().find(|metric| metric.key == median).unwrap();
    assert_eq!((found.verdict, found.widened), (Verdict::Equivalent, true));
    assert_eq!((report.exit_code, report.fired.len()), (3, 0), "{}", report.sentence);
    assert!(report.sentence.contains("a change of 25 %"), "{}", report.sentence);
    // What somebody asked for is meant.
    let wide = self::spec("margins: {latency: 25 %, tail: 25 %, throughput: 25 %}");
    let report = judged(side("b", 1.12e6, 0), Some(&a), &wide, &[]);
    assert_eq!((report.exit_code, report.fired.len()), (0, 0), "{}", report.sentence);
}

#[test]
fn a_rule_for_percentiles_judges_no_delay_of_ours() {
    let lag = key("hnsw", Quantity::SchedLag, Stat::P99);
    let with = |name: &str, nanoseconds: f64| {
        group(name, 5, |number, figures| {
            speeds(figures, number, 1e6);
            figures.values.insert(lag.clone(), nanoseconds * (1.0 + 0.01 * number as f64));
        })
    };
    let (a, b) = (with("a", 19e3), with("b", 39e3));
    let fired = |yaml: &str| judged(b.clone(), Some(&a), &spec(yaml), &[]).fired.len();
    assert_eq!(fired("metrics: {search.p99: {margin: 10 %}}"), 0);
    assert_ne!(fired("metrics: {search.sched_lag.p99: {margin: 10 %}}"), 0);
    let both = "metrics: {sched_lag: {judged: false}, search.sched_lag.p99: {margin: 10 %}}";
    assert_eq!(fired(both), 0);
}
