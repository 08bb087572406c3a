//! The true answers, in double precision.

use std::thread;

use annvil_core::dataset::{Dataset, Queries};
use annvil_core::filter::Filter;
use annvil_core::metric::Metric;
use annvil_core::truth::{ExactAnswer, Truth};
use annvil_core::vector::{RowId, Vectors};
use pulp::{Arch, Simd, WithSimd};

use super::{Hit, Top};
use crate::error::DataError;
use crate::precise;

/// Bytes of rows that are held in double precision at a time: they stay in the second-level cache while all queries
/// are compared with them.
const BLOCK_BYTES: usize = 256 << 10;

/// Rows that are compared with a query at the same time.
const TOGETHER: usize = 4;

/// Whether a row (second) counts for a query (first): filters, and what was in a collection at a certain moment.
pub type Admit<'a> = &'a (dyn Fn(usize, usize) -> bool + Sync);

/// The `k` nearest rows of each query of a data set, among those that the filter selects.
pub fn truth(
    dataset: &dyn Dataset,
    k: usize,
    filter: Option<&Filter>,
    threads: usize,
) -> Result<Truth, DataError> {
    let (base, queries, metric) = (dataset.base(), dataset.queries(), dataset.info().metric);
    let labels = dataset.labels();
    Ok(match filter.map(|filter| filter.compile(labels)).transpose()? {
        None => answers(base, queries, metric, k, None, threads),
        Some(predicate) => {
            answers(base, queries, metric, k, Some(&|_, row| predicate.matches(labels, row)), threads)
        }
    })
}

/// The `k` nearest rows of each query, among those that are admitted, computed from the rows that are given.
///
/// Recall is scored against these, so every distance is summed in double precision, equal to the last bit to
/// [`precise::distance`], and the result is the same on every machine and for every number of threads.
///
/// # Panics
/// If the dimensions of base and queries differ.
pub fn answers(
    base: &Vectors,
    queries: &Queries,
    metric: Metric,
    k: usize,
    admit: Option<Admit<'_>>,
    threads: usize,
) -> Truth {
    assert_eq!(base.dim(), queries.stride(), "base and queries of one dimension");
    let share = queries.rows().div_ceil(threads.max(1)).max(1);
    let mut answers = vec![ExactAnswer::default(); queries.rows()];
    thread::scope(|scope| {
        for (part, answers) in answers.chunks_mut(share).enumerate() {
            let numbers = part * share..part * share + answers.len();
            let limit = k.min(base.rows());
            let queries = numbers.map(|number| Query::new(queries, number, metric, limit)).collect();
            let task = Task { block: Block::new(base, metric), queries, admit, answers };
            scope.spawn(move || Arch::new().dispatch(task));
        }
    });
    answers
}

struct Query {
    number: usize,
    vector: Vec<f64>,
    norm: f64,
    top: Top,
    matches: usize,
}

impl Query {
    fn new(queries: &Queries, number: usize, metric: Metric, k: usize) -> Self {
        let mut vector = vec![];
        precise::widen(queries.row(number), &mut vector);
        let norm = precise::norm(metric, queries.row(number));
        Self { number, vector, norm, top: Top::new(k, vec![]), matches: 0 }
    }
}

/// Consecutive rows of the base in double precision.
struct Block<'a> {
    base: &'a Vectors,
    metric: Metric,
    stride: usize,
    height: usize,
    narrow: Vec<f32>,
    wide: Vec<f64>,
    norms: Vec<f64>,
}

impl<'a> Block<'a> {
    fn new(base: &'a Vectors, metric: Metric) -> Self {
        let stride = precise::padded(base.dim());
        let height = (BLOCK_BYTES / (size_of::<f64>() * stride)).max(TOGETHER);
        Self { base, metric, stride, height, narrow: vec![0.0; base.dim()], wide: vec![], norms: vec![] }
    }

    fn fill(&mut self, start: usize) {
        self.wide.clear();
        self.norms.clear();
        for row in start..self.base.rows().min(start + self.height) {
            self.base.write_f32(row, &mut self.narrow);
            precise::widen(&self.narrow, &mut self.wide);
            self.norms.push(precise::norm(self.metric, &self.narrow));
        }
    }

    fn row(&self, i: usize) -> &[f64] {
        &self.wide[i * self.stride..(i + 1) * self.stride]
    }
}

struct Task<'a> {
    block: Block<'a>,
    queries: Vec<Query>,
    admit: Option<Admit<'a>>,
    answers: &'a mut [ExactAnswer],
}

impl WithSimd for Task<'_> {
    type Output = ();

    #[allow(clippy::inline_always)] // see `precise`
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { mut block, mut queries, admit, answers } = self;
        for start in (0..block.base.rows()).step_by(block.height) {
            block.fill(start);
            for query in &mut queries {
                let mut waiting = [0; TOGETHER];
                let mut count = 0;
                for i in 0..block.norms.len() {
                    if admit.is_some_and(|admit| !admit(query.number, start + i)) {
                        continue;
                    }
                    waiting[count] = i;
                    count += 1;
                    if count == TOGETHER {
                        count = 0;
                        compare(simd, &block, start, query, waiting);
                    }
                }
                for i in &waiting[..count] {
                    compare(simd, &block, start, query, [*i]);
                }
            }
        }
        for (answer, query) in answers.iter_mut().zip(queries) {
            *answer = finished(block.metric, query);
        }
    }
}

#[allow(clippy::inline_always)] // see `precise`
#[inline(always)]
fn compare<S: Simd, const R: usize>(
    simd: S,
    block: &Block<'_>,
    start: usize,
    query: &mut Query,
    rows: [usize; R],
) {
    query.matches += R;
    let sums = precise::sums(simd, block.metric, &query.vector, rows.map(|i| block.row(i)));
    for (i, sum) in rows.into_iter().zip(sums) {
        let rank = precise::rank(block.metric, sum, query.norm, block.norms[i]);
        query.top.offer((start + i) as RowId, rank);
    }
}

fn finished(metric: Metric, query: Query) -> ExactAnswer {
    let mut hits: Vec<Hit> = query.top.into_sorted();
    for hit in &mut hits {
        hit.distance = precise::finish(metric, hit.distance);
    }
    // Different squares may have the same root.
    hits.sort_unstable();
    ExactAnswer {
        ids: hits.iter().map(|hit| hit.id).collect(),
        distances: hits.iter().map(|hit| hit.distance).collect(),
        matches: query.matches,
    }
}
