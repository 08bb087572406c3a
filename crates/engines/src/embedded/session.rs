//! Calls of collections with an HNSW graph.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use annvil_core::clock::LocalFuture;
use annvil_core::dataset::Queries;
use annvil_core::engine::Session;
use annvil_core::operation::{OpError, OpRef, Reply};
use annvil_core::scenario::Storage;
use annvil_core::vector::RowId;

use super::codes::{CodeMut, Codes, Halves, canonical, distance, widen};
use super::collection::Collection;
use super::hnsw::Shared;
use super::originals::Originals;
use crate::done::done;
use crate::prepared::{Predicates, Prepared};
use crate::{read, write};

/// What `encode` makes.
pub(super) struct Asked {
    pub(super) forms: Vec<Prepared>,
    pub(super) codes: Codes,
    pub(super) rows: usize,
    /// The queries as they were given, for re-ranking.
    pub(super) vectors: Option<Queries>,
}

/// One caller.
pub(super) struct HnswSession {
    shared: Arc<Shared>,
    forms: Arc<Asked>,
    predicates: Predicates,
    scratch: RefCell<Scratch>,
}

/// Memory that is kept from call to call.
#[derive(Default)]
struct Scratch {
    /// The code of one row.
    code: Option<Codes>,
    halves: Halves,
    candidates: Vec<(f32, RowId)>,
}

impl HnswSession {
    /// A session that has been counted.
    pub(super) fn new(shared: Arc<Shared>, forms: Arc<Asked>) -> Self {
        let predicates = Predicates::default();
        if let Some(collection) = read(&shared.collection).as_ref() {
            predicates.warm(&forms.forms, &collection.payload);
        }
        Self { shared, forms, predicates, scratch: RefCell::default() }
    }

    fn call_now(&self, op: OpRef<'_>, out: &mut Reply) -> Result<(), OpError> {
        // Everything but the vector, which a fetch overwrites as a whole: emptied, it would be filled with zeros first.
        out.ids.clear();
        out.scores.clear();
        out.affected = 0;
        if !matches!(op, OpRef::Fetch { .. }) {
            out.vector.clear();
        }
        match op {
            OpRef::Search { form, query } => self.search(form, query, out),
            OpRef::Fetch { id } => self.fetch(id, out),
            OpRef::Distance { query, id } => self.distance(query, id, out),
            OpRef::Upsert { rows } => {
                out.affected = write(&self.shared.collection).as_mut().ok_or_else(gone)?.upsert(&rows)?;
                Ok(())
            }
            OpRef::Delete { ids } => {
                out.affected = write(&self.shared.collection).as_mut().ok_or_else(gone)?.delete(ids)?;
                Ok(())
            }
        }
    }

    fn search(&self, form: usize, query: usize, out: &mut Reply) -> Result<(), OpError> {
        let prepared =
            self.forms.forms.get(form).ok_or_else(|| OpError::Other(format!("there is no form {form}")))?;
        self.check(query)?;
        let guard = read(&self.shared.collection);
        let collection = guard.as_ref().ok_or_else(gone)?;
        let wanted = collection.settings.rerank.map_or(prepared.k, |candidates| candidates.max(prepared.k));
        let code = self.forms.codes.row(query);
        let found = match &prepared.filter {
            None => collection.graph.search(code, wanted),
            Some(filter) => {
                let payload = &collection.payload;
                self.predicates.with(form, filter, payload, |predicate| {
                    let admit = |id| payload.slot(id).is_some_and(|slot| payload.matches(predicate, slot));
                    collection.graph.search_where(code, wanted, admit)
                })?
            }
        }
        .map_err(OpError::Other)?;
        if let (Some(originals), Some(vectors)) = (&collection.originals, &self.forms.vectors) {
            self.rerank(collection, originals, vectors.row(query), prepared.k, &found.keys, out);
            return Ok(());
        }
        out.ids.extend_from_slice(&found.keys);
        if collection.settings.storage != Storage::B1 {
            let metric = collection.schema.metric;
            out.scores.extend(found.distances.iter().map(|score| canonical(metric, *score)));
        }
        Ok(())
    }

    /// The best `k` of the candidates by their distance to the original rows; equal ones by id.
    fn rerank(
        &self,
        collection: &Collection,
        originals: &Originals,
        query: &[f32],
        k: usize,
        found: &[RowId],
        out: &mut Reply,
    ) {
        let candidates = &mut self.scratch.borrow_mut().candidates;
        candidates.clear();
        candidates.extend(found.iter().filter_map(|id| {
            let slot = collection.payload.slot(*id)?;
            Some((collection.kernel.distance(query, originals.row(slot)), *id))
        }));
        candidates.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        candidates.truncate(k);
        out.ids.extend(candidates.iter().map(|(_, id)| *id));
        out.scores.extend(candidates.iter().map(|(score, _)| *score));
    }

    fn fetch(&self, id: RowId, out: &mut Reply) -> Result<(), OpError> {
        let guard = read(&self.shared.collection);
        let collection = guard.as_ref().ok_or_else(gone)?;
        if let Some(originals) = &collection.originals {
            out.vector.clear();
            if let Some(slot) = collection.payload.slot(id) {
                out.ids.push(id);
                out.vector.extend_from_slice(originals.row(slot));
            }
            return Ok(());
        }
        out.vector.resize(collection.schema.dim, 0.0);
        let found = match collection.settings.storage {
            // usearch widens floats and bytes fast, half floats in 450 ns and signs into padded rows.
            Storage::F32 | Storage::Sparsevec | Storage::I8 => collection.graph.widened(id, &mut out.vector),
            Storage::F16 | Storage::B1 => {
                let code = &mut self.scratch.borrow_mut().code;
                let code = one_row(code, collection);
                let found = collection.graph.code(id, code.row_mut(0));
                match code.row_mut(0) {
                    CodeMut::F16(bits) => widen(bits, &mut out.vector),
                    CodeMut::B1(bits) => {
                        for (at, x) in out.vector.iter_mut().enumerate() {
                            *x = f32::from(bits[at / 8] >> (7 - at % 8) & 1);
                        }
                    }
                    CodeMut::F32(_) | CodeMut::I8(_) => {}
                }
                found
            }
        }
        .map_err(OpError::Other)?;
        if found {
            out.ids.push(id);
        } else {
            out.vector.clear();
        }
        Ok(())
    }

    fn distance(&self, query: usize, id: RowId, out: &mut Reply) -> Result<(), OpError> {
        self.check(query)?;
        let guard = read(&self.shared.collection);
        let collection = guard.as_ref().ok_or_else(gone)?;
        if let (Some(originals), Some(vectors)) = (&collection.originals, &self.forms.vectors) {
            if let Some(slot) = collection.payload.slot(id) {
                out.scores.push(collection.kernel.distance(vectors.row(query), originals.row(slot)));
            }
            return Ok(());
        }
        let Scratch { code, halves, .. } = &mut *self.scratch.borrow_mut();
        let code = one_row(code, collection);
        if collection.graph.code(id, code.row_mut(0)).map_err(OpError::Other)? {
            let metric = collection.schema.metric;
            let distance =
                distance(metric, collection.kernel, self.forms.codes.row(query), code.row(0), halves);
            let distance = distance.ok_or_else(|| {
                OpError::Unsupported(format!(
                    "{metric} distances of {} codes",
                    collection.settings.storage.element()
                ))
            })?;
            out.scores.push(distance);
        }
        Ok(())
    }

    fn check(&self, query: usize) -> Result<(), OpError> {
        if query < self.forms.rows {
            Ok(())
        } else {
            Err(OpError::Other(format!("there is no query {query}")))
        }
    }
}

fn one_row<'a>(code: &'a mut Option<Codes>, collection: &Collection) -> &'a mut Codes {
    code.get_or_insert_with(|| Codes::zeros(collection.settings.storage, collection.schema.dim, 1))
}

fn gone() -> OpError {
    OpError::Other("there is no collection; create it first".to_owned())
}

impl Session for HnswSession {
    fn call<'a>(&'a self, op: OpRef<'a>, out: &'a mut Reply) -> LocalFuture<'a, Result<(), OpError>> {
        done(self.call_now(op, out))
    }
}

impl Drop for HnswSession {
    fn drop(&mut self) {
        self.shared.sessions.fetch_sub(1, Ordering::SeqCst);
    }
}
