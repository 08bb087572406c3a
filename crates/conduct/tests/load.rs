//! Load on scripted stubs: what the script does is found in the result, in the right place and number.

#![allow(clippy::unwrap_used, clippy::panic, clippy::similar_names)]

use std::sync::{Mutex, PoisonError};

use annvil_conduct::event::Event;
use annvil_conduct::{Outcome, Overrides, Run, RunError, prepare};
use annvil_core::quantity::Stat;
use annvil_core::record::{
    CheckpointRecord, FormRecord, FreshnessRecord, LimitRecord, LoadRecord, PhaseRecord, PhaseResult,
    RunRecord,
};

/// One at a time: they measure.
static ALONE: Mutex<()> = Mutex::new(());

fn run(stub: &str, rest: &str) -> Result<RunRecord, RunError> {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let scenario = format!(
        "
data: {{name: wordnet-10k, rows: 1500, queries_limit: 200}}
engine: {{stub: {{{stub}}}}}
variants: {{stub: {{}}}}
operation_timeout: 200ms
{rest}
"
    );
    let output = tempfile::tempdir().unwrap();
    let prepared = prepare("load.yaml", &scenario, &Overrides::default(), 1)?;
    Run::new(prepared, output.path()).begin()?.measure(&mut |_: &Event| {})
}

#[track_caller]
fn phase<'a>(record: &'a RunRecord, name: &str) -> &'a PhaseRecord {
    let block = &record.blocks[0];
    assert_eq!(block.failure, None);
    block.phases.iter().find(|phase| phase.name == name).unwrap()
}

struct Taken<'a> {
    load: &'a LoadRecord,
    forms: &'a [FormRecord],
    checkpoints: &'a [CheckpointRecord],
    freshness: Option<&'a FreshnessRecord>,
    ended: Option<&'a str>,
}

#[track_caller]
fn taken<'a>(record: &'a RunRecord, name: &str) -> Taken<'a> {
    match &phase(record, name).result {
        PhaseResult::Measured { load, forms, checkpoints, freshness, ended } => {
            Taken { load, forms, checkpoints, freshness: freshness.as_deref(), ended: ended.as_deref() }
        }
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn within(value: f64, expected: f64, share: f64) {
    assert!((value / expected - 1.0).abs() < share, "{value} instead of {expected}");
}

#[test]
fn stalls_failures_timeouts_and_slowness_are_found_where_they_are() {
    // Times of the script count from the first session of the phase.
    let record = run(
        "service: 1ms, answers: empty, errors: 0.05, timeouts: 0.01, \
         stalls: [{at: 1200ms, for: 150ms}], slow: [{at: 2s, factor: 3}]",
        "phases:\n  - verify: {queries: 1, writes: false}\n  - search: {rate: 2000/s, for: 3s, warmup: 0}",
    )
    .unwrap();
    let taken = taken(&record, "search");
    let open = taken.load.open.as_ref().unwrap();
    assert_eq!((open.offered, open.dropped, open.unsent), (6000, 0, 0));
    let form = &taken.forms[0];
    let failures = |kind: &str| form.failures.get(kind).copied().unwrap_or(0) as f64;
    within(failures("other"), 300.0, 0.25);
    within(failures("timeout"), 60.0, 0.5);
    assert_eq!(form.operations + form.failures.values().sum::<u64>(), 6000);
    // 300 of 6,000 arrivals met the stall: of the response times about 5 % are long, up to 150 ms, in the second second.
    let response = form.response.as_ref().unwrap();
    let p99 = response.stat(Stat::P99).unwrap() / 1e6;
    within(p99, 121.0, 0.15);
    let of = |second: usize| form.intervals[second].response_p99.unwrap().0 as f64 / 1e6;
    assert!(of(0) < 10.0 && of(1) > 100.0, "{} {}", of(0), of(1));
    let median = |second: usize| form.intervals[second].p50.unwrap().0 as f64 / 1e6;
    within(median(0), 1.0, 0.3);
    within(median(2), 3.0, 0.3);
    // What failed is timed by itself.
    assert!(form.service.stat(Stat::Max).unwrap() < 200e6);
    assert!(form.failed.as_ref().unwrap().stat(Stat::Max).unwrap() >= 199e6);
}

const CHURN: &str = "phases:
  - verify: {queries: 1, writes: false}
  - mixed: {mix: {search: 60, upsert: 25, delete: 15}, operations: 4000, checkpoints: 2, freshness: 50/s, warmup: 0}
  - search: {queries: 200, warmup: 0}";

#[test]
fn churn_is_scored_against_what_is_there_and_put_back() {
    let record = run("", CHURN).unwrap();
    let mixed = taken(&record, "mixed");
    let names: Vec<&str> = mixed.forms.iter().map(|form| form.form.name.as_str()).collect();
    assert_eq!(names, ["search", "upsert", "delete"]);
    let done: Vec<u64> = mixed.forms.iter().map(|form| form.operations).collect();
    assert_eq!(done.iter().sum::<u64>(), 4000);
    let [first, last] = mixed.checkpoints else { panic!("{:?}", mixed.checkpoints) };
    assert!(first.deleted < last.deleted && first.inserted < last.inserted);
    let fresh = mixed.freshness.unwrap();
    assert_eq!((last.deleted, last.inserted), (done[2], done[1] + fresh.probes));
    assert_eq!(last.rows, 1500 - last.deleted + last.inserted);
    for checkpoint in mixed.checkpoints {
        // The stub is an exact scan, so it agrees with the log to the last row.
        assert_eq!(checkpoint.recall.as_ref().unwrap().mean, 1.0, "{checkpoint:?}");
        assert_eq!((checkpoint.ghosts, checkpoint.missed_new, checkpoint.unsure), (0, 0, 0));
    }
    assert!(fresh.probes > 0 && fresh.lost == 0);
    assert_eq!(fresh.time.count(), fresh.probes);
    // Afterwards everything is as it was.
    assert_eq!(taken(&record, "search").forms[0].recall.as_ref().unwrap().mean, 1.0);
}

#[test]
fn deleted_rows_that_are_served_and_upserts_that_are_lost_show() {
    let served = run("fault: serves_deleted", CHURN).unwrap();
    let last = taken(&served, "mixed").checkpoints[1].clone();
    assert!(last.ghosts > 0 && last.recall.as_ref().unwrap().mean < 0.95, "{last:?}");
    let lost = run(
        "fault: loses_upserts",
        "phases:
  - verify: {queries: 1, writes: false}
  - mixed: {mix: {search: 1, upsert: 9}, operations: 4000, checkpoints: 1, freshness: 1/s, warmup: 0}",
    )
    .unwrap();
    let mixed = taken(&lost, "mixed");
    let last = &mixed.checkpoints[0];
    assert!(last.missed_new > 0 && last.recall.as_ref().unwrap().mean < 0.95, "{last:?}");
    let fresh = mixed.freshness.unwrap();
    assert!(fresh.lost > 0 && fresh.time.count() == 0, "{fresh:?}");
}

#[test]
fn writes_that_fail_leave_rows_of_which_nobody_knows() {
    let record = run(
        "errors: 0.1",
        "phases:
  - verify: {queries: 1, writes: false}
  - mixed: {mix: {search: 2, upsert: 1, delete: 1}, operations: 2000, checkpoints: 1, warmup: 0}",
    )
    .unwrap();
    let last = &taken(&record, "mixed").checkpoints[0];
    within(last.unsure as f64, 100.0, 0.4);
    assert!(last.failed > 0 && last.recall.as_ref().unwrap().mean > 0.999, "{last:?}");
}

fn limit(record: &RunRecord) -> &LimitRecord {
    match &phase(record, "limit").result {
        PhaseResult::Limit(limit) => limit,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_limit_of_a_target_of_known_capacity_is_found() {
    // Two places and 4 ms a call: 500 calls a second and no more.
    let record = run(
        "service: 4ms, answers: empty, capacity: 2",
        "phases:
  - verify: {queries: 1, writes: false}
  - limit:
      walk: {rate: {from: 150/s}}
      for: 1s
      repeats: 1
      hold: [\"limit.response.p95 < 40ms\", \"limit.success >= 99.9%\"]
      warmup: 0",
    )
    .unwrap();
    let limit = limit(&record);
    within(limit.estimate.unwrap(), 500.0, 0.08);
    assert!(limit.low.unwrap() < limit.high.unwrap() && limit.trials.len() < 20, "{limit:?}");
    let slow = limit.trials.iter().find(|trial| trial.met == Some(false)).unwrap();
    assert!(slow.why[0].contains("response.p95"), "{slow:?}");
}

#[test]
fn an_objective_that_aborts_ends_its_phase_and_not_the_run() {
    let record = run(
        "service: 20ms, answers: empty",
        "phases:
  - verify: {queries: 1, writes: false}
  - search: {rate: 200/s, for: 10s, warmup: 0}
  - search: {name: after, queries: 20, warmup: 0}
objectives:
  - \"search.response.p95 < 10ms\": {abort: true}",
    )
    .unwrap();
    let search = taken(&record, "search");
    assert!(search.ended.unwrap().contains("is missed"), "{:?}", search.ended);
    assert!(search.forms[0].window.as_secs_f64() < 5.0);
    assert_eq!(taken(&record, "after").forms[0].operations, 20);
    // Beside other work the run may be invalid besides.
    assert!(matches!(Outcome::of(&record), Outcome::Missed | Outcome::Invalid));
}

#[test]
fn classes_of_users_have_their_own_forms_and_sessions() {
    let record = run(
        "service: 2ms, answers: empty",
        "phases:
  - verify: {queries: 1, writes: false}
  - mixed:
      classes:
        readers: {weight: 3, mix: {search: 9, fetch: 1}}
        writers: {weight: 1, mix: {upsert: 1}, think: 18ms}
      sessions: 4
      for: 2s
      warmup: 0",
    )
    .unwrap();
    let forms = taken(&record, "mixed").forms;
    let names: Vec<&str> = forms.iter().map(|form| form.form.name.as_str()).collect();
    assert_eq!(names, ["readers-search", "readers-fetch", "writers-upsert"]);
    let done: Vec<f64> = forms.iter().map(|form| form.operations as f64).collect();
    // Three sessions without pause, one that thinks for nine times as long as its call takes.
    within((done[0] + done[1]) / done[2], 30.0, 0.25);
    within(done[1] / done[0], 1.0 / 9.0, 0.3);
}

#[test]
fn what_an_engine_in_this_process_cannot_do_is_said() {
    let refused = |phase: &str| {
        let record = run("in_process: true, service: 1ms, answers: empty", phase).unwrap();
        record.blocks[0].failure.clone().unwrap().message
    };
    let many =
        refused("phases:\n  - verify: {queries: 1, writes: false}\n  - search: {sessions: 5000, for: 1s}");
    assert!(many.starts_with("5000 sessions on an in-process engine"), "{many}");
    let wide = refused(
        "phases:\n  - verify: {queries: 1, writes: false}\n  - search: {rate: 10/s, max_in_flight: 9, for: 1s}",
    );
    assert!(wide.starts_with("`max_in_flight` is 9"), "{wide}");
}
