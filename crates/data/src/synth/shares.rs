//! Shares of a whole, and the choice of one of them by chance.

/// Parts with their shares, which sum to 1.
#[derive(Debug, Clone)]
pub(crate) struct Shares {
    /// Where each part ends in the interval from 0 to 1.
    ends: Vec<f64>,
}

impl Shares {
    /// Shares in proportion to `weights`, which are not negative and not all 0.
    pub(crate) fn new(weights: impl Iterator<Item = f64>) -> Self {
        let mut sum = 0.0;
        let mut ends: Vec<f64> = weights
            .map(|weight| {
                sum += weight;
                sum
            })
            .collect();
        for end in &mut ends {
            *end /= sum;
        }
        Self { ends }
    }

    /// The `i`-th of `count` parts, from 1, in proportion to `i^-exponent`.
    pub(crate) fn power_law(count: usize, exponent: f64) -> Self {
        Self::new((1..=count).map(|i| (i as f64).powf(-exponent)))
    }

    /// Number of parts.
    pub(crate) fn count(&self) -> usize {
        self.ends.len()
    }

    /// The part in which `u`, from 0 to 1, lies.
    pub(crate) fn pick(&self, u: f64) -> usize {
        self.ends.partition_point(|end| *end <= u).min(self.ends.len() - 1)
    }

    /// The share of part `i`.
    pub(crate) fn share(&self, i: usize) -> f64 {
        self.ends[i] - if i == 0 { 0.0 } else { self.ends[i - 1] }
    }

    /// Where each part begins if they are laid out in this order.
    pub(crate) fn starts(&self, order: &[usize]) -> Vec<f64> {
        let mut starts = vec![0.0; self.count()];
        let mut start = 0.0;
        for i in order {
            starts[*i] = start;
            start += self.share(*i);
        }
        starts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_picked_by_their_share() {
        let shares = Shares::power_law(4, 1.0);
        assert!((shares.share(0) / shares.share(3) - 4.0).abs() < 1e-12);
        assert_eq!((shares.pick(0.0), shares.pick(0.999_999), shares.pick(1.0)), (0, 3, 3));
        let half = shares.share(0) + 1e-9;
        assert_eq!(shares.pick(half), 1);
        assert_eq!(shares.starts(&[3, 0, 1, 2])[0], shares.share(3));
    }
}
