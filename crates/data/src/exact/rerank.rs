//! The last word on a candidate: its distance in double precision, equal to the last bit to `precise::distance`.
// As in `precise`: the loops must end up inside the function that carries the processor's features.
#![allow(clippy::inline_always)]

use annvil_core::metric::Metric;
use annvil_core::vector::Vectors;
use pulp::{Arch, Simd, WithSimd};

use crate::precise;

/// Computes distances of some queries to rows named one by one.
pub(super) struct Exact<'a> {
    base: &'a Vectors,
    metric: Metric,
    arch: Arch,
    /// The queries, each with zeros up to a whole number of lanes.
    queries: Vec<f64>,
    norms: Vec<f64>,
    narrow: Vec<f32>,
    /// A row, with the same zeros.
    wide: Vec<f64>,
}

impl<'a> Exact<'a> {
    pub(super) fn new(base: &'a Vectors, metric: Metric) -> Self {
        let (narrow, wide) = (vec![0.0; base.dim()], vec![0.0; precise::padded(base.dim())]);
        Self { base, metric, arch: Arch::new(), queries: vec![], norms: vec![], narrow, wide }
    }

    /// Sets the queries.
    pub(super) fn ask<'q>(&mut self, queries: impl Iterator<Item = &'q [f32]>) {
        self.queries.clear();
        self.norms.clear();
        for query in queries {
            precise::widen(query, &mut self.queries);
            self.norms.push(precise::norm(self.metric, query));
        }
    }

    /// Calls `found` with each pair of row and query, and its distance. Pairs of one row that follow each other cost
    /// the row once.
    pub(super) fn each(
        &mut self,
        pairs: impl Iterator<Item = (usize, usize)>,
        found: impl FnMut(usize, usize, f64),
    ) {
        self.arch.dispatch(Each { exact: self, pairs, found });
    }
}

struct Each<'e, 'a, I, F> {
    exact: &'e mut Exact<'a>,
    pairs: I,
    found: F,
}

impl<I: Iterator<Item = (usize, usize)>, F: FnMut(usize, usize, f64)> WithSimd for Each<'_, '_, I, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { exact, pairs, mut found } = self;
        let stride = exact.wide.len();
        let mut here = None;
        for (row, query) in pairs {
            if here.map(|(row, _)| row) != Some(row) {
                let narrow: &[f32] = if let Vectors::F32(matrix) = exact.base {
                    matrix.row(row)
                } else {
                    exact.base.write_f32(row, &mut exact.narrow);
                    &exact.narrow
                };
                exact.wide.iter_mut().zip(narrow).for_each(|(wide, narrow)| *wide = f64::from(*narrow));
                here = Some((row, precise::wide_norm(simd, exact.metric, &exact.wide)));
            }
            let vector = &exact.queries[query * stride..(query + 1) * stride];
            let [sum] = precise::sums(simd, exact.metric, vector, [&exact.wide[..]]);
            let norm = here.map_or(1.0, |(_, norm)| norm);
            let rank = precise::rank(exact.metric, sum, exact.norms[query], norm);
            found(row, query, precise::finish(exact.metric, rank));
        }
    }
}
