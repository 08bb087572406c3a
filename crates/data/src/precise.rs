//! Distances in double precision, whose results are the same to the last bit on every processor.
//!
//! Products of two 32-bit floats are exact in 64 bits, and sums run in one pattern: dimension `i` is added to lane
//! `i mod 16`, and at the end the upper half of the lanes is added to the lower half until one is left. So exact
//! answers computed on one machine can be compared with those of another.
// As in `kernel`: the loops must end up inside the function that carries the processor's features.
#![allow(clippy::inline_always)]

use annvil_core::metric::Metric;
use pulp::Simd;

/// Lanes of the pattern.
pub(crate) const LANES: usize = 16;

/// The distance as [`Metric::distance`] defines it, equal to the last bit to what [`crate::exact::answers`] reports.
/// Dimensions that only the longer vector has are left out.
pub fn distance(metric: Metric, a: &[f32], b: &[f32]) -> f64 {
    let sum = match metric {
        Metric::Cosine | Metric::InnerProduct => plain_sum(a, b, |x, y| x * y),
        Metric::L2 => plain_sum(a, b, |x, y| (x - y) * (x - y)),
        Metric::L1 => plain_sum(a, b, |x, y| (x - y).abs()),
        Metric::Hamming => plain_sum(a, b, |x, y| f64::from(u8::from(x != y))),
        Metric::Jaccard => plain_sum(a, b, both),
    };
    finish(metric, rank(metric, sum, norm(metric, a), norm(metric, b)))
}

/// 1 where both are above 0.
fn both(x: f64, y: f64) -> f64 {
    f64::from(u8::from(x > 0.0 && y > 0.0))
}

/// What [`rank`] has to know of a vector alone: its length for cosine, the number of dimensions above 0 for Jaccard; 1 where
/// the metric needs nothing.
pub(crate) fn norm(metric: Metric, v: &[f32]) -> f64 {
    match metric {
        Metric::Cosine => plain_sum(v, v, |x, y| x * y).sqrt(),
        Metric::Jaccard => plain_sum(v, v, both),
        _ => 1.0,
    }
}

/// [`norm`] of a widened vector, to the same bit.
#[inline(always)]
pub(crate) fn wide_norm<S: Simd>(simd: S, metric: Metric, wide: &[f64]) -> f64 {
    match metric {
        Metric::Cosine => sums(simd, Metric::InnerProduct, wide, [wide])[0].sqrt(),
        Metric::Jaccard => sums(simd, Metric::Jaccard, wide, [wide])[0],
        _ => 1.0,
    }
}

fn plain_sum(a: &[f32], b: &[f32], term: impl Fn(f64, f64) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    for (a, b) in a.chunks(LANES).zip(b.chunks(LANES)) {
        for (lane, (x, y)) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += term(f64::from(*x), f64::from(*y));
        }
    }
    fold(&mut lanes)
}

/// Writes a vector in double precision, with zeros up to a whole number of lanes, which change no sum.
pub(crate) fn widen(vector: &[f32], out: &mut Vec<f64>) {
    out.extend(vector.iter().map(|x| f64::from(*x)));
    out.extend(std::iter::repeat_n(0.0, padded(vector.len()) - vector.len()));
}

/// The length of a widened vector.
pub(crate) fn padded(dim: usize) -> usize {
    dim.next_multiple_of(LANES)
}

/// The sum behind the metric for one widened query and several widened rows.
#[inline(always)]
pub(crate) fn sums<S: Simd, const R: usize>(
    simd: S,
    metric: Metric,
    query: &[f64],
    rows: [&[f64]; R],
) -> [f64; R] {
    match metric {
        // Products are exact, so it does not matter whether the processor fuses them with the sum.
        Metric::Cosine | Metric::InnerProduct => {
            run(simd, query, rows, |x, y, sum| simd.mul_add_e_f64s(x, y, sum))
        }
        // Squares of differences are not: they are rounded before they are added.
        Metric::L2 => run(simd, query, rows, |x, y, sum| {
            let difference = simd.sub_f64s(x, y);
            simd.add_f64s(sum, simd.mul_f64s(difference, difference))
        }),
        Metric::L1 => {
            run(simd, query, rows, |x, y, sum| simd.add_f64s(sum, simd.abs_f64s(simd.sub_f64s(x, y))))
        }
        Metric::Hamming => {
            let (zero, one) = (simd.splat_f64s(0.0), simd.splat_f64s(1.0));
            run(simd, query, rows, |x, y, sum| {
                let same = simd.equal_f64s(x, y);
                simd.add_f64s(sum, simd.select_f64s(same, zero, one))
            })
        }
        Metric::Jaccard => {
            let (zero, one) = (simd.splat_f64s(0.0), simd.splat_f64s(1.0));
            run(simd, query, rows, |x, y, sum| {
                let second = simd.select_f64s(simd.less_than_f64s(zero, y), one, zero);
                simd.add_f64s(sum, simd.select_f64s(simd.less_than_f64s(zero, x), second, zero))
            })
        }
    }
}

#[inline(always)]
fn run<S: Simd, const R: usize>(
    simd: S,
    query: &[f64],
    rows: [&[f64]; R],
    add: impl Fn(S::f64s, S::f64s, S::f64s) -> S::f64s,
) -> [f64; R] {
    // Registers that make up the lanes: 2 of AVX-512, 4 of AVX2, 8 of NEON.
    let registers = LANES / S::F64_LANES;
    let query = S::as_simd_f64s(query).0;
    let rows = rows.map(|row| &S::as_simd_f64s(row).0[..query.len()]);
    let mut lanes = [[simd.splat_f64s(0.0); LANES]; R];
    let mut at = 0;
    while at + registers <= query.len() {
        for j in 0..registers {
            for r in 0..R {
                lanes[r][j] = add(query[at + j], rows[r][at + j], lanes[r][j]);
            }
        }
        at += registers;
    }
    lanes.map(|lanes| {
        let mut values = [0.0; LANES];
        values.copy_from_slice(bytemuck::cast_slice(&lanes[..registers]));
        fold(&mut values)
    })
}

#[inline(always)]
pub(crate) fn fold(lanes: &mut [f64; LANES]) -> f64 {
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
    }
    lanes[0]
}

/// A number that orders pairs as their distance does, from the sum and, for cosine, the norms.
#[inline(always)]
pub(crate) fn rank(metric: Metric, sum: f64, norm_a: f64, norm_b: f64) -> f64 {
    match metric {
        Metric::InnerProduct => 1.0 - sum,
        Metric::L2 | Metric::L1 | Metric::Hamming => sum,
        Metric::Jaccard if sum == 0.0 => 1.0,
        Metric::Jaccard => 1.0 - sum / (norm_a + norm_b - sum),
        Metric::Cosine => match (norm_a == 0.0, norm_b == 0.0) {
            (true, true) => 0.0,
            (true, false) | (false, true) => 1.0,
            (false, false) => 1.0 - sum / (norm_a * norm_b),
        },
    }
}

/// The distance behind a number of [`rank`].
pub(crate) fn finish(metric: Metric, rank: f64) -> f64 {
    if metric == Metric::L2 { rank.sqrt() } else { rank }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use pulp::{Arch, WithSimd};

    struct Sums<'a>(Metric, &'a [f64], &'a [f64]);

    impl WithSimd for Sums<'_> {
        type Output = f64;

        fn with_simd<S: Simd>(self, simd: S) -> f64 {
            let [one, two] = sums(simd, self.0, self.1, [self.2, self.2]);
            assert_eq!(one.to_bits(), two.to_bits());
            one
        }
    }

    proptest! {
        #[test]
        fn precise_distances_equal_the_definition(pair in prop::collection::vec((-2.0..2.0_f32, -2.0..2.0_f32), 1..140)) {
            let (a, b): (Vec<f32>, Vec<f32>) = pair.into_iter().unzip();
            for metric in Metric::ALL {
                let (ours, definition) = (distance(metric, &a, &b), metric.distance(&a, &b));
                prop_assert!((ours - definition).abs() <= 1e-12 * (1.0 + definition.abs()), "{metric}: {ours} {definition}");
            }
        }

        #[test]
        fn every_processor_sums_alike(pair in prop::collection::vec((-1e9..1e9_f32, -1e3..1e9_f32), 1..140)) {
            let (a, b): (Vec<f32>, Vec<f32>) = pair.into_iter().unzip();
            let (mut wide_a, mut wide_b) = (vec![], vec![]);
            widen(&a, &mut wide_a);
            widen(&b, &mut wide_b);
            let mut processors = vec![Arch::Scalar, Arch::new()];
            #[cfg(target_arch = "x86_64")]
            processors.extend(pulp::x86::V3::try_new().map(Arch::V3));
            for metric in [Metric::InnerProduct, Metric::L2, Metric::L1, Metric::Hamming] {
                for arch in &processors {
                    let wide = finish(metric, rank(metric, arch.dispatch(Sums(metric, &wide_a, &wide_b)), 1.0, 1.0));
                    prop_assert_eq!(wide.to_bits(), distance(metric, &a, &b).to_bits(), "{} {:?}", metric, arch);
                }
            }
        }
    }
}
