//! Whole sessions of blocks whose figures are made up, so that what must come out is known.

use std::cell::RefCell;
use std::collections::BTreeMap;

use annvil_core::comparison::Verdict;
use annvil_core::figures::{Figures, Group, Provenance};
use annvil_core::gate::GateSpec;
use annvil_core::key::MetricKey;
use annvil_core::plan::stream;
use annvil_core::quantity::Quantity;
use annvil_core::record::{Build, Origin};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::key;
use crate::Isolation;
use crate::ab::block::{Measurer, State};
use crate::ab::{Ab, AbRecord, Budget, Ended, RECORD, Setting, Side, Stop};
use crate::outcome::Outcome;

/// Scatter of blocks.
const NOISE: f64 = 0.016;

/// Figures of one block: `count` medians around a millisecond that scatter by `noise`, all larger by `factor`.
fn block(name: &str, count: usize, noise: f64, factor: f64, random: &mut ChaCha8Rng) -> State {
    let mut normal = || (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
    let values: BTreeMap<MetricKey, f64> =
        (0..count).map(|number| (key(number), 1e6 * factor * (noise * normal()).exp())).collect();
    let run = Provenance {
        run: name.to_owned(),
        session: "s".to_owned(),
        tool: "annvil".to_owned(),
        complete: true,
        ..Provenance::default()
    };
    let figures = Figures { run: name.to_owned(), session: "s".to_owned(), values, ..Figures::default() };
    State::Good(Group { name: name.to_owned(), runs: vec![run], figures: vec![figures] })
}

/// A side whose blocks are made by `script`, which is told the block's name.
fn scripted(script: impl Fn(&str) -> State + 'static) -> Measurer {
    Measurer::Scripted(Box::new(script))
}

fn steady(seed: u64, side: &str, count: usize, factor: f64) -> Measurer {
    let random = RefCell::new(stream(seed, side));
    scripted(move |name| block(name, count, NOISE, factor, &mut random.borrow_mut()))
}

fn session(seed: u64, rounds: usize, stop: &Stop, measurers: [Measurer; 2]) -> (AbRecord, String) {
    let place = tempfile::tempdir().unwrap();
    let ab = Ab {
        scenario: "made-up".to_owned(),
        plan_hash: None,
        sides: [Side::default(), Side::default()],
        measurers,
        gate: GateSpec::default(),
        seed,
        budget: Budget { time: None, rounds },
        known: None,
    };
    let setting = Setting {
        isolation: Isolation::Shared,
        build: Build::default(),
        origin: Origin::default(),
        stop: stop.clone(),
    };
    let session = ab.begin(place.path(), setting).unwrap();
    let folder = session.folder().path().to_owned();
    let record = session.measure(&mut |_| {}).unwrap();
    let kept = std::fs::read_to_string(folder.join(RECORD)).unwrap();
    (record, kept)
}

fn verdicts(record: &AbRecord) -> Vec<Verdict> {
    record.comparison.as_ref().unwrap().metrics.iter().map(|metric| metric.verdict).collect()
}

#[test]
fn a_slower_side_regresses_and_is_confirmed() {
    for seed in 0..10 {
        let sides = [steady(seed, "a", 1, 1.0), steady(seed, "b", 1, 1.10)];
        let (record, kept) = session(seed, 20, &Stop::new(), sides);
        assert_eq!(verdicts(&record), [Verdict::Regressed], "{seed}");
        assert_eq!((record.ended, record.exit_code), (Some(Ended::Decided), Some(Outcome::Missed.code())));
        let first = record.looks.iter().find(|look| look.regressed > 0).unwrap().pairs;
        let last = record.looks.last().unwrap().pairs;
        assert!(last >= first + 3 && record.blocks.len() == 2 * last, "{first} {last}");
        let remarks = &record.comparison.as_ref().unwrap().metrics[0].remarks;
        assert!(remarks.iter().any(|remark| remark.starts_with("confirmed by")), "{remarks:?}");
        assert_eq!(serde_json::from_str::<AbRecord>(&kept).unwrap().exit_code, record.exit_code);
    }
}

#[test]
fn equal_sides_never_regress() {
    let (mut alarms, mut comparisons) = (0, 0);
    for seed in 0..100 {
        let sides = [steady(seed, "a", 4, 1.0), steady(seed, "b", 4, 1.0)];
        let (record, _) = session(seed, 7, &Stop::new(), sides);
        alarms += usize::from(verdicts(&record).contains(&Verdict::Regressed));
        comparisons += record.looks.len();
    }
    assert_eq!((alarms, comparisons > 300), (0, true));
}

#[test]
fn sides_that_hardly_scatter_are_soon_equivalent() {
    let quiet = |side: &'static str| {
        let random = RefCell::new(stream(1, side));
        // A tenth of the usual scatter.
        scripted(move |name| block(name, 3, 0.1 * NOISE, 1.0, &mut random.borrow_mut()))
    };
    let (record, _) = session(1, 20, &Stop::new(), [quiet("a"), quiet("b")]);
    assert_eq!((verdicts(&record), record.exit_code), (vec![Verdict::Equivalent; 3], Some(0)));
    assert!(record.ended == Some(Ended::Decided) && record.looks.len() < 6, "{:?}", record.looks);
}

#[test]
fn a_faster_side_ends_well() {
    let (record, _) = session(7, 20, &Stop::new(), [steady(7, "a", 1, 1.0), steady(7, "b", 1, 0.8)]);
    assert_eq!((verdicts(&record), record.exit_code), (vec![Verdict::Improved], Some(0)));
    assert!(record.looks.last().unwrap().pairs < 10);
}

#[test]
fn a_fluke_is_not_confirmed() {
    // Slower by a quarter in the first four pairs, and never again.
    let random = RefCell::new(stream(3, "fluke"));
    let fluke = scripted(move |name| {
        let pair: usize = name.rsplit('b').next().unwrap().parse().unwrap();
        block(name, 1, NOISE, if pair <= 4 { 1.25 } else { 0.8 }, &mut random.borrow_mut())
    });
    let (record, _) = session(3, 6, &Stop::new(), [steady(3, "a", 1, 1.0), fluke]);
    assert!(record.looks.iter().any(|look| look.regressed > 0), "{:?}", record.looks);
    assert_ne!(verdicts(&record), [Verdict::Regressed]);
    assert_ne!(record.exit_code, Some(1));
}

#[test]
fn blocks_that_cannot_be_judged_are_measured_again() {
    let random = RefCell::new((stream(5, "b"), 0));
    let sometimes = scripted(move |name| {
        let (random, count) = &mut *random.borrow_mut();
        *count += 1;
        if *count % 4 == 2 {
            State::Invalid(vec!["busy".to_owned()])
        } else {
            block(name, 1, NOISE, 1.0, random)
        }
    });
    let (record, _) = session(5, 4, &Stop::new(), [steady(5, "a", 1, 1.0), sometimes]);
    let left = record.blocks.iter().filter(|block| !block.counts).count();
    assert!(left >= 1 && record.blocks.iter().all(|block| block.counts == block.invalid.is_empty()));
    let pairs = record.looks.last().unwrap().pairs;
    assert_eq!(record.blocks.len(), 2 * pairs + left);
    let comparison = record.comparison.unwrap();
    assert_eq!((comparison.a.blocks, comparison.b.blocks), (pairs, pairs));
    assert!(
        comparison.remarks.iter().any(|remark| remark.contains("measured again")),
        "{:?}",
        comparison.remarks
    );
}

#[test]
fn a_machine_that_is_not_fit_ends_it() {
    let never = scripted(|_| State::Invalid(vec!["busy".to_owned()]));
    let (record, _) = session(5, 9, &Stop::new(), [steady(5, "a", 1, 1.0), never]);
    assert_eq!((record.ended, record.exit_code), (Some(Ended::Invalid), Some(4)));
    assert_eq!((record.reasons.as_slice(), record.comparison), (["busy".to_owned()].as_slice(), None));
}

#[test]
fn a_failure_says_which_side_and_keeps_its_exit_code() {
    let broken = scripted(|_| State::Failed(Outcome::Missed, "hnsw: verify: a wrong answer".to_owned()));
    let (record, _) = session(5, 9, &Stop::new(), [steady(5, "a", 1, 1.0), broken]);
    assert_eq!((record.ended, record.exit_code), (Some(Ended::Failed), Some(1)));
    assert_eq!(record.reasons, ["b: hnsw: verify: a wrong answer"]);
}

#[test]
fn whoever_stops_it_gets_the_verdict_of_what_is_there() {
    let stop = Stop::new();
    let asked = stop.clone();
    let random = RefCell::new(stream(1, "b"));
    let b = scripted(move |name| {
        if name.ends_with("b5") {
            asked.stop();
            return State::Stopped;
        }
        block(name, 2, NOISE, 1.0, &mut random.borrow_mut())
    });
    let (record, _) = session(1, 20, &stop, [steady(1, "a", 2, 1.0), b]);
    assert_eq!((record.ended, record.exit_code), (Some(Ended::Interrupted), Some(130)));
    let comparison = record.comparison.unwrap();
    assert_eq!((comparison.metrics.len(), comparison.b.blocks), (2, 4));
    assert!(comparison.metrics.iter().all(|metric| metric.key.quantity == Quantity::Service));
}
