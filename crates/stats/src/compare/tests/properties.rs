//! How often intervals hold the truth, and what holds for any two sides.

use proptest::prelude::*;

use super::*;

#[test]
fn nineteen_of_twenty_intervals_hold_the_truth() {
    // How many sessions of how many blocks on each side, and whether they are pairs.
    for (sessions, blocks, paired) in [
        ((5, 5), 1, false),
        ((3, 8), 2, false),
        ((6, 1), 3, false),
        ((12, 10), 1, false),
        ((1, 1), 6, true),
        ((1, 1), 4, false),
    ] {
        let mut noise = Noise::new(21);
        let rounds = if sessions.0 > 9 { 500 } else { 2000 };
        let between = Some(Between { sd: 0.02, freedom: 1000 });
        let spec = Spec { paired, between, ..spec() };
        let hits = (0..rounds).filter(|_| {
            let shared = 0.02 * noise.normal();
            let mut side = |mean: f64, sessions: usize| Side {
                sessions: (0..sessions)
                    .map(|_| {
                        let session = if paired { shared } else { 0.02 * noise.normal() };
                        (0..blocks).map(|_| mean * (session + 0.016 * noise.normal()).exp()).collect()
                    })
                    .collect(),
            };
            let found = compare(&side(10.0, sessions.0), &side(10.5, sessions.1), &spec).unwrap();
            found.low <= 0.05 && 0.05 <= found.high
        });
        let share = hits.count() as f64 / f64::from(rounds);
        assert!((0.93..0.975).contains(&share), "{sessions:?} × {blocks}: {share}");
    }
}

/// Sides of one to four sessions of one to three blocks.
fn side() -> impl Strategy<Value = Side> {
    prop::collection::vec(prop::collection::vec(5.0..15.0f64, 1..4), 1..5)
        .prop_map(|sessions| Side { sessions })
}

proptest! {
    #[test]
    fn exchanged_sides_turn_everything_around(a in side(), b in side(), many in prop::bool::ANY) {
        let grow = |side: &Side| Side { sessions: side.sessions.iter().cloned().cycle().take(11).enumerate().map(|(at, blocks)| {
            blocks.into_iter().map(|value| value * (1.0 + 0.01 * at as f64)).collect()
        }).collect() };
        let (a, b) = if many { (grow(&a), grow(&b)) } else { (a, b) };
        let there = compare(&a, &b, &spec()).unwrap();
        let back = compare(&b, &a, &spec()).unwrap();
        let opposed = |x: f64, y: f64| ((1.0 + x) * (1.0 + y) - 1.0).abs() < 1e-9 || (x == -1.0 && y == f64::INFINITY);
        prop_assert!(opposed(there.effect, back.effect) && opposed(there.low, back.high) && opposed(back.low90, there.high90));
        prop_assert!((there.p - back.p_better).abs() < 1e-9 && (there.p_better - back.p).abs() < 1e-9);
        let turned = match verdict(&there, &spec()) {
            Verdict::Regressed => Verdict::Improved,
            Verdict::Improved => Verdict::Regressed,
            other => other,
        };
        prop_assert_eq!(turned, verdict(&back, &spec()));
    }

    #[test]
    fn units_do_not_matter(a in side(), b in side(), power in -20i32..20) {
        let scaled = |side: &Side| Side { sessions: side.sessions.iter().map(|blocks| {
            blocks.iter().map(|value| value * 2.0_f64.powi(power)).collect()
        }).collect() };
        let (one, other) = (compare(&a, &b, &spec()).unwrap(), compare(&scaled(&a), &scaled(&b), &spec()).unwrap());
        prop_assert!((one.effect - other.effect).abs() < 1e-9 && (one.p - other.p).abs() < 1e-6);
        prop_assert_eq!(verdict(&one, &spec()), verdict(&other, &spec()));
    }

    #[test]
    fn a_wider_margin_never_makes_a_change_of_nothing(a in side(), b in side(), margin in 0.0..0.5f64, more in 0.0..0.5f64) {
        let at = |margin: f64| {
            let spec = Spec { margin, ..spec() };
            let found = compare(&a, &b, &spec).unwrap();
            (verdict(&found, &spec), found.p)
        };
        let ((narrow, p), (wide, p_wide)) = (at(margin), at(margin + more));
        prop_assert!(p_wide >= p - 1e-12);
        if narrow == Verdict::Equivalent {
            prop_assert_eq!(wide, Verdict::Equivalent);
        }
        if wide == Verdict::Regressed || wide == Verdict::Improved {
            prop_assert_eq!(narrow, wide);
        }
    }

    #[test]
    fn a_family_of_one_is_judged_as_alone(a in side(), b in side()) {
        let found = compare(&a, &b, &spec()).unwrap();
        prop_assert_eq!(verdicts(&[(found, spec())], 0.05), vec![verdict(&found, &spec())]);
    }
}
