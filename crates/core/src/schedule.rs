//! When operations are due: at once after the last answer (closed), or by a seeded schedule (open).

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::units::{Nanos, Rate};

/// Instants at which operations are due, as offsets from the start of the phase, never decreasing.
///
/// The same schedule gives the same instants each time; `None` ends the phase.
pub trait Schedule: Send {
    /// The next instant.
    fn next(&mut self) -> Option<Nanos>;
}

/// The load model of a phase.
pub enum Arrivals {
    /// Each session sends when its last answer has come.
    Closed,
    /// Operations are due by a schedule, whether or not earlier ones were answered.
    Open(Box<dyn Schedule>),
}

impl std::fmt::Debug for Arrivals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Closed => "Closed",
            Self::Open(_) => "Open",
        })
    }
}

/// A constant rate, evenly spaced: the k-th arrival is due at `k / rate`.
#[derive(Debug, Clone)]
pub struct Uniform {
    rate: f64,
    next: u64,
    count: u64,
}

impl Uniform {
    /// `count` arrivals at `rate`.
    pub fn new(rate: Rate, count: u64) -> Self {
        Self { rate: rate.0, next: 0, count }
    }
}

impl Schedule for Uniform {
    fn next(&mut self) -> Option<Nanos> {
        if self.next == self.count {
            return None;
        }
        // From the index, not by adding a step: rounding must not add up over a long phase.
        let due = (self.next as f64 / self.rate * 1e9).round() as u64;
        self.next += 1;
        Some(Nanos(due))
    }
}

/// A Poisson process of constant rate: the k-th arrival is due at a sum of k unit exponentials over the rate.
#[derive(Debug, Clone)]
pub struct Poisson {
    rate: f64,
    sum: f64,
    left: u64,
    random: ChaCha8Rng,
}

impl Poisson {
    /// `count` arrivals at `rate`, seeded.
    pub fn new(rate: Rate, count: u64, seed: u64) -> Self {
        Self { rate: rate.0, sum: 0.0, left: count, random: ChaCha8Rng::seed_from_u64(seed) }
    }
}

impl Schedule for Poisson {
    fn next(&mut self) -> Option<Nanos> {
        self.left = self.left.checked_sub(1)?;
        // 1 − u lies in (0, 1], so the logarithm is finite.
        let uniform: f64 = self.random.random();
        self.sum -= (1.0 - uniform).ln();
        Some(Nanos((self.sum / self.rate * 1e9).round() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(mut schedule: impl Schedule) -> Vec<Nanos> {
        std::iter::from_fn(|| schedule.next()).collect()
    }

    proptest! {
        #[test]
        fn arrivals_never_go_back_and_are_the_same_for_the_same_seed(rate in 1.0f64..1e6, seed: u64) {
            let one = all(Poisson::new(Rate(rate), 500, seed));
            prop_assert!(one.is_sorted());
            prop_assert_eq!(one.len(), 500);
            prop_assert_eq!(&one, &all(Poisson::new(Rate(rate), 500, seed)));
            prop_assert_ne!(&one, &all(Poisson::new(Rate(rate), 500, seed.wrapping_add(1))));
            prop_assert!(all(Uniform::new(Rate(rate), 500)).is_sorted());
        }

        #[test]
        fn a_window_holds_its_integral(rate in 1.0f64..1e5, from in 0.0f64..1.0, length in 0.0f64..1.0) {
            let count = (rate * 2.0) as u64 + 2;
            let inside = all(Uniform::new(Rate(rate), count))
                .iter()
                .filter(|due| (from..from + length).contains(&(due.0 as f64 / 1e9)))
                .count();
            prop_assert!((inside as f64 - rate * length).abs() <= 1.0 + 1e-6);
        }
    }

    #[test]
    fn poisson_has_the_mean_it_should() {
        let due = all(Poisson::new(Rate(1000.0), 100_000, 7));
        let seconds = due[99_999].as_secs_f64();
        assert!((seconds - 100.0).abs() < 1.5, "{seconds}");
    }
}
