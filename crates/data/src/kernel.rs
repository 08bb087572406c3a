//! The inner loops in single precision: one query against several rows at once.
//!
//! Written against `pulp`, which compiles them for AVX-512, AVX2, NEON and plain code and picks one at run time.
//! Products are fused with sums where the processor can, so the last bits differ between processors; whatever must not
//! is computed by [`crate::precise`].
// Each loop has to be inlined into the function that carries the processor's features; a call would lose them.
#![allow(clippy::inline_always)]

use pulp::Simd;

/// What is summed over the dimensions of two vectors.
pub(crate) trait Term: Copy {
    fn add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, sum: S::f32s) -> S::f32s;
}

/// `a · b`
#[derive(Clone, Copy)]
pub(crate) struct Product;

impl Term for Product {
    #[inline(always)]
    fn add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, sum: S::f32s) -> S::f32s {
        simd.mul_add_e_f32s(a, b, sum)
    }
}

/// `(a − b)²`
#[derive(Clone, Copy)]
pub(crate) struct SquaredDifference;

impl Term for SquaredDifference {
    #[inline(always)]
    fn add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, sum: S::f32s) -> S::f32s {
        let difference = simd.sub_f32s(a, b);
        simd.mul_add_e_f32s(difference, difference, sum)
    }
}

/// `|a − b|`
#[derive(Clone, Copy)]
pub(crate) struct AbsoluteDifference;

impl Term for AbsoluteDifference {
    #[inline(always)]
    fn add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, sum: S::f32s) -> S::f32s {
        simd.add_f32s(sum, simd.abs_f32s(simd.sub_f32s(a, b)))
    }
}

/// 1 where `a` and `b` differ; exact up to 2²⁴ dimensions a lane.
#[derive(Clone, Copy)]
pub(crate) struct Unequal;

impl Term for Unequal {
    #[inline(always)]
    fn add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, sum: S::f32s) -> S::f32s {
        let one = simd.select_f32s(simd.equal_f32s(a, b), simd.splat_f32s(0.0), simd.splat_f32s(1.0));
        simd.add_f32s(sum, one)
    }
}

/// 1 where `a` and `b` are both above 0; exact up to 2²⁴ dimensions a lane.
#[derive(Clone, Copy)]
pub(crate) struct BothPositive;

impl Term for BothPositive {
    #[inline(always)]
    fn add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, sum: S::f32s) -> S::f32s {
        let (zero, one) = (simd.splat_f32s(0.0), simd.splat_f32s(1.0));
        let second = simd.select_f32s(simd.less_than_f32s(zero, b), one, zero);
        simd.add_f32s(sum, simd.select_f32s(simd.less_than_f32s(zero, a), second, zero))
    }
}

/// The sum of the term over `query` and each of `rows`, which have its length.
///
/// Two sums a row are under way at any time, so that an addition need not wait for the one before.
#[inline(always)]
pub(crate) fn sums<T: Term, S: Simd, const R: usize>(simd: S, query: &[f32], rows: [&[f32]; R]) -> [f32; R] {
    let (query_head, query_tail) = S::as_simd_f32s(query);
    let lanes = query_head.len();
    // Equal lengths, stated where the compiler sees them, take the bounds checks out of the loop.
    let cut = rows.map(|row| S::as_simd_f32s(&row[..query.len()]));
    let heads = cut.map(|(head, _)| &head[..lanes]);
    let mut even = [simd.splat_f32s(0.0); R];
    let mut odd = even;
    let mut i = 0;
    while i + 1 < lanes {
        for r in 0..R {
            even[r] = T::add(simd, query_head[i], heads[r][i], even[r]);
            odd[r] = T::add(simd, query_head[i + 1], heads[r][i + 1], odd[r]);
        }
        i += 2;
    }
    if i < lanes {
        for r in 0..R {
            even[r] = T::add(simd, query_head[i], heads[r][i], even[r]);
        }
    }
    if !query_tail.is_empty() {
        let last = simd.partial_load_f32s(query_tail);
        for r in 0..R {
            odd[r] = T::add(simd, last, simd.partial_load_f32s(cut[r].1), odd[r]);
        }
    }
    std::array::from_fn(|r| simd.reduce_sum_f32s(simd.add_f32s(even[r], odd[r])))
}
