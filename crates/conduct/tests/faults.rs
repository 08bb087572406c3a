//! Engines that are broken on purpose: verification finds each fault, and the variant has no speed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use annvil_conduct::event::Event;
use annvil_conduct::{Outcome, Overrides, Run, prepare};
use annvil_core::record::{FailureKind, PhaseResult, RunRecord};

fn run(stub: &str) -> RunRecord {
    let scenario = format!(
        "
data: {{name: wordnet-10k, rows: 1500, queries_limit: 100}}
engine: {{stub: {{{stub}}}}}
variants: {{broken: {{}}}}
phases:
  - search: {{k: 10}}
  - search: {{name: filtered, k: 10, where: pos = 'v'}}
objectives: [search.throughput > 1/s]
"
    );
    let output = tempfile::tempdir().unwrap();
    let prepared = prepare("broken.yaml", &scenario, &Overrides::default(), 1).unwrap();
    Run::new(prepared, output.path()).begin().unwrap().measure(&mut |_: &Event| {}).unwrap()
}

/// The failed check's name, after making sure that nothing was timed and the run did not pass.
#[track_caller]
fn caught(stub: &str) -> String {
    let record = run(stub);
    let block = &record.blocks[0];
    let failure = block.failure.as_ref().expect("the fault was not found");
    assert_eq!(failure.kind, FailureKind::Verification, "{}", failure.message);
    assert!(!block.phases.iter().any(|phase| matches!(phase.result, PhaseResult::Measured { .. })));
    assert_eq!(Outcome::of(&record), Outcome::Missed);
    failure.message.clone()
}

#[test]
fn faults_of_answers_are_fatal_for_exact_and_approximate_forms() {
    for answers in ["exact", "approximate"] {
        for (fault, message) in [
            ("drops_filter", "only rows that the filter selects"),
            ("repeats_id", "no row twice"),
            ("misorders", "order agrees with the scores"),
            ("too_many", "at most k rows"),
            ("wrong_score", "scores are distances"),
            ("unknown_id", "only rows of the collection"),
            ("loses_upserts", "an acknowledged upsert is found"),
            ("serves_deleted", "a deleted row is gone"),
        ] {
            let found = caught(&format!("answers: {answers}, fault: {fault}"));
            assert!(found.contains(message), "{answers} {fault}: {found}");
        }
    }
}

#[test]
fn an_exact_form_must_be_complete_and_right() {
    assert!(caught("fault: too_few").contains("every possible row answered"));
    assert!(caught("fault: misses_nearest").contains("the nearest rows"));
}

#[test]
fn short_answers_of_an_approximate_form_are_counted_not_fatal() {
    let record = run("answers: approximate, fault: too_few");
    assert_eq!(record.blocks[0].failure, None);
    let PhaseResult::Measured { forms, .. } = &record.blocks[0].phases[3].result else {
        panic!("not measured")
    };
    let recall = forms[0].recall.as_ref().unwrap();
    assert_eq!(recall.short_answers, recall.scored);
    assert!((recall.mean - 0.9).abs() < 1e-6, "{}", recall.mean);
}

#[test]
fn an_engine_that_panics_fails_alone() {
    let record = run("fault: panics");
    let failure = record.blocks[0].failure.as_ref().unwrap();
    assert_eq!(failure.kind, FailureKind::Engine);
    assert!(failure.message.contains("panicked"), "{}", failure.message);
    assert_eq!(failure.phase, "verify");
    assert_eq!(Outcome::of(&record), Outcome::Failed);
}

#[test]
fn failed_operations_are_counted_by_kind_and_are_no_wrong_answers() {
    let record = run("errors: 0.2");
    assert_eq!(record.blocks[0].failure, None);
    let PhaseResult::Measured { forms, .. } = &record.blocks[0].phases[3].result else {
        panic!("not measured")
    };
    let failed = forms[0].failures["other"];
    assert_eq!(forms[0].operations + failed, 100);
    assert!((5..=40).contains(&failed), "{failed}");
    assert_eq!(forms[0].failed.as_ref().unwrap().count(), failed);
}

#[test]
fn an_engine_that_does_not_answer_fails_as_an_engine() {
    let record = run("errors: 1.0");
    let failure = record.blocks[0].failure.as_ref().unwrap();
    assert_eq!(
        (failure.kind, failure.phase.as_str()),
        (FailureKind::Engine, "verify"),
        "{}",
        failure.message
    );
}
