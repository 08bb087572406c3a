//! The first pass loses no neighbour: the proof.
//!
//! **Integers.** A vector `v` is replaced by `s·q`: `q` has 16-bit integers, `s > 0` is one scale for the vector. If all its
//! elements are whole numbers and its norm is at most 32,767, `s = 1` and `q = v`. Otherwise `q` is `v / s` rounded, `s`
//! chosen so that `‖q‖ ≤ 32,767`. Rounding leaves at most ½ a dimension, and the product `v / s`, taken in single
//! precision, another 2⁻⁹; so with [`ROUNDING`] = 0.51 the residual `r = v − s·q` has `‖r‖ ≤ s · 0.51 √d`.
//!
//! **Sums.** `q·p` of two such vectors is summed in 32-bit integers. It is exact: by Cauchy–Schwarz every partial sum, in any
//! order, is at most `‖q‖‖p‖ ≤ 32,767² < 2³⁰`.
//!
//! **One pair.** For a query `a = s_a q_a + r_a` and a row `b = s_b q_b + r_b`,
//! `a·b − s_a s_b q_a·q_b = r_a·b + s_a q_a·r_b`, and by Cauchy–Schwarz, divided by `s_a`,
//!
//! > `|a·b / s_a − s_b q_a·q_b| ≤ ρ ‖b‖ + Q ‖r_b‖`, where `ρ ≥ ‖r_a‖ / s_a` and `Q ≥ ‖q_a‖` for all queries.
//!
//! For cosine, scale, norm and residual are divided by the norm of their vector, so that `a·b` is the cosine.
//!
//! **Goodness** is what the pass compares, larger is nearer: `g = λ a·b / s_a − n_b / s_a`, with `λ = 1`, `n_b = 0` for cosine and inner
//! product (then `distance = 1 − s_a g`), and `λ = 2`, `n_b = ‖b‖²` for L2 (then `distance² = ‖a‖² − s_a g`). With `c_b = λ s_b` and
//! `m_b = λ (ρ ‖b‖ + Q ‖r_b‖)`, `g` lies within `m_b` of `c_b q_a·q_b − n_b / s_a`.
//!
//! **Rounding of the pass.** The pass computes `u = c_b q_a·q_b + (m_b − n_b / s_a)` in single precision, with a handful of roundings
//! of relative size 2⁻²⁴ each of terms that are no larger than `λ Q (‖b‖ + ‖r_b‖)`, `m_b` and `n_b / s_a`. [`SLACK`] = 2⁻¹⁸ of each of them is put on
//! `m_b` or taken off `n_b` beforehand, so `u` is never below `g`; the same slack, doubled, is taken off below.
//!
//! **Rounding of the truth.** Answers are ordered by distances that were themselves computed, in double precision. Their sums err by less
//! than 2⁻³⁰ of `‖a‖‖b‖` (or of `‖a‖² + ‖b‖²`) for any dimension below 2²⁰, far within the slack; the final `1 − x` errs by 2⁻⁵³ of the
//! result. So if the limit comes from a row of goodness `l`, a row at or before it in that order has a goodness of at least
//! `l` − slack, with 2⁻⁴⁸ for the `1 − x` and [`SLACK`] `‖a‖²` for L2: [`below`]. Where `l` is near 0, as between vectors at right angles, it is
//! the `SLACK · Q (‖b‖ + ‖r_b‖)` within `m_b`, and within what `low` takes off, that covers the sums: it must stay.
//!
//! **Range.** In single precision none of this may overflow or vanish. Vectors whose norm is not 0 and not within 2⁻³⁰ to 2³⁰ (also NaN and
//! infinite ones), and zero vectors under cosine, do not take part: such a row is a candidate for every query, such a query is
//! compared with every row in double precision.

use std::ops::RangeInclusive;

use annvil_core::metric::Metric;

/// Largest residual of a rounded dimension, in units of the scale.
pub(super) const ROUNDING: f64 = 0.51;

/// Room for the roundings of single precision.
pub(super) const SLACK: f64 = 1.0 / (1 << 18) as f64;

/// Norms that single precision can take.
pub(super) const NORMS: RangeInclusive<f64> = 1.0 / (1 << 30) as f64..=(1 << 30) as f64;

/// Dimensions up to which the rounding of the truth is within the slack.
pub(super) const MOST_DIMENSIONS: usize = 1 << 16;

/// What is known of a query that takes part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// `s_a`.
    pub(super) scale: f64,
    /// `‖a‖`; 1 for cosine.
    pub(super) norm: f64,
}

/// What all queries of a pass have in common.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pass {
    /// `ρ`.
    pub(super) residual: f64,
    /// `Q`.
    pub(super) norm: f64,
}

/// What is known of a row that takes part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// `s_b`.
    pub(super) scale: f64,
    /// `‖b‖`; 1 for cosine.
    pub(super) norm: f64,
    /// A bound of `‖r_b‖`.
    pub(super) residual: f64,
}

/// `c_b`, `m_b` and `−n_b` with their slack, in single precision.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coefficients {
    pub(super) factor: f32,
    pub(super) margin: f32,
    pub(super) square: f32,
}

impl Coefficients {
    pub(super) fn new(metric: Metric, pass: &Pass, row: &Row) -> Self {
        let (lambda, square) = if metric == Metric::L2 { (2.0, row.norm * row.norm) } else { (1.0, 0.0) };
        let Row { scale, norm, residual } = *row;
        let margin =
            lambda * (pass.residual * norm + pass.norm * residual + SLACK * pass.norm * (norm + residual));
        Self {
            factor: (lambda * scale) as f32,
            margin: (margin * (1.0 + SLACK)) as f32,
            square: (-square * (1.0 - SLACK)) as f32,
        }
    }

    /// A goodness that the row has at least, if the pass found the upper end `high`. `inverse`: `1 / s_a`.
    pub(super) fn low(&self, high: f32, inverse: f32) -> f32 {
        let (high, margin) = (f64::from(high), f64::from(self.margin));
        let square = f64::from(-self.square) * f64::from(inverse);
        let low = high - margin * 2.01 - square * 4.0 * SLACK;
        (low - low.abs() * SLACK) as f32
    }
}

/// A goodness below that of every row that is, as computed, at or before a row of goodness `low`.
pub(super) fn below(metric: Metric, low: f32, asked: &Asked) -> f32 {
    let low = f64::from(low);
    (low - (low.abs() + own(metric, asked)) * SLACK - ONE_MINUS / asked.scale) as f32
}

/// A goodness below that of every row that is, as computed, at or before a row at `distance`.
pub(super) fn goodness(metric: Metric, distance: f64, asked: &Asked) -> f32 {
    let goodness = match metric {
        Metric::L2 => (asked.norm * asked.norm - distance * distance) / asked.scale,
        _ => (1.0 - distance) / asked.scale,
    };
    // The square of the distance, too, was rounded.
    let square = if metric == Metric::L2 { distance * distance / asked.scale } else { 0.0 };
    (goodness - (goodness.abs() + own(metric, asked) + square) * SLACK - ONE_MINUS / asked.scale) as f32
}

/// The part of the squared distance that is the query's own, in units of goodness.
fn own(metric: Metric, asked: &Asked) -> f64 {
    if metric == Metric::L2 { asked.norm * asked.norm / asked.scale } else { 0.0 }
}

/// Rounding of `1 − x` in double precision, with room.
const ONE_MINUS: f64 = 1.0 / (1_u64 << 48) as f64;
