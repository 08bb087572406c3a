//! What tests of this module share, and the exit codes.

use annvil_core::comparison::{Change, Comparison, MetricComparison, SCHEMA, Scale, SideRecord, Verdict};
use annvil_core::gate::Amount;
use annvil_core::key::MetricKey;
use annvil_core::quantity::{Quantity, Stat};

use super::{AbRecord, Ended, SideNote, outcome};
use crate::outcome::Outcome;

mod session;

/// A key for each number.
pub(crate) fn key(number: usize) -> MetricKey {
    MetricKey {
        variant: format!("v{number}"),
        point: String::new(),
        phase: "search".to_owned(),
        form: "search".to_owned(),
        quantity: Quantity::Service,
        stat: Stat::P50,
    }
}

/// A comparison with these verdicts.
pub(crate) fn comparison(verdicts: &[Verdict]) -> Comparison {
    let metric = |(number, verdict): (usize, &Verdict)| MetricComparison {
        key: key(number),
        key_a: None,
        a: 1.0,
        b: 1.0,
        scale: Scale::Ratio,
        change: Some(Change { estimate: 0.0, low: 0.0, high: 0.0, confidence: 0.95 }),
        margin: 0.02,
        verdict: *verdict,
        detectable: Some(0.05),
        more_runs: None,
        widened: false,
        samples: (4, 4),
        method: String::new(),
        remarks: Vec::new(),
    };
    Comparison {
        schema: SCHEMA,
        a: SideRecord::default(),
        b: SideRecord::default(),
        interleaved: true,
        remarks: Vec::new(),
        metrics: verdicts.iter().enumerate().map(metric).collect(),
        unmatched: Vec::new(),
        equal_recall: Vec::new(),
        detectable: Some(0.05),
        aa: None,
        sentence: String::new(),
    }
}

fn record(ended: Option<Ended>, comparison: Option<Comparison>) -> AbRecord {
    let side = || SideNote { name: String::new(), folder: String::new() };
    AbRecord {
        schema: SCHEMA,
        id: String::new(),
        scenario: String::new(),
        started: String::new(),
        seconds: 0.0,
        origin: annvil_core::record::Origin::default(),
        seed: 0,
        budget: None,
        rounds: 3,
        a: side(),
        b: side(),
        blocks: Vec::new(),
        looks: Vec::new(),
        ended,
        reasons: Vec::new(),
        comparison,
        exit_code: None,
    }
}

#[test]
fn exit_codes_follow_the_verdicts() {
    use Verdict::{Equivalent, Improved, Inconclusive, Regressed};
    let code = |verdicts: &[Verdict], detect: f64| {
        outcome(&record(Some(Ended::Spent), Some(comparison(verdicts))), Amount(detect))
    };
    assert_eq!(code(&[Equivalent, Improved], 0.01), Outcome::Good);
    assert_eq!(code(&[Equivalent, Inconclusive], 0.10), Outcome::Good);
    assert_eq!(code(&[Equivalent, Inconclusive], 0.01), Outcome::Inconclusive);
    assert_eq!(code(&[Inconclusive, Regressed], 0.01), Outcome::Missed);
    let ended = |ended| outcome(&record(ended, Some(comparison(&[Regressed]))), Amount(0.1));
    assert_eq!(ended(Some(Ended::Interrupted)), Outcome::Interrupted);
    assert_eq!(ended(Some(Ended::Invalid)), Outcome::Invalid);
    assert_eq!(ended(Some(Ended::Failed)), Outcome::Failed);
}

#[test]
fn runs_that_count_are_those_of_whole_pairs() {
    use super::{BlockNote, Which};
    let block = |side, pair, counts| BlockNote {
        side,
        pair,
        run: format!("{side}{pair}{}", if counts { "" } else { " invalid" }),
        seconds: 1.0,
        counts,
        invalid: Vec::new(),
    };
    let mut record = record(None, None);
    record.blocks = vec![
        block(Which::B, 1, true),
        block(Which::A, 1, false),
        block(Which::A, 1, true),
        block(Which::A, 2, true),
        block(Which::B, 2, true),
        block(Which::A, 3, true),
    ];
    assert_eq!((record.counted(Which::A), record.counted(Which::B)), (vec!["a1", "a2"], vec!["b1", "b2"]));
}
