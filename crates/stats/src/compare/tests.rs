//! Tests of comparisons: known cases, and the rules of each design.

mod properties;

use super::*;
use crate::noise::Noise;

const A: [f64; 5] = [8.1, 8.3, 7.9, 8.2, 8.05];
const B: [f64; 5] = [9.0, 8.8, 9.3, 8.9, 9.1];

fn spec() -> Spec {
    Spec::new(Scale::Ratio, Worse::Higher)
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9 * expected.abs().max(1e-3), "{found} instead of {expected}");
}

fn judged(a: &Side, b: &Side, spec: &Spec) -> Verdict {
    verdict(&compare(a, b, spec).unwrap(), spec)
}

#[test]
fn sessions_are_compared_by_welch_as_scipy_does() {
    // scipy.stats.ttest_ind(equal_var=False) on logarithms, 1.17; the detectable change from scipy.stats.nct.
    let found = compare(&Side::runs(&A), &Side::runs(&B), &spec()).unwrap();
    near(found.effect, 0.112_161_658_395_437_9);
    near(found.low, 0.080_057_008_566_725_64);
    near(found.high, 0.145_220_617_610_088_86);
    near(found.low90, 0.086_217_506_012_303_91);
    near(found.high90, 0.138_725_483_209_879_15);
    near(found.p, 7.199_455_732_531_398e-5);
    near(found.p_better, 0.999_995_096_039_388_7);
    near(found.freedom, 7.875_543_273_915_795);
    near(found.detectable.unwrap(), 0.062_308_686_744_589_5);
    assert_eq!((found.method, found.runs, found.more_runs), (Method::Welch, (5, 5), None));
    assert_eq!(verdict(&found, &spec()), Verdict::Regressed);
}

#[test]
fn pairs_are_compared_by_their_differences() {
    // scipy.stats.ttest_rel on logarithms.
    let paired = Spec { paired: true, ..spec() };
    let found = compare(&Side::session(&A), &Side::session(&B), &paired).unwrap();
    near(found.low, 0.058_362_133_344_010_934);
    near(found.high, 0.168_695_964_675_871_2);
    near(found.p, 0.004_188_454_037_152_144);
    assert_eq!((found.method, found.runs), (Method::Paired, (5, 5)));
    // Three sessions of pairs: the session's average is the sample.
    let sessions = |values: &[f64]| Side { sessions: values.chunks(2).map(<[f64]>::to_vec).collect() };
    let found = compare(&sessions(&A), &sessions(&B), &paired).unwrap();
    assert_eq!((found.method, found.runs, found.freedom), (Method::Paired, (3, 3), 2.0));
    let error = compare(&sessions(&A), &Side::session(&B), &paired).unwrap_err();
    assert_eq!(error, CompareError::Unpaired { a: 5, b: 5 });
}

#[test]
fn one_run_is_held_against_the_scatter_of_several() {
    // The prediction interval of one further run, t with four degrees.
    let found = compare(&Side::runs(&A), &Side::runs(&[9.0]), &spec()).unwrap();
    near(found.effect, 0.109_896_603_521_961_47);
    near(found.low, 0.048_444_138_375_297_43);
    near(found.high, 0.174_950_982_527_816_9);
    assert_eq!((found.method, found.runs, found.freedom), (Method::Pooled, (5, 1), 4.0));
}

#[test]
fn a_run_of_fewer_blocks_scatters_more() {
    let five = Side { sessions: A.iter().map(|value| vec![value * 0.97, *value, value * 1.03]).collect() };
    let three = compare(&five, &Side::session(&[8.0, 8.2, 8.4]), &spec()).unwrap();
    let single = compare(&five, &Side::session(&[8.2]), &spec()).unwrap();
    assert!(single.error > 1.5 * three.error, "{} {}", single.error, three.error);
}

#[test]
fn sessions_of_one_hour_carry_what_hours_differ_by() {
    let (a, b) = (Side::runs(&[10.0, 10.1, 9.9]), Side::runs(&[10.5, 10.6, 10.4]));
    let between = Between { sd: 0.03, freedom: usize::MAX };
    let of = |between, hours| {
        let spec = Spec { between, hours, ..Spec::new(Scale::Ratio, Worse::Higher) };
        let found = compare(&a, &b, &spec).unwrap();
        (found.high - found.low) / 2.0
    };
    let plain = of(None, Some((1, 1)));
    assert_eq!(plain, of(Some(between), Some((3, 3))));
    assert_eq!(plain, of(Some(between), None));
    // Twice 3 % squared, of which the scatter of three shows nothing: 1.96 × √(2 × 0.03²) is the least.
    let together = of(Some(between), Some((1, 1)));
    assert!(together > 1.96 * 0.03 * 2f64.sqrt() && together < 0.1, "{plain} {together}");
    let apart = of(Some(between), Some((1, 3)));
    assert!(plain < apart && apart < together, "{plain} {apart} {together}");
}

#[test]
fn blocks_of_one_session_carry_what_sessions_differ_by() {
    // Welch's variance and 2 × 0.02², with 12 degrees of freedom, by Satterthwaite.
    let between = Some(Between { sd: 0.02, freedom: 12 });
    let found = compare(&Side::session(&A), &Side::session(&B), &Spec { between, ..spec() }).unwrap();
    near(found.freedom, 16.297_633_474_155_298);
    near(found.low, 0.041_543_966_489_776_08);
    near(found.high, 0.187_567_298_357_569_8);
    assert_eq!((found.method, found.runs), (Method::Between, (5, 5)));
    // Where nothing was measured 2 % are assumed, and taken as known.
    let assumed = compare(&Side::session(&A), &Side::session(&B), &spec()).unwrap();
    near(assumed.error, found.error);
    assert!(assumed.freedom > found.freedom);
    // A single block has the scatter of the other side.
    let one = compare(&Side::session(&A), &Side::session(&[9.0]), &spec()).unwrap();
    assert_eq!((one.method, one.runs), (Method::Between, (5, 1)));
    assert!(one.error > assumed.error);
}

#[test]
fn two_single_runs_need_a_figure_of_how_runs_differ() {
    let (a, b) = (Side::runs(&[8.0]), Side::runs(&[9.0]));
    let found = compare(&a, &b, &spec()).unwrap();
    assert_eq!((found.method, found.low, found.high), (Method::Unknown, -1.0, f64::INFINITY));
    assert_eq!((verdict(&found, &spec()), found.detectable), (Verdict::Inconclusive, None));
    assert!(found.more_runs.is_some_and(|runs| (1..=5).contains(&runs)), "{:?}", found.more_runs);
    let between = Some(Between { sd: 0.01, freedom: 20 });
    let found = compare(&a, &b, &Spec { between, ..spec() }).unwrap();
    assert_eq!((found.method, verdict(&found, &spec())), (Method::BetweenAlone, Verdict::Regressed));
    near(found.error, 0.01 * 2.0_f64.sqrt());
    near(found.freedom, 20.0);
}

#[test]
fn what_is_equal_to_the_byte_is_equivalent_and_what_is_not_is_not() {
    for paired in [false, true] {
        let spec = Spec { paired, ..spec() };
        let bytes = |value: f64| Side::session(&[value; 5]);
        assert_eq!(judged(&bytes(123_456_789.0), &bytes(123_456_789.0), &spec), Verdict::Equivalent);
        assert_eq!(judged(&bytes(123_456_789.0), &bytes(123_456_790.0), &spec), Verdict::Equivalent);
        assert_eq!(judged(&bytes(1e8), &bytes(1.1e8), &spec), Verdict::Regressed);
        assert_eq!(judged(&bytes(1.1e8), &bytes(1e8), &spec), Verdict::Improved);
        let same = Spec { margin: 0.0, ..spec };
        assert_eq!(judged(&bytes(0.1), &bytes(0.1), &same), Verdict::Equivalent);
    }
    assert_eq!(judged(&Side::runs(&[7.0; 3]), &Side::runs(&[7.0]), &spec()), Verdict::Equivalent);
    // Zero recall has no ratio, but a difference.
    let zero = Side::runs(&[0.0; 3]);
    assert_eq!(judged(&zero, &zero, &Spec::new(Scale::Difference, Worse::Lower)), Verdict::Equivalent);
    let exact = compare(&zero, &zero, &Spec::new(Scale::Difference, Worse::Lower)).unwrap();
    assert_eq!((exact.method, exact.detectable, exact.more_runs), (Method::Exact, Some(0.005), None));
    // One side constant, the other not.
    assert_eq!(
        judged(&Side::runs(&[100.0; 5]), &Side::runs(&[120.0, 121.0, 119.0]), &spec()),
        Verdict::Regressed
    );
}

#[test]
fn throughput_and_recall_are_worse_when_lower() {
    let throughput = Spec { worse: Worse::Lower, ..spec() };
    assert_eq!(judged(&Side::runs(&A), &Side::runs(&B), &throughput), Verdict::Improved);
    assert_eq!(judged(&Side::runs(&B), &Side::runs(&A), &throughput), Verdict::Regressed);
    let recall = Spec::new(Scale::Difference, Worse::Lower);
    let (a, b) = (Side::runs(&[0.960, 0.961, 0.962, 0.961]), Side::runs(&[0.931, 0.929, 0.930, 0.932]));
    assert_eq!(judged(&a, &b, &recall), Verdict::Regressed);
    let found = compare(&a, &b, &recall).unwrap();
    near(found.effect, -0.0305);
    assert!(found.detectable.is_some_and(|change| change > 0.005 && change < 0.02));
}

#[test]
fn from_ten_runs_the_bootstrap_takes_over() {
    let mut noise = Noise::new(1);
    let mut side =
        |mean: f64| -> Vec<f64> { (0..12).map(|_| mean * (0.016 * noise.normal()).exp()).collect() };
    let (a, b) = (side(10.0), side(11.0));
    let found = compare(&Side::runs(&a), &Side::runs(&b), &spec()).unwrap();
    assert_eq!((found.method, verdict(&found, &spec())), (Method::Bootstrap, Verdict::Regressed));
    let paired = Spec { paired: true, ..spec() };
    let found = compare(&Side::session(&a), &Side::session(&b), &paired).unwrap();
    assert_eq!(found.method, Method::PairedBootstrap);
    // Mostly equal values cannot be studentised; t can.
    let mut counts = vec![100.0; 12];
    counts[5] = 101.0;
    let found = compare(&Side::runs(&counts), &Side::runs(&[100.0; 12]), &spec()).unwrap();
    assert_eq!((found.method, verdict(&found, &spec())), (Method::Welch, Verdict::Equivalent));
}

#[test]
fn further_runs_decide_as_often_as_planned() {
    let first = Side::runs(&[10.0, 10.4, 9.8, 10.2]);
    let second = Side::runs(&[10.5, 10.9, 10.6, 10.3]);
    let found = compare(&first, &second, &spec()).unwrap();
    assert_eq!(verdict(&found, &spec()), Verdict::Inconclusive);
    let runs = 4 + found.more_runs.unwrap();
    let noise_of = (found.error.powi(2) * 4.0 / 2.0).sqrt();
    let mut noise = Noise::new(8);
    let decided = (0..500).filter(|_| {
        let mut side = |mean: f64| {
            Side::runs(&(0..runs).map(|_| mean * (noise_of * noise.normal()).exp()).collect::<Vec<f64>>())
        };
        let (a, b) = (side(found.a), side(found.b));
        judged(&a, &b, &spec()) == Verdict::Regressed
    });
    let share = decided.count() as f64 / 500.0;
    assert!((0.75..0.9).contains(&share), "{runs}: {share}");
}

#[test]
fn a_family_is_judged_together() {
    let tail = |p: f64| {
        let alone = compare(&Side::runs(&A), &Side::runs(&B), &spec()).unwrap();
        (Estimate { p, p_better: 1.0, ..alone }, spec())
    };
    let one = [tail(0.02)];
    assert_eq!(verdicts(&one, 0.05), [Verdict::Regressed]);
    let equal = compare(&Side::runs(&[1.0; 3]), &Side::runs(&[1.0; 3]), &spec()).unwrap();
    let family: Vec<(Estimate, Spec)> =
        std::iter::once(tail(0.02)).chain((0..4).map(|_| (equal, spec()))).collect();
    let found = verdicts(&family, 0.05);
    assert_eq!(found[0], Verdict::Inconclusive);
    assert!(found[1..].iter().all(|verdict| *verdict == Verdict::Equivalent));
    let family: Vec<(Estimate, Spec)> =
        std::iter::once(tail(0.004)).chain((0..4).map(|_| (equal, spec()))).collect();
    assert_eq!(verdicts(&family, 0.05)[0], Verdict::Regressed);
    assert!(verdicts(&[], 0.05).is_empty());
}

#[test]
fn what_sessions_differ_by_is_measured_by_analysis_of_variance() {
    let side = Side { sessions: vec![vec![1.0, 2.0, 3.0], vec![4.0, 5.0, 6.0, 7.0], vec![2.0, 4.0]] };
    let found = Between::measured(&side, Scale::Difference).unwrap();
    near(found.sd, 1.839_732_422_015_599_7);
    assert_eq!(found.freedom, 2);
    assert_eq!(Between::measured(&Side::runs(&[1.0, 2.0]), Scale::Difference), None);
    assert_eq!(Between::measured(&Side::runs(&[1.0, 2.0, 0.0]), Scale::Ratio), None);
    let alike = Side { sessions: vec![vec![1.0, 3.0], vec![3.0, 1.0], vec![2.0, 2.0]] };
    assert_eq!(Between::measured(&alike, Scale::Difference).map(|between| between.sd), Some(0.0));
}

#[test]
fn what_cannot_be_compared_is_said() {
    let fine = Side::runs(&A);
    let error = |b: &Side| compare(&fine, b, &spec()).unwrap_err();
    assert_eq!(error(&Side::default()), CompareError::Empty('b'));
    assert_eq!(error(&Side { sessions: vec![vec![]] }), CompareError::Empty('b'));
    assert_eq!(error(&Side::runs(&[1.0, 0.0])), CompareError::NotPositive { side: 'b', value: 0.0 });
    assert!(matches!(error(&Side::runs(&[f64::NAN])), CompareError::NotFinite { side: 'b', .. }));
    let with = |spec: Spec| compare(&fine, &fine, &spec).unwrap_err();
    assert_eq!(with(Spec { margin: -0.1, ..spec() }), CompareError::Margin(-0.1));
    assert_eq!(with(Spec { confidence: 1.0, ..spec() }), CompareError::Confidence(1.0));
}
