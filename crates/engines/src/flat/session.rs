//! Calls of the flat scan.

use std::cell::RefCell;
use std::sync::{Arc, RwLock};

use annvil_core::clock::LocalFuture;
use annvil_core::engine::Session;
use annvil_core::operation::{OpError, OpRef, Reply};
use annvil_data::exact::Hit;

use super::{Asked, Collection};
use crate::check::NO_ID;
use crate::done::done;
use crate::prepared::Predicates;
use crate::{read, write};

/// One caller.
pub(super) struct FlatSession {
    collection: Arc<RwLock<Option<Collection>>>,
    forms: Arc<Asked>,
    predicates: Predicates,
    /// Kept, so that a search allocates nothing.
    hits: RefCell<Vec<Hit>>,
}

impl FlatSession {
    pub(super) fn new(collection: Arc<RwLock<Option<Collection>>>, forms: Arc<Asked>) -> Self {
        let predicates = Predicates::default();
        if let Some(collection) = read(&collection).as_ref() {
            predicates.warm(&forms.forms, &collection.payload);
        }
        Self { collection, forms, predicates, hits: RefCell::default() }
    }

    fn call_now(&self, op: OpRef<'_>, out: &mut Reply) -> Result<(), OpError> {
        out.clear();
        if let OpRef::Upsert { .. } | OpRef::Delete { .. } = op {
            let mut guard = write(&self.collection);
            let collection = guard.as_mut().ok_or_else(gone)?;
            out.affected = match op {
                OpRef::Upsert { rows } => collection.upsert(&rows)?,
                OpRef::Delete { ids } => collection.delete(ids)?,
                _ => 0,
            };
            return Ok(());
        }
        let guard = read(&self.collection);
        let collection = guard.as_ref().ok_or_else(gone)?;
        match op {
            OpRef::Search { form, query } => self.search(collection, form, query, out),
            OpRef::Fetch { id } => {
                if let Some(slot) = collection.payload.slot(id) {
                    out.ids.push(id);
                    out.vector.extend_from_slice(collection.scan.row(slot));
                }
                Ok(())
            }
            OpRef::Distance { query, id } => {
                let query = self.query(query)?;
                if let Some(slot) = collection.payload.slot(id) {
                    out.scores.push(collection.kernel.distance(query, collection.scan.row(slot)));
                }
                Ok(())
            }
            OpRef::Upsert { .. } | OpRef::Delete { .. } => Ok(()),
        }
    }

    fn search(
        &self,
        collection: &Collection,
        form: usize,
        query: usize,
        out: &mut Reply,
    ) -> Result<(), OpError> {
        let prepared =
            self.forms.forms.get(form).ok_or_else(|| OpError::Other(format!("there is no form {form}")))?;
        let query = self.query(query)?;
        let hits = &mut *self.hits.borrow_mut();
        let (scan, payload) = (&collection.scan, &collection.payload);
        match &prepared.filter {
            Some(filter) => self.predicates.with(form, filter, payload, |predicate| {
                let admit = |slot| payload.id(slot) != NO_ID && payload.matches(predicate, slot);
                scan.search_where(query, prepared.k, admit, hits);
            })?,
            None if payload.dead() > 0 => {
                scan.search_where(query, prepared.k, |slot| payload.id(slot) != NO_ID, hits);
            }
            None => scan.search(query, prepared.k, hits),
        }
        out.ids.extend(hits.iter().map(|hit| payload.id(hit.id as usize)));
        out.scores.extend(hits.iter().map(|hit| hit.distance as f32));
        Ok(())
    }

    fn query(&self, query: usize) -> Result<&[f32], OpError> {
        if query < self.forms.queries.rows() {
            Ok(self.forms.queries.row(query))
        } else {
            Err(OpError::Other(format!("there is no query {query}")))
        }
    }
}

fn gone() -> OpError {
    OpError::Other("there is no collection; create it first".to_owned())
}

impl Session for FlatSession {
    fn call<'a>(&'a self, op: OpRef<'a>, out: &'a mut Reply) -> LocalFuture<'a, Result<(), OpError>> {
        done(self.call_now(op, out))
    }
}
