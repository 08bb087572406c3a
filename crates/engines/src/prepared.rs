//! Forms made ready before the clock starts, and their filters, compiled for the labels that the engine stores.

use std::cell::RefCell;

use annvil_core::engine::{EngineError, Result, Schema};
use annvil_core::filter::{Filter, Predicate};
use annvil_core::form::{Form, Operation};
use annvil_core::operation::OpError;

use crate::payload::{Payload, Stamp};

/// A form without what has been checked.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    pub(crate) k: usize,
    pub(crate) filter: Option<Filter>,
}

/// Checks forms against what an in-process engine does. A filter is kept whole or refused.
pub(crate) fn forms(engine: &str, forms: &[Form], schema: &Schema) -> Result<Vec<Prepared>> {
    let labels = annvil_core::label::Labels::with_schema(&schema.labels);
    forms
        .iter()
        .map(|form| {
            let unsupported = |what: String, help: &str| {
                Err(EngineError::Unsupported { engine: engine.to_owned(), what, help: help.to_owned() })
            };
            let name = &form.name;
            if form.routing.is_some() {
                return unsupported(
                    format!("routing (form `{name}`)"),
                    "there is one collection in one process",
                );
            }
            if !form.params.is_empty() {
                return unsupported(
                    format!("search parameters of a form (form `{name}`)"),
                    "set them for the whole variant under `search`",
                );
            }
            if form.operation == Operation::Search && form.k == 0 {
                return Err(EngineError::Configuration {
                    what: format!("form `{name}` asks for no answers"),
                    help: "set k to at least 1".to_owned(),
                });
            }
            if let Some(filter) = &form.filter {
                filter.compile(&labels).map_err(|mismatch| EngineError::Configuration {
                    what: format!("the filter of form `{name}` does not fit the labels: {mismatch}"),
                    help: String::new(),
                })?;
            }
            Ok(Prepared { k: form.k, filter: form.filter.clone() })
        })
        .collect()
}

/// The compiled filters of one session.
///
/// A predicate knows the texts that were stored when it was compiled, so it is compiled again after a write has brought
/// a new one. That is rare, and costs a comparison of two numbers otherwise.
#[derive(Debug, Default)]
pub(crate) struct Predicates {
    compiled: RefCell<Vec<Option<(Stamp, Predicate)>>>,
}

impl Predicates {
    /// Compiles all filters, so that the first search need not.
    pub(crate) fn warm(&self, forms: &[Prepared], payload: &Payload) {
        for (at, form) in forms.iter().enumerate() {
            if let Some(filter) = &form.filter {
                // What fails here fails again, and is reported, at the first search.
                let _ = self.with(at, filter, payload, |_| ());
            }
        }
    }

    /// Hands the predicate of form `at` to `then`.
    pub(crate) fn with<R>(
        &self,
        at: usize,
        filter: &Filter,
        payload: &Payload,
        then: impl FnOnce(&Predicate) -> R,
    ) -> std::result::Result<R, OpError> {
        let stamp = payload.stamp().map_err(OpError::Other)?;
        let mut compiled = self.compiled.borrow_mut();
        if compiled.len() <= at {
            compiled.resize(at + 1, None);
        }
        let place = &mut compiled[at];
        if !matches!(place, Some((old, _)) if *old == stamp) {
            let labels = payload.labels().map_err(OpError::Other)?;
            let predicate = filter.compile(labels).map_err(|error| OpError::Other(error.to_string()))?;
            *place = Some((stamp, predicate));
        }
        match place {
            Some((_, predicate)) => Ok(then(predicate)),
            None => Err(OpError::Other("the filter is gone".to_owned())),
        }
    }
}
