//! The distance of two vectors, fast: for the distance operation of engines and for re-ranking candidates.

use annvil_core::metric::Metric;
use pulp::{Arch, Simd, WithSimd};

use crate::kernel::{AbsoluteDifference, BothPositive, Product, SquaredDifference, Unequal, sums};

/// Distances of one metric in single precision, by the widest instructions that the processor has.
///
/// ```
/// use annvil_core::metric::Metric;
/// use annvil_data::distance::Kernel;
///
/// assert_eq!(Kernel::new(Metric::L2).distance(&[0.0, 3.0], &[4.0, 0.0]), 5.0);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Kernel {
    metric: Metric,
    arch: Arch,
}

impl Kernel {
    /// Looks at the processor once.
    pub fn new(metric: Metric) -> Self {
        Self { metric, arch: Arch::new() }
    }

    /// The distance as [`Metric::distance`] defines it, to about seven digits of the sums behind it.
    ///
    /// # Panics
    /// If `b` is shorter than `a`.
    pub fn distance(&self, a: &[f32], b: &[f32]) -> f32 {
        self.arch.dispatch(Pair { metric: self.metric, a, b })
    }

    /// The instructions in use, for the run record: `avx512`, `avx2`, `neon` or `scalar`.
    pub fn instructions(&self) -> &'static str {
        instructions(self.arch)
    }
}

/// The distance of one pair. Many pairs go faster through a [`Kernel`] that is kept.
pub fn distance(metric: Metric, a: &[f32], b: &[f32]) -> f32 {
    Kernel::new(metric).distance(a, b)
}

pub(crate) fn instructions(arch: Arch) -> &'static str {
    match arch {
        Arch::Scalar => "scalar",
        #[cfg(target_arch = "x86_64")]
        Arch::V3(_) => "avx2",
        #[cfg(target_arch = "x86_64")]
        Arch::V4(_) => "avx512",
        #[cfg(target_arch = "aarch64")]
        Arch::Neon(_) => "neon",
        #[allow(unreachable_patterns)] // other instructions exist on other processors
        _ => "simd",
    }
}

/// Jaccard distance from the sizes of two sets and of what they share.
pub(crate) fn jaccard(both: f32, first: f32, second: f32) -> f32 {
    if both == 0.0 { 1.0 } else { 1.0 - both / (first + second - both) }
}

struct Pair<'a> {
    metric: Metric,
    a: &'a [f32],
    b: &'a [f32],
}

impl WithSimd for Pair<'_> {
    type Output = f32;

    #[allow(clippy::inline_always)] // see `kernel`
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let Self { metric, a, b } = self;
        match metric {
            Metric::InnerProduct => 1.0 - sums::<Product, S, 1>(simd, a, [b])[0],
            Metric::L2 => sums::<SquaredDifference, S, 1>(simd, a, [b])[0].sqrt(),
            Metric::L1 => sums::<AbsoluteDifference, S, 1>(simd, a, [b])[0],
            Metric::Hamming => sums::<Unequal, S, 1>(simd, a, [b])[0],
            Metric::Jaccard => {
                let [both, first] = sums::<BothPositive, S, 2>(simd, a, [b, a]);
                let [second] = sums::<BothPositive, S, 1>(simd, &b[..a.len()], [b]);
                jaccard(both, first, second)
            }
            Metric::Cosine => {
                let [ab, aa] = sums::<Product, S, 2>(simd, a, [b, a]);
                let [bb] = sums::<Product, S, 1>(simd, &b[..a.len()], [b]);
                match (aa == 0.0, bb == 0.0) {
                    (true, true) => 0.0,
                    (true, false) | (false, true) => 1.0,
                    (false, false) => 1.0 - ab / (aa.sqrt() * bb.sqrt()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn fast_distances_equal_the_definition(pair in prop::collection::vec((-2.0..2.0_f32, -2.0..2.0_f32), 1..140)) {
            let (a, b): (Vec<f32>, Vec<f32>) = pair.into_iter().unzip();
            for metric in Metric::ALL {
                let (fast, exact) = (f64::from(distance(metric, &a, &b)), metric.distance(&a, &b));
                // Sums of up to 140 terms of at most 16; the root of a tiny square is only good to the root of that error.
                let scale = if metric == Metric::Cosine { 1.0 } else { a.len() as f64 * 16.0 };
                let allowed = if metric == Metric::L2 { 1e-6 * exact + 1e-12 } else { 2e-6 * scale };
                prop_assert!((fast - exact).abs() <= allowed, "{metric}: {fast} {exact}");
                // Every implementation that this processor can run, not only the widest.
                let scalar = f64::from(Arch::Scalar.dispatch(Pair { metric, a: &a, b: &b }));
                prop_assert!((scalar - exact).abs() <= allowed, "{metric} scalar: {scalar} {exact}");
                #[cfg(target_arch = "x86_64")]
                if let Some(v3) = pulp::x86::V3::try_new() {
                    let avx2 = f64::from(Arch::V3(v3).dispatch(Pair { metric, a: &a, b: &b }));
                    prop_assert!((avx2 - exact).abs() <= allowed, "{metric} avx2: {avx2} {exact}");
                }
            }
        }
    }

    #[test]
    fn zero_vectors_follow_the_definition() {
        let (zero, one) = ([0.0; 20], [1.0; 20]);
        assert_eq!(distance(Metric::Cosine, &zero, &zero), 0.0);
        assert_eq!(distance(Metric::Cosine, &zero, &one), 1.0);
        assert_eq!(distance(Metric::Cosine, &one, &zero), 1.0);
    }
}
