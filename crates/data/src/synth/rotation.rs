//! A rotation that costs `dim × log dim` steps: layers of turns of two axes at a time.
//!
//! Without it the axes of a spectrum would be the dimensions themselves, which quantisers would find too easy.

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Turns of pairs of axes, one layer after the other.
pub(crate) struct Rotation {
    turns: Vec<Turn>,
}

struct Turn {
    first: usize,
    second: usize,
    cosine: f32,
    sine: f32,
}

impl Rotation {
    /// A rotation in which each axis has a part in all others.
    pub(crate) fn random(random: &mut ChaCha8Rng, dim: usize) -> Self {
        let layers = dim.next_power_of_two().trailing_zeros() + 2;
        let mut axes: Vec<usize> = (0..dim).collect();
        let mut turns = Vec::with_capacity(layers as usize * dim / 2);
        for _ in 0..layers {
            axes.shuffle(random);
            for pair in axes.chunks_exact(2) {
                let (sine, cosine) = random.random_range(0.0..std::f64::consts::TAU).sin_cos();
                turns.push(Turn {
                    first: pair[0],
                    second: pair[1],
                    cosine: cosine as f32,
                    sine: sine as f32,
                });
            }
        }
        Self { turns }
    }

    /// Turns `v` in place.
    pub(crate) fn apply(&self, v: &mut [f32]) {
        for Turn { first, second, cosine, sine } in &self.turns {
            let (a, b) = (v[*first], v[*second]);
            v[*first] = cosine * a - sine * b;
            v[*second] = sine * a + cosine * b;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::stream::Stream;
    use super::*;

    #[test]
    fn lengths_and_angles_stay() {
        let rotation = Rotation::random(&mut Stream::new(3, "test").at(0), 37);
        let turned = |axis: usize| {
            let mut v = vec![0.0; 37];
            v[axis] = 1.0;
            rotation.apply(&mut v);
            v
        };
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
        let (a, b) = (turned(0), turned(20));
        assert!((dot(&a, &a) - 1.0).abs() < 1e-5 && dot(&a, &b).abs() < 1e-5);
        assert!(a.iter().filter(|x| x.abs() > 1e-4).count() > 30, "{a:?}");
    }
}
