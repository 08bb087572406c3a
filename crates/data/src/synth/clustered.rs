//! Clusters of skewed size, each in a subspace of low dimension.

use annvil_core::dataset::SynthSpec;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::rotation::Rotation;
use super::shares::Shares;
use super::stream::{Stream, add, normals};

/// Clusters unless the recipe says how many.
const MOST_CLUSTERS: usize = 4096;

/// Subspaces that the clusters share: enough that neighbours differ, few enough to stay in the cache.
const SUBSPACES: usize = 64;

/// The clusters of one recipe. Its size is `(clusters + 64 × intrinsic_dim) × dim` floats, whatever the rows.
pub(crate) struct Clustered {
    dim: usize,
    shares: Shares,
    /// Where each cluster lies between 0 and 1 if they are ordered by their first coordinate.
    starts: Vec<f64>,
    /// Centres, row after row; the mean square of their length is 1.
    centres: Vec<f32>,
    /// Axes of each subspace, row after row, as long as the spread along them.
    axes: Vec<Vec<f32>>,
    /// Standard deviation beside the subspace, per dimension.
    noise: f32,
    spread: f64,
}

impl Clustered {
    /// Draws centres and subspaces.
    pub(crate) fn new(spec: &SynthSpec) -> Self {
        let dim = spec.dim_or_default();
        let count = spec.clusters.count.unwrap_or_else(|| (spec.rows.0 as f64).sqrt().ceil() as usize);
        let count = if spec.clusters.count.is_none() { count.clamp(1, MOST_CLUSTERS) } else { count };
        let shares = Shares::power_law(count, spec.clusters.exponent);
        let rotation = Rotation::random(&mut Stream::new(spec.seed, "rotation").at(0), dim);
        let deviations = spectrum(dim, spec.anisotropy);
        let turned = |random: &mut ChaCha8Rng, out: &mut [f32]| {
            normals(random, out);
            out.iter_mut().zip(&deviations).for_each(|(x, deviation)| *x *= *deviation as f32);
            rotation.apply(out);
        };
        let mut centres = vec![0.0; count * dim];
        let of_centres = Stream::new(spec.seed, "centres");
        for (number, centre) in centres.chunks_exact_mut(dim).enumerate() {
            turned(&mut of_centres.at(number as u64), centre);
        }
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by(|a, b| centres[a * dim].total_cmp(&centres[b * dim]));
        let intrinsic_dim = spec.intrinsic_dim_or_default();
        let lengths = spectrum(intrinsic_dim, spec.anisotropy);
        let of_axes = Stream::new(spec.seed, "subspaces");
        let axes = (0..SUBSPACES.min(count)).map(|number| {
            let mut axes = vec![0.0; intrinsic_dim * dim];
            let mut random = of_axes.at(number as u64);
            axes.chunks_exact_mut(dim).for_each(|axis| turned(&mut random, axis));
            orthonormalise(&mut axes, dim);
            for (axis, length) in axes.chunks_exact_mut(dim).zip(&lengths) {
                for x in axis {
                    *x *= (length * spec.clusters.spread) as f32;
                }
            }
            axes
        });
        Self {
            dim,
            starts: shares.starts(&order),
            axes: axes.collect(),
            noise: (spec.noise * spec.clusters.spread / (dim as f64).sqrt()) as f32,
            spread: spec.clusters.spread * spec.noise.hypot(1.0),
            shares,
            centres,
        }
    }

    /// The cluster of a row, and its place between 0 and 1, uniform, that follows from the cluster.
    pub(crate) fn place(&self, random: &mut ChaCha8Rng) -> (usize, f64) {
        let cluster = self.shares.pick(random.random());
        (cluster, self.starts[cluster] + self.shares.share(cluster) * random.random::<f64>())
    }

    /// Draws a row.
    pub(crate) fn draw(&self, random: &mut ChaCha8Rng, out: &mut [f32]) -> f64 {
        let (cluster, place) = self.place(random);
        if self.noise > 0.0 {
            normals(random, out);
            for x in out.iter_mut() {
                *x *= self.noise;
            }
        } else {
            out.fill(0.0);
        }
        add(out, 1.0, &self.centres[cluster * self.dim..(cluster + 1) * self.dim]);
        for axis in self.axes[cluster % self.axes.len()].chunks_exact(self.dim) {
            let mut along = [0.0];
            normals(random, &mut along);
            add(out, along[0], axis);
        }
        place
    }

    /// Mean square of the distance of two rows, rooted.
    pub(crate) fn typical(&self) -> f64 {
        std::f64::consts::SQRT_2 * self.spread.hypot(1.0)
    }
}

/// Standard deviations in proportion to `j^-anisotropy` whose squares sum to 1.
fn spectrum(dim: usize, anisotropy: f64) -> Vec<f64> {
    let raw: Vec<f64> = (1..=dim).map(|j| (j as f64).powf(-anisotropy)).collect();
    let length = raw.iter().map(|x| x * x).sum::<f64>().sqrt();
    raw.into_iter().map(|x| x / length).collect()
}

/// Makes rows of `dim` orthogonal and of length 1 (modified Gram–Schmidt). A row that depends on earlier ones becomes 0.
pub(super) fn orthonormalise(rows: &mut [f32], dim: usize) {
    for i in 0..rows.len() / dim {
        let (done, rest) = rows.split_at_mut(i * dim);
        let row = &mut rest[..dim];
        let before = dot(row, row);
        for other in done.chunks_exact(dim) {
            let along = dot(other, row);
            add(row, -along, other);
        }
        let after = dot(row, row);
        let factor = if after > before * 1e-10 { 1.0 / after.sqrt() } else { 0.0 };
        for x in row {
            *x *= factor;
        }
    }
}

/// Sum of products, in eight lanes that the compiler may keep in one register.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let (a_chunks, b_chunks) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(x, y)| x * y).sum();
    for (a, b) in a_chunks.zip(b_chunks) {
        for (lane, (x, y)) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += x * y;
        }
    }
    lanes.iter().sum::<f32>() + rest
}
