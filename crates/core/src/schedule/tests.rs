//! What holds for every curve and every way to cut its schedule.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::units::Rate;

fn all(mut schedule: impl Schedule) -> Vec<Nanos> {
    std::iter::from_fn(|| schedule.next()).collect()
}

/// Rates that matter: none at all, slow, fast.
fn rate() -> impl Strategy<Value = Rate> {
    prop_oneof![1 => Just(Rate(0.0)), 2 => (0.01f64..10.0).prop_map(Rate), 5 => (10.0f64..3000.0).prop_map(Rate)]
}

fn length() -> impl Strategy<Value = Nanos> {
    prop_oneof![1 => Just(Nanos::ZERO), 9 => (1..1_000_000_000u64).prop_map(Nanos)]
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        (rate(), length()).prop_map(|(rate, length)| Piece::Hold { rate, length }),
        (rate(), rate(), length()).prop_map(|(from, to, length)| Piece::Ramp { from, to, length }),
        (rate(), prop_oneof![Just(1.0), 0.0..1.0], 1_000_000..2_000_000_000u64, length()).prop_map(
            |(mean, depth, period, length)| Piece::Sine {
                mean,
                amplitude: Rate(mean.0 * depth),
                period: Nanos(period),
                length
            }
        ),
    ]
}

fn curve() -> impl Strategy<Value = Curve> {
    prop::collection::vec(piece(), 1..6).prop_map(|pieces| Curve::new(pieces).unwrap())
}

fn spacing() -> impl Strategy<Value = Spacing> {
    prop_oneof![Just(Spacing::Uniform), Just(Spacing::Poisson)]
}

proptest! {
    #[test]
    fn arrivals_never_go_back_and_come_from_the_seed(curve in curve(), spacing in spacing(), seed: u64) {
        let one = all(Paced::new(curve.clone(), spacing, seed));
        prop_assert!(one.is_sorted());
        prop_assert!(one.iter().all(|due| *due < curve.duration()));
        prop_assert_eq!(&one, &all(Paced::new(curve.clone(), spacing, seed)));
        let other = all(Paced::new(curve, spacing, seed.wrapping_add(1)));
        prop_assert_eq!(one == other, spacing == Spacing::Uniform || one.is_empty() && other.is_empty());
    }

    #[test]
    fn a_window_holds_its_integral(curve in curve(), ends in prop::array::uniform2(0.0f64..1.0)) {
        let [one, two] = ends.map(|share| Nanos((share * curve.duration().0 as f64) as u64));
        let due = all(Paced::new(curve.clone(), Spacing::Uniform, 0));
        for (from, until) in [(one.min(two), one.max(two)), (Nanos::ZERO, curve.duration())] {
            let inside = due.iter().filter(|due| (from..until).contains(due)).count();
            let integral = curve.integral(until) - curve.integral(from);
            // An instant is a whole nanosecond, so an arrival can lie on the other side of the window's edge.
            prop_assert!((inside as f64 - integral).abs() <= 1.0 + 1e-4, "{inside} {integral} {from} {until}");
        }
    }

    #[test]
    fn each_arrival_is_the_inverse_of_its_number(curve in curve()) {
        for (k, due) in all(Paced::new(curve.clone(), Spacing::Uniform, 0)).into_iter().enumerate() {
            let inverse = curve.inverse(k as f64).unwrap();
            // Where the rate is next to nothing, instants far apart have the same integral to the last digit.
            let same = (curve.integral(due) - curve.integral(inverse)).abs() < 1e-6;
            prop_assert!(same || due.0.abs_diff(inverse.0) <= 1, "{k}: {due} {inverse}");
        }
    }

    #[test]
    fn the_inverse_undoes_the_integral(curve in curve(), share in 0.0f64..1.0) {
        let at = Nanos((share * curve.duration().0 as f64) as u64);
        let integral = curve.integral(at);
        let back = curve.inverse(integral).unwrap();
        // What counts is how many arrivals are off; in time that is much where the rate is small, and any where it is 0.
        prop_assert!((curve.integral(back) - integral).abs() < 1e-5);
        if curve.rate_at(at).0 > 1.0 {
            let error = back.0.abs_diff(at.0) as f64 / 1e9 * curve.rate_at(at).0;
            prop_assert!(error < 1e-5, "{at} {back}");
        }
        prop_assert_eq!(curve.inverse(curve.total() * 1.01 + 1.0), None);
    }

    #[test]
    fn the_integral_is_that_of_the_rate(piece in piece()) {
        let length = piece.length();
        let curve = Curve::new(vec![piece]).unwrap();
        // The rule of the middle over many steps; the fastest sine has a thousand swings.
        let steps = 200_000u64;
        let width = length.0 as f64 / steps as f64;
        let sum: f64 =
            (0..steps).map(|i| curve.rate_at(Nanos(((i as f64 + 0.5) * width) as u64)).0 * width / 1e9).sum();
        prop_assert!((sum - curve.total()).abs() < 1e-3 * (1.0 + curve.total()), "{sum} {}", curve.total());
    }

    #[test]
    fn all_shares_together_are_the_whole(curve in curve(), spacing in spacing(), of in 1u64..7) {
        let whole = Paced::new(curve, spacing, 1);
        let mut union: Vec<Nanos> = (0..of).flat_map(|i| all(Share::new(whole.clone(), i, of))).collect();
        let second = all(Share::new(whole.clone(), 1, of));
        let whole = all(whole);
        union.sort_unstable();
        prop_assert_eq!(union, &whole[..]);
        let expected: Vec<Nanos> = whole.into_iter().skip((1 % of) as usize).step_by(of as usize).collect();
        prop_assert_eq!(second, expected);
    }

    #[test]
    fn all_segments_together_are_the_whole(
        curve in curve(),
        spacing in spacing(),
        cuts in prop::collection::vec(0.0f64..1.0, 0..5),
    ) {
        let whole = Paced::new(curve.clone(), spacing, 1);
        let mut edges: Vec<Nanos> = cuts.iter().map(|cut| Nanos((cut * curve.duration().0 as f64) as u64)).collect();
        edges.extend([Nanos::ZERO, curve.duration()]);
        edges.sort_unstable();
        let mut union = Vec::new();
        for edge in edges.windows(2) {
            let segment = all(Window::new(whole.clone(), edge[0], edge[1]));
            prop_assert!(segment.iter().all(|due| *due < edge[1].saturating_sub(edge[0])));
            union.extend(segment.into_iter().map(|due| due.saturating_add(edge[0])));
        }
        prop_assert_eq!(union, all(whole));
    }

    #[test]
    fn a_constant_rate_is_a_curve_that_holds(rate in 1.0f64..1e5, seed: u64) {
        let curve = Curve::new(vec![Piece::Hold { rate: Rate(rate), length: Nanos::from_secs(3600) }]).unwrap();
        let pairs = [
            (all(Uniform::new(Rate(rate), 500)), Spacing::Uniform),
            (all(Poisson::new(Rate(rate), 500, seed)), Spacing::Poisson),
        ];
        for (constant, spacing) in pairs {
            let paced = all(Limit::new(Paced::new(curve.clone(), spacing, seed), 500));
            prop_assert_eq!(paced.len(), 500);
            prop_assert!(constant.iter().zip(&paced).all(|(one, two)| one.0.abs_diff(two.0) <= 1));
        }
    }
}

#[test]
fn poisson_counts_have_the_mean_and_the_variance_they_should() {
    let curve = Curve::new(vec![
        Piece::Ramp { from: Rate(0.0), to: Rate(200.0), length: Nanos::from_secs(1) },
        Piece::Hold { rate: Rate(0.0), length: Nanos::from_secs(1) },
        Piece::Sine {
            mean: Rate(100.0),
            amplitude: Rate(100.0),
            period: Nanos::from_millis(700),
            length: Nanos::from_secs(1),
        },
    ])
    .unwrap();
    let runs = 4000;
    for (from, until) in [(0, 3000), (0, 500), (1000, 2000), (2100, 2400)] {
        let (from, until) = (Nanos::from_millis(from), Nanos::from_millis(until));
        let counts: Vec<f64> = (0..runs)
            .map(|seed| {
                let schedule = Paced::new(curve.clone(), Spacing::Poisson, seed);
                all(Window::new(schedule, from, until)).len() as f64
            })
            .collect();
        let integral = curve.integral(until) - curve.integral(from);
        let mean = counts.iter().sum::<f64>() / runs as f64;
        let variance = counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / runs as f64;
        // Four standard errors; the seeds are fixed, so this holds always or never.
        assert!((mean - integral).abs() <= 4.0 * (integral / runs as f64).sqrt(), "{mean} {integral}");
        assert!((variance - integral).abs() <= integral * 0.1, "{variance} {integral}");
    }
}

#[test]
fn nothing_is_due_while_the_rate_is_zero() {
    let hold = |rate, seconds| Piece::Hold { rate: Rate(rate), length: Nanos::from_secs(seconds) };
    let curve =
        Curve::new(vec![hold(0.0, 5), hold(2.0, 1), hold(0.0, 5), hold(1.0, 2), hold(0.0, 9)]).unwrap();
    let due: Vec<f64> =
        all(Paced::new(curve.clone(), Spacing::Uniform, 0)).iter().map(|due| due.as_secs_f64()).collect();
    assert_eq!(due, [5.0, 5.5, 11.0, 12.0]);
    assert_eq!(curve.inverse(4.0), Some(Nanos::from_secs(22)));
    assert_eq!(curve.inverse(4.1), None);
    assert_eq!(curve.inverse(-0.1), None);
    assert_eq!(curve.inverse(f64::NAN), None);
    assert_eq!(
        (curve.rate_at(Nanos::from_secs(5)), curve.rate_at(Nanos::from_secs(22))),
        (Rate(2.0), Rate(0.0))
    );
}

#[test]
fn whole_counts_come_out_whole() {
    for (rate, seconds) in [(500.0, 10), (5000.0, 60), (333.0, 7), (0.1, 100), (100_000.0, 3)] {
        let curve =
            Curve::new(vec![Piece::Hold { rate: Rate(rate), length: Nanos::from_secs(seconds) }]).unwrap();
        let count = all(Paced::new(curve, Spacing::Uniform, 0)).len();
        assert_eq!(count as f64, (rate * seconds as f64).round(), "{rate}");
    }
}

#[test]
fn an_ended_schedule_stays_ended() {
    let curve = Curve::new(vec![Piece::Hold { rate: Rate(3.0), length: Nanos::from_secs(1) }]).unwrap();
    for spacing in [Spacing::Uniform, Spacing::Poisson] {
        let paced = Paced::new(curve.clone(), spacing, 0);
        let trace = Trace::new(Arc::new([Nanos(1)]));
        let schedules: [Box<dyn Schedule>; 5] = [
            Box::new(paced.clone()),
            Box::new(Share::new(paced.clone(), 1, 2)),
            Box::new(Window::new(paced.clone(), Nanos(1), Nanos(400_000_000))),
            Box::new(Limit::new(paced, 1)),
            Box::new(trace),
        ];
        for mut schedule in schedules {
            while schedule.next().is_some() {}
            assert!((0..20).all(|_| schedule.next().is_none()));
        }
    }
}

#[test]
fn impossible_curves_are_refused_in_words() {
    let length = Nanos::from_secs(1);
    let hold = |rate| Piece::Hold { rate: Rate(rate), length };
    let sine = |mean, amplitude, period| Piece::Sine {
        mean: Rate(mean),
        amplitude: Rate(amplitude),
        period,
        length,
    };
    for (piece, message) in [
        (hold(f64::NAN), "a rate must be a finite number"),
        (hold(f64::INFINITY), "a rate must be a finite number"),
        (hold(-5.0), "a rate of -5/s is negative"),
        (hold(2e9), "a rate of 2,000 M/s is more than one arrival a nanosecond"),
        (Piece::Ramp { from: Rate(1.0), to: Rate(-1.0), length }, "a rate of -1/s is negative"),
        (
            sine(5.0, 6.0, length),
            "the amplitude of 6/s is larger than the mean of 5/s: the rate would be negative",
        ),
        (sine(5.0, 4.0, Nanos::ZERO), "the period of a sine must be longer than nothing"),
        (Piece::Hold { rate: Rate(1.0), length: Nanos(u64::MAX) }, "the pieces together are too long"),
    ] {
        assert_eq!(Curve::new(vec![hold(1.0), piece]).unwrap_err().to_string(), message);
    }
}
