//! Graph, labels, texts and originals of one collection, kept in step.

use std::path::Path;
use std::time::Instant;

use annvil_core::engine::{Schema, Usage};
use annvil_core::operation::{Batch, OpError};
use annvil_core::units::Bytes;
use annvil_core::vector::RowId;
use annvil_data::distance::Kernel;

use super::Settings;
use super::build::{BuildError, Staged, build};
use super::codes::Codes;
use super::graph::Graph;
use super::originals::Originals;
use crate::check;
use crate::payload::Payload;

/// Threads that may search beside the sessions that were announced: verification, probes.
const SPARE_THREADS: usize = 4;

/// A collection. Readers share it, a writer has it alone.
pub(super) struct Collection {
    pub(super) settings: Settings,
    pub(super) schema: Schema,
    pub(super) graph: Graph,
    pub(super) payload: Payload,
    pub(super) originals: Option<Originals>,
    /// For distances to originals.
    pub(super) kernel: Kernel,
    /// Length of the longest row, on which the error of scores depends.
    pub(super) longest: f64,
    pub(super) staged: Staged,
}

impl Collection {
    /// An empty collection.
    pub(super) fn create(
        settings: &Settings,
        schema: &Schema,
        ef: usize,
        scratch: &Path,
    ) -> Result<Self, String> {
        let originals = settings.rerank.map(|_| Originals::create(scratch, schema.dim, schema.rows));
        let originals = originals.transpose().map_err(|error| format!("{}: {error}", scratch.display()))?;
        Ok(Self {
            settings: settings.clone(),
            schema: schema.clone(),
            graph: Graph::new(settings, schema.metric, schema.dim, ef)?,
            payload: Payload::new(schema),
            originals,
            kernel: Kernel::new(schema.metric),
            longest: 0.0,
            staged: Staged::default(),
        })
    }

    /// Threads that the graph must know of.
    pub(super) fn threads(&self) -> usize {
        self.schema.sessions.max(self.schema.build_threads) + SPARE_THREADS
    }

    /// Copies rows; they are found after [`Collection::settle`].
    pub(super) fn load(&mut self, rows: &Batch<'_>) -> Result<(), String> {
        check::rows(rows, &self.schema, self.settings.largest())?;
        if self.staged.ids.is_empty() {
            let expected = self.schema.rows.saturating_sub(self.payload.rows()).max(rows.len());
            self.staged.ids.reserve_exact(expected);
            self.staged.vectors.reserve_exact(expected * self.schema.dim);
        }
        for i in 0..rows.len() {
            if self.payload.slot(rows.ids[i]).is_some() {
                return Err(format!("row {} is there already; change rows by upsert", rows.ids[i]));
            }
            self.note(rows, i)?;
            self.staged.ids.push(rows.ids[i]);
            self.staged.vectors.extend_from_slice(rows.vector(i));
        }
        Ok(())
    }

    /// Stores everything about a row but its code.
    fn note(&mut self, rows: &Batch<'_>, i: usize) -> Result<(), String> {
        let vector = rows.vector(i);
        let slot = self.payload.push(rows, i)?;
        if let Some(originals) = &mut self.originals {
            originals.write(slot, vector).map_err(|error| format!("the originals can't be kept: {error}"))?;
        }
        let length = vector.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
        self.longest = self.longest.max(length);
        Ok(())
    }

    /// Builds the graph over the rows that were loaded. The rows' copies are freed, however it ends.
    pub(super) fn settle(
        &mut self,
        deadline: Instant,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), BuildError> {
        let staged = std::mem::take(&mut self.staged);
        if !staged.ids.is_empty() {
            self.graph.own().map_err(BuildError::Failed)?;
        }
        self.make_room(staged.ids.len()).map_err(BuildError::Failed)?;
        if staged.ids.is_empty() {
            return Ok(());
        }
        let threads = self.schema.build_threads;
        build(&self.graph, self.settings.storage, &staged, threads, deadline, progress)
    }

    /// Room for so many more rows, with some to spare, and for all callers.
    fn make_room(&mut self, more: usize) -> Result<(), String> {
        let rows = self.graph.rows() + more;
        let known = self.graph.threads() >= self.threads();
        if known && rows <= self.graph.capacity() {
            return Ok(());
        }
        // Growing copies the tables of all rows: an eighth more makes that rare.
        let capacity = if rows <= self.graph.capacity() { 0 } else { rows + rows / 8 + 256 };
        self.graph.reserve(capacity, self.threads())
    }

    /// Inserts or replaces rows. Returns how many.
    pub(super) fn upsert(&mut self, rows: &Batch<'_>) -> Result<u64, OpError> {
        self.upsert_rows(rows).map_err(OpError::Other)?;
        Ok(rows.len() as u64)
    }

    fn upsert_rows(&mut self, rows: &Batch<'_>) -> Result<(), String> {
        check::rows(rows, &self.schema, self.settings.largest())?;
        self.writable()?;
        self.make_room(rows.len())?;
        let mut code = Codes::zeros(self.settings.storage, self.schema.dim, 1);
        for i in 0..rows.len() {
            code.encode(0, rows.vector(i));
            if self.payload.slot(rows.ids[i]).is_some() {
                self.graph.remove(rows.ids[i])?;
            }
            self.graph.add(rows.ids[i], code.row(0))?;
            self.note(rows, i)?;
        }
        self.tidy()
    }

    /// Removes rows. Returns how many were there.
    pub(super) fn delete(&mut self, ids: &[RowId]) -> Result<u64, OpError> {
        self.delete_rows(ids).map_err(OpError::Other)
    }

    fn delete_rows(&mut self, ids: &[RowId]) -> Result<u64, String> {
        self.writable()?;
        let mut removed = 0;
        for id in ids {
            if self.payload.remove(*id).is_some() {
                self.graph.remove(*id)?;
                removed += 1;
            }
        }
        self.tidy()?;
        Ok(removed)
    }

    fn writable(&mut self) -> Result<(), String> {
        if !self.staged.ids.is_empty() {
            return Err("rows were loaded and not settled; settle before writing".to_owned());
        }
        self.graph.own()
    }

    /// Labels, texts and originals of rows that are gone must not outgrow those of the living.
    fn tidy(&mut self) -> Result<(), String> {
        if self.payload.dead() > self.payload.rows() + 1024 { self.compact() } else { Ok(()) }
    }

    /// Moves labels, texts and originals over the gaps that removed rows have left.
    pub(super) fn compact(&mut self) -> Result<(), String> {
        if let Some(kept) = self.payload.compact()?
            && let Some(originals) = &mut self.originals
        {
            originals.compact(&kept);
        }
        Ok(())
    }

    /// Bytes of one row's code.
    fn code_bytes(&self) -> usize {
        self.settings.storage.element().code_bytes(self.schema.dim).unwrap_or_default()
    }

    /// What it takes.
    pub(super) fn usage(&self) -> Usage {
        let rows = self.payload.rows() as u64;
        Usage {
            rows: Some(rows),
            index: Some(Bytes(self.graph.bytes(self.code_bytes()) as u64)),
            codes: Some(Bytes(rows * self.code_bytes() as u64)),
            payload: Some(Bytes(self.payload.bytes() as u64)),
            disk: self.originals.as_ref().map(|originals| Bytes(originals.disk())),
            ..Usage::default()
        }
    }
}
