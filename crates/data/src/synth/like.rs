//! Rows that resemble those of a real set, from its [`Model`].

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::model::{Model, Texture};
use super::shares::Shares;
use super::stream::{Stream, add, normal, normals};

/// Levels of groups above siblings: the largest has 2^7 groups of siblings.
const LEVELS: u8 = 7;

/// Rows in a group of siblings, on average.
const SIBLINGS: f64 = 2.0;

/// Draws rows from a model, for a set of a certain number of rows.
///
/// Groups keep their size whatever the number of rows; there are more of them in a larger set. So neighbours stay as
/// near as in the fitted set, and a larger set is a wider one, not a denser one.
pub(crate) struct Like {
    model: Model,
    shares: Shares,
    query_shares: Shares,
    starts: Vec<f64>,
    /// Groups of siblings in each cluster.
    groups: Vec<u64>,
    /// The parts of the groups of each level, largest groups first.
    levels: Vec<Stream>,
    weights: Vec<f32>,
    own: f32,
    /// Standard deviation along each axis, over and above `beside`.
    along: Vec<f32>,
    /// Standard deviation in every dimension.
    beside: f32,
    typical: f64,
}

/// A part: along the axes, and beside them in every dimension.
struct Part {
    along: Vec<f32>,
    beside: Vec<f32>,
}

impl Like {
    /// A source of `rows` rows.
    pub(crate) fn new(model: Model, rows: usize, seed: u64) -> Self {
        let Texture { sharpness, nesting, siblings, .. } = model.texture;
        let shares = Shares::new(model.clusters.iter().map(|cluster| cluster.share));
        let mut order: Vec<usize> = (0..model.clusters.len()).collect();
        let first = |i: &usize| model.clusters[*i].centre.first().copied().unwrap_or(0.0);
        order.sort_by(|a, b| first(a).total_cmp(&first(b)));
        let groups =
            (0..shares.count()).map(|i| ((shares.share(i) * rows as f64 / SIBLINGS).round() as u64).max(1));
        let mut weights: Vec<f32> = (0..LEVELS)
            .map(|level| (nesting.powi(i32::from(level)) * (1.0 - nesting)).sqrt() as f32)
            .collect();
        let left = nesting.powi(i32::from(LEVELS));
        weights.push((left * siblings).sqrt() as f32);
        let (along, beside) = sharpened(&model.spectrum, model.rest, model.dim, sharpness);
        Self {
            query_shares: Shares::new(model.clusters.iter().map(|cluster| cluster.query_share)),
            starts: shares.starts(&order),
            groups: groups.collect(),
            levels: (0..=LEVELS).map(|level| Stream::new(seed, &format!("groups {level}"))).collect(),
            weights,
            own: (left * (1.0 - siblings)).sqrt() as f32,
            along,
            beside,
            typical: typical(&model),
            shares,
            model,
        }
    }

    pub(crate) fn model(&self) -> &Model {
        &self.model
    }

    pub(crate) fn typical(&self) -> f64 {
        self.typical
    }

    /// The cluster of a row, where it lies in it, and its place among all rows, each between 0 and 1.
    pub(crate) fn place(&self, random: &mut ChaCha8Rng, query: bool) -> (usize, f64, f64) {
        let shares = if query { &self.query_shares } else { &self.shares };
        let cluster = shares.pick(random.random());
        let within: f64 = random.random();
        (cluster, within, self.starts[cluster] + self.shares.share(cluster) * within)
    }

    /// Draws a row, or a query.
    pub(crate) fn draw(&self, random: &mut ChaCha8Rng, query: bool, out: &mut [f32]) -> f64 {
        let (cluster, within, place) = self.place(random, query);
        let mut sum = Part { along: vec![0.0; self.along.len()], beside: vec![0.0; out.len()] };
        let mut part = Part { along: sum.along.clone(), beside: sum.beside.clone() };
        for (level, weight) in self.weights.iter().enumerate() {
            let crosses = random.random::<f64>() < self.model.texture.crossing;
            let other = (self.shares.pick(random.random()), random.random::<f64>());
            let (cluster, within) = if crosses { other } else { (cluster, within) };
            let siblings = (within * self.groups[cluster] as f64) as u64;
            let group = siblings >> (usize::from(LEVELS) - level);
            self.part(&mut self.levels[level].at(((cluster as u64) << 40) | group), &mut part);
            add(&mut sum.along, *weight, &part.along);
            add(&mut sum.beside, *weight, &part.beside);
        }
        let jitter = self.model.texture.jitter;
        let unequal = (jitter * normal(random) - jitter * jitter).exp() as f32;
        let wider = if query { self.model.queries.spread as f32 } else { 1.0 };
        self.part(random, &mut part);
        add(&mut sum.along, self.own * unequal * wider, &part.along);
        add(&mut sum.beside, self.own * unequal * wider, &part.beside);

        let cluster = &self.model.clusters[cluster];
        let spread = cluster.spread as f32;
        out.copy_from_slice(&self.model.mean);
        add(out, spread * self.beside, &sum.beside);
        let shift = self.model.queries.shift.iter().copied().chain(std::iter::repeat(0.0));
        for ((((axis, along), deviation), centre), shift) in self
            .model
            .axes
            .chunks_exact(self.model.dim)
            .zip(&sum.along)
            .zip(&self.along)
            .zip(&cluster.centre)
            .zip(shift)
        {
            let shift = if query { shift } else { 0.0 };
            add(out, centre + shift + spread * deviation * along, axis);
        }
        place
    }

    /// A part of variance 1: normal along the axes, and plus or minus 1 beside them, which is as good there, for a
    /// sum over many dimensions is nearly normal anyway, and takes one random bit.
    fn part(&self, random: &mut ChaCha8Rng, out: &mut Part) {
        normals(random, &mut out.along);
        if self.beside > 0.0 {
            for chunk in out.beside.chunks_mut(32) {
                let bits: u32 = random.random();
                for (i, value) in chunk.iter_mut().enumerate() {
                    *value = f32::from_bits(1.0_f32.to_bits() | ((bits >> i) << 31));
                }
            }
        }
    }
}

/// Standard deviations along the axes over and above that in every dimension, and the latter, with `sharpness` as the
/// exponent of all deviations and the total variance kept.
fn sharpened(spectrum: &[f64], rest: f64, dim: usize, sharpness: f64) -> (Vec<f32>, f32) {
    let others = dim.saturating_sub(spectrum.len()) as f64;
    let total = spectrum.iter().sum::<f64>() + others * rest;
    let raw = |variance: f64| variance.max(0.0).powf(sharpness);
    let sum = spectrum.iter().map(|variance| raw(*variance)).sum::<f64>() + others * raw(rest);
    let factor = if sum > 0.0 { total / sum } else { 0.0 };
    let beside = if others > 0.0 { raw(rest) * factor } else { 0.0 };
    let along = spectrum.iter().map(|variance| (raw(*variance) * factor - beside).max(0.0).sqrt() as f32);
    (along.collect(), beside.sqrt() as f32)
}

/// Mean square of the distance of two rows, rooted.
fn typical(model: &Model) -> f64 {
    let within = model.spectrum.iter().sum::<f64>()
        + (model.dim - model.spectrum.len().min(model.dim)) as f64 * model.rest;
    let centre = |centre: &[f32]| centre.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>();
    let between: f64 = model.clusters.iter().map(|cluster| cluster.share * centre(&cluster.centre)).sum();
    (2.0 * (within + between)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::sharpened;

    #[test]
    fn sharpening_keeps_the_variance() {
        let (spectrum, rest, dim) = ([4.0, 2.0, 1.0], 0.5, 10);
        for sharpness in [0.7, 1.0, 2.5] {
            let (along, beside) = sharpened(&spectrum, rest, dim, sharpness);
            let sum = along.iter().map(|x| x * x).sum::<f32>() + beside * beside * 10.0;
            assert!((sum - 10.5).abs() < 1e-4, "{sum}");
        }
        let (along, beside) = sharpened(&spectrum, rest, dim, 1.0);
        assert!((along[0] * along[0] - 3.5).abs() < 1e-5 && (beside * beside - 0.5).abs() < 1e-6);
    }
}
