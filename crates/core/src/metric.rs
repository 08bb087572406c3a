//! Distance metrics, each with its one definition in double precision.
//!
//! Every distance in Annvil is *smaller is nearer*. Engines that answer in another sense (similarity,
//! squared distance, negated product) are converted by their adapter, so that scores of different
//! engines can be laid side by side.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the distance between two vectors is defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// `1 − a·b / (|a| |b|)`, from 0 (same direction) to 2.
    Cosine,
    /// `1 − a·b`; unbounded, and negative for long vectors.
    InnerProduct,
    /// Euclidean distance `|a − b|`.
    L2,
    /// Manhattan distance, the sum of `|aᵢ − bᵢ|`.
    L1,
    /// Hamming distance: the number of dimensions in which `a` and `b` differ; for bits, the number of differing bits.
    Hamming,
    /// Jaccard distance of the sets of dimensions above 0 (for bits: the dimensions that are set): one minus the dimensions in
    /// both over the dimensions in either. Sets that share nothing, empty ones too, have distance 1.
    Jaccard,
}

impl Metric {
    /// All metrics, in the order in which they are documented.
    pub const ALL: [Self; 6] =
        [Self::Cosine, Self::InnerProduct, Self::L2, Self::L1, Self::Hamming, Self::Jaccard];

    /// The name used in scenarios and records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cosine => "cosine",
            Self::InnerProduct => "inner_product",
            Self::L2 => "l2",
            Self::L1 => "l1",
            Self::Hamming => "hamming",
            Self::Jaccard => "jaccard",
        }
    }

    /// The distance by definition, computed in `f64`: the reference that faster kernels are tested against.
    ///
    /// Two zero vectors have cosine distance 0 and a zero vector has distance 1 from every other vector;
    /// data sets that contain zero vectors are refused for this metric before anything is measured.
    pub fn distance(self, a: &[f32], b: &[f32]) -> f64 {
        let pairs = || a.iter().zip(b).map(|(x, y)| (f64::from(*x), f64::from(*y)));
        match self {
            Self::Cosine => {
                let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
                for (x, y) in pairs() {
                    ab += x * y;
                    aa += x * x;
                    bb += y * y;
                }
                match (aa == 0.0, bb == 0.0) {
                    (true, true) => 0.0,
                    (true, false) | (false, true) => 1.0,
                    (false, false) => 1.0 - ab / (aa.sqrt() * bb.sqrt()),
                }
            }
            Self::InnerProduct => 1.0 - pairs().map(|(x, y)| x * y).sum::<f64>(),
            Self::L2 => pairs().map(|(x, y)| (x - y) * (x - y)).sum::<f64>().sqrt(),
            Self::L1 => pairs().map(|(x, y)| (x - y).abs()).sum(),
            Self::Hamming => pairs().filter(|(x, y)| x != y).count() as f64,
            Self::Jaccard => {
                let both = pairs().filter(|(x, y)| *x > 0.0 && *y > 0.0).count() as f64;
                let either = pairs().filter(|(x, y)| *x > 0.0 || *y > 0.0).count() as f64;
                if both == 0.0 { 1.0 } else { 1.0 - both / either }
            }
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Metric {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|metric| metric.name() == text).ok_or_else(|| {
            format!("unknown metric `{text}`; there are cosine, inner_product, l2, l1, hamming and jaccard")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Metric;

    #[test]
    fn distances_by_definition() {
        let (a, b) = ([3.0, 4.0], [4.0, 3.0]);
        assert!((Metric::Cosine.distance(&a, &b) - (1.0 - 24.0 / 25.0)).abs() < 1e-12);
        assert!((Metric::InnerProduct.distance(&a, &b) - (1.0 - 24.0)).abs() < 1e-12);
        assert!((Metric::L2.distance(&a, &b) - 2f64.sqrt()).abs() < 1e-12);
        assert_eq!((Metric::L1.distance(&a, &b), Metric::Hamming.distance(&a, &[3.0, 5.0])), (2.0, 1.0));
        assert_eq!(Metric::Jaccard.distance(&[1.0, 1.0, -1.0, 1.0], &[1.0, -1.0, 1.0, 1.0]), 0.5);
        assert_eq!(Metric::Jaccard.distance(&[-1.0], &[-1.0]), 1.0);
        assert_eq!(Metric::Cosine.distance(&[0.0, 0.0], &b), 1.0);
    }
}
