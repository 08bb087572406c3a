//! Rows that resemble those of a real set, from its [`Model`].

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::model::{Model, Texture};
use super::parts::{Chances, Crossing, Part, Sum};
use super::shares::Shares;
use super::stream::{Stream, add, normal};

/// Levels of groups above siblings: the largest has 2^7 groups of siblings.
pub(super) const LEVELS: usize = 7;

/// Rows in a group of siblings, on average.
const SIBLINGS: f64 = 2.0;

/// Share of what siblings have in common that two groups of siblings share: the second and third neighbours then come
/// nearer too, as in real sets, and not the nearest alone.
const COUSINS: f64 = 0.5;

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
    weights: [f32; LEVELS + 1],
    own: f32,
    /// Standard deviation along each axis, over and above `beside`.
    along: Vec<f32>,
    /// Standard deviation in every dimension.
    beside: f32,
    typical: f64,
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
        let mut left = 1.0;
        let mut variances = [0.0; LEVELS + 1];
        for variance in &mut variances[..LEVELS] {
            *variance = left * (1.0 - nesting);
            left *= nesting;
        }
        variances[LEVELS - 1] += left * siblings * COUSINS;
        variances[LEVELS] = left * siblings * (1.0 - COUSINS);
        let (along, beside) = sharpened(&model.spectrum, model.rest, model.dim, sharpness);
        Self {
            query_shares: Shares::new(model.clusters.iter().map(|cluster| cluster.query_share)),
            starts: shares.starts(&order),
            groups: groups.collect(),
            levels: (0..=LEVELS).map(|level| Stream::new(seed, &format!("groups {level}"))).collect(),
            weights: variances.map(|variance| variance.sqrt() as f32),
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

    /// Draws a row, or a query, and returns its place.
    pub(crate) fn draw(&self, random: &mut ChaCha8Rng, query: bool, out: &mut [f32]) -> f64 {
        let chances = self.chances(random, query);
        let mut part = self.part();
        self.put_together(&chances, query, out, |level, cluster, group, weight, sum| {
            self.group_part(level, cluster, group, &mut part);
            sum.add(weight, &part);
        });
        chances.place
    }

    /// What chance decides for a row, or a query.
    pub(super) fn chances(&self, random: &mut ChaCha8Rng, query: bool) -> Chances {
        let (cluster, within, place) = self.place(random, query);
        let crossings = [(); LEVELS + 1].map(|()| Crossing {
            chance: random.random(),
            cluster: self.shares.pick(random.random()),
            within: random.random(),
        });
        let unequal = normal(random);
        let mut own = self.part();
        own.draw(random);
        Chances { cluster, within, place, crossings, unequal, own }
    }

    /// An empty part.
    pub(super) fn part(&self) -> Part {
        Part::new(self.along.len(), (self.beside > 0.0).then_some(self.model.dim))
    }

    /// Draws the part of a group.
    pub(super) fn group_part(&self, level: usize, cluster: usize, group: u64, part: &mut Part) {
        part.draw(&mut self.levels[level].at(((cluster as u64) << 40) | group));
    }

    /// Groups of a cluster on a level.
    pub(super) fn groups(&self, level: usize, cluster: usize) -> u64 {
        ((self.groups[cluster] - 1) >> (LEVELS - level)) + 1
    }

    /// Puts a row, or a query, together. `add_group` adds a group's part, by level, cluster and number, with a weight.
    pub(super) fn put_together(
        &self,
        chances: &Chances,
        query: bool,
        out: &mut [f32],
        mut add_group: impl FnMut(usize, usize, u64, f32, &mut Sum),
    ) {
        let mut sum = Sum::new(self.along.len(), out.len());
        let Chances { cluster, within, .. } = *chances;
        for (level, (weight, crossing)) in self.weights.iter().zip(&chances.crossings).enumerate() {
            let crosses = crossing.chance < self.model.texture.crossing;
            let (cluster, within) =
                if crosses { (crossing.cluster, crossing.within) } else { (cluster, within) };
            let siblings = (within * self.groups[cluster] as f64) as u64;
            add_group(level, cluster, siblings >> (LEVELS - level), *weight, &mut sum);
        }
        let jitter = self.model.texture.jitter;
        let unequal = (jitter * chances.unequal - jitter * jitter).exp() as f32;
        let wider = if query { self.model.queries.spread as f32 } else { 1.0 };
        sum.add(self.own * unequal * wider, &chances.own);

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
