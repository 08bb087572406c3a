//! A constant rate, for a given number of arrivals instead of a given time.

use crate::units::{Nanos, Rate};

use super::Schedule;
use super::paced::Exponentials;

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
    left: u64,
    sums: Exponentials,
}

impl Poisson {
    /// `count` arrivals at `rate`, seeded.
    pub fn new(rate: Rate, count: u64, seed: u64) -> Self {
        Self { rate: rate.0, left: count, sums: Exponentials::new(seed) }
    }
}

impl Schedule for Poisson {
    fn next(&mut self) -> Option<Nanos> {
        self.left = self.left.checked_sub(1)?;
        Some(Nanos((self.sums.next() / self.rate * 1e9).round() as u64))
    }
}
