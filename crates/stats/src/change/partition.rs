//! The cuts that make levels fit a series best at a price for each.

use super::evidence::{Noise, Sums};

/// A cut is tried where the means before and after it differ by so many standard deviations, at least.
const WORTH_TRYING: f64 = 2.0;

/// The price of a cut, in long-run variances, for each unit of ln n.
const PENALTY: f64 = 3.0;

/// The cuts that minimise the scatter around levels of at least `shortest` readings plus a penalty for each, among
/// [`places`]; lowest first.
pub(super) fn partition(sums: &Sums, shortest: usize, noise: &Noise) -> Vec<usize> {
    let n = sums.len();
    let penalty = PENALTY * (n as f64).ln() * noise.long_run();
    let places = places(sums, shortest, noise);
    // Of the readings before each place: the least cost, and the place of the last cut.
    let mut best: Vec<(f64, usize)> = vec![(-penalty, 0)];
    let mut open = vec![0];
    for (i, to) in places.iter().copied().enumerate().skip(1) {
        let cost = |from: usize| best[from].0 + sums.scatter(places[from]..to);
        let fits = |from: &&usize| to - places[**from] >= shortest;
        let (cheapest, after) = open
            .iter()
            .filter(fits)
            .map(|from| (cost(*from), *from))
            .fold((f64::INFINITY, 0), |a, b| if b.0 < a.0 { b } else { a });
        // What costs more already than a cut here can't be the last cut once a level that begins here is long enough; before
        // that it could in theory.
        open.retain(|from| to - places[*from] < shortest || cost(*from) <= cheapest + penalty);
        best.push((cheapest + penalty, after));
        open.push(i);
    }
    let mut cuts = Vec::new();
    let mut last = best[best.len() - 1].1;
    while last > 0 {
        cuts.push(places[last]);
        last = best[last].1;
    }
    cuts.reverse();
    cuts
}

/// Where cuts are tried, lowest first, with both ends: at each of the widths `shortest`, twice that, and so on, the place of
/// the greatest difference of means in every stretch of that width.
fn places(sums: &Sums, shortest: usize, noise: &Noise) -> Vec<usize> {
    let n = sums.len();
    let mut places = vec![0, n];
    let mut width = shortest;
    while 2 * width <= n {
        let least = WORTH_TRYING * WORTH_TRYING * noise.long_run();
        for from in (width..=n - width).step_by(width) {
            let inside = from..(from + width).min(n - width + 1);
            let gains = inside.map(|at| (sums.gain(at - width..at + width, at), at));
            let best = gains.fold((0.0, 0), |a, b| if b.0 > a.0 { b } else { a });
            if best.0 >= least {
                places.push(best.1);
            }
        }
        width *= 2;
    }
    places.sort_unstable();
    places.dedup();
    places
}
