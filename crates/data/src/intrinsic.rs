//! How hard a set is to search: intrinsic dimension, relative contrast, hubness.
//!
//! All figures come from exact neighbours of a seeded sample of rows, so a set of any size can be looked at. Distances
//! are taken in a space where they obey the triangle inequality: the chord `√(2·cosine distance)` for cosine, and
//! Euclidean distance for everything else, inner product too (of which there is no intrinsic dimension).

use annvil_core::dataset::Queries;
use annvil_core::metric::Metric;
use annvil_core::vector::Vectors;
use rand::RngExt;
use rand::seq::index;

use crate::error::{DataError, mismatch};
use crate::exact;
use crate::synth::stream::Stream;

/// Distances to the nearest rows, per sampled row, without the row itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbourhoods {
    /// The sampled rows, ascending.
    pub rows: Vec<usize>,
    /// For each of them the distances to its nearest rows, ascending.
    pub distances: Vec<Vec<f64>>,
    /// The numbers of these rows.
    pub ids: Vec<Vec<u64>>,
}

/// What [`estimate`] finds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Intrinsic {
    /// Intrinsic dimension by [`mle`] with 20 neighbours.
    pub mle: Option<f64>,
    /// Intrinsic dimension by [`two_nn`].
    pub two_nn: Option<f64>,
    /// [`relative_contrast`].
    pub contrast: Option<f64>,
    /// [`hubness`] of the ten nearest.
    pub hubness: Option<f64>,
    /// Rows that were sampled.
    pub sampled: usize,
}

/// Neighbours by which [`estimate`] takes the intrinsic dimension.
pub const MLE_NEIGHBOURS: usize = 20;

/// All figures from `sample` rows chosen by `seed`.
pub fn estimate(
    base: &Vectors,
    metric: Metric,
    sample: usize,
    seed: u64,
    threads: usize,
) -> Result<Intrinsic, DataError> {
    let rows = sampled(base.rows(), sample, seed);
    let around = neighbourhoods(base, metric, rows, MLE_NEIGHBOURS, threads)?;
    Ok(Intrinsic {
        mle: mle(&around.distances, MLE_NEIGHBOURS),
        two_nn: two_nn(&around.distances),
        contrast: relative_contrast(base, metric, &around, seed),
        hubness: hubness(around.ids.iter().map(|ids| &ids[..ids.len().min(10)]), base.rows()),
        sampled: around.rows.len(),
    })
}

/// At most `sample` of `rows` row numbers, chosen by `seed`, ascending.
pub fn sampled(rows: usize, sample: usize, seed: u64) -> Vec<usize> {
    let mut random = Stream::new(seed, "sample").at(0);
    let mut chosen = index::sample(&mut random, rows, sample.min(rows)).into_vec();
    chosen.sort_unstable();
    chosen
}

/// The `k` nearest rows of each of `rows`.
///
/// A row is left out of its own neighbours by its number, so copies of it stay, at distance 0.
pub fn neighbourhoods(
    base: &Vectors,
    metric: Metric,
    rows: Vec<usize>,
    k: usize,
    threads: usize,
) -> Result<Neighbourhoods, DataError> {
    let dim = base.dim();
    let mut values = vec![0.0; rows.len() * dim];
    for (row, out) in rows.iter().zip(values.chunks_exact_mut(dim.max(1))) {
        base.write_f32(*row, out);
    }
    let queries = Queries::new(values, dim).ok_or_else(no_dimensions)?;
    let metric = geometry(metric);
    let answers = exact::answers(base, &queries, metric, k + 1, None, threads);
    let (mut distances, mut ids) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for (row, answer) in rows.iter().zip(answers) {
        let own = *row as u64;
        let others = || answer.ids.iter().zip(&answer.distances).filter(|(id, _)| **id != own).take(k);
        distances.push(others().map(|(_, distance)| length(metric, *distance)).collect());
        ids.push(others().map(|(id, _)| *id).collect());
    }
    Ok(Neighbourhoods { rows, distances, ids })
}

fn no_dimensions() -> DataError {
    mismatch("the vectors have no dimensions", "give vectors of at least one dimension")
}

/// The metric whose distances [`length`] turns into lengths.
pub(crate) fn geometry(metric: Metric) -> Metric {
    if metric == Metric::Cosine { Metric::Cosine } else { Metric::L2 }
}

/// A distance as a length: the chord of a cosine distance.
pub(crate) fn length(metric: Metric, distance: f64) -> f64 {
    if metric == Metric::Cosine { (2.0 * distance.max(0.0)).sqrt() } else { distance }
}

/// Intrinsic dimension by maximum likelihood, from the `k` nearest distances of each row.
///
/// Levina & Bickel, "Maximum likelihood estimation of intrinsic dimension" (NIPS 2004), unbiased form with `k − 2`;
/// the rows are averaged by their inverses as `MacKay` & Ghahramani propose ("Comments on …", 2005). Rows with a copy
/// among their neighbours have no estimate and are left out. `None` if no row is left.
///
/// High dimensions read low, as in every estimate from neighbours: 10,000 uniform directions in 384 dimensions read 109.
/// Compare figures with each other, at one number of rows.
pub fn mle(distances: &[Vec<f64>], k: usize) -> Option<f64> {
    let inverse = |row: &Vec<f64>| {
        let row = row.get(..k)?;
        let (first, last) = (*row.first()?, *row.last()?);
        (k > 2 && first > 0.0).then(|| row.iter().map(|d| (last / d).ln()).sum::<f64>() / (k - 2) as f64)
    };
    let inverses: Vec<f64> = distances.iter().filter_map(inverse).collect();
    let mean = inverses.iter().sum::<f64>() / inverses.len() as f64;
    (mean > 0.0).then_some(1.0 / mean)
}

/// Intrinsic dimension from the ratio of the second distance to the first.
///
/// Facco, d'Errico, Rodriguez & Laio, "Estimating the intrinsic dimension of datasets by a minimal neighborhood
/// information" (Scientific Reports 7, 2017): the ratio has a Pareto distribution whose exponent is the dimension. Here
/// by maximum likelihood over the smaller nine tenths of the ratios, counting the rest as censored, for the largest
/// ratios depart from the law. `None` without rows whose neighbours are at different distances.
pub fn two_nn(distances: &[Vec<f64>]) -> Option<f64> {
    let ratio = |row: &Vec<f64>| match row.get(..2) {
        Some([first, second]) if *first > 0.0 => Some((second / first).ln()),
        _ => None,
    };
    let mut ratios: Vec<f64> = distances.iter().filter_map(ratio).collect();
    ratios.sort_unstable_by(f64::total_cmp);
    let kept = (ratios.len() * 9).div_ceil(10);
    let largest = *ratios.get(kept.checked_sub(1)?)?;
    let sum = ratios[..kept].iter().sum::<f64>() + (ratios.len() - kept) as f64 * largest;
    (sum > 0.0).then(|| kept as f64 / sum)
}

/// Mean distance of two rows over mean distance to the nearest: how much nearer the nearest is.
///
/// He, Kumar & Chang, "On the difficulty of nearest neighbor search" (ICML 2012). Near 1, no index can do well.
pub fn relative_contrast(base: &Vectors, metric: Metric, around: &Neighbourhoods, seed: u64) -> Option<f64> {
    const PAIRS: usize = 20;
    if base.rows() < 2 || around.rows.is_empty() {
        return None;
    }
    let metric = geometry(metric);
    let mut random = Stream::new(seed, "pairs").at(0);
    let (mut row, mut other) = (vec![0.0; base.dim()], vec![0.0; base.dim()]);
    let mut sum = 0.0;
    for number in &around.rows {
        base.write_f32(*number, &mut row);
        for _ in 0..PAIRS {
            // Any row but the row itself.
            let step = random.random_range(1..base.rows());
            base.write_f32((number + step) % base.rows(), &mut other);
            sum += length(metric, metric.distance(&row, &other));
        }
    }
    let mean = sum / (PAIRS * around.rows.len()) as f64;
    let nearest: Vec<f64> = around.distances.iter().filter_map(|row| row.first().copied()).collect();
    let nearest = nearest.iter().sum::<f64>() / nearest.len() as f64;
    (nearest > 0.0).then(|| mean / nearest)
}

/// Skewness of how often each of `rows` rows is among the given neighbours: 0 without hubs, above 2 with strong ones.
///
/// Radovanović, Nanopoulos & Ivanović, "Hubs in space" (JMLR 11, 2010). They take the neighbours of all rows; a sample
/// adds chance to the counts and reads low or high by a few tenths. Compare figures of samples of one size. `None` if
/// all rows occur equally often.
pub fn hubness<'a>(neighbours: impl Iterator<Item = &'a [u64]>, rows: usize) -> Option<f64> {
    let mut counts = vec![0.0_f64; rows];
    for id in neighbours.flatten() {
        *counts.get_mut(*id as usize)? += 1.0;
    }
    let mean = counts.iter().sum::<f64>() / rows as f64;
    let moment = |power| counts.iter().map(|count| (count - mean).powi(power)).sum::<f64>() / rows as f64;
    let variance = moment(2);
    (variance > 0.0).then(|| moment(3) / variance.powf(1.5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_law_of_distances_gives_its_dimension() {
        // The i-th of k neighbours at (i / k)^(1/5): the quantiles of a uniform density in 5 dimensions.
        let row: Vec<f64> = (1..=1000).map(|i| (f64::from(i) / 1000.0).powf(0.2)).collect();
        let found = mle(&vec![row; 3], 1000).unwrap();
        assert!((found - 5.0).abs() < 0.05, "{found}");
        // Ratios at the quantiles of the Pareto law of exponent 7.
        let ratios: Vec<Vec<f64>> =
            (0..1000).map(|i| vec![1.0, (1.0 - (f64::from(i) + 0.5) / 1000.0).powf(-1.0 / 7.0)]).collect();
        let found = two_nn(&ratios).unwrap();
        assert!((found - 7.0).abs() < 0.1, "{found}");
    }

    #[test]
    fn copies_and_missing_neighbours_give_no_estimate() {
        assert_eq!((mle(&[vec![0.0, 1.0, 2.0]], 3), mle(&[vec![1.0]], 3), mle(&[], 3)), (None, None, None));
        assert_eq!((two_nn(&[vec![0.0, 1.0]]), two_nn(&[vec![1.0, 1.0]]), two_nn(&[])), (None, None, None));
    }

    #[test]
    fn a_hub_shows_as_skewness() {
        let even: [&[u64]; 2] = [&[0, 1], &[2, 3]];
        assert_eq!(hubness(even.into_iter(), 4), None);
        let hub: Vec<Vec<u64>> = (1..100).map(|other| vec![0, other]).collect();
        assert!(hubness(hub.iter().map(Vec::as_slice), 100).unwrap() > 9.0);
    }
}
