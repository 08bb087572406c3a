//! The rows that may still belong to the nearest of one query.
//!
//! Every candidate has an interval that holds its *goodness* (see [`super::bound`]; larger is nearer). The `k`-th largest lower
//! end is a limit: a row whose upper end lies below it has `k` rows in front of it and is gone. The memory is bounded: when the
//! room is full the limit is drawn again, and if that leaves too many, all that are there are computed in double
//! precision, and the `k` best of them give a limit that is as sharp as can be.

use annvil_core::metric::Metric;
use annvil_core::vector::RowId;

use super::bound::{self, Asked};
use super::rerank::Exact;
use super::{Hit, Top};

/// A row and what is known of its goodness.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) row: usize,
    pub(super) low: f32,
    pub(super) high: f32,
}

/// The candidates of one query.
pub(super) struct Candidates {
    pub(super) asked: Asked,
    /// A row below this goodness is not among the nearest.
    pub(super) limit: f32,
    pub(super) matches: usize,
    waiting: Vec<Candidate>,
    lows: Vec<f32>,
    top: Top,
    k: usize,
}

/// Room for candidates when `k` are wanted.
fn room(k: usize) -> usize {
    2 * k + 64
}

/// Bytes that a query takes.
pub(super) fn bytes(k: usize) -> usize {
    room(k) * (size_of::<Candidate>() + size_of::<f32>()) + size_of::<Candidates>() + 16 * k
}

impl Candidates {
    /// Wants the `k` nearest, at least 1.
    pub(super) fn new(asked: Asked, k: usize) -> Self {
        let limit = if k == 0 { f32::INFINITY } else { f32::MIN };
        let top = Top::new(k, vec![]);
        Self { asked, limit, matches: 0, waiting: vec![], lows: vec![], top, k }
    }

    /// Takes a candidate whose upper end is not below the limit.
    pub(super) fn push(
        &mut self,
        candidate: Candidate,
        metric: Metric,
        exact: &mut Exact<'_>,
        query: &[f32],
    ) {
        self.waiting.push(candidate);
        if self.waiting.len() >= room(self.k) {
            if self.top.heap.is_empty() {
                self.tighten(metric);
            }
            if self.waiting.len() > self.k + room(self.k) / 4 {
                self.resolve(metric, exact, query);
            }
        }
    }

    /// Draws the limit from the lower ends of all candidates.
    fn tighten(&mut self, metric: Metric) {
        self.lows.clear();
        self.lows.extend(self.waiting.iter().map(|candidate| candidate.low));
        if self.k == 0 || self.lows.len() < self.k {
            return;
        }
        let (_, kth, _) = self.lows.select_nth_unstable_by(self.k - 1, |a, b| b.total_cmp(a));
        self.limit = self.limit.max(bound::below(metric, *kth, &self.asked));
        let limit = self.limit;
        self.waiting.retain(|candidate| candidate.high >= limit);
    }

    /// Computes the distances of all candidates.
    fn resolve(&mut self, metric: Metric, exact: &mut Exact<'_>, query: &[f32]) {
        let top = &mut self.top;
        exact.ask([query].into_iter());
        exact.each(self.waiting.drain(..).map(|candidate| (candidate.row, 0)), |row, _, distance| {
            top.offer(row as RowId, distance);
        });
        if top.heap.len() == self.k {
            self.limit = self.limit.max(bound::goodness(metric, top.bound, &self.asked));
        }
    }
}

/// The nearest of some queries, nearest first, and how many rows there were to choose from.
///
/// Candidates are computed in the order of their rows: many are those of more than one query, and memory is slow
/// where it is read here and there.
pub(super) fn finish<'q>(
    mut all: Vec<Candidates>,
    metric: Metric,
    exact: &mut Exact<'_>,
    queries: impl Iterator<Item = &'q [f32]>,
) -> Vec<(Vec<Hit>, usize)> {
    let mut pairs = vec![];
    for (query, candidates) in all.iter_mut().enumerate() {
        if candidates.top.heap.is_empty() {
            candidates.tighten(metric);
        }
        pairs.extend(candidates.waiting.iter().map(|candidate| (candidate.row, query)));
        candidates.waiting = vec![];
    }
    pairs.sort_unstable();
    exact.ask(queries);
    exact.each(pairs.into_iter(), |row, query, distance| all[query].top.offer(row as RowId, distance));
    all.into_iter().map(|candidates| (candidates.top.into_sorted(), candidates.matches)).collect()
}
