//! Forms and queries made ready before the clock starts.

use std::sync::Arc;

use annvil_core::dataset::Queries;
use annvil_core::engine::{Encoded, EngineError, Result, Schema};
use annvil_core::form::{Form, Operation};
use annvil_core::label::Labels;
use bytes::BytesMut;

use super::answers::Ids;
use super::design::Design;
use super::filter;
use super::plan::Claim;
use super::rows::Raw;
use super::statement::{self, Statement, Upsert};
use crate::check;

/// Statements and queries in binary form.
pub(super) struct Ready {
    pub(super) design: Arc<Design>,
    pub(super) schema: Arc<Schema>,
    pub(super) forms: Vec<ReadyForm>,
    /// One a query; a copy is a count.
    pub(super) queries: Vec<Raw>,
    pub(super) ids: Ids,
    /// What calls other than searches run. None where the table is of the user's own.
    pub(super) rows: Option<RowStatements>,
}

/// Statements on rows of a table of ours.
pub(super) struct RowStatements {
    pub(super) fetch: Statement,
    pub(super) distance: Statement,
    pub(super) delete: Statement,
    pub(super) upsert: Upsert,
}

/// A form.
pub(super) struct ReadyForm {
    pub(super) name: String,
    /// Its filter in SQL.
    condition: Option<String>,
    /// Of searches only.
    pub(super) search: Option<Statement>,
}

impl Ready {
    /// Translates forms and queries. A filter is translated whole or refused.
    pub(super) fn new(
        design: &Arc<Design>,
        schema: &Arc<Schema>,
        forms: &[Form],
        queries: &Queries,
        labels: &Labels,
    ) -> Result<Self> {
        check::queries(queries, schema, design.largest())?;
        let forms = forms.iter().map(|form| ready(design, form)).collect::<Result<_>>()?;
        let mut buffer = BytesMut::new();
        let queries = queries
            .iter()
            .map(|query| {
                design.note(&design.longest_query, query);
                design.codec().encode(query, &mut buffer);
                Raw(Some(buffer.split().freeze()))
            })
            .collect();
        let rows = (!design.is_existing()).then(|| RowStatements {
            fetch: design.fetch(),
            distance: design.distance(),
            delete: design.delete(),
            upsert: design.upsert(),
        });
        let ids = Ids::by(design.spec.id_label.as_deref(), labels)?;
        let (design, schema) = (Arc::clone(design), Arc::clone(schema));
        Ok(Self { design, schema, forms, queries, ids, rows })
    }

    /// What the variant claims of a form's plan.
    pub(super) fn claim(&self, form: usize) -> Claim {
        let last = self.forms.iter().rposition(|form| form.search.is_some()) == Some(form);
        let condition = self.forms.get(form).and_then(|form| form.condition.as_ref());
        Claim::of(&self.design, condition, last)
    }

    /// What [`Ready::new`] made, from what sessions are given.
    pub(super) fn of(encoded: &Encoded) -> Result<&Self> {
        encoded.downcast_ref().ok_or_else(|| {
            EngineError::failed(super::NAME, "read the encoding", "it was made by another engine")
        })
    }
}

fn ready(design: &Design, form: &Form) -> Result<ReadyForm> {
    if form.routing.is_some() {
        return Err(EngineError::Unsupported {
            engine: super::NAME.to_owned(),
            what: format!("routing (form `{}`)", form.name),
            help: "there is one server".to_owned(),
        });
    }
    let is_search = form.operation == Operation::Search;
    if is_search && form.k == 0 {
        return Err(EngineError::Configuration {
            what: format!("form `{}` asks for no answers", form.name),
            help: "set k to at least 1".to_owned(),
        });
    }
    let condition = form.filter.as_ref().map(|part| filter::sql(part, &design.columns)).transpose()?;
    Ok(ReadyForm {
        name: form.name.clone(),
        condition,
        search: if is_search { Some(statement::search(design, form)?) } else { None },
    })
}
