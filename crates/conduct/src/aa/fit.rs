//! How much fits into the time: which variants are measured on, and how many blocks.

use crate::ab::block::Cost;

/// Blocks at least.
pub const FEWEST: usize = 6;

/// Blocks at most where nobody says how many.
pub const MOST: usize = 12;

/// What is measured after the first block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fit {
    /// Variants that stay, in their order.
    pub(super) variants: Vec<String>,
    /// Those that are left out.
    pub(super) left_out: Vec<String>,
    /// Blocks in all, the first included. An even number.
    pub(super) blocks: usize,
}

/// Chooses so that at least six blocks of what stays fit into the time: the variant that takes longest goes first, because
/// the others then say more together. One always stays. The first good block took `seconds`, its variants their `costs` of
/// that; when it ended, `spent` of the `budget` were gone.
pub(super) fn fit(costs: &[Cost], seconds: f64, spent: f64, budget: f64, most: usize) -> Fit {
    let besides = (seconds - costs.iter().map(|cost| cost.seconds).sum::<f64>()).max(0.0);
    let block = |costs: &[&Cost]| besides + costs.iter().map(|cost| cost.seconds).sum::<f64>();
    let mut stay: Vec<&Cost> = costs.iter().collect();
    let mut left_out = Vec::new();
    while stay.len() > 1 && spent + block(&stay) * (FEWEST - 1) as f64 > budget {
        let longest = (0..stay.len()).max_by(|a, b| stay[*a].seconds.total_cmp(&stay[*b].seconds));
        left_out.extend(longest.map(|at| stay.remove(at).variant.clone()));
    }
    let more = ((budget - spent).max(0.0) / block(&stay).max(1e-3)) as usize;
    let blocks = (more + 1).min(most.max(FEWEST)).max(FEWEST);
    Fit {
        variants: stay.into_iter().map(|cost| cost.variant.clone()).collect(),
        left_out,
        blocks: blocks - blocks % 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costs(seconds: &[f64]) -> Vec<Cost> {
        (0..)
            .zip(seconds)
            .map(|(at, seconds)| Cost { variant: format!("v{at}"), seconds: *seconds })
            .collect()
    }

    #[test]
    fn what_takes_longest_is_left_out_until_six_blocks_fit() {
        let fitted = fit(&costs(&[7.0, 12.0, 11.0, 10.0]), 41.0, 41.0, 240.0, 12);
        assert_eq!((fitted.left_out, fitted.variants.len(), fitted.blocks), (vec!["v1".to_owned()], 3, 6));
        let fitted = fit(&costs(&[1.0, 1.0]), 2.5, 2.5, 240.0, 12);
        assert_eq!((fitted.left_out.len(), fitted.blocks), (0, 12));
        let fitted = fit(&costs(&[100.0, 200.0]), 300.0, 300.0, 240.0, 12);
        assert_eq!((fitted.left_out, fitted.blocks), (vec!["v1".to_owned()], 6));
        assert_eq!(fit(&costs(&[10.0]), 10.0, 10.0, 100.0, 12).blocks, 10);
        assert_eq!(fit(&costs(&[10.0]), 10.0, 10.0, 95.0, 12).blocks, 8);
        assert_eq!(fit(&costs(&[1.0]), 1.0, 1.0, 95.0, 2).blocks, 6);
        // A block before it could not be judged: less time is left, but blocks are no longer for that.
        let fitted = fit(&costs(&[10.0, 10.0]), 20.0, 100.0, 240.0, 12);
        assert_eq!((fitted.left_out.len(), fitted.blocks), (0, 8));
    }
}
