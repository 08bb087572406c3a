//! The inner loops of the first pass: a tile of queries against a panel of rows, in integers.
//!
//! Two dimensions are multiplied and added at a time (`pmaddwd`), by AVX-512 or AVX2; elsewhere plain code, which the compiler
//! vectorises, does the same. All sums of a tile stay in registers until they are turned into goodness and compared
//! with the limits of their queries. Few pass.
// Each loop has to be inlined into the function that carries the processor's features; a call would lose them.
#![allow(clippy::inline_always)]

use bytemuck::{Pod, Zeroable};
#[cfg(target_arch = "x86_64")]
use pulp::x86::{V3, V4};
use pulp::{Arch, NullaryFnOnce};

use super::panel::{Step, Terms, WIDTH};

/// Most queries of a tile.
pub(super) const MOST_QUERIES: usize = 9;

/// What the loops need of a processor.
trait Integers: Copy {
    /// Two dimensions of some rows.
    type Pairs: Pod;
    /// Sums of as many rows.
    type Sums: Pod;

    /// Adds the products of two dimensions of one query with those of some rows.
    fn add(self, query: [i16; 2], rows: Self::Pairs, sums: Self::Sums) -> Self::Sums;

    /// The goodness of the rows from `first` on, and one bit for each that is not below the limit.
    fn judge(self, sums: Self::Sums, terms: &Terms, first: usize, asked: Limit, out: &mut [f32]) -> u32;
}

/// What rows are held against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    /// One over the scale of the query.
    pub(super) inverse: f32,
    /// A row below this goodness is of no use.
    pub(super) limit: f32,
}

impl Limit {
    /// No query: nothing passes.
    pub(super) const NONE: Self = Self { inverse: 0.0, limit: f32::INFINITY };
}

#[cfg(target_arch = "x86_64")]
impl Integers for V4 {
    type Pairs = pulp::i16x32;
    type Sums = pulp::i32x16;

    #[inline(always)]
    fn add(self, [x, y]: [i16; 2], rows: Self::Pairs, sums: Self::Sums) -> Self::Sums {
        let query = pulp::cast(self.splat_i32x16(pair(x, y)));
        self.wrapping_add_i32x16(sums, self.multiply_wrapping_add_adjacent_i16x32(query, rows))
    }

    #[inline(always)]
    fn judge(self, sums: Self::Sums, terms: &Terms, first: usize, asked: Limit, out: &mut [f32]) -> u32 {
        let term = |terms: &[f32; WIDTH]| bytemuck::cast_slice::<f32, pulp::f32x16>(terms)[first / 16];
        let inverse = self.splat_f32x16(asked.inverse);
        let rest = self.mul_add_f32x16(term(&terms.square), inverse, term(&terms.margin));
        let goodness = self.mul_add_f32x16(self.convert_i32x16_to_f32x16(sums), term(&terms.factor), rest);
        let passed = self.cmp_ge_f32x16(goodness, self.splat_f32x16(asked.limit)).0;
        if passed != 0 {
            out[..16].copy_from_slice(bytemuck::cast_slice(&[goodness]));
        }
        u32::from(passed)
    }
}

#[cfg(target_arch = "x86_64")]
impl Integers for V3 {
    type Pairs = pulp::i16x16;
    type Sums = pulp::i32x8;

    #[inline(always)]
    fn add(self, [x, y]: [i16; 2], rows: Self::Pairs, sums: Self::Sums) -> Self::Sums {
        let query = pulp::cast(self.splat_i32x8(pair(x, y)));
        self.wrapping_add_i32x8(sums, self.multiply_wrapping_add_adjacent_i16x16(query, rows))
    }

    #[inline(always)]
    fn judge(self, sums: Self::Sums, terms: &Terms, first: usize, asked: Limit, out: &mut [f32]) -> u32 {
        let term = |terms: &[f32; WIDTH]| bytemuck::cast_slice::<f32, pulp::f32x8>(terms)[first / 8];
        let inverse = self.splat_f32x8(asked.inverse);
        let rest = self.mul_add_f32x8(term(&terms.square), inverse, term(&terms.margin));
        let goodness = self.mul_add_f32x8(self.convert_i32x8_to_f32x8(sums), term(&terms.factor), rest);
        let passed = pulp::cast(self.cmp_ge_f32x8(goodness, self.splat_f32x8(asked.limit)));
        let passed = self.avx._mm256_movemask_ps(passed).cast_unsigned();
        if passed != 0 {
            out[..8].copy_from_slice(bytemuck::cast_slice(&[goodness]));
        }
        passed
    }
}

/// Processors without a loop of their own.
#[derive(Clone, Copy)]
struct Plain;

/// Rows that the plain code takes at a time.
const LANES: usize = 8;

impl Integers for Plain {
    type Pairs = [[i16; 2]; LANES];
    type Sums = [i32; LANES];

    #[inline(always)]
    fn add(self, [x, y]: [i16; 2], rows: Self::Pairs, mut sums: Self::Sums) -> Self::Sums {
        let (x, y) = (i32::from(x), i32::from(y));
        for (sum, [a, b]) in sums.iter_mut().zip(rows) {
            *sum += x * i32::from(a) + y * i32::from(b);
        }
        sums
    }

    #[inline(always)]
    fn judge(self, sums: Self::Sums, terms: &Terms, first: usize, asked: Limit, out: &mut [f32]) -> u32 {
        let mut passed = 0;
        for (lane, sum) in sums.into_iter().enumerate() {
            let row = first + lane;
            let rest = terms.margin[row] + terms.square[row] * asked.inverse;
            let goodness = sum as f32 * terms.factor[row] + rest;
            out[lane] = goodness;
            passed |= u32::from(goodness >= asked.limit) << lane;
        }
        passed
    }
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn pair(x: i16, y: i16) -> i32 {
    i32::from(x.cast_unsigned()) | i32::from(y) << 16
}

/// Queries of a tile on this processor.
pub(super) fn height(arch: Arch) -> usize {
    match arch {
        #[cfg(target_arch = "x86_64")]
        Arch::V4(_) => MOST_QUERIES,
        _ => 4,
    }
}

/// Takes what passes: the query's place in the tile, the row's in the panel, and the goodness.
pub(super) trait Passed {
    /// Returns the query's limit from now on.
    fn take(&mut self, query: usize, row: usize, goodness: f32) -> f32;
}

/// One tile of queries against one panel of rows.
pub(super) struct Tile<'a, P> {
    /// For each step two dimensions of [`height`] queries.
    pub(super) queries: &'a [[i16; 2]],
    pub(super) panel: &'a [Step],
    pub(super) terms: &'a Terms,
    pub(super) limits: &'a mut [Limit; MOST_QUERIES],
    pub(super) passed: &'a mut P,
}

impl<P: Passed> Tile<'_, P> {
    /// Compares all with all.
    pub(super) fn run(self, arch: Arch) {
        match arch {
            #[cfg(target_arch = "x86_64")]
            Arch::V4(simd) => pulp::Simd::vectorize(simd, On::<V4, P, 9, 3>(simd, self)),
            #[cfg(target_arch = "x86_64")]
            Arch::V3(simd) => pulp::Simd::vectorize(simd, On::<V3, P, 4, 3>(simd, self)),
            arch => arch.dispatch(On::<Plain, P, 4, 1>(Plain, self)),
        }
    }
}

/// A tile of `Q` queries by `V` registers of rows.
struct On<'a, A, P, const Q: usize, const V: usize>(A, Tile<'a, P>);

impl<A: Integers, P: Passed, const Q: usize, const V: usize> NullaryFnOnce for On<'_, A, P, Q, V> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self(arch, Tile { queries, panel, terms, limits, passed }) = self;
        let queries = queries.as_chunks::<Q>().0;
        let lanes = size_of::<A::Sums>() / size_of::<i32>();
        for part in 0..WIDTH / (V * lanes) {
            let sums = sums::<A, Q, V>(arch, queries, panel, part);
            for q in 0..Q {
                for (v, sums) in sums[q].into_iter().enumerate() {
                    let mut goodness = [0.0; 16];
                    let first = (part * V + v) * lanes;
                    let mut bits = arch.judge(sums, terms, first, limits[q], &mut goodness);
                    while bits != 0 {
                        let lane = bits.trailing_zeros() as usize;
                        bits &= bits - 1;
                        if goodness[lane % 16] >= limits[q].limit {
                            limits[q].limit = passed.take(q, first + lane, goodness[lane % 16]);
                        }
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn sums<A: Integers, const Q: usize, const V: usize>(
    arch: A,
    queries: &[[[i16; 2]; Q]],
    panel: &[Step],
    part: usize,
) -> [[A::Sums; V]; Q] {
    let mut sums = [[A::Sums::zeroed(); V]; Q];
    for (query, step) in queries.iter().zip(panel) {
        let pairs: &[A::Pairs] = bytemuck::cast_slice(&step.0);
        let pairs = &pairs[part * V..(part + 1) * V];
        for q in 0..Q {
            for v in 0..V {
                sums[q][v] = arch.add(query[q], pairs[v], sums[q][v]);
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Keeps what passes.
    struct Keep(Vec<(usize, usize, f32)>);

    impl Passed for Keep {
        fn take(&mut self, query: usize, row: usize, goodness: f32) -> f32 {
            self.0.push((query, row, goodness));
            f32::MIN
        }
    }

    proptest! {
        #[test]
        fn every_processor_finds_the_same(steps in 0..9_usize, seed in any::<u32>()) {
            let value = |i: usize| (seed.wrapping_mul(2 * i as u32 + 1) >> 19) as i16 - 4096;
            let panel: Vec<Step> =
                (0..steps).map(|s| Step(std::array::from_fn(|r| [value(96 * s + 2 * r), value(96 * s + 2 * r + 1)]))).collect();
            let terms = Terms { factor: [1.0; WIDTH], margin: [0.0; WIDTH], square: [0.0; WIDTH] };
            let mut processors = vec![Arch::Scalar, Arch::new()];
            #[cfg(target_arch = "x86_64")]
            processors.extend(V3::try_new().map(Arch::V3));
            for arch in processors {
                let height = height(arch);
                let query = |q: usize, s: usize| [value(7 * q + s), value(q + 3 * s)];
                let queries: Vec<[i16; 2]> = (0..steps * height).map(|i| query(i % height, i / height)).collect();
                let mut limits = [Limit { inverse: 1.0, limit: f32::MIN }; MOST_QUERIES];
                let mut kept = Keep(vec![]);
                Tile { queries: &queries, panel: &panel, terms: &terms, limits: &mut limits, passed: &mut kept }.run(arch);
                kept.0.sort_by_key(|(query, row, _)| (*query, *row));
                let mut expected = vec![];
                for q in 0..height {
                    for row in 0..WIDTH {
                        let products = (0..steps).map(|s| {
                            let ([a, b], [x, y]) = (panel[s].0[row], query(q, s));
                            i32::from(a) * i32::from(x) + i32::from(b) * i32::from(y)
                        });
                        expected.push((q, row, products.sum::<i32>() as f32));
                    }
                }
                prop_assert_eq!(&kept.0, &expected, "{:?}", arch);
            }
        }
    }
}
