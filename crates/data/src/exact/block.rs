//! A block of rows: those that count, and for which queries.

use std::ops::Range;

use annvil_core::dataset::Queries;

use super::admission::Admission;
use super::progress::share;
use super::request::Request;

/// Bytes of prepared rows that are worked on at a time, by all threads.
const BLOCK_BYTES: usize = 8 << 20;

/// Most rows of a block.
const MOST_ROWS: usize = 1 << 14;

/// The rows of a block that count for any query.
pub(super) struct Block {
    /// The rows that count, ascending.
    pub(super) rows: Vec<usize>,
    /// Where it depends on the query: for each query one bit a row of `rows`.
    allowed: Option<Allowed>,
}

struct Allowed {
    words: usize,
    bits: Vec<u64>,
}

impl Block {
    /// The blocks of a search whose prepared rows take `row_bytes` bytes each.
    pub(super) fn spans(
        request: &Request<'_>,
        row_bytes: usize,
    ) -> impl Iterator<Item = Range<usize>> + use<> {
        let all = request.rows.clone();
        let height = (BLOCK_BYTES / row_bytes.max(1)).clamp(64, MOST_ROWS);
        all.clone().step_by(height).map(move |start| start..all.end.min(start + height))
    }

    /// Looks up which rows count for the queries `numbers`.
    pub(super) fn new(
        span: Range<usize>,
        admission: &Admission<'_>,
        numbers: &[usize],
        threads: usize,
    ) -> Self {
        if !admission.differs_by_query() {
            let rows = span.filter(|row| admission.admits(0, *row)).collect();
            return Self { rows, allowed: None };
        }
        let words = span.len().div_ceil(64).max(1);
        let mut bits = vec![0_u64; words * numbers.len()];
        let mut any = vec![0_u64; words];
        let tasks = numbers.iter().zip(bits.chunks_exact_mut(words)).collect();
        share(threads, tasks, |(number, bits)| {
            for (i, row) in span.clone().enumerate() {
                bits[i / 64] |= u64::from(admission.admits(*number, row)) << (i % 64);
            }
        });
        for bits in bits.chunks_exact(words) {
            any.iter_mut().zip(bits).for_each(|(any, bits)| *any |= *bits);
        }
        let kept: Vec<usize> = (0..span.len()).filter(|i| any[i / 64] >> (i % 64) & 1 == 1).collect();
        // Rows that count for no query are gone from `rows`; their bits go too.
        for bits in bits.chunks_exact_mut(words) {
            for (to, from) in kept.iter().enumerate() {
                let bit = bits[from / 64] >> (from % 64) & 1;
                bits[to / 64] = bits[to / 64] & !(1 << (to % 64)) | (bit << (to % 64));
            }
            for to in kept.len()..span.len() {
                bits[to / 64] &= !(1 << (to % 64));
            }
        }
        let rows = kept.into_iter().map(|i| span.start + i).collect();
        Self { rows, allowed: Some(Allowed { words, bits }) }
    }

    /// Whether the `i`-th of the rows counts for the `query`-th of the queries.
    #[inline]
    pub(super) fn allows(&self, query: usize, i: usize) -> bool {
        self.allowed
            .as_ref()
            .is_none_or(|allowed| allowed.bits[query * allowed.words + i / 64] >> (i % 64) & 1 == 1)
    }

    /// How many rows count for the `query`-th of the queries.
    pub(super) fn matches(&self, query: usize) -> usize {
        self.allowed.as_ref().map_or(self.rows.len(), |allowed| {
            let bits = &allowed.bits[query * allowed.words..(query + 1) * allowed.words];
            bits.iter().map(|word| word.count_ones() as usize).sum()
        })
    }
}

/// Some of the queries, in the order of their numbers.
#[derive(Clone, Copy)]
pub(super) struct Chosen<'a> {
    pub(super) queries: &'a Queries,
    pub(super) numbers: &'a [usize],
}

impl<'a> Chosen<'a> {
    pub(super) fn vector(self, query: usize) -> &'a [f32] {
        self.queries.row(self.numbers[query])
    }
}
