//! Random numbers by place: every row has a stream of its own, so that any row can be drawn without the others.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use sha2::{Digest, Sha256};

/// The streams of one purpose under one seed.
pub(crate) struct Stream(ChaCha8Rng);

impl Stream {
    /// Different purposes have nothing to do with each other.
    pub(crate) fn new(seed: u64, purpose: &str) -> Self {
        let mut key = Sha256::new();
        // A change of what is drawn from the streams changes this number, and with it every set.
        key.update(b"annvil synth 1\0");
        key.update(seed.to_le_bytes());
        key.update(purpose.as_bytes());
        Self(ChaCha8Rng::from_seed(key.finalize().into()))
    }

    /// The stream of one row, query or group.
    pub(crate) fn at(&self, number: u64) -> ChaCha8Rng {
        let mut random = self.0.clone();
        random.set_stream(number);
        random
    }
}

/// Fills `out` with independent normal numbers of mean 0 and variance 1.
pub(crate) fn normals(random: &mut ChaCha8Rng, out: &mut [f32]) {
    for value in out {
        *value = StandardNormal.sample(random);
    }
}

/// One such number.
pub(crate) fn normal(random: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(random)
}

/// A direction: normal numbers of length 1.
pub(crate) fn direction(random: &mut ChaCha8Rng, dim: usize) -> Vec<f32> {
    let mut out = vec![0.0; dim];
    normals(random, &mut out);
    scale_to(&mut out, 1.0);
    out
}

/// Scales `v` to a length; a zero vector stays one.
pub(crate) fn scale_to(v: &mut [f32], length: f64) {
    let own = v.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
    if own > 0.0 {
        let factor = (length / own) as f32;
        for x in v {
            *x *= factor;
        }
    }
}

/// Adds `factor × b` to `a`.
pub(crate) fn add(a: &mut [f32], factor: f32, b: &[f32]) {
    for (a, b) in a.iter_mut().zip(b) {
        *a += factor * b;
    }
}
