//! A made-up machine: latencies that scatter from block to block and from session to session.

use annvil_stats::compare::Side;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Standard deviation of one block's logarithm: 1.6 %.
pub(crate) const NOISE: f64 = 0.016;

/// A machine and its random numbers.
pub(crate) struct World {
    rng: ChaCha8Rng,
    /// Standard deviation of the logarithm from session to session.
    sessions: f64,
}

impl World {
    pub(crate) fn new(seed: u64, sessions: f64) -> Self {
        Self { rng: ChaCha8Rng::seed_from_u64(seed), sessions }
    }

    /// The level of a new session, as a logarithm.
    pub(crate) fn session(&mut self) -> f64 {
        self.sessions * self.normal()
    }

    /// `count` blocks of a session at `level`, `change` (a share) above the usual.
    pub(crate) fn blocks(&mut self, count: usize, level: f64, change: f64) -> Vec<f64> {
        (0..count).map(|_| (1.0 + change) * (level + NOISE * self.normal()).exp()).collect()
    }

    /// `count` sessions of one block each.
    pub(crate) fn runs(&mut self, count: usize, change: f64) -> Side {
        let run = |_| {
            let level = self.session();
            self.blocks(1, level, change)
        };
        Side { sessions: (0..count).map(run).collect() }
    }

    /// A random index below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.rng.random_range(0..n as u32) as usize
    }

    /// Standard normal, by Box and Muller.
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.rng.random::<f64>()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.rng.random::<f64>()).cos()
    }
}
