//! The plain way: every pair in double precision. For the metrics that are no products, for a handful of queries, for vectors
//! that single precision cannot take, and for sparse rows.
// As in `precise`: the loops must end up inside the function that carries the processor's features.
#![allow(clippy::inline_always)]

use annvil_core::truth::Truth;
use annvil_core::vector::{RowId, Vectors};
use pulp::{Arch, Simd, WithSimd};

use super::block::{Block, Chosen};
use super::progress::{Progress, Stopped, share};
use super::request::{Request, answer};
use super::{Top, sparse};
use crate::precise;

/// Bytes of rows that are held in double precision at a time: they stay in the second-level cache while all queries
/// are compared with them.
const TILE_BYTES: usize = 256 << 10;

/// Rows that are compared with a query at the same time.
const TOGETHER: usize = 4;

/// A query and its nearest rows so far.
pub(super) struct Asked {
    /// Place among the queries of the pass.
    pub(super) place: usize,
    pub(super) top: Top,
    matches: usize,
}

/// Answers the queries `numbers`.
pub(super) fn run(
    request: &Request<'_>,
    numbers: &[usize],
    progress: &mut Progress<'_>,
    truth: &mut Truth,
) -> Result<(), Stopped> {
    let threads = request.threads.max(1);
    let chosen = Chosen { queries: request.queries, numbers };
    let new = |place| Asked { place, top: Top::new(request.limit(), vec![]), matches: 0 };
    let mut asked: Vec<Asked> = (0..numbers.len()).map(new).collect();
    for span in Block::spans(request, size_of::<f64>() * request.base.dim().min(1 << 12)) {
        let block = Block::new(span.clone(), &request.admission, numbers, threads);
        for asked in &mut asked {
            asked.matches += block.matches(asked.place);
        }
        let scan = |asked: &mut [Asked], from: usize, rows: &[usize]| {
            let part = Part { request, chosen, block: &block, from, rows };
            match request.base {
                Vectors::Sparse(matrix) => sparse::scan(&part, matrix, asked),
                _ => Arch::new().dispatch(Dense { part, asked }),
            }
        };
        if asked.len() >= 2 * threads {
            let share_of_one = asked.len().div_ceil(threads);
            share(threads, asked.chunks_mut(share_of_one).collect(), |asked| scan(asked, 0, &block.rows));
        } else {
            // Few queries: every thread takes a part of the rows, for all of them.
            let height = block.rows.len().div_ceil(threads).max(1);
            let parts = block.rows.chunks(height).enumerate();
            let mut parts: Vec<_> = parts.map(|(i, rows)| (i * height, rows, Vec::new())).collect();
            share(threads, parts.iter_mut().collect(), |(from, rows, found)| {
                *found = (0..numbers.len()).map(new).collect();
                scan(found, *from, rows);
            });
            for found in parts.into_iter().flat_map(|(.., found)| found) {
                for hit in found.top.heap {
                    asked[found.place].top.offer(hit.id, hit.distance);
                }
            }
        }
        request.base.release(span.clone());
        progress.add(span.len() as u64 * numbers.len() as u64)?;
    }
    for (number, asked) in numbers.iter().zip(asked) {
        truth[*number] = answer(&asked.top.into_sorted(), asked.matches);
    }
    Ok(())
}

/// Some rows of a block.
pub(super) struct Part<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) chosen: Chosen<'a>,
    pub(super) block: &'a Block,
    /// Place of the first of the rows in the block.
    pub(super) from: usize,
    pub(super) rows: &'a [usize],
}

struct Dense<'a, 'q> {
    part: Part<'a>,
    asked: &'q mut [Asked],
}

impl WithSimd for Dense<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { part, asked } = self;
        let (base, metric) = (part.request.base, part.request.metric);
        let stride = precise::padded(base.dim());
        let height = (TILE_BYTES / (size_of::<f64>() * stride.max(1))).max(TOGETHER);
        let mut narrow = vec![0.0; base.dim()];
        let (mut wide, mut norms, mut query) = (vec![], vec![], vec![]);
        for (tile, rows) in part.rows.chunks(height).enumerate() {
            wide.clear();
            norms.clear();
            for row in rows {
                base.write_f32(*row, &mut narrow);
                precise::widen(&narrow, &mut wide);
                norms.push(precise::wide_norm(simd, metric, &wide[wide.len() - stride..]));
            }
            let from = part.from + tile * height;
            for asked in &mut *asked {
                query.clear();
                let vector = part.chosen.vector(asked.place);
                precise::widen(vector, &mut query);
                let norm = precise::wide_norm(simd, metric, &query);
                let row = |i: usize| &wide[i * stride..(i + 1) * stride];
                let mut offer = |i: usize, sum: f64| {
                    let rank = precise::rank(metric, sum, norm, norms[i]);
                    asked.top.offer(rows[i] as RowId, precise::finish(metric, rank));
                };
                let mut waiting = [0; TOGETHER];
                let mut count = 0;
                for i in (0..rows.len()).filter(|i| part.block.allows(asked.place, from + i)) {
                    waiting[count] = i;
                    count += 1;
                    if count == TOGETHER {
                        count = 0;
                        let sums = precise::sums(simd, metric, &query, waiting.map(row));
                        waiting.into_iter().zip(sums).for_each(|(i, sum)| offer(i, sum));
                    }
                }
                for i in &waiting[..count] {
                    let [sum] = precise::sums(simd, metric, &query, [row(*i)]);
                    offer(*i, sum);
                }
            }
        }
    }
}
