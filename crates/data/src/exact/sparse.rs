//! Sparse rows against dense queries, in time that goes with the values that are stored.
//!
//! For inner product and cosine, zeros add nothing: the stored values, added in the pattern of [`crate::precise`], give its sums to the last
//! bit. Hamming distances are whole numbers, so they may be counted in any order. For L1 and L2 the sum of the query's own
//! terms is corrected where a value is stored, which is right but for the rounding: a row that could still enter by that is
//! computed as the definition says.

use annvil_core::metric::Metric;
use annvil_core::vector::{RowId, SparseRows};

use super::plain::{Asked, Part};
use super::rerank::Exact;
use crate::precise::{self, LANES};

/// Compares some rows with some queries.
pub(super) fn scan(part: &Part<'_>, matrix: &SparseRows, asked: &mut [Asked]) {
    let metric = part.request.metric;
    let mut exact = Exact::new(part.request.base, metric);
    for asked in asked {
        let query = part.chosen.vector(asked.place);
        exact.ask([query].into_iter());
        let known = Known::new(metric, query);
        for (i, row) in part.rows.iter().enumerate() {
            if !part.block.allows(asked.place, part.from + i) {
                continue;
            }
            match known.distance(metric, query, matrix.row(*row)) {
                Distance::Exact(distance) => asked.top.offer(*row as RowId, distance),
                Distance::AtLeast(least) if least > asked.top.bound => {}
                Distance::AtLeast(_) => {
                    exact.each([(*row, 0)].into_iter(), |row, _, distance| {
                        asked.top.offer(row as RowId, distance);
                    });
                }
            }
        }
    }
}

enum Distance {
    Exact(f64),
    AtLeast(f64),
}

/// What is known of a query alone.
struct Known {
    finite: bool,
    norm: f64,
    /// The distance of the query from zero, before the root.
    own: f64,
}

impl Known {
    fn new(metric: Metric, query: &[f32]) -> Self {
        let values = query.iter().map(|x| f64::from(*x));
        let own = match metric {
            Metric::Cosine | Metric::InnerProduct | Metric::Jaccard => 0.0,
            Metric::L2 => values.map(|x| x * x).sum(),
            Metric::L1 => values.map(f64::abs).sum(),
            Metric::Hamming => values.filter(|x| *x != 0.0).count() as f64,
        };
        Self { finite: query.iter().all(|x| x.is_finite()), norm: precise::norm(metric, query), own }
    }

    fn distance(&self, metric: Metric, query: &[f32], (indices, values): (&[u32], &[f32])) -> Distance {
        // What is infinite or no number does not vanish beside a zero.
        if !self.finite || !values.iter().all(|x| x.is_finite()) {
            return Distance::AtLeast(f64::NEG_INFINITY);
        }
        let pairs = indices.iter().zip(values).map(|(at, y)| (f64::from(query[*at as usize]), f64::from(*y)));
        match metric {
            Metric::Cosine | Metric::InnerProduct => {
                let (mut products, mut squares) = ([0.0; LANES], [0.0; LANES]);
                for (at, (x, y)) in indices.iter().zip(pairs) {
                    products[*at as usize % LANES] += x * y;
                    squares[*at as usize % LANES] += y * y;
                }
                let norm = if metric == Metric::Cosine { precise::fold(&mut squares).sqrt() } else { 1.0 };
                Distance::Exact(precise::rank(metric, precise::fold(&mut products), self.norm, norm))
            }
            Metric::Jaccard => {
                let (mut both, mut row) = (0.0, 0.0);
                for (x, _) in pairs.filter(|(_, y)| *y > 0.0) {
                    row += 1.0;
                    both += f64::from(u8::from(x > 0.0));
                }
                Distance::Exact(precise::rank(metric, both, self.norm, row))
            }
            Metric::Hamming => {
                let change: i64 = pairs.map(|(x, y)| i64::from(x != y) - i64::from(x != 0.0)).sum();
                Distance::Exact(self.own + change as f64)
            }
            Metric::L2 | Metric::L1 => {
                let term = |x: f64| if metric == Metric::L2 { x * x } else { x.abs() };
                let (mut change, mut size) = (0.0, self.own);
                for (x, y) in pairs {
                    change += term(x - y) - term(x);
                    size += term(x - y) + term(x);
                }
                // Every addition errs by at most 2⁻⁵³ of what has been added, in either sum.
                let roundings = (query.len() + 4 * indices.len() + 16) as f64;
                let least = self.own + change - roundings * f64::EPSILON * size;
                Distance::AtLeast(precise::finish(metric, least.max(0.0)) * (1.0 - 4.0 * f64::EPSILON))
            }
        }
    }
}
