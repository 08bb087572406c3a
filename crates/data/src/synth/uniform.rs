//! Uniform rows: directions on the sphere, or points in the ball of radius 1.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::stream::{normal, normals, scale_to};

/// The uniform distribution.
pub(crate) struct Uniform {
    pub(crate) dim: usize,
}

impl Uniform {
    /// A number between 0 and 1, uniform, that goes with the row: by its first coordinate.
    pub(crate) fn place(random: &mut ChaCha8Rng) -> (f64, f32) {
        let first = normal(random);
        (below(first), first as f32)
    }

    /// A point of the ball; whoever wants the sphere scales it.
    pub(crate) fn draw(&self, random: &mut ChaCha8Rng, out: &mut [f32]) -> f64 {
        let (place, first) = Self::place(random);
        out[0] = first;
        normals(random, &mut out[1..]);
        scale_to(out, random.random::<f64>().powf(1.0 / self.dim as f64));
        place
    }

    /// Mean square of the distance of two rows, rooted.
    pub(crate) fn typical(&self) -> f64 {
        (2.0 * self.dim as f64 / (self.dim as f64 + 2.0)).sqrt()
    }
}

/// The share of a normal distribution below `x`, to 2e-7 (Abramowitz & Stegun 7.1.26).
fn below(x: f64) -> f64 {
    let z = x.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let poly = t
        * (0.254_829_592
            + t * (-0.284_496_736 + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    let half = 0.5 * poly * (-z * z).exp();
    if x > 0.0 { 1.0 - half } else { half }
}

#[cfg(test)]
mod tests {
    use super::below;

    #[test]
    fn shares_of_the_normal_distribution() {
        for (x, share) in [(0.0, 0.5), (1.0, 0.841_344_7), (-1.959_964, 0.025), (5.0, 0.999_999_7)] {
            assert!((below(x) - share).abs() < 3e-7, "{x}");
        }
    }
}
