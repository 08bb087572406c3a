//! The little linear algebra that a fit needs: a covariance, its widest axes, and k-means.
//!
//! Orthogonal iteration on the covariance gives the few axes that are wanted in a page of code; a general eigenvalue
//! solver would be a heavy dependency for the same.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::clustered::{dot, orthonormalise};
use super::stream::{add, normals};

/// Mean of rows of `dim` numbers.
pub(super) fn mean(rows: &[f32], dim: usize) -> Vec<f32> {
    let mut sum = vec![0.0_f64; dim];
    for row in rows.chunks_exact(dim) {
        sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += f64::from(*x));
    }
    let count = (rows.len() / dim).max(1) as f64;
    sum.into_iter().map(|sum| (sum / count) as f32).collect()
}

/// Takes the mean from every row.
pub(super) fn centre(rows: &mut [f32], mean: &[f32]) {
    rows.chunks_exact_mut(mean.len()).for_each(|row| add(row, -1.0, mean));
}

/// Covariance of centred rows, `dim × dim`.
fn covariance(rows: &[f32], dim: usize) -> Vec<f32> {
    let mut sum = vec![0.0; dim * dim];
    for row in rows.chunks_exact(dim) {
        for (i, x) in row.iter().enumerate() {
            add(&mut sum[i * dim + i..(i + 1) * dim], *x, &row[i..]);
        }
    }
    let count = (rows.len() / dim).max(1) as f32;
    for i in 0..dim {
        for j in i..dim {
            sum[i * dim + j] /= count;
            sum[j * dim + i] = sum[i * dim + j];
        }
    }
    sum
}

/// The `count` widest axes of centred rows, widest first, row after row.
pub(super) fn axes(rows: &[f32], dim: usize, count: usize, random: &mut ChaCha8Rng) -> Vec<f32> {
    const ITERATIONS: usize = 12;
    let covariance = covariance(rows, dim);
    let mut axes = vec![0.0; count * dim];
    normals(random, &mut axes);
    for _ in 0..ITERATIONS {
        orthonormalise(&mut axes, dim);
        let mut next = vec![0.0; axes.len()];
        for (axis, next) in axes.chunks_exact(dim).zip(next.chunks_exact_mut(dim)) {
            for (next, row) in next.iter_mut().zip(covariance.chunks_exact(dim)) {
                *next = dot(row, axis);
            }
        }
        axes = next;
    }
    orthonormalise(&mut axes, dim);
    axes
}

/// Coordinates of rows along axes, row after row.
pub(super) fn coordinates(rows: &[f32], axes: &[f32], dim: usize) -> Vec<f32> {
    rows.chunks_exact(dim).flat_map(|row| axes.chunks_exact(dim).map(move |axis| dot(row, axis))).collect()
}

/// Clusters of points: centres row after row, and the cluster of each point.
pub(super) struct Clusters {
    pub(super) centres: Vec<f32>,
    pub(super) of: Vec<usize>,
}

/// Lloyd's k-means from `count` of the points, which are as many at least.
pub(super) fn k_means(points: &[f32], dim: usize, count: usize, random: &mut ChaCha8Rng) -> Clusters {
    const ITERATIONS: usize = 10;
    let rows = points.len() / dim;
    let row = |i: usize| &points[i * dim..(i + 1) * dim];
    let mut centres: Vec<f32> = rand::seq::index::sample(random, rows, count)
        .into_iter()
        .flat_map(|i| row(i).iter().copied())
        .collect();
    let mut of = nearest(points, &centres, dim);
    for _ in 0..ITERATIONS {
        let mut sums = vec![0.0; centres.len()];
        let mut counts = vec![0_u32; count];
        for (i, cluster) in of.iter().enumerate() {
            add(&mut sums[cluster * dim..(cluster + 1) * dim], 1.0, row(i));
            counts[*cluster] += 1;
        }
        for ((sum, centre), members) in sums.chunks_exact(dim).zip(centres.chunks_exact_mut(dim)).zip(&counts)
        {
            if *members == 0 {
                centre.copy_from_slice(row(random.random_range(0..rows)));
            } else {
                centre.iter_mut().zip(sum).for_each(|(centre, sum)| *centre = sum / *members as f32);
            }
        }
        of = nearest(points, &centres, dim);
    }
    Clusters { centres, of }
}

/// The nearest centre of each point.
pub(super) fn nearest(points: &[f32], centres: &[f32], dim: usize) -> Vec<usize> {
    let halves: Vec<f32> = centres.chunks_exact(dim).map(|centre| dot(centre, centre) / 2.0).collect();
    let best = |point: &[f32]| {
        let score = |(centre, half): (&[f32], &f32)| dot(point, centre) - half;
        let scores = centres.chunks_exact(dim).zip(&halves).map(score).enumerate();
        scores.max_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(cluster, _)| cluster)
    };
    points.chunks_exact(dim).map(best).collect()
}

#[cfg(test)]
mod tests {
    use super::super::stream::Stream;
    use super::*;

    #[test]
    fn the_widest_axes_are_found() {
        let mut random = Stream::new(1, "test").at(0);
        let mut rows = vec![0.0; 2000 * 6];
        normals(&mut random, &mut rows);
        for row in rows.chunks_exact_mut(6) {
            row[4] *= 5.0;
            row[1] *= 3.0;
        }
        let found = axes(&rows, 6, 2, &mut random);
        assert!(found[4].abs() > 0.99 && found[6 + 1].abs() > 0.99, "{found:?}");
    }

    #[test]
    fn clusters_apart_are_told_apart() {
        let mut random = Stream::new(2, "test").at(0);
        let mut rows = vec![0.0; 300 * 4];
        normals(&mut random, &mut rows);
        for (i, row) in rows.chunks_exact_mut(4).enumerate() {
            row[0] += if i < 100 { 20.0 } else { -20.0 };
        }
        let clusters = k_means(&rows, 4, 2, &mut random);
        assert!(clusters.of[..100].iter().all(|c| *c == clusters.of[0]));
        assert!(clusters.of[100..].iter().all(|c| *c != clusters.of[0]));
    }
}
