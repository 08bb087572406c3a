//! The surroundings of rows, measured the same way on a real set and on a synthetic one.

use annvil_core::metric::Metric;
use annvil_core::vector::Vectors;

use super::model::Neighbourhood;
use crate::error::{DataError, mismatch};
use crate::intrinsic;

/// Neighbours by distance, and those that count as near.
const FAR: usize = 100;
const NEAR: usize = 10;

impl Neighbourhood {
    /// Measures the surroundings of `sample` rows of `base`, which needs a few hundred.
    pub fn measure(
        base: &Vectors,
        metric: Metric,
        sample: usize,
        seed: u64,
        threads: usize,
    ) -> Result<Self, DataError> {
        let rows = intrinsic::sampled(base.rows(), sample, seed);
        let around = intrinsic::neighbourhoods(base, metric, rows, FAR, threads)?;
        let dimension = |k| intrinsic::mle(&around.distances, k);
        let (Some(dimension_20), Some(dimension_100)) = (dimension(20), dimension(FAR)) else {
            return Err(mismatch(
                format!(
                    "the set has {} rows, too few different ones to see what their neighbours are like",
                    base.rows()
                ),
                "give some hundred rows at least, without their copies",
            ));
        };
        // One of the ten nearest of each row, from the first to the tenth in turn: rows tell more than neighbours of
        // one row, which resemble each other.
        let of = |i: usize| around.ids[i][i % NEAR];
        let near = (0..around.rows.len()).map(|i| of(i) as usize).collect();
        let theirs = intrinsic::neighbourhoods(base, metric, near, NEAR, threads)?.ids;
        let (mut closed, mut mutual) = (0, 0);
        for ((own, row), theirs) in around.ids.iter().zip(&around.rows).zip(&theirs) {
            closed += theirs.iter().filter(|id| own[..NEAR].contains(id)).count();
            mutual += usize::from(theirs.contains(&(*row as u64)));
        }
        let mean = |k: usize| {
            around.distances.iter().map(|row| row[k - 1]).sum::<f64>() / around.distances.len() as f64
        };
        let nearest = mean(1);
        let square = around.distances.iter().map(|row| (row[0] - nearest).powi(2)).sum::<f64>();
        Ok(Self {
            dimension_20,
            dimension_100,
            nearest,
            nearest_deviation: (square / around.distances.len() as f64).sqrt(),
            tenth: mean(NEAR),
            hundredth: mean(FAR),
            closure: closed as f64 / (theirs.len() * NEAR) as f64,
            mutual: mutual as f64 / theirs.len() as f64,
        })
    }

    /// How far two are apart: a sum of squares, each in units of what can be told or matters.
    pub(crate) fn misfit(&self, wanted: &Self) -> f64 {
        let share = |a: f64, b: f64, unit: f64| ((a - b) / (b * unit)).powi(2);
        let plain = |a: f64, b: f64, unit: f64| ((a - b) / unit).powi(2);
        share(self.dimension_20, wanted.dimension_20, 0.05)
            + share(self.dimension_100, wanted.dimension_100, 0.05)
            + share(self.nearest, wanted.nearest, 0.02)
            + plain(self.nearest_deviation / wanted.nearest, wanted.nearest_deviation / wanted.nearest, 0.02)
            + share(self.tenth, wanted.tenth, 0.015)
            + share(self.hundredth, wanted.hundredth, 0.01)
            + plain(self.closure, wanted.closure, 0.03)
            + plain(self.mutual, wanted.mutual, 0.06)
    }
}
