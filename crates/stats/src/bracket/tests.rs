//! Tests of the search.

use proptest::prelude::*;

use super::*;
use crate::noise::Noise;

fn run(spec: SearchSpec, mut oracle: impl FnMut(f64) -> Option<bool>) -> (Answer, Vec<f64>) {
    let mut search = Search::new(spec).unwrap();
    let mut tried = Vec::new();
    while let Some(level) = search.next() {
        assert_eq!(search.answer().ended, Ended::NotYet);
        tried.push(level);
        match oracle(level) {
            Some(met) => search.report(met),
            None => search.report_invalid(),
        }
    }
    assert_eq!(
        search.levels().iter().map(|l| l.held + l.failed + l.invalid).sum::<u32>(),
        search.answer().trials
    );
    (search.answer(), tried)
}

fn below(threshold: f64) -> impl FnMut(f64) -> Option<bool> {
    move |level| Some(level <= threshold)
}

fn whole(from: f64, to: f64) -> SearchSpec {
    SearchSpec { from, to: Some(to), tolerance: 0.0, repeats: 1, whole: true, ..SearchSpec::default() }
}

proptest! {
    #[test]
    fn a_sharp_limit_is_found_in_few_trials(
        from in 0.1..100.0f64, times in 1.0..1e5f64, growth in 1.2..10.0f64, tolerance in 0.001..0.2f64, repeats in 0u32..3
    ) {
        let threshold = from * times;
        let spec = SearchSpec { from, growth, tolerance, repeats: 2 * repeats + 1, max_trials: 10_000, ..SearchSpec::default() };
        let (answer, tried) = run(spec, below(threshold));
        let (low, high, estimate) = (answer.low.unwrap(), answer.high.unwrap(), answer.estimate.unwrap());
        prop_assert!(low <= threshold && threshold < high);
        prop_assert!(high / low - 1.0 <= tolerance && low < estimate && estimate < high);
        prop_assert!(answer.consistent && answer.bounded == Bounded::Both && answer.ended == Ended::Found);
        let levels = times.log(growth) + (growth.ln() / tolerance.ln_1p()).log2() + 4.0;
        prop_assert!(tried.len() as f64 <= levels * f64::from(repeats + 1), "{} trials", tried.len());
    }

    #[test]
    fn whole_levels_are_found_exactly(from in 1u32..50, span in 0u32..5000, at in 0.0..1.0f64) {
        let to = from + span;
        let threshold = f64::from(from) + (f64::from(span) * at).floor();
        let (answer, tried) = run(whole(f64::from(from), f64::from(to)), below(threshold));
        prop_assert!(tried.iter().all(|level| level.fract() == 0.0));
        if threshold == f64::from(to) {
            prop_assert_eq!((answer.bounded, answer.low, answer.high), (Bounded::AboveTo, Some(threshold), None));
        } else {
            prop_assert_eq!((answer.bounded, answer.low, answer.high), (Bounded::Both, Some(threshold), Some(threshold + 1.0)));
            prop_assert_eq!(answer.estimate, Some(threshold));
        }
        prop_assert!(tried.len() <= 30);
    }

    #[test]
    fn whatever_is_reported_the_search_ends_and_the_answer_is_sane(
        outcomes in prop::collection::vec(0u8..5, 1..300), is_whole: bool, top in prop::option::of(1.0..1e4f64), max_trials in 1u32..200
    ) {
        let spec = SearchSpec { to: top, whole: is_whole, max_trials, ..SearchSpec::default() };
        let mut outcomes = outcomes.into_iter().cycle();
        let (answer, tried) = run(spec, |_| match outcomes.next().unwrap() { 0 => None, n => Some(n % 2 == 0) });
        prop_assert!(tried.len() <= max_trials as usize && answer.trials as usize == tried.len());
        prop_assert!(tried.iter().all(|level| *level >= 1.0 && *level <= top.unwrap_or(f64::MAX)));
        if let (Some(low), Some(high)) = (answer.low, answer.high) {
            let estimate = answer.estimate.unwrap();
            prop_assert!(low < high && low <= estimate && estimate < high);
        }
        prop_assert_eq!(answer.low.is_some(), matches!(answer.bounded, Bounded::Both | Bounded::AboveTo));
        prop_assert_eq!(answer.high.is_some(), matches!(answer.bounded, Bounded::Both | Bounded::BelowFrom));
        prop_assert!(answer.ended != Ended::NotYet);
    }
}

/// Trials hold with a probability that falls from 1 to 0 around 1,000, over some ± 3 times the blur.
fn blurred(seed: u64, blur: f64) -> Answer {
    let mut noise = Noise::new(seed);
    let spec = SearchSpec { from: 50.0, ..SearchSpec::default() };
    run(spec, |level| Some(noise.uniform() < 1.0 / (1.0 + ((level / 1_000.0 - 1.0) / blur).exp()))).0
}

#[test]
fn a_blurred_limit_is_found_nearly_always() {
    for blur in [0.005, 0.02, 0.05] {
        let answers: Vec<Answer> = (0..1000).map(|seed| blurred(seed, blur)).collect();
        let share = |good: &dyn Fn(f64, f64, f64) -> bool| {
            let relative = |level: Option<f64>| level.unwrap() / 1_000.0 - 1.0;
            let good = |a: &&Answer| good(relative(a.low), relative(a.estimate), relative(a.high));
            answers.iter().filter(good).count() as f64 / answers.len() as f64
        };
        let close = share(&|_, estimate, _| estimate.abs() <= 0.01 + 3.0 * blur);
        assert!(close >= 0.99, "blur {blur}: {close} close");
        let near = share(&|low, _, high| low <= 0.02 + blur && high >= -0.02 - blur);
        assert!(near >= 0.97, "blur {blur}: {near} near");
        let covered = share(&|low, _, high| low <= 0.0 && high >= 0.0);
        assert!(covered >= 0.60, "blur {blur}: {covered} covered");
        assert!(answers.iter().map(|answer| answer.trials).max() <= Some(40));
        // The wider the blur, the more often it is said.
        let consistent = answers.iter().filter(|answer| answer.consistent).count();
        assert_eq!(consistent > 600, blur < 0.01, "blur {blur}: {consistent} consistent");
    }
}

#[test]
fn never_holding_is_less_than_the_lowest() {
    let (answer, tried) = run(SearchSpec { from: 10.0, ..SearchSpec::default() }, below(9.0));
    assert_eq!(tried, [10.0, 10.0]);
    assert_eq!((answer.bounded, answer.low, answer.high), (Bounded::BelowFrom, None, Some(10.0)));
    assert_eq!((answer.estimate, answer.ended), (None, Ended::Found));
}

#[test]
fn always_holding_is_at_least_the_highest() {
    let spec = SearchSpec { from: 10.0, to: Some(70.0), repeats: 1, ..SearchSpec::default() };
    let (answer, tried) = run(spec, below(1e9));
    assert_eq!(tried, [10.0, 20.0, 40.0, 70.0]);
    assert_eq!((answer.bounded, answer.low, answer.high), (Bounded::AboveTo, Some(70.0), None));
    assert_eq!((answer.estimate, answer.ended), (None, Ended::Found));
}

#[test]
fn a_majority_ends_a_level_early_and_outvotes_one_trial() {
    let spec = SearchSpec { from: 10.0, to: Some(10.0), repeats: 5, ..SearchSpec::default() };
    let mut outcomes = [true, false, true, true].into_iter();
    let (answer, tried) = run(spec, |_| outcomes.next());
    assert_eq!((tried.len(), answer.low, answer.consistent), (4, Some(10.0), true));
}

#[test]
fn without_trials_left_the_interval_stays_wide() {
    let spec = SearchSpec { from: 10.0, repeats: 1, max_trials: 4, ..SearchSpec::default() };
    let (answer, _) = run(spec, below(30.0));
    assert_eq!((answer.ended, answer.bounded), (Ended::OutOfTrials, Bounded::Both));
    let (low, high) = (answer.low.unwrap(), answer.high.unwrap());
    assert!(low < 30.0 && high > 30.0 && high / low > 1.02);
    assert_eq!(answer.estimate, Some(low.sqrt() * high.sqrt()));
}

#[test]
fn what_cannot_be_measured_is_repeated_and_then_avoided() {
    // 160 and more cannot be measured; the limit is 1,000, so that all below holds.
    let spec = SearchSpec { from: 10.0, repeats: 1, ..SearchSpec::default() };
    let (answer, tried) = run(spec, |level| (level < 150.0).then_some(true));
    assert_eq!(tried.iter().filter(|level| **level == 160.0).count(), 3);
    let (low, unmeasured) = (answer.low.unwrap(), answer.unmeasured.unwrap());
    assert!(low < 150.0 && unmeasured >= 150.0 && unmeasured / low <= 1.02);
    assert_eq!((answer.bounded, answer.ended), (Bounded::AboveTo, Ended::Unmeasured));

    // One trial that could not measure does no harm.
    let mut first = true;
    let (answer, _) = run(spec, |level| if std::mem::take(&mut first) { None } else { Some(level <= 33.0) });
    assert_eq!((answer.bounded, answer.ended, answer.unmeasured), (Bounded::Both, Ended::Found, None));

    // Nothing can be measured.
    let (answer, tried) = run(spec, |_| None);
    assert_eq!((tried.len(), answer.bounded, answer.ended), (3, Bounded::Neither, Ended::Unmeasured));
    assert_eq!((answer.unmeasured, answer.consistent), (Some(10.0), true));
}

#[test]
fn contradicting_trials_widen_the_interval_and_are_said() {
    // Whole levels from 8: 8 holds, 16 fails, 11 holds with one against, 13 fails with one for it, 12 fails.
    let outcome = |level: f64, trial: usize| match level {
        8.0 => true,
        11.0 => trial != 0,
        13.0 => trial == 0,
        _ => false,
    };
    let mut search =
        Search::new(SearchSpec { from: 8.0, whole: true, tolerance: 0.0, ..SearchSpec::default() }).unwrap();
    let mut trial = 0;
    while let Some(level) = search.next() {
        search.report(outcome(level, trial));
        trial = if search.next() == Some(level) { trial + 1 } else { 0 };
    }
    let answer = search.answer();
    assert!(!answer.consistent);
    assert_eq!((answer.low, answer.high, answer.bounded), (Some(8.0), Some(16.0), Bounded::Both));
    assert_eq!(answer.estimate, Some(11.0));
}

#[test]
fn a_stray_trial_widens_nothing() {
    // The first trial of all fails, although everything up to 1,000 holds.
    let mut first = true;
    let (answer, _) =
        run(SearchSpec::default(), |level| Some(!std::mem::take(&mut first) && level <= 1_000.0));
    assert!(answer.consistent);
    assert!(answer.high.unwrap() / answer.low.unwrap() <= 1.02);
}

#[test]
fn specs_out_of_range_are_refused_in_words() {
    let good = SearchSpec::default();
    let refused = [
        (SearchSpec { from: 0.0, ..good }, "the lowest level is 0; give a number above 0"),
        (
            SearchSpec { from: 5.0, to: Some(4.0), ..good },
            "the highest level is 4; give a number from 5, the lowest level, upward",
        ),
        (SearchSpec { growth: 1.0, ..good }, "levels grow by a factor of 1; give a number above 1"),
        (SearchSpec { tolerance: 0.0, ..good }, "the tolerance is 0; give a share above 0, such as 0.02"),
        (
            SearchSpec { repeats: 2, ..good },
            "each level is tried 2 times; give an odd number, so that there is a majority",
        ),
        (SearchSpec { max_trials: 0, ..good }, "no trial is allowed; give at least 1"),
    ];
    for (spec, words) in refused {
        assert_eq!(Search::new(spec).unwrap_err().to_string(), words);
    }
    let nowhere = SearchSpec { from: 5.2, to: Some(5.9), whole: true, ..good };
    assert_eq!(Search::new(nowhere).unwrap_err(), SpecError::To { from: 6.0, to: 5.0 });
}

#[test]
fn what_is_written_reads_back() {
    let (answer, _) = run(SearchSpec::default(), below(30.0));
    let text = serde_json::to_string(&answer).unwrap();
    assert_eq!(serde_json::from_str::<Answer>(&text).unwrap(), answer);
}
