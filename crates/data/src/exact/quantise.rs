//! Vectors as 16-bit integers and a scale.
// As in `precise`: the loops must end up inside the function that carries the processor's features.
#![allow(clippy::inline_always)]

use annvil_core::metric::Metric;

use super::bound::{NORMS, ROUNDING, Row};

/// The largest norm of the integers.
const NORM: f64 = 32_767.0;

/// Added to a number below 2²² and taken off again it rounds to a whole one, whose low bits are those of the sum.
const ROUND: f32 = 12_582_912.0;

/// Lanes in which squares are summed.
const LANES: usize = 16;

/// A vector that takes part, with `‖q‖` of its integers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quantised {
    pub(super) row: Row,
    pub(super) integers: f64,
}

/// Writes the integers of a vector into `out`, of its length. `None` if it cannot take part; then `out` is zero.
///
/// The proof in [`super::bound`] says why.
#[inline(always)]
pub(super) fn quantise(metric: Metric, whole: bool, vector: &[f32], out: &mut [i16]) -> Option<Quantised> {
    let norm = norm(vector);
    if norm == 0.0 && metric != Metric::Cosine && vector.iter().all(|x| *x == 0.0) {
        out.fill(0);
        return Some(Quantised { row: Row { scale: 1.0, norm: 0.0, residual: 0.0 }, integers: 0.0 });
    }
    if !NORMS.contains(&norm) {
        out.fill(0);
        return None;
    }
    let exact = norm <= NORM && (whole || vector.iter().all(|x| x.fract() == 0.0));
    let spread = ROUNDING * (vector.len() as f64).sqrt();
    let inverse = if exact { 1.0 } else { ((NORM - 1.0 - spread) / norm) as f32 };
    for (out, x) in out.iter_mut().zip(vector) {
        *out = (x * inverse + ROUND).to_bits() as i16;
    }
    let scale = 1.0 / f64::from(inverse);
    let residual = if exact { 0.0 } else { scale * spread };
    let unit = if metric == Metric::Cosine { norm } else { 1.0 };
    // The sum of squares was rounded a little.
    let above = 1.0 + 1e-9;
    let row = Row { scale: scale / unit, norm: norm / unit * above, residual: residual / unit * above };
    Some(Quantised { row, integers: (norm + residual) / scale * above })
}

#[inline(always)]
fn norm(vector: &[f32]) -> f64 {
    let mut sums = [0.0; LANES];
    let (chunks, rest) = vector.as_chunks::<LANES>();
    for chunk in chunks {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *sum += f64::from(*x) * f64::from(*x);
        }
    }
    let rest: f64 = rest.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
    (sums.iter().sum::<f64>() + rest).sqrt()
}
