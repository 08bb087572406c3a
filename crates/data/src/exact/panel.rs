//! Rows and queries as the first pass wants them: 16-bit integers, two dimensions of many vectors side by side.

use annvil_core::metric::Metric;
use annvil_core::vector::{Element, Vectors};
use bytemuck::{Pod, Zeroable};
use pulp::{Arch, NullaryFnOnce};

use super::bound::{Coefficients, Pass};
use super::quantise::{Quantised, quantise};

/// Rows of a panel.
pub(super) const WIDTH: usize = 48;

/// Two dimensions of the rows of a panel. It lies so that registers of any width never cross a line of the cache.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
pub(super) struct Step(pub(super) [[i16; 2]; WIDTH]);

/// The coefficients of the rows of a panel.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
pub(super) struct Terms {
    pub(super) factor: [f32; WIDTH],
    pub(super) margin: [f32; WIDTH],
    pub(super) square: [f32; WIDTH],
}

impl Terms {
    /// No rows: whatever is compared with them stays below every limit.
    pub(super) const NONE: Self =
        Self { factor: [0.0; WIDTH], margin: [f32::NEG_INFINITY; WIDTH], square: [0.0; WIDTH] };

    pub(super) fn coefficients(&self, lane: usize) -> Coefficients {
        Coefficients { factor: self.factor[lane], margin: self.margin[lane], square: self.square[lane] }
    }
}

/// Steps that a vector takes.
pub(super) fn steps(dim: usize) -> usize {
    dim.div_ceil(2)
}

/// Packs up to [`WIDTH`] rows. Rows that cannot take part are left in `odd`, by their place among `rows`.
pub(super) struct Pack<'a> {
    pub(super) base: &'a Vectors,
    pub(super) rows: &'a [usize],
    pub(super) metric: Metric,
    pub(super) pass: &'a Pass,
    pub(super) steps: &'a mut [Step],
    pub(super) terms: &'a mut Terms,
    pub(super) odd: Vec<usize>,
}

impl Pack<'_> {
    /// Packs, and gives back the places of the rows that cannot take part.
    pub(super) fn run(self) -> Vec<usize> {
        Arch::new().dispatch(self)
    }
}

impl NullaryFnOnce for Pack<'_> {
    type Output = Vec<usize>;

    #[allow(clippy::inline_always)] // see `precise`
    #[inline(always)]
    fn call(mut self) -> Vec<usize> {
        let dim = self.base.dim();
        let whole = matches!(self.base.element(), Element::U8 | Element::I8 | Element::B1);
        let mut narrow = vec![0.0; dim];
        let mut integers = vec![0; 2 * steps(dim)];
        *self.terms = Terms::NONE;
        if self.rows.len() < WIDTH {
            self.steps.fill(Step([[0; 2]; WIDTH]));
        }
        for (lane, row) in self.rows.iter().enumerate() {
            let vector = if let Vectors::F32(matrix) = self.base {
                matrix.row(*row)
            } else {
                self.base.write_f32(*row, &mut narrow);
                &narrow
            };
            if let Some(quantised) = quantise(self.metric, whole, vector, &mut integers[..dim]) {
                let coefficients = Coefficients::new(self.metric, self.pass, &quantised.row);
                self.terms.factor[lane] = coefficients.factor;
                self.terms.margin[lane] = coefficients.margin;
                self.terms.square[lane] = coefficients.square;
            } else {
                self.odd.push(lane);
            }
            for (step, pair) in self.steps.iter_mut().zip(integers.as_chunks::<2>().0) {
                step.0[lane] = *pair;
            }
        }
        self.odd
    }
}

/// Writes the integers of a query into column `column` of a tile of `height` queries.
pub(super) fn pack_query(
    metric: Metric,
    vector: &[f32],
    tile: &mut [[i16; 2]],
    height: usize,
    column: usize,
) -> Option<Quantised> {
    let mut integers = vec![0; 2 * steps(vector.len())];
    let quantised = quantise(metric, false, vector, &mut integers[..vector.len()])?;
    for (step, pair) in tile.chunks_exact_mut(height).zip(integers.as_chunks::<2>().0) {
        step[column] = *pair;
    }
    Some(quantised)
}
