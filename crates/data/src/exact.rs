//! Exact nearest neighbours: the flat scan that serves as an engine, and the true answers that recall is scored against.
//!
//! True answers come in two steps. All pairs are compared in 16-bit integers, a tile of queries against a panel of rows, with an
//! error bound for each pair; whatever could still belong to the nearest is computed in double precision. `bound` holds
//! the proof that nothing is lost. What is no product of vectors goes the plain way, in double precision throughout. The
//! answers are the same to the last bit either way, on every machine and for every number of threads.

mod admission;
mod block;
mod bound;
pub mod cache;
mod candidates;
mod extend;
mod fast;
mod first_pass;
mod merge;
mod panel;
mod plain;
mod progress;
mod quantise;
mod request;
mod rerank;
mod scan;
mod sparse;
mod truth;

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use annvil_core::vector::RowId;

pub use self::admission::{Admission, Admit, Bitmap};
pub use self::extend::extend;
pub use self::merge::merge;
pub use self::progress::{Report, Stopped};
pub use self::request::Request;
pub use self::scan::ExactScan;
pub use self::truth::{answers, truth};

/// A row and its distance from the query.
///
/// Ordered by distance, equal distances by id, so that answers do not depend on the order in which rows are seen.
#[derive(Debug, Clone, Copy)]
pub struct Hit {
    /// The row.
    pub id: RowId,
    /// Its distance, smaller is nearer.
    pub distance: f64,
}

impl Ord for Hit {
    fn cmp(&self, other: &Self) -> Ordering {
        self.distance.total_cmp(&other.distance).then(self.id.cmp(&other.id))
    }
}

impl PartialOrd for Hit {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Hit {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Hit {}

/// The best hits so far: a heap with the worst of them on top.
struct Top {
    heap: BinaryHeap<Hit>,
    limit: usize,
    /// No hit at or beyond this distance can enter any more, unless it wins by its id.
    bound: f64,
}

impl Top {
    /// Keeps `limit` hits, in the memory of `space`, whose content is dropped.
    fn new(limit: usize, mut space: Vec<Hit>) -> Self {
        space.clear();
        space.reserve(limit);
        Self {
            heap: BinaryHeap::from(space),
            limit,
            bound: if limit == 0 { f64::NEG_INFINITY } else { f64::INFINITY },
        }
    }

    #[inline]
    fn offer(&mut self, id: RowId, distance: f64) {
        if distance <= self.bound {
            self.enter(Hit { id, distance });
        }
    }

    /// Out of line: few rows of a scan get here.
    #[cold]
    fn enter(&mut self, hit: Hit) {
        if self.heap.len() < self.limit {
            self.heap.push(hit);
        } else if let Some(mut worst) = self.heap.peek_mut()
            && hit < *worst
        {
            *worst = hit;
        }
        if self.heap.len() == self.limit {
            self.bound = self.heap.peek().map_or(f64::NEG_INFINITY, |worst| worst.distance);
        }
    }

    /// The hits, nearest first.
    fn into_sorted(self) -> Vec<Hit> {
        self.heap.into_sorted_vec()
    }
}
