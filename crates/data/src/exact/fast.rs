//! The fast way: all rows in reduced precision, the candidates that are left in double precision.

use annvil_core::metric::Metric;
use annvil_core::truth::Truth;
use annvil_core::vector::Vectors;
use pulp::Arch;

use super::block::{Block, Chosen};
use super::bound::{Asked, MOST_DIMENSIONS, Pass, ROUNDING};
use super::candidates::{self, Candidate, Candidates};
use super::first_pass::{Limit, MOST_QUERIES, Passed, Tile, height};
use super::panel::{Pack, Step, Terms, WIDTH, pack_query, steps};
use super::progress::{Progress, Stopped, share};
use super::quantise::quantise;
use super::request::{Request, answer};
use super::rerank::Exact;
use crate::precise;

/// Bytes of packed queries that a thread works on at a time.
const CHUNK_BYTES: usize = 128 << 10;

/// Bytes of queries in double precision whose candidates are computed together.
const FINISH_BYTES: usize = 8 << 20;

/// Whether a query can go this way.
pub(super) fn takes(request: &Request<'_>, number: usize) -> bool {
    let product = matches!(request.metric, Metric::Cosine | Metric::InnerProduct | Metric::L2);
    let dense = !matches!(request.base, Vectors::Sparse(_));
    let vector = request.queries.row(number);
    product
        && dense
        && vector.len() <= MOST_DIMENSIONS
        && quantise(request.metric, false, vector, &mut vec![0; vector.len()]).is_some()
}

/// Bytes that are remembered about a query.
pub(super) fn query_bytes(k: usize) -> usize {
    candidates::bytes(k)
}

/// Up to [`MOST_QUERIES`] queries that go together.
struct Group {
    /// Place of the first among those of the pass.
    first: usize,
    packed: Vec<[i16; 2]>,
    limits: [Limit; MOST_QUERIES],
    candidates: Vec<Candidates>,
}

/// Packed rows of a block.
struct Panels {
    steps: Vec<Step>,
    terms: Vec<Terms>,
    /// Rows that do not take part, by their place in the block.
    odd: Vec<usize>,
}

/// Answers the queries `numbers`, each of which can go this way.
pub(super) fn run(
    request: &Request<'_>,
    numbers: &[usize],
    progress: &mut Progress<'_>,
    truth: &mut Truth,
) -> Result<(), Stopped> {
    let arch = Arch::new();
    let chosen = Chosen { queries: request.queries, numbers };
    let (mut groups, pass) = groups(request, chosen, height(arch));
    let steps = steps(request.base.dim());
    let together = (CHUNK_BYTES / (4 * steps * height(arch)).max(1)).max(1);
    let together = together.min(groups.len().div_ceil(request.threads.max(1))).max(1);
    let mut panels = Panels { steps: vec![], terms: vec![], odd: vec![] };
    for span in Block::spans(request, size_of::<i16>() * 2 * steps) {
        let block = Block::new(span.clone(), &request.admission, numbers, request.threads);
        panels.fill(request, &pass, &block.rows);
        let scan = Scan { request, chosen, block: &block, panels: &panels, arch };
        share(request.threads, groups.chunks_mut(together).collect(), |groups| scan.run(groups));
        request.base.release(span.clone());
        progress.add(span.len() as u64 * numbers.len() as u64)?;
    }
    let mut answers: Vec<Vec<_>> = vec![];
    let most =
        (FINISH_BYTES / (size_of::<f64>() * precise::padded(request.base.dim()) * height(arch))).max(1);
    let together = most.min(groups.len().div_ceil(request.threads.max(1))).max(1);
    answers.resize_with(groups.len().div_ceil(together), Vec::new);
    let tasks = groups.chunks_mut(together).zip(&mut answers).collect();
    share(request.threads, tasks, |(groups, answers)| {
        let mut exact = Exact::new(request.base, request.metric);
        let first = groups.first().map_or(0, |group| group.first);
        let all: Vec<_> = groups.iter_mut().flat_map(|group| std::mem::take(&mut group.candidates)).collect();
        let queries = (first..first + all.len()).map(|query| chosen.vector(query));
        *answers = candidates::finish(all, request.metric, &mut exact, queries);
    });
    for (number, (hits, matches)) in numbers.iter().zip(answers.into_iter().flatten()) {
        truth[*number] = answer(&hits, matches);
    }
    Ok(())
}

fn groups(request: &Request<'_>, chosen: Chosen<'_>, height: usize) -> (Vec<Group>, Pass) {
    let count = chosen.numbers.len();
    let mut pass = Pass::default();
    let groups = (0..count).step_by(height).map(|first| {
        let mut packed = vec![[0; 2]; steps(request.base.dim()) * height];
        let mut limits = [Limit::NONE; MOST_QUERIES];
        let mut candidates = vec![];
        for query in first..count.min(first + height) {
            let column = query - first;
            let vector = chosen.vector(query);
            let Some(quantised) = pack_query(request.metric, vector, &mut packed, height, column) else {
                continue; // only queries that can be packed are chosen
            };
            let asked = Asked { scale: quantised.row.scale, norm: quantised.row.norm };
            let this = Candidates::new(asked, request.limit());
            limits[column] = Limit { inverse: (1.0 / asked.scale) as f32, limit: this.limit };
            candidates.push(this);
            pass.norm = pass.norm.max(quantised.integers);
            if quantised.row.residual > 0.0 {
                pass.residual = ROUNDING * (vector.len() as f64).sqrt();
            }
        }
        Group { first, packed, limits, candidates }
    });
    (groups.collect(), pass)
}

impl Panels {
    fn fill(&mut self, request: &Request<'_>, pass: &Pass, rows: &[usize]) {
        let steps = steps(request.base.dim()).max(1);
        let count = rows.len().div_ceil(WIDTH);
        self.steps.resize(count * steps, Step([[0; 2]; WIDTH]));
        self.terms.resize(count, Terms::NONE);
        let mut odd = vec![vec![]; count];
        let panels = rows.chunks(WIDTH).zip(self.steps.chunks_exact_mut(steps)).zip(&mut self.terms);
        let tasks = panels.zip(&mut odd).collect();
        share(request.threads, tasks, |(((rows, steps), terms), odd)| {
            let (base, metric) = (request.base, request.metric);
            *odd = Pack { base, rows, metric, pass, steps, terms, odd: vec![] }.run();
        });
        self.odd.clear();
        for (panel, odd) in odd.iter().enumerate() {
            self.odd.extend(odd.iter().map(|lane| panel * WIDTH + lane));
        }
    }
}

/// Some groups against a block.
struct Scan<'a> {
    request: &'a Request<'a>,
    chosen: Chosen<'a>,
    block: &'a Block,
    panels: &'a Panels,
    arch: Arch,
}

impl Scan<'_> {
    fn run(&self, groups: &mut [Group]) {
        let mut exact = Exact::new(self.request.base, self.request.metric);
        let steps = steps(self.request.base.dim()).max(1);
        let panels = self.panels.steps.chunks_exact(steps).zip(&self.panels.terms);
        for (number, (panel, terms)) in panels.enumerate() {
            for group in &mut *groups {
                let Group { first, packed, limits, candidates } = group;
                let mut passed =
                    Taker { scan: self, exact: &mut exact, first: *first, candidates, terms, panel: number };
                Tile { queries: packed, panel, terms, limits, passed: &mut passed }.run(self.arch);
            }
        }
        let metric = self.request.metric;
        for group in groups {
            for (column, candidates) in group.candidates.iter_mut().enumerate() {
                let query = group.first + column;
                candidates.matches += self.block.matches(query);
                for i in self.panels.odd.iter().filter(|i| self.block.allows(query, **i)) {
                    let unknown =
                        Candidate { row: self.block.rows[*i], low: f32::NEG_INFINITY, high: f32::INFINITY };
                    candidates.push(unknown, metric, &mut exact, self.chosen.vector(query));
                }
                group.limits[column].limit = candidates.limit;
            }
        }
    }
}

/// Takes the candidates of a tile.
struct Taker<'a, 'e, 'b> {
    scan: &'a Scan<'a>,
    exact: &'a mut Exact<'e>,
    first: usize,
    candidates: &'b mut [Candidates],
    terms: &'a Terms,
    panel: usize,
}

impl Passed for Taker<'_, '_, '_> {
    #[cold]
    fn take(&mut self, query: usize, lane: usize, goodness: f32) -> f32 {
        let Scan { request, chosen, block, .. } = self.scan;
        let (candidates, place) = (&mut self.candidates[query], self.panel * WIDTH + lane);
        let query = self.first + query;
        if block.allows(query, place) {
            let inverse = (1.0 / candidates.asked.scale) as f32;
            let low = self.terms.coefficients(lane).low(goodness, inverse);
            let candidate = Candidate { row: block.rows[place], low, high: goodness };
            candidates.push(candidate, request.metric, self.exact, chosen.vector(query));
        }
        candidates.limit
    }
}
