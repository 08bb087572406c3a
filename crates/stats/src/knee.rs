//! The knee of a throughput–latency curve: the load from which latency rises faster than load.
//!
//! The knee is where load ÷ latency, Kleinrock's *power*, is highest (L. Kleinrock, "Power and deterministic rules of thumb
//! for probabilistic problems in computer communications", ICC 1979; R. Jain, *The Art of Computer Systems Performance
//! Analysis*, 1991, chapter 3). Below it one per cent more load costs less than one per cent of latency, above it more. For a
//! single server with random service times (M/M/1) it lies at half the capacity; with many servers it moves to the bend
//! of the "hockey stick", close to capacity.
//!
//! Kneedle (Satopaa et al., 2011) was not taken: it scales the curve to its highest latency, so that a single point beyond
//! capacity, where latency grows as long as one measures, draws the knee to its neighbour. Power does not mind how
//! high the far end is, has no setting, and does not depend on units.

/// Distinct loads without which there is no curve.
const FEWEST: usize = 5;

/// Power must fall to this share of its highest at the end of the curve: less is noise.
const FALL: f64 = 0.9;

/// Latency must reach this multiple of its lowest at the end of the curve: less is flat.
const RISE: f64 = 1.5;

/// The index in `points` of the knee, among points of (load, latency) in any order and unit.
///
/// Points that are not finite and above zero are passed over. Of several points with one load, the one with the median
/// latency stands for them. Single bumps are smoothed by a running median of three. `None` with fewer than five distinct
/// loads, if the curve is flat (at its end latency is under 1.5 times the lowest, or power over 0.9 of the highest), and if
/// latency rises faster than load from the first point: the knee is below all of them then.
pub fn knee(points: &[(f64, f64)]) -> Option<usize> {
    let curve = curve(points);
    if curve.len() < FEWEST {
        return None;
    }
    let latency = smooth(&curve.iter().map(|(_, latency, _)| *latency).collect::<Vec<f64>>());
    let power: Vec<f64> = curve.iter().zip(&latency).map(|((load, ..), latency)| load / latency).collect();
    let knee = (0..power.len()).reduce(|best, at| if power[at] > power[best] { at } else { best })?;
    let last = power.len() - 1;
    let lowest = latency.iter().copied().fold(f64::INFINITY, f64::min);
    let bends = knee > 0 && power[last] <= FALL * power[knee] && latency[last] >= RISE * lowest;
    bends.then(|| curve[knee].2)
}

/// One (load, latency, index) for each load, in order of load.
fn curve(points: &[(f64, f64)]) -> Vec<(f64, f64, usize)> {
    let usable = |value: f64| value.is_finite() && value > 0.0;
    let mut all: Vec<(f64, f64, usize)> = points
        .iter()
        .enumerate()
        .filter(|(_, (load, latency))| usable(*load) && usable(*latency))
        .map(|(index, (load, latency))| (*load, *latency, index))
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    all.chunk_by(|a, b| a.0 == b.0).map(|same| same[(same.len() - 1) / 2]).collect()
}

/// The running median of three; the ends stay. A curve that only rises is unchanged.
fn smooth(values: &[f64]) -> Vec<f64> {
    let mut smoothed = values.to_vec();
    for (at, three) in values.windows(3).enumerate() {
        let (low, high) = (three[0].min(three[2]), three[0].max(three[2]));
        smoothed[at + 1] = three[1].clamp(low, high);
    }
    smoothed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::noise::Noise;

    /// Mean response time of an M/M/1 queue with a capacity of 1,000/s at evenly spaced loads.
    fn queue(points: usize) -> Vec<(f64, f64)> {
        (1..=points)
            .map(|i| 960.0 * i as f64 / points as f64)
            .map(|load| (load, 1.0 / (1000.0 - load)))
            .collect()
    }

    #[test]
    fn a_queue_bends_at_half_its_capacity() {
        for points in 6..=20 {
            let curve = queue(points);
            let load = curve[knee(&curve).unwrap()].0;
            assert!((load - 500.0).abs() <= 960.0 / points as f64, "{points}: {load}");
        }
    }

    #[test]
    fn noise_and_points_beyond_capacity_do_not_move_it_far() {
        for seed in 0..300 {
            let mut noise = Noise::new(seed);
            let mut curve: Vec<(f64, f64)> = queue(12)
                .iter()
                .map(|(load, latency)| (*load, latency * (1.0 + 0.05 * noise.normal())))
                .collect();
            curve.extend([(1_050.0, 3.0), (1_200.0, 30.0)]);
            let load = curve[knee(&curve).unwrap()].0;
            assert!((300.0..=720.0).contains(&load), "{seed}: {load}");
        }
    }

    #[test]
    fn a_hockey_stick_bends_where_the_blade_begins() {
        let curve: Vec<(f64, f64)> = (1..=10)
            .map(|i| (f64::from(i) * 100.0, if i <= 8 { 1.0 } else { f64::from(i - 7) * 5.0 }))
            .collect();
        assert_eq!(knee(&curve), Some(7));
    }

    #[test]
    fn a_flat_curve_has_none_even_with_noise() {
        for seed in 0..300 {
            let mut noise = Noise::new(seed);
            let curve: Vec<(f64, f64)> =
                (1..=20).map(|i| (f64::from(i) * 10.0, 1.0 + 0.05 * noise.normal())).collect();
            assert_eq!(knee(&curve), None, "{seed}");
        }
    }

    #[test]
    fn one_bump_is_no_knee() {
        let mut curve: Vec<(f64, f64)> = (1..=10).map(|i| (f64::from(i), 1.0)).collect();
        curve[5].1 = 8.0;
        assert_eq!(knee(&curve), None);
    }

    #[test]
    fn one_lucky_point_is_no_knee() {
        let mut curve = queue(16);
        curve[12].1 /= 3.0;
        assert_eq!(knee(&curve), knee(&queue(16)));
    }

    #[test]
    fn too_few_loads_or_a_knee_below_them_give_none() {
        assert_eq!(knee(&[]), None);
        assert_eq!(knee(&queue(4)), None);
        let repeated: Vec<(f64, f64)> = queue(4).into_iter().cycle().take(12).collect();
        assert_eq!(knee(&repeated), None);
        let steep: Vec<(f64, f64)> = (1..=8).map(f64::from).map(|load| (load, load.powi(3))).collect();
        assert_eq!(knee(&steep), None);
    }

    #[test]
    fn what_is_no_number_is_passed_over() {
        let mut curve = vec![(f64::NAN, 1.0), (10.0, 0.0), (400.0, f64::INFINITY)];
        curve.extend(queue(10));
        assert_eq!(knee(&curve), knee(&queue(10)).map(|index| index + 3));
    }

    proptest! {
        #[test]
        fn order_and_units_do_not_matter(
            points in prop::collection::vec((1.0..1e4f64, 1e-3..1e3f64), 0..20), turn in 0usize..20, unit in 1u8..20
        ) {
            let unit = f64::from(unit).exp2();
            let mut turned: Vec<(f64, f64)> = points.iter().map(|(load, latency)| (load * unit, latency / unit)).collect();
            let turn = turn % points.len().max(1);
            turned.rotate_left(turn);
            turned.reverse();
            let back = |index: usize| (points.len() - 1 - index + turn) % points.len();
            prop_assert_eq!(knee(&turned).map(back), knee(&points));
        }

        #[test]
        fn of_points_with_one_load_the_median_stands(seed in 0u64..1000) {
            let mut noise = Noise::new(seed);
            let mut thrice = Vec::new();
            for (load, latency) in queue(10) {
                let side = 0.5 * noise.uniform();
                thrice.extend([(load, latency * (1.0 + side)), (load, latency), (load, latency * (1.0 - side))]);
            }
            prop_assert_eq!(knee(&thrice), knee(&queue(10)).map(|index| 3 * index + 1));
        }
    }
}
