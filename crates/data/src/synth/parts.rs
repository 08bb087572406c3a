//! What rows like a set's are put together from, and a store of it for a fit, which draws the same rows many times.

use std::thread;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::like::{LEVELS, Like};
use super::model::Model;
use super::stream::{Stream, add, normals, scale_to};

/// A part of variance 1: normal along the axes, and plus or minus 1 beside them, which is as good there, for a sum over
/// many dimensions is nearly normal anyway, and takes one random bit.
#[derive(Clone)]
pub(super) struct Part {
    along: Vec<f32>,
    /// Signs in every dimension, 32 to a word; none if there is nothing beside the axes.
    signs: Vec<u32>,
}

impl Part {
    /// An empty part of some axes, and of all dimensions if rows have something beside the axes.
    pub(super) fn new(axes: usize, dim: Option<usize>) -> Self {
        Self { along: vec![0.0; axes], signs: vec![0; dim.map_or(0, |dim| dim.div_ceil(32))] }
    }

    /// Draws it anew.
    pub(super) fn draw(&mut self, random: &mut ChaCha8Rng) {
        normals(random, &mut self.along);
        for word in &mut self.signs {
            *word = random.random();
        }
    }
}

/// A weighted sum of parts: along the axes, and beside them in every dimension.
pub(super) struct Sum {
    pub(super) along: Vec<f32>,
    pub(super) beside: Vec<f32>,
}

impl Sum {
    pub(super) fn new(axes: usize, dim: usize) -> Self {
        Self { along: vec![0.0; axes], beside: vec![0.0; dim] }
    }

    pub(super) fn add(&mut self, weight: f32, part: &Part) {
        add(&mut self.along, weight, &part.along);
        let bits = weight.to_bits();
        for (values, word) in self.beside.chunks_mut(32).zip(&part.signs) {
            for (i, value) in values.iter_mut().enumerate() {
                *value += f32::from_bits(bits ^ ((word >> i) << 31));
            }
        }
    }
}

/// What chance decides for a row; the rest follows from it and from the model.
pub(super) struct Chances {
    pub(super) cluster: usize,
    /// Where it lies in the cluster, from 0 to 1.
    pub(super) within: f64,
    /// Its place among all rows, from 0 to 1.
    pub(super) place: f64,
    pub(super) crossings: [Crossing; LEVELS + 1],
    /// A normal number: how large its own part is.
    pub(super) unequal: f64,
    pub(super) own: Part,
}

/// Where a row goes on a level if it crosses over, and the number, from 0 to 1, that says whether it does.
#[derive(Clone, Copy)]
pub(super) struct Crossing {
    pub(super) chance: f64,
    pub(super) cluster: usize,
    pub(super) within: f64,
}

/// The rows of a model under one seed, for any [`Texture`](super::Texture).
///
/// Holds a part for each row and for each group, of which there are about as many as rows: `4 × axes + dim / 8` bytes
/// each.
pub(super) struct Repeated {
    rows: Vec<Chances>,
    /// By level and cluster, the parts of the groups.
    groups: Vec<Vec<Vec<Part>>>,
}

impl Repeated {
    pub(super) fn new(model: &Model, seed: u64, threads: usize) -> Self {
        let like = Like::new(model.clone(), model.rows, seed);
        let stream = Stream::new(seed, "rows");
        let numbers: Vec<usize> = (0..model.rows).collect();
        let rows = in_threads(&numbers, threads, |row| like.chances(&mut stream.at(*row as u64), false));
        let clusters: Vec<usize> = (0..model.clusters.len()).collect();
        let groups = (0..=LEVELS).map(|level| {
            in_threads(&clusters, threads, |cluster| {
                let group = |group| {
                    let mut part = like.part();
                    like.group_part(level, *cluster, group, &mut part);
                    part
                };
                (0..like.groups(level, *cluster)).map(group).collect()
            })
        });
        Self { rows, groups: groups.collect() }
    }

    /// The rows with the texture of `model`, which is otherwise the one that these were made for. They are those of a
    /// generator, without their lengths.
    pub(super) fn draw(&self, model: &Model, seed: u64, threads: usize) -> Vec<f32> {
        let dim = model.dim;
        let like = Like::new(model.clone(), model.rows, seed);
        let mut out = vec![0.0; self.rows.len() * dim];
        let share = self.rows.len().div_ceil(threads.max(1)).max(1);
        thread::scope(|scope| {
            for (rows, out) in self.rows.chunks(share).zip(out.chunks_mut(share * dim)) {
                let like = &like;
                scope.spawn(move || {
                    for (row, out) in rows.iter().zip(out.chunks_exact_mut(dim)) {
                        like.put_together(row, false, out, |level, cluster, group, weight, sum| {
                            sum.add(weight, &self.groups[level][cluster][group as usize]);
                        });
                        if model.directions {
                            scale_to(out, 1.0);
                        }
                    }
                });
            }
        });
        out
    }
}

/// `work` done on each of the items, in their order.
fn in_threads<T: Sync, R: Send>(items: &[T], threads: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let mut out: Vec<Option<R>> = items.iter().map(|_| None).collect();
    let share = items.len().div_ceil(threads.max(1)).max(1);
    thread::scope(|scope| {
        for (items, out) in items.chunks(share).zip(out.chunks_mut(share)) {
            let work = &work;
            scope.spawn(move || {
                for (item, out) in items.iter().zip(out) {
                    *out = Some(work(item));
                }
            });
        }
    });
    out.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use annvil_core::dataset::Count;
    use annvil_core::metric::Metric;

    use super::super::{FitOptions, Generator, Recipe, Texture, fit_vectors};
    use super::*;

    #[test]
    fn what_is_stored_gives_the_rows_of_a_generator() {
        let recipe = Recipe { rows: Count(600), dim: Some(40), ..Recipe::default() };
        let base = Generator::new(&recipe).unwrap().block(0..600, 2).unwrap();
        let options = FitOptions { trials: 2, threads: 2, ..FitOptions::default() };
        let mut model = fit_vectors("original", &base, None, Metric::L2, &options).unwrap();
        let repeated = Repeated::new(&model, 9, 2);
        model.texture = Texture { crossing: 0.5, jitter: 0.3, ..model.texture };
        let rows = repeated.draw(&model, 9, 3);
        let recipe = Recipe { rows: Count(600), seed: 9, ..Recipe::default() };
        let generator = Generator::like(&recipe, model).unwrap();
        let drawn = generator.block(0..600, 1).unwrap();
        let mut row = vec![0.0; 40];
        for (number, stored) in rows.chunks_exact(40).enumerate() {
            drawn.write_f32(number, &mut row);
            assert_eq!(row, stored, "row {number}");
        }
    }
}
