use proptest::prelude::*;

use super::generator::{FAMILIES, Family, Generator, Shape, hits};
use super::*;

const SETTINGS: Settings = Settings { scale: Scale::Ratio, shortest: 5, offline: 3.8, online: 4.0 };

type Find = fn(&[f64], &Settings) -> Vec<ChangePoint>;

const BOTH: [Find; 2] = [offline, online];

fn places(changes: &[ChangePoint]) -> Vec<usize> {
    changes.iter().map(|change| change.at).collect()
}

/// 30 readings about 100, then 30 about `level`; each differs from the one before.
fn step_to(level: f64) -> Vec<f64> {
    let wiggle = [0.3, -0.5, 0.1, 0.6, -0.4, -0.1];
    (0..60).map(|i| wiggle[i % 6] + if i < 30 { 100.0 } else { level }).collect()
}

#[test]
fn the_default_is_what_is_tested_here() {
    assert_eq!(Settings::default(), SETTINGS);
}

#[test]
fn a_step_is_found_where_it_is() {
    for find in BOTH {
        let found = find(&step_to(110.0), &SETTINGS);
        assert_eq!(places(&found), [30]);
        assert!((found[0].before - 100.0).abs() < 1e-9 && (found[0].change - 0.1).abs() < 0.006, "{found:?}");
        let by_difference = find(&step_to(110.0), &Settings { scale: Scale::Difference, ..SETTINGS });
        assert!((by_difference[0].change - 10.0).abs() < 0.6, "{by_difference:?}");
    }
    // Seen as soon as the level has held for five readings.
    assert_eq!(online(&step_to(110.0), &SETTINGS)[0].found, 34);
    assert_eq!(offline(&step_to(110.0), &SETTINGS)[0].found, 59);
}

#[test]
fn a_constant_has_no_changes_and_a_step_of_it_one() {
    let of = |level: f64| (0..50).map(|i| if i < 20 { 7.0 } else { level }).collect::<Vec<f64>>();
    for find in BOTH {
        assert_eq!(find(&of(7.0), &SETTINGS), []);
        assert_eq!(find(&[0.0; 50], &SETTINGS), []);
        assert_eq!(places(&find(&of(7.01), &SETTINGS)), [20]);
        assert_eq!(places(&find(&of(0.0), &SETTINGS)), [20]);
        let from_nothing: Vec<f64> =
            of(7.0).iter().enumerate().map(|(i, y)| if i < 20 { 0.0 } else { *y }).collect();
        let found = find(&from_nothing, &SETTINGS);
        assert_eq!((places(&found), found[0].change), (vec![20], f64::INFINITY));
    }
}

#[test]
fn counts_that_seldom_change_have_steps_too() {
    let series: Vec<f64> =
        (0..90).map(|i| [1000.0, 1004.0][i / 45] + f64::from(u8::from(i % 11 == 5))).collect();
    for find in BOTH {
        assert_eq!(places(&find(&series, &SETTINGS)), [45]);
    }
}

#[test]
fn spikes_are_no_steps() {
    let mut series = step_to(100.0);
    for i in [8, 19, 20, 33, 34, 35, 50, 59] {
        series[i] = 500.0;
    }
    for find in BOTH {
        assert_eq!(find(&series, &SETTINGS), []);
    }
}

#[test]
fn a_burst_is_no_step_in_a_whole_series() {
    let mut series = step_to(100.0);
    for value in &mut series[25..32] {
        *value += 20.0;
    }
    assert_eq!(offline(&series, &SETTINGS), []);
    // As readings arrive it can't be told from one; then the way back is a change too.
    assert_eq!(places(&online(&series, &SETTINGS)), [25, 32]);
}

#[test]
fn what_is_no_number_keeps_its_index() {
    let plain = step_to(90.0);
    let mut series = plain.clone();
    series.insert(10, f64::NAN);
    series.insert(40, f64::INFINITY);
    for find in BOTH {
        assert_eq!(places(&find(&plain, &SETTINGS)), [30]);
        let found = find(&series, &SETTINGS);
        assert_eq!(places(&found), [31]);
        assert!(found[0].before.is_finite() && found[0].after.is_finite());
        assert_eq!(find(&[f64::NAN; 40], &SETTINGS), []);
    }
}

#[test]
fn too_few_readings_have_no_changes() {
    for n in 0..10 {
        let series: Vec<f64> = (0..n).map(|i| if i < n / 2 { 1.0 } else { 2.0 }).collect();
        for find in BOTH {
            assert_eq!(find(&series, &SETTINGS), [], "{n}");
        }
    }
}

#[test]
fn a_steady_rise_is_no_step() {
    let mut generator = Generator::new(4);
    for find in BOTH {
        let noise = || 2.0 * generator.normal();
        let series: Vec<f64> = std::iter::repeat_with(noise)
            .take(200)
            .enumerate()
            .map(|(i, e)| 100.0 + 0.1 * i as f64 + e)
            .collect();
        assert_eq!(find(&series, &SETTINGS), []);
    }
}

#[test]
fn units_and_offsets_do_not_matter() {
    for seed in 0..20 {
        let mut generator = Generator::new(seed);
        let series = generator.series(FAMILIES[seed as usize % 8].1, &Shape::STEPS).values;
        for find in BOTH {
            let plain = places(&find(&series, &SETTINGS));
            // Powers of two, so that nothing is rounded.
            let scaled: Vec<f64> = series.iter().map(|y| y / 1024.0).collect();
            assert_eq!(places(&find(&scaled, &SETTINGS)), plain, "{seed}");
            let turned: Vec<f64> = series.iter().map(|y| -y).collect();
            assert_eq!(places(&find(&turned, &SETTINGS)), plain, "{seed}");
            let moved: Vec<f64> = series.iter().map(|y| y + 4096.0).collect();
            assert_eq!(places(&find(&moved, &SETTINGS)), plain, "{seed}");
        }
    }
}

/// The bars of `cargo xtask bench-stats`, on a quarter of its series, with room for their scatter.
#[test]
fn steps_are_found_and_noise_is_not() {
    for (find, least_f1, most_false) in [(BOTH[0], 0.90, 0.4), (BOTH[1], 0.88, 0.6)] {
        let (mut hit, mut found, mut steps, mut alarms, mut readings) = (0, 0, 0, 0, 0);
        for (i, (_, family)) in FAMILIES.iter().enumerate() {
            let mut generator = Generator::new(i as u64);
            for _ in 0..12 {
                let series = generator.series(*family, &Shape::STEPS);
                let changes = places(&find(&series.values, &SETTINGS));
                hit += hits(&series.steps, &changes, 5);
                found += changes.len();
                steps += series.steps.len();
                let quiet = generator.series(*family, &Shape::NULL).values;
                alarms += find(&quiet, &SETTINGS).len();
                readings += quiet.len();
            }
        }
        let f1 = 2.0 * f64::from(u32::try_from(hit).unwrap()) / (found + steps) as f64;
        let rate = alarms as f64 * 1000.0 / readings as f64;
        assert!(f1 >= least_f1 && rate <= most_false, "F1 {f1}, {rate} of 1,000");
    }
}

#[test]
fn a_step_of_two_deviations_is_seen_within_six_readings() {
    let mut generator = Generator::new(77);
    let mut delays: Vec<usize> = (0..300)
        .filter_map(|_| {
            let series: Vec<f64> = (0..160)
                .map(|i| 100.0 + 2.0 * generator.normal() + if i < 100 { 0.0 } else { 4.0 })
                .collect();
            let first = online(&series, &SETTINGS).first().map_or(usize::MAX, |change| change.found);
            (first >= 100).then(|| first.saturating_sub(99))
        })
        .collect();
    delays.sort_unstable();
    assert!(delays.len() > 285 && delays[delays.len() / 2] <= 6, "{} {delays:?}", delays.len());
}

#[test]
fn steps_are_matched_once() {
    assert_eq!(hits(&[20, 60], &[18, 22, 66], 5), 1);
    assert_eq!(hits(&[20, 25], &[22, 23], 5), 2);
    assert_eq!(hits(&[], &[22], 5), 0);
    assert_eq!(hits(&[20], &[25], 5), 1);
    assert_eq!(hits(&[20], &[26], 5), 0);
}

fn any_series() -> impl Strategy<Value = Vec<f64>> {
    (any::<u64>(), 0usize..8, 0usize..140).prop_map(|(seed, family, points)| {
        let mut generator = Generator::new(seed);
        let shape = Shape { points, segment: 10.min(points / 4), sizes: (0.02, 0.4), ..Shape::STEPS };
        let mut values = generator.series(FAMILIES[family].1, &shape).values;
        // Some readings are missing, some series are coarse.
        if seed % 3 == 0 {
            values.iter_mut().step_by(7).for_each(|value| *value = f64::NAN);
        }
        if seed % 5 == 0 {
            for value in &mut values {
                *value = (*value / 3.0).round();
            }
        }
        values
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_reported_stays(series in any_series(), share in 0.0..1.0f64) {
        let all = online(&series, &SETTINGS);
        let cut = (share * series.len() as f64) as usize;
        let then = online(&series[..cut], &SETTINGS);
        let expected: Vec<ChangePoint> = all.into_iter().filter(|change| change.found < cut).collect();
        prop_assert_eq!(then, expected);
    }

    #[test]
    fn levels_are_long_enough(series in any_series()) {
        for find in BOTH {
            let found = find(&series, &SETTINGS);
            let edges: Vec<usize> = [0].into_iter().chain(places(&found)).chain([series.len()]).collect();
            for edge in edges.windows(2) {
                let readings = series[edge[0]..edge[1]].iter().filter(|value| value.is_finite()).count();
                prop_assert!(found.is_empty() || readings >= SETTINGS.shortest);
            }
            for change in &found {
                prop_assert!(change.found >= change.at + SETTINGS.shortest - 1 && change.found < series.len());
            }
        }
    }

    #[test]
    fn anything_may_be_asked(series in prop::collection::vec(prop::num::f64::ANY, 0..80), shortest in 0usize..50) {
        for find in BOTH {
            find(&series, &Settings { shortest, ..SETTINGS });
        }
    }
}

#[test]
fn rarer_noise_is_rarely_a_step() {
    for family in [Family::Walk(0.03), Family::Rounded(2.0), Family::Bursts] {
        let mut generator = Generator::new(6);
        let quiet = (0..20).map(|_| generator.series(family, &Shape::NULL));
        let alarms: usize = quiet.map(|series| offline(&series.values, &SETTINGS).len()).sum();
        assert!(alarms <= 9, "{family:?}: {alarms} in 6,000 readings");
    }
}
