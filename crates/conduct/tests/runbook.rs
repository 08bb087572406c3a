//! Runbooks on engines that are right, wrong and unreliable.

#![allow(clippy::unwrap_used, clippy::panic)]

use annvil_conduct::event::Event;
use annvil_conduct::{Overrides, Run, RunError, prepare};
use annvil_core::record::{PhaseResult, RunRecord, RunbookRecord};

const STEPS: &str = "
      - insert: {rows: 0..700}
      - search: {}
      - delete: {rows: 0..205, batch: 50}
      - replace: {rows: 300..400, with: 1000..1100, batch: 30}
      - search: {sessions: 2}
      - insert: {rows: 700..800, rate: 2000/s, batch: 10}
      - wait: 10ms
      - search: {}";

fn run(engine: &str, keys: &str, steps: &str, objectives: &str) -> Result<RunRecord, RunError> {
    let scenario = format!(
        "
data: {{name: wordnet-10k, rows: 1200, queries_limit: 100}}
engine: {engine}
variants: {{one: {{}}}}
operation_timeout: 200ms
phases:
  - verify: {{queries: 1, writes: false}}
  - runbook:
      k: 10
{keys}
      steps: {}
{objectives}
",
        steps.replace("\n      ", "\n        ")
    );
    let output = tempfile::tempdir().unwrap();
    let prepared = prepare("book.yaml", &scenario, &Overrides::default(), 1)?;
    Run::new(prepared, output.path()).begin()?.measure(&mut |_: &Event| {})
}

#[track_caller]
fn book(record: &RunRecord) -> &RunbookRecord {
    let block = &record.blocks[0];
    assert_eq!(block.failure, None);
    match &block.phases.last().unwrap().result {
        PhaseResult::Runbook(book) => book,
        other => panic!("{other:?}"),
    }
}

fn means(book: &RunbookRecord) -> Vec<f64> {
    book.steps.iter().filter_map(|step| Some(step.recall()?.mean)).collect()
}

#[test]
fn a_flat_scan_is_right_at_every_checkpoint() {
    let objectives = "objectives:\n  - runbook.recall@10.mean >= 1\n  - runbook.insert.throughput >= 1/s\n  - runbook.success >= 100%\n";
    let record = run("embedded", "      queries: 60", STEPS, objectives).unwrap();
    let book = book(&record);
    assert!(book.is_whole());
    assert_eq!(means(book), [1.0; 3]);
    let held: Vec<u64> = book.steps.iter().map(|step| step.held).collect();
    assert_eq!(held, [700, 700, 495, 495, 495, 595, 595, 595]);
    let rows: Vec<u64> = book.steps.iter().map(|step| step.rows).collect();
    assert_eq!(rows, [700, 0, 205, 100, 0, 100, 0, 0]);
    let calls: Vec<u64> = book.steps.iter().map(|step| step.operations).collect();
    assert_eq!(calls, [7, 60, 5, 4, 60, 10, 0, 60]);
    for step in &book.steps {
        assert_eq!(
            (step.failed(), step.unsure, step.settle.is_some()),
            (0, 0, step.step.writes()),
            "{}",
            step.step
        );
        assert!(step.answers.as_ref().is_none_or(|answers| answers.ghosts + answers.unscored == 0));
    }
    assert!(book.steps[5].response.is_some() && book.steps[0].response.is_none());
    assert!(book.steps[6].window.as_secs_f64() >= 0.01);
    // The worst and the last checkpoint are held against the objective, and every kind of step against its own.
    let forms = |at: usize| -> Vec<(&str, f64)> {
        record.objectives[at].judged.iter().map(|one| (one.key.form.as_str(), one.value.unwrap())).collect()
    };
    assert_eq!(forms(0), [("last", 1.0), ("worst", 1.0)]);
    assert_eq!(forms(1).len(), 1);
    assert_eq!(forms(2).len(), 4);
}

#[test]
fn rows_that_were_deleted_and_are_answered_are_ghosts() {
    let record = run("{stub: {fault: serves_deleted}}", "", STEPS, "").unwrap();
    let book = book(&record);
    let ghosts: Vec<u64> = book.steps.iter().filter_map(|step| Some(step.answers.as_ref()?.ghosts)).collect();
    assert!(ghosts[0] == 0 && ghosts[1] > 0 && ghosts[2] > 0, "{ghosts:?}");
    assert!(means(book)[0] == 1.0 && means(book)[1] < 0.9, "{:?}", means(book));
    assert_eq!(book.worst().unwrap().number, 5);
}

#[test]
fn rows_whose_write_failed_count_neither_way() {
    let steps = STEPS.replace("0..700}", "0..700, batch: 5}");
    let record = run("{stub: {errors: 0.1, seed: 3}}", "", &steps, "").unwrap();
    let book = book(&record);
    let first = &book.steps[0];
    let failed = first.failures["other"];
    assert_eq!((first.operations + failed, first.unsure, first.held), (140, failed * 5, 700 - failed * 5));
    assert_eq!(first.rows, first.held);
    // What is sure is scored, and the scan finds all of it.
    for step in book.steps.iter().filter(|step| step.answers.is_some()) {
        let answers = step.answers.as_ref().unwrap();
        assert_eq!((answers.recall.as_ref().unwrap().mean, answers.ghosts), (1.0, 0), "step {}", step.number);
        assert!(answers.unscored < step.operations);
    }
}

#[test]
fn steps_that_do_not_fit_the_data_are_refused_before_the_run() {
    for (keys, steps, start) in [
        (
            "",
            "\n      - insert: {rows: 0..1201}\n      - search: {}",
            "step 1, `insert 0..1201`: the range 0..1201 goes past the data set, which has 1,200 rows in book.yaml:",
        ),
        ("      queries: 101", STEPS, "`queries` asks for 101, and the data set has 100 in book.yaml:10:16"),
        (
            "",
            "\n      - delete: {rows: 0..5}\n      - search: {}",
            "step 1: rows 0..5 are not there in book.yaml:",
        ),
    ] {
        let error = run("embedded", keys, steps, "").unwrap_err().to_string();
        assert!(error.starts_with(start), "{error}");
    }
}

#[test]
fn steps_may_stand_in_a_file_of_the_big_ann_benchmarks() {
    let folder = tempfile::tempdir().unwrap();
    let file = "small:\n  max_pts: 500\n  1: {operation: insert, start: 0, end: 500}\n  2: {operation: search}\n  3: {operation: replace, tags_start: 0, tags_end: 100, ids_start: 0, ids_end: 100}\n  4: {operation: delete, start: 50, end: 150}\n  5: {operation: search}\n";
    std::fs::write(folder.path().join("book.yaml"), file).unwrap();
    let scenario = "data: {name: wordnet-10k, rows: 600, queries_limit: 20}\nengine: embedded\nvariants: {one: {}}\nphases:\n  - verify: {queries: 1, writes: false}\n  - runbook: {file: book.yaml}\n";
    let name = folder.path().join("scenario.yaml").display().to_string();
    let prepared = prepare(&name, scenario, &Overrides::default(), 1).unwrap();
    let record = Run::new(prepared, folder.path()).begin().unwrap().measure(&mut |_: &Event| {}).unwrap();
    assert_eq!(means(book(&record)), [1.0, 1.0]);
    assert_eq!(book(&record).steps.last().unwrap().held, 400);
    let missing = scenario.replace("book.yaml", "none.yaml");
    let error = prepare(&name, &missing, &Overrides::default(), 1).err().unwrap().to_string();
    assert!(error.starts_with("cannot read the runbook") && error.contains("none.yaml"), "{error}");
}
