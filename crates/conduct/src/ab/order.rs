//! The order in which the blocks of two sides are measured: A B B A or B A A B, chosen by the seed for each four.
//!
//! Either way a drift that goes straight up or down meets both sides alike, and nothing that happens at every second or every
//! fourth block falls on one side alone.

use std::fmt;

use annvil_core::plan::stream;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One of the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// What the other is held against.
    A,
    /// The candidate.
    B,
}

impl Which {
    /// The other side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// `a` or `b`.
    pub const fn letter(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
        }
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.letter())
    }
}

/// The pairs of blocks in their order, without end.
#[derive(Debug, Clone)]
pub struct Order {
    random: ChaCha8Rng,
    /// First of the second pair of a four.
    second: Option<Which>,
}

impl Order {
    /// The order of a seed.
    pub fn new(seed: u64) -> Self {
        Self { random: stream(seed, "order of two sides"), second: None }
    }
}

impl Iterator for Order {
    type Item = [Which; 2];

    fn next(&mut self) -> Option<[Which; 2]> {
        let first = self.second.take().unwrap_or_else(|| {
            let first = if self.random.random::<bool>() { Which::A } else { Which::B };
            self.second = Some(first.other());
            first
        });
        Some([first, first.other()])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_pair_has_both_sides_and_every_four_is_a_mirror(seed: u64, groups in 1usize..20) {
            let pairs: Vec<[Which; 2]> = Order::new(seed).take(groups * 2).collect();
            for four in pairs.chunks(2) {
                prop_assert_eq!(four[0][0], four[0][1].other());
                prop_assert_eq!([four[0][1], four[0][0]], four[1]);
            }
            prop_assert_eq!(&pairs, &Order::new(seed).take(groups * 2).collect::<Vec<_>>());
            // The sum of places is the same for both sides: no straight drift favours one.
            let places = |side| pairs.iter().flatten().enumerate().filter(move |(_, which)| **which == side).map(|(at, _)| at);
            prop_assert_eq!(places(Which::A).sum::<usize>(), places(Which::B).sum::<usize>());
        }
    }

    #[test]
    fn both_orders_come_up() {
        let firsts: Vec<Which> = Order::new(42).step_by(2).take(64).map(|pair| pair[0]).collect();
        let a = firsts.iter().filter(|first| **first == Which::A).count();
        assert!((16..=48).contains(&a), "{a} of 64");
    }
}
