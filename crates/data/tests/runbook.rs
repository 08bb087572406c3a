//! Answers at the checkpoints of a runbook, against a search row by row over what is there.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use annvil_core::dataset::{DataSpec, Dataset};
use annvil_core::scenario::runbook::{ReplaceStep, RowRange, SearchStep, Step, WriteStep, walk};
use annvil_core::truth::ExactAnswer;
use annvil_data::{open, precise, runbook};
use proptest::prelude::*;

fn set(rows: usize) -> Arc<dyn Dataset> {
    open(&DataSpec::Named { name: "wordnet-10k".into(), rows: Some(rows), queries_limit: Some(6) }).unwrap()
}

/// Row by row, sorted by distance and id.
fn brute(set: &dyn Dataset, there: &BTreeMap<u64, usize>, query: usize, k: usize) -> ExactAnswer {
    let mut row = vec![0.0; set.info().dim];
    let mut hits: Vec<(f64, u64)> = there
        .iter()
        .map(|(id, source)| {
            set.base().write_f32(*source, &mut row);
            (precise::distance(set.info().metric, set.queries().row(query), &row), *id)
        })
        .collect();
    hits.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    hits.truncate(k);
    let (distances, ids) = hits.into_iter().unzip();
    ExactAnswer { ids, distances, matches: there.len() }
}

fn replay(there: &mut BTreeMap<u64, usize>, step: &Step) {
    match step {
        Step::Insert(write) => there.extend(write.rows.rows().map(|row| (row, row as usize))),
        Step::Delete(write) => there.retain(|id, _| !write.rows.rows().contains(id)),
        Step::Replace(replace) => {
            let pairs = replace.rows.rows().zip(replace.with.rows());
            there.extend(pairs.map(|(id, row)| (id, row as usize)));
        }
        Step::Search(_) | Step::Wait(_) => {}
    }
}

const ROWS: u64 = 90;

static SET: OnceLock<Arc<dyn Dataset>> = OnceLock::new();

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn every_checkpoint_equals_brute_force_over_the_live_rows(
        wanted in prop::collection::vec((0..6u8, 0..ROWS, 1..30u64, 0..ROWS), 1..30),
        k in 1..15usize,
    ) {
        let set = SET.get_or_init(|| set(ROWS as usize));
        let mut steps: Vec<Step> = Vec::new();
        for (kind, start, more, other) in wanted {
            let rows = RowRange { start, end: start + more };
            let next = match kind {
                0 | 1 => Step::Insert(WriteStep::of(rows)),
                2 => Step::Delete(WriteStep::of(rows)),
                3 => {
                    let with = RowRange { start: other, end: other + more };
                    Step::Replace(ReplaceStep { rows, with, rate: None, batch: 1, sessions: 1 })
                }
                _ => Step::Search(SearchStep::default()),
            };
            steps.push(next);
            if walk(&steps, Some(ROWS)).is_err() {
                steps.pop();
            }
        }
        let checkpoints = runbook::truths(&**set, &steps, k, 1).unwrap();
        let mut found = checkpoints.iter();
        let mut there = BTreeMap::new();
        for (index, step) in steps.iter().enumerate() {
            replay(&mut there, step);
            if matches!(step, Step::Search(_)) {
                let checkpoint = found.next().unwrap();
                prop_assert_eq!((checkpoint.step, checkpoint.rows), (index + 1, there.len() as u64));
                for (query, answer) in checkpoint.truth.iter().enumerate() {
                    prop_assert_eq!(answer, &brute(&**set, &there, query, k), "step {} of {:?}", index + 1, steps);
                }
            }
        }
        prop_assert!(found.next().is_none());
    }
}

#[test]
fn rows_at_one_distance_keep_the_order_of_their_ids() {
    let set = set(20);
    let steps = "[insert: {rows: 0..20}, replace: {rows: 3..5, with: 10..12}, replace: {rows: 15..17, with: 10..12}, search]";
    let steps = annvil_core::scenario::runbook::read_runbook("steps", steps, None, "").unwrap();
    let checkpoints = runbook::truths(&*set, &steps, 20, 1).unwrap();
    for answer in &checkpoints[0].truth {
        let at = |id: u64| answer.ids.iter().position(|own| *own == id).unwrap();
        assert_eq!((at(10), at(15)), (at(3) + 1, at(3) + 2));
    }
}

#[test]
fn steps_that_cannot_be_done_are_named() {
    let steps = [Step::Insert(WriteStep::of(RowRange { start: 0, end: 21 }))];
    let error = runbook::truths(&*set(20), &steps, 5, 1).unwrap_err().to_string();
    assert!(error.starts_with("the runbook's step 1, `insert 0..21`: the range 0..21 goes past"), "{error}");
}

#[test]
fn a_filter_looks_at_the_labels_of_the_row_that_lies_there() {
    let set = set(200);
    let nouns: annvil_core::filter::Filter = "pos = 'n'".parse().unwrap();
    let predicate = nouns.compile(set.labels()).unwrap();
    let is_noun = |row: usize| predicate.matches(set.labels(), row);
    let mut live = runbook::Live::new(200);
    let mut truths = runbook::Truths::new(&*set, set.queries(), 300, Some(&nouns), 1).unwrap();
    let steps = "[insert: {rows: 0..100}, search, replace: {rows: 0..50, with: 100..150}, delete: {rows: 60..70}, search]";
    let mut checked = 0;
    let mut there: BTreeMap<u64, usize> = BTreeMap::new();
    for step in annvil_core::scenario::runbook::read_runbook("steps", steps, None, "").unwrap() {
        live.apply(&step);
        replay(&mut there, &step);
        if step.writes() {
            continue;
        }
        let expected: BTreeMap<u64, usize> =
            there.iter().filter(|(_, row)| is_noun(**row)).map(|(id, row)| (*id, *row)).collect();
        for (query, answer) in truths.at(&live).iter().enumerate() {
            assert_eq!(answer, &brute(&*set, &expected, query, 300));
        }
        checked += 1;
    }
    assert_eq!(checked, 2);
}
