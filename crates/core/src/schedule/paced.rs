//! Arrivals by a rate curve, evenly spaced or at random.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::Nanos;

use super::{Curve, Schedule};

/// How arrivals lie about the curve.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Spacing {
    /// As evenly as the rate allows.
    #[default]
    Uniform,
    /// At random and independent of each other, as requests of many users are.
    Poisson,
}

/// The arrivals of a [`Curve`], from its beginning to its end.
///
/// The k-th one, counted from 0, is due where the integral of the curve is k (uniform) or a sum of k + 1 unit
/// exponentials (Poisson).
#[derive(Debug, Clone)]
pub struct Paced {
    curve: Curve,
    /// The piece in which the last arrival was: looking for it each time would cost more than the arrival.
    span: usize,
    last: Nanos,
    counts: Counts,
}

#[derive(Debug, Clone)]
enum Counts {
    Uniform(u64),
    // Boxed because the state of the generator is large.
    Poisson(Box<Exponentials>),
}

impl Paced {
    /// Arrivals along `curve`; `seed` counts only where they are random.
    pub fn new(curve: Curve, spacing: Spacing, seed: u64) -> Self {
        let counts = match spacing {
            Spacing::Uniform => Counts::Uniform(0),
            Spacing::Poisson => Counts::Poisson(Box::new(Exponentials::new(seed))),
        };
        Self { curve, span: 0, last: Nanos::ZERO, counts }
    }
}

impl Schedule for Paced {
    fn next(&mut self) -> Option<Nanos> {
        let count = match &mut self.counts {
            Counts::Uniform(next) => {
                *next += 1;
                (*next - 1) as f64
            }
            Counts::Poisson(sums) => sums.next(),
        };
        let span = loop {
            let span = self.curve.spans().get(self.span)?;
            if count < span.after {
                break span;
            }
            self.span += 1;
        };
        let due = span.due(count, self.last);
        if due >= self.curve.duration() {
            // Rounded up to the end, which is no longer part of the phase.
            self.span = usize::MAX;
            return None;
        }
        // The last digit of a root can be a little off: time never goes back all the same.
        self.last = self.last.max(due);
        Some(self.last)
    }
}

/// Sums of unit exponentials: the instants of a Poisson process of rate one.
#[derive(Debug, Clone)]
pub(super) struct Exponentials {
    sum: f64,
    random: ChaCha8Rng,
}

impl Exponentials {
    pub(super) fn new(seed: u64) -> Self {
        Self { sum: 0.0, random: ChaCha8Rng::seed_from_u64(seed) }
    }

    pub(super) fn next(&mut self) -> f64 {
        // 1 − u lies in (0, 1], so the logarithm is finite.
        let uniform: f64 = self.random.random();
        self.sum -= (1.0 - uniform).ln();
        self.sum
    }
}
