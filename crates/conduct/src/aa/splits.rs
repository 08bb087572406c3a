//! Blocks of the same thing split into two sides, as often as it can be done, and compared: whatever is found is not there.
//!
//! Each pair of blocks that ran one after the other gives one to each side, so that every split is balanced and interleaved like a
//! real comparison. The splits share their blocks and overlap: many of them are not as much evidence as many sessions.

use annvil_core::comparison::Verdict;
use annvil_core::figures::{Figures, Group};
use annvil_core::gate::GateSpec;
use annvil_core::plan::stream;
use rand::RngExt;

use crate::compare::{CompareSpec, compare};

/// Splits at most; all of them up to twelve blocks.
const MOST: u64 = 64;

/// What the splits came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Splits {
    /// Splits.
    pub splits: usize,
    /// Comparisons of a figure, over all splits.
    pub comparisons: usize,
    /// How many of them said REGRESSED.
    pub false_alarms: usize,
    /// Splits in which any figure was said to have regressed.
    pub alarmed: usize,
}

/// Compares both sides of every split of `blocks`, which are in the order in which they ran, by the rules of `gate`. A last
/// block without a pair is left out.
pub fn splits(blocks: &[Figures], gate: &GateSpec, seed: u64) -> Splits {
    let pairs: Vec<&[Figures]> = blocks.chunks_exact(2).collect();
    let mut found = Splits::default();
    for split in masks(pairs.len(), seed) {
        let side = |second: bool| {
            let figures = (0..).zip(&pairs).map(|(at, pair)| {
                let swapped = split >> at & 1 == 1;
                Figures { block: at, ..pair[usize::from(swapped != second)].clone() }
            });
            Group { figures: figures.collect(), ..Group::default() }
        };
        let spec = CompareSpec { gate: gate.clone(), interleaved: true, seed, ..CompareSpec::default() };
        // Without a figure that is judged nothing is compared.
        let Ok(comparison) = compare(&side(false), &side(true), &spec) else { continue };
        let alarms = comparison.metrics.iter().filter(|metric| metric.verdict == Verdict::Regressed).count();
        found.splits += 1;
        found.comparisons += comparison.metrics.len();
        found.false_alarms += alarms;
        found.alarmed += usize::from(alarms > 0);
    }
    found
}

/// Which pairs are the other way round, a bit each: every way there is, or a seeded choice of them.
fn masks(pairs: usize, seed: u64) -> Vec<u64> {
    match pairs {
        0 | 1 => Vec::new(),
        2..=6 => (0..1 << pairs).collect(),
        _ => {
            let mut random = stream(seed, "splits of the same");
            let mut masks: Vec<u64> = (0..MOST).map(|_| random.random_range(0..1 << pairs.min(60))).collect();
            masks.sort_unstable();
            masks.dedup();
            masks
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ab::tests::key;

    #[test]
    fn every_split_has_one_of_each_pair_on_each_side() {
        assert_eq!(masks(3, 1), (0..8).collect::<Vec<_>>());
        assert!(masks(1, 1).is_empty());
        let many = masks(20, 1);
        assert!(many.len() > 50 && many == masks(20, 1) && many != masks(20, 2));
    }

    #[test]
    fn a_machine_that_alternates_raises_alarms_and_one_that_scatters_does_not() {
        let block = |value: f64| Figures { values: [(key(0), value)].into(), ..Figures::default() };
        // Every second block is slower by a tenth: the one split that follows it must find that, and its mirror an
        // improvement.
        let alternating: Vec<Figures> =
            (0..6).map(|at| block(if at % 2 == 0 { 1e6 } else { 1.1e6 + f64::from(at) })).collect();
        let found = splits(&alternating, &GateSpec::default(), 1);
        assert_eq!((found.splits, found.comparisons, found.false_alarms, found.alarmed), (8, 8, 1, 1));
        let scatter = [1.0, 1.01, 0.99, 1.005, 0.995, 1.0, 1.01, 0.99];
        let calm: Vec<Figures> = scatter.iter().map(|value| block(value * 1e6)).collect();
        let found = splits(&calm, &GateSpec::default(), 1);
        assert_eq!((found.splits, found.false_alarms), (16, 0));
    }
}
