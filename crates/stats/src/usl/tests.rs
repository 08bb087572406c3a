//! Tests of the Universal Scalability Law.

use proptest::prelude::*;

use super::*;
use crate::noise::Noise;

const SESSIONS: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];

fn law(lambda: f64, sigma: f64, kappa: f64) -> Usl {
    Usl { lambda, sigma, kappa, r2: 1.0, measured_to: 128.0 }
}

fn sweep(law: &Usl) -> Vec<(f64, f64)> {
    SESSIONS.iter().map(|n| (*n, law.throughput(*n))).collect()
}

fn near(a: f64, b: f64, relative: f64) -> bool {
    (a - b).abs() <= relative * b.abs()
}

proptest! {
    #[test]
    fn points_without_noise_give_their_law(lambda in 1e-3..1e6f64, sigma in 0.0..1.0f64, kappa in 0.0..0.1f64) {
        let wanted = law(lambda, sigma, kappa);
        let found = fit(&sweep(&wanted)).unwrap();
        prop_assert!(near(found.lambda, lambda, 1e-6), "{found:?}");
        prop_assert!((found.sigma - sigma).abs() < 1e-6 && (found.kappa - kappa).abs() < 1e-6, "{found:?}");
        prop_assert!(found.r2 > 1.0 - 1e-9);
    }

    #[test]
    fn any_points_give_a_sane_law_or_none(points in prop::collection::vec((1.0..1e6f64, 1e-300..1e300f64), 0..12)) {
        if let Some(law) = fit(&points) {
            prop_assert!(law.lambda > 0.0 && (0.0..=1.0).contains(&law.sigma) && law.kappa >= 0.0, "{law:?}");
            prop_assert!(law.r2 <= 1.0);
            if let Some((n, x)) = law.peak() {
                prop_assert!(n >= 1.0 && x >= law.throughput(n * 1.1) && (n == 1.0 || x >= law.throughput(n * 0.9)));
            }
            prop_assert!(law.limit().words().ends_with('.'));
        }
    }

    #[test]
    fn no_nearby_law_fits_better(seed in 0u64..1000, sigma in 0.0..0.3f64, kappa in 0.0..0.01f64) {
        let mut noise = Noise::new(seed);
        let points: Vec<_> =
            sweep(&law(1000.0, sigma, kappa)).iter().map(|(n, x)| (*n, x * (1.0 + 0.1 * noise.normal()).max(0.1))).collect();
        let found = fit(&points).unwrap();
        let misfit = |law: &Usl| points.iter().map(|(n, x)| (x / law.throughput(*n) - 1.0).powi(2)).sum::<f64>();
        for (l, s, k) in [(1.01, 0.0, 0.0), (0.99, 0.0, 0.0), (1.0, 1e-3, 0.0), (1.0, -1e-3, 0.0), (1.0, 0.0, 1e-5), (1.0, 0.0, -1e-5)] {
            let other = Usl { lambda: found.lambda * l, sigma: found.sigma + s, kappa: found.kappa + k, ..found };
            if (0.0..=1.0).contains(&other.sigma) && other.kappa >= 0.0 {
                prop_assert!(misfit(&found) <= misfit(&other) + 1e-12);
            }
        }
    }
}

#[test]
fn three_percent_of_noise_moves_it_little() {
    for seed in 0..200 {
        let mut noise = Noise::new(seed);
        let wanted = law(1000.0, 0.05, 0.001);
        let points: Vec<_> =
            sweep(&wanted).iter().map(|(n, x)| (*n, x * (1.0 + 0.03 * noise.normal()))).collect();
        let found = fit(&points).unwrap();
        assert!(near(found.lambda, 1000.0, 0.10), "{seed}: {found:?}");
        assert!((found.sigma - 0.05).abs() < 0.025, "{seed}: {found:?}");
        assert!(near(found.kappa, 0.001, 0.35), "{seed}: {found:?}");
        let (n, x) = found.peak().unwrap();
        let (true_n, true_x) = wanted.peak().unwrap();
        assert!(near(n, true_n, 0.20) && near(x, true_x, 0.10), "{seed}: {n} {x}");
        assert!(found.r2 > 0.95, "{seed}: {found:?}");
    }
}

#[test]
fn in_step_with_the_sessions_nothing_limits() {
    let found = fit(&sweep(&law(250.0, 0.0, 0.0))).unwrap();
    assert_eq!((found.sigma, found.kappa, found.peak()), (0.0, 0.0, None));
    assert_eq!(
        found.limit().words(),
        "Nothing limits up to 128 sessions: throughput grows in step with them."
    );
}

#[test]
fn amdahl_has_a_ceiling_and_no_peak() {
    let found = fit(&sweep(&law(1000.0, 0.05, 0.0))).unwrap();
    assert_eq!(found.kappa, 0.0);
    assert_eq!(found.peak(), None);
    assert_eq!(
        found.limit().words(),
        "Contention limits: 5.0 % of the work is done by one session at a time. Throughput stays below 20,000/s, however \
         many sessions there are. Half of that is reached with 19 sessions."
    );
}

#[test]
fn coherency_has_a_peak() {
    let found = fit(&sweep(&law(1000.0, 0.0, 0.0004))).unwrap();
    let (n, x) = found.peak().unwrap();
    assert!(near(n, 50.0, 1e-6) && near(x, found.throughput(50.0), 1e-9));
    assert_eq!(
        found.limit().words(),
        "Coherency limits: sessions hold each other up. Throughput peaks at 25,300/s with 50 sessions and falls beyond."
    );
    let few: Vec<_> = sweep(&found).into_iter().take(6).collect();
    assert_eq!(
        fit(&few).unwrap().limit().words(),
        "Coherency limits: sessions hold each other up. Throughput would peak at about 25,300/s with 50 sessions, beyond the \
         32 that were measured."
    );
}

#[test]
fn a_peak_far_beyond_what_was_measured_is_not_foretold() {
    assert_eq!(law(1000.0, 0.1, 1e-9).peak(), None);
}

#[test]
fn throughput_that_only_falls_peaks_at_one_session() {
    let found = fit(&[(1.0, 100.0), (2.0, 40.0), (4.0, 10.0), (8.0, 3.0)]).unwrap();
    assert_eq!(found.peak().map(|(n, _)| n), Some(1.0));
    assert!(matches!(found.limit(), Limiting::Coherency { sessions: 1.0, .. }));
}

#[test]
fn constant_throughput_is_all_contention() {
    let found = fit(&[(1.0, 100.0), (2.0, 100.0), (4.0, 100.0)]).unwrap();
    assert!(near(found.sigma, 1.0, 1e-9) && near(found.lambda, 100.0, 1e-9), "{found:?}");
    assert_eq!(found.r2, 1.0);
    assert!(matches!(found.limit(), Limiting::Contention { .. }));
}

#[test]
fn too_little_or_no_measure_gives_none() {
    assert_eq!(fit(&[]), None);
    assert_eq!(fit(&[(1.0, 10.0), (2.0, 20.0)]), None);
    assert_eq!(fit(&[(1.0, 10.0), (1.0, 11.0), (2.0, 20.0), (2.0, 19.0)]), None);
    for odd in [(4.0, 0.0), (4.0, -1.0), (4.0, f64::NAN), (f64::INFINITY, 1.0), (0.0, 1.0)] {
        assert_eq!(fit(&[(1.0, 10.0), (2.0, 20.0), (3.0, 30.0), odd]), None, "{odd:?}");
    }
}

#[test]
fn what_is_written_reads_back() {
    let law = law(1000.0, 0.05, 0.001);
    let text = serde_json::to_string(&law).unwrap();
    assert_eq!(serde_json::from_str::<Usl>(&text).unwrap(), law);
    let limit = Limiting::Contention { share: 0.25, ceiling: 4000.0 };
    let text = serde_json::to_string(&limit).unwrap();
    assert_eq!(text, r#"{"by":"contention","share":0.25,"ceiling":4000.0}"#);
    assert_eq!(serde_json::from_str::<Limiting>(&text).unwrap(), limit);
}
