//! usearch's index: one HNSW graph over codes of one storage.

use std::ops::Range;
use std::sync::Arc;

use annvil_core::metric::Metric;
use annvil_core::scenario::Storage;
use annvil_core::vector::RowId;
use usearch::ffi::Matches;
use usearch::{Index, IndexOptions, MetricKind, ScalarKind, b1x8, f16};

use super::Settings;
use super::codes::{Code, CodeMut};
use crate::map::{Held, Map};

type Result<T> = std::result::Result<T, String>;

/// The graph and the codes in it, keyed by row id.
pub(super) struct Graph {
    index: Held,
    options: IndexOptions,
    threads: usize,
}

/// What `settings` mean to usearch, for vectors of `dim` dimensions.
fn options(settings: &Settings, metric: Metric, dim: usize, ef_search: usize) -> IndexOptions {
    let signs = settings.storage == Storage::B1;
    let metric = match metric {
        _ if signs => MetricKind::Hamming,
        Metric::Cosine => MetricKind::Cos,
        Metric::InnerProduct => MetricKind::IP,
        Metric::L2 => MetricKind::L2sq,
        Metric::L1 | Metric::Hamming | Metric::Jaccard => MetricKind::Unknown, // refused when the collection was made
    };
    let quantization = match settings.storage {
        Storage::F32 | Storage::Sparsevec => ScalarKind::F32,
        Storage::F16 => ScalarKind::F16,
        Storage::I8 => ScalarKind::I8,
        Storage::B1 => ScalarKind::B1,
    };
    IndexOptions {
        // Signs come in whole bytes; the surplus bits are zero in every row and count for nothing.
        dimensions: if signs { dim.next_multiple_of(8) } else { dim },
        metric,
        quantization,
        connectivity: settings.graph.m,
        expansion_add: settings.graph.ef_construction,
        expansion_search: ef_search,
        multi: false,
    }
}

fn text<T>(result: std::result::Result<T, impl std::fmt::Display>) -> Result<T> {
    result.map_err(|error| error.to_string())
}

impl Graph {
    /// An empty graph.
    pub(super) fn new(settings: &Settings, metric: Metric, dim: usize, ef_search: usize) -> Result<Self> {
        let options = options(settings, metric, dim, ef_search);
        let index = Held::owned(text(Index::new(&options))?);
        Ok(Self { index, options, threads: 0 })
    }

    /// A graph that answers from a saved one, which has to be part of a checked file.
    pub(super) fn view(
        settings: &Settings,
        metric: Metric,
        dim: usize,
        ef_search: usize,
        saved: (&Arc<Map>, Range<usize>),
    ) -> Result<Self> {
        let options = options(settings, metric, dim, ef_search);
        let index = Held::view(text(Index::new(&options))?, saved.0, saved.1)?;
        if (index.dimensions(), index.scalar_kind()) != (options.dimensions, options.quantization) {
            return Err("its graph is of another kind than it says".to_owned());
        }
        Ok(Self { index, options, threads: 0 })
    }

    /// Makes sure of room for `rows` rows and `threads` callers at the same time. usearch fails searches from more
    /// threads than it knows of; nothing else may use the index during the call.
    pub(super) fn reserve(&mut self, rows: usize, threads: usize) -> Result<()> {
        self.threads = self.threads.max(threads);
        text(self.index.reserve_capacity_and_threads(rows, self.threads))
    }

    /// Copies a viewed graph into memory, so that it can be changed.
    pub(super) fn own(&mut self) -> Result<()> {
        let Some(saved) = self.index.viewed() else { return Ok(()) };
        let index = text(Index::new(&self.options))?;
        text(index.load_from_buffer(saved))?;
        index.change_expansion_add(self.options.expansion_add);
        index.change_expansion_search(self.options.expansion_search);
        self.index = Held::owned(index);
        self.reserve(0, self.threads)
    }

    /// Whether it answers from a file.
    pub(super) fn is_view(&self) -> bool {
        self.index.viewed().is_some()
    }

    /// Callers at the same time.
    pub(super) fn threads(&self) -> usize {
        self.threads
    }

    /// Rows that fit.
    pub(super) fn capacity(&self) -> usize {
        self.index.capacity()
    }

    /// Rows in it.
    pub(super) fn rows(&self) -> usize {
        self.index.size()
    }

    /// Sets the number of candidates that searches keep.
    pub(super) fn set_ef_search(&mut self, ef_search: usize) {
        self.options.expansion_search = ef_search;
        self.index.change_expansion_search(ef_search);
    }

    /// Adds a row; many threads may do so at the same time. The id must be new and there must be room.
    pub(super) fn add(&self, id: RowId, code: Code<'_>) -> Result<()> {
        text(match code {
            Code::F32(v) => self.index.add(id, v),
            Code::F16(v) => self.index.add(id, f16::from_i16s(v)),
            Code::I8(v) => self.index.add(id, v),
            Code::B1(v) => self.index.add(id, b1x8::from_u8s(v)),
        })
    }

    /// Removes a row; whether it was there.
    pub(super) fn remove(&mut self, id: RowId) -> Result<bool> {
        text(self.index.remove(id)).map(|removed| removed > 0)
    }

    /// The nearest rows, nearest first, with usearch's scores.
    #[inline]
    pub(super) fn search(&self, query: Code<'_>, k: usize) -> Result<Matches> {
        text(match query {
            Code::F32(v) => self.index.search(v, k),
            Code::F16(v) => self.index.search(f16::from_i16s(v), k),
            Code::I8(v) => self.index.search(v, k),
            Code::B1(v) => self.index.search(b1x8::from_u8s(v), k),
        })
    }

    /// As [`Graph::search`], among the rows that `admit` admits; asked while the graph is walked.
    pub(super) fn search_where(
        &self,
        query: Code<'_>,
        k: usize,
        admit: impl Fn(RowId) -> bool,
    ) -> Result<Matches> {
        text(match query {
            Code::F32(v) => self.index.filtered_search(v, k, admit),
            Code::F16(v) => self.index.filtered_search(f16::from_i16s(v), k, admit),
            Code::I8(v) => self.index.filtered_search(v, k, admit),
            Code::B1(v) => self.index.filtered_search(b1x8::from_u8s(v), k, admit),
        })
    }

    /// Copies the code of a row; whether it was there.
    #[inline]
    pub(super) fn code(&self, id: RowId, out: CodeMut<'_>) -> Result<bool> {
        text(match out {
            CodeMut::F32(v) => self.index.get(id, v),
            CodeMut::F16(v) => self.index.get(id, f16::from_mut_i16s(v)),
            CodeMut::I8(v) => self.index.get(id, v),
            CodeMut::B1(v) => {
                // usearch wants as many bytes as there are dimensions, and fills an eighth of them.
                let mut room = vec![0; self.options.dimensions];
                let found = self.index.get(id, b1x8::from_mut_u8s(&mut room));
                v.copy_from_slice(&room[..v.len()]);
                found
            }
        })
        .map(|found| found > 0)
    }

    /// Copies a row as 32-bit floats: half and whole floats as they are stored, bytes divided by 127, signs as 0 and 1.
    #[inline]
    pub(super) fn widened(&self, id: RowId, out: &mut [f32]) -> Result<bool> {
        text(self.index.get(id, out)).map(|found| found > 0)
    }

    /// Length of [`Graph::save`].
    pub(super) fn saved_length(&self) -> usize {
        self.index.serialized_length()
    }

    /// Saves graph and codes.
    pub(super) fn save(&self, out: &mut [u8]) -> Result<()> {
        text(self.index.save_to_buffer(out))
    }

    /// Bytes of graph, codes and key table.
    ///
    /// Counted from what is in use, since usearch's own `memory_usage` counts arenas of 8 MiB, and its allocator knows
    /// nothing of a viewed file. The key table has 16 bytes and two bits for each of its places, a power of two of at
    /// least 3/2 of the capacity (`flat_hash_multi_set_gt`); two pointers a row lead to node and code.
    pub(super) fn bytes(&self, code_bytes: usize) -> usize {
        let stats = self.index.stats();
        let capacity = self.index.capacity();
        let places = (capacity * 3).div_ceil(2).next_power_of_two().next_multiple_of(64);
        stats.allocated_bytes + stats.nodes * code_bytes + 16 * capacity + places * 16 + places / 4
    }

    /// The instructions that its distances use.
    pub(super) fn instructions(&self) -> String {
        self.index.hardware_acceleration()
    }
}

#[cfg(test)]
mod tests {
    use super::super::codes::Codes;
    use super::*;
    use annvil_core::scenario::Hnsw;
    use rand::{RngExt, SeedableRng};

    fn filled(storage: Storage, dim: usize, vectors: &[f32]) -> (Graph, Codes) {
        let settings =
            Settings { storage, graph: Hnsw { m: 16, ef_construction: 32, ..Hnsw::default() }, rerank: None };
        let mut graph = Graph::new(&settings, Metric::Cosine, dim, 64).unwrap();
        let rows = vectors.len() / dim;
        graph.reserve(rows, 1).unwrap();
        let mut codes = Codes::zeros(storage, dim, rows);
        for (row, vector) in vectors.chunks_exact(dim).enumerate() {
            codes.encode(row, vector);
            graph.add(row as u64, codes.row(row)).unwrap();
        }
        (graph, codes)
    }

    fn random(count: usize) -> Vec<f32> {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        (0..count).map(|_| 3.0 * (random.random::<f32>() - 0.5)).collect()
    }

    #[test]
    fn codes_are_those_that_usearch_makes_itself() {
        let (dim, rows) = (96, 200);
        let vectors = random(dim * rows);
        for storage in [Storage::F16, Storage::I8] {
            let (ours, codes) = filled(storage, dim, &vectors);
            let theirs = Index::new(&ours.options).unwrap();
            theirs.reserve(rows).unwrap();
            for (row, vector) in vectors.chunks_exact(dim).enumerate() {
                theirs.add(row as u64, vector).unwrap();
                match codes.row(row) {
                    Code::F16(code) => {
                        let mut room = vec![0_i16; dim];
                        theirs.get(row as u64, f16::from_mut_i16s(&mut room)).unwrap();
                        assert_eq!(code, room);
                    }
                    Code::I8(code) => {
                        let mut room = vec![0_i8; dim];
                        theirs.get(row as u64, &mut room).unwrap();
                        assert_eq!(code, room);
                    }
                    Code::F32(_) | Code::B1(_) => {}
                }
            }
        }
    }

    #[test]
    fn bytes_in_use_agree_with_the_allocator() {
        let (dim, rows) = (96, 1000);
        let (graph, _) = filled(Storage::I8, dim, &random(dim * rows));
        let stats = graph.index.memory_stats();
        let graph_bytes = stats.graph_allocated - stats.graph_wasted - stats.graph_reserved;
        let code_bytes = stats.vectors_allocated - stats.vectors_wasted - stats.vectors_reserved;
        // 1000 rows: two pointers each, and a key table of 2048 places of 16 bytes and two bits.
        let tables = 16 * graph.capacity() + 2048 * 16 + 2048 / 4;
        let difference = (graph_bytes + code_bytes + tables).abs_diff(graph.bytes(dim));
        // The heads of the arenas.
        assert!(difference < 200, "{difference}");
    }
}
