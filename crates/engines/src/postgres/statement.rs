//! The SQL of calls.

use annvil_core::engine::{EngineError, Result};
use annvil_core::form::Form;
use annvil_core::scenario::{Extension, Index, IterativeScan, Quantize};
use tokio_postgres::types::Type;

use super::design::Design;
use super::{filter, own};

/// A statement with the types of its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    /// The text.
    pub(super) sql: String,
    /// Types of `$1` and on. In a search `$1` is the query, unless the user's statement has none.
    pub(super) parameters: Vec<Type>,
    /// Whether the second column of a search is a distance, as a double. In a statement of the user's own there may be
    /// one: its columns say.
    pub(super) scores: bool,
}

/// How rows are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Upsert {
    /// Removes rows of these ids (an array), to be run in the same transaction before the rows are inserted; only where
    /// `insert` can't replace them.
    pub(super) delete: Option<Statement>,
    /// Inserts or replaces one row: [`Design::values`].
    pub(super) insert: Statement,
}

/// The statement of a search.
pub(super) fn search(design: &Design, form: &Form) -> Result<Statement> {
    if !form.params.is_empty() {
        return Err(EngineError::unsupported(super::NAME, "search parameters of a single form"));
    }
    let condition = form.filter.as_ref().map(|part| filter::sql(part, &design.columns)).transpose()?;
    if let Some(text) = &design.spec.sql {
        let (sql, takes_query) = own::substitute(text, design.table(), form.k, condition.as_deref())?;
        let parameters = if takes_query { vec![design.parameter.clone()] } else { Vec::new() };
        return Ok(Statement { sql, parameters, scores: true });
    }
    let filter = condition.map(|condition| format!(" WHERE {condition}")).unwrap_or_default();
    Ok(Statement {
        sql: nearest(design, &filter, form.k),
        parameters: vec![design.parameter.clone()],
        scores: true,
    })
}

/// `filter` begins with ` WHERE` or is empty.
fn nearest(design: &Design, filter: &str, k: usize) -> String {
    let (table, symbol) = (design.table(), design.operators.symbol());
    let indexed = indexed_distance(design);
    // `RuVector` answers 32-bit floats.
    let cast = |distance: &str| match design.extension {
        Extension::Ruvector => format!("({distance})::float8"),
        Extension::Pgvector | Extension::Vectorscale => distance.to_owned(),
    };
    let (whole, shown) = (cast(&format!("embedding {symbol} $1")), cast(&indexed));
    match &design.variant.rerank {
        // The inner LIMIT keeps the two apart: candidates by the index, then the true distance.
        Some(rerank) => format!(
            "SELECT id, {whole} AS distance FROM (SELECT id, embedding FROM {table}{filter} ORDER BY {indexed} LIMIT {}) AS candidates ORDER BY distance LIMIT {k}",
            rerank.candidates.max(k)
        ),
        // Sorted by `distance + 0`: the planner takes `distance` itself for sorted already.
        None if is_relaxed(design) => format!(
            "SELECT id, distance FROM (SELECT id, {shown} AS distance FROM {table}{filter} ORDER BY {indexed} LIMIT {k}) AS found ORDER BY distance + 0"
        ),
        None => format!("SELECT id, {shown} AS distance FROM {table}{filter} ORDER BY {indexed} LIMIT {k}"),
    }
}

/// The distance that the index orders by: that of its own expression.
fn indexed_distance(design: &Design) -> String {
    let (symbol, dim) = (design.operators.symbol(), design.dim);
    match design.variant.index.quantize() {
        None => format!("embedding {symbol} $1"),
        Some(Quantize::Halfvec) => format!("embedding::halfvec({dim}) {symbol} $1::halfvec({dim})"),
        Some(Quantize::Bit) => {
            format!("binary_quantize(embedding)::bit({dim}) <~> binary_quantize($1)::bit({dim})")
        }
    }
}

/// Whether the index may answer out of order. (`RuVector`'s `ruivfflat` orders by compressed vectors.)
fn is_relaxed(design: &Design) -> bool {
    match design.variant.index {
        Index::Diskann(_) => true,
        Index::Ivfflat(_) if design.extension == Extension::Ruvector => true,
        _ => design.variant.search.iterative_scan == Some(IterativeScan::RelaxedOrder),
    }
}

impl Design {
    /// One row by its id (`$1`): the id and the vector as `bytea`, in the form that [`super::codec::Codec::decode`] reads.
    pub(super) fn fetch(&self) -> Statement {
        let sql = format!("SELECT id, {}(embedding) FROM {} WHERE id = $1", self.codec.send(), self.table());
        Statement { sql, parameters: vec![Type::INT8], scores: false }
    }

    /// The server's distance of a query (`$1`) to a row (`$2`), as a double.
    pub(super) fn distance(&self) -> Statement {
        let symbol = self.operators.symbol();
        let sql = format!("SELECT (embedding {symbol} $1)::float8 FROM {} WHERE id = $2", self.table());
        Statement { sql, parameters: vec![self.parameter.clone(), Type::INT8], scores: true }
    }

    /// Removes the rows of an array of ids (`$1`).
    pub(super) fn delete(&self) -> Statement {
        let sql = format!("DELETE FROM {} WHERE id = ANY($1)", self.table());
        Statement { sql, parameters: vec![Type::INT8_ARRAY], scores: false }
    }

    /// Inserts or replaces a row.
    pub(super) fn upsert(&self) -> Upsert {
        let names = self.names();
        let marks: Vec<String> = (1..=names.len()).map(|at| format!("${at}")).collect();
        let mut sql =
            format!("INSERT INTO {} ({}) VALUES ({})", self.table(), names.join(", "), marks.join(", "));
        // A row whose label changes moves to another partition, where its id is not in conflict.
        let moves = self.partition_column().is_some();
        if !moves {
            let set: Vec<String> =
                names.iter().skip(1).map(|name| format!("{name} = excluded.{name}")).collect();
            sql.push_str(&format!(" ON CONFLICT (id) DO UPDATE SET {}", set.join(", ")));
        }
        let insert = Statement { sql, parameters: self.types(), scores: false };
        Upsert { delete: moves.then(|| self.delete()), insert }
    }
}
