//! What rows, queries and variants must be, whatever the engine.

use annvil_core::dataset::Queries;
use annvil_core::engine::{EngineError, Result, Schema};
use annvil_core::operation::Batch;
use annvil_core::scenario::{Index, SearchParams, Storage, Variant};
use annvil_core::vector::RowId;

/// Marks a row that is gone; usearch reserves the same number.
pub(crate) const NO_ID: RowId = RowId::MAX;

/// Refuses rows that don't fit the collection: wrong shape, numbers that are none, ids that can't be.
/// `largest` is the largest magnitude that the storage can hold.
pub(crate) fn rows(rows: &Batch<'_>, schema: &Schema, largest: f32) -> std::result::Result<(), String> {
    if rows.dim != schema.dim {
        return Err(format!("the rows have {} dimensions, the collection has {}", rows.dim, schema.dim));
    }
    if rows.vectors.len() != rows.ids.len() * rows.dim {
        return Err(format!(
            "{} ids of {} dimensions came with {} numbers",
            rows.ids.len(),
            rows.dim,
            rows.vectors.len()
        ));
    }
    if !rows.texts.is_empty() && rows.texts.len() != rows.ids.len() {
        return Err(format!("{} ids came with {} texts", rows.ids.len(), rows.texts.len()));
    }
    labels(rows, schema)?;
    for (i, id) in rows.ids.iter().enumerate() {
        if *id == NO_ID {
            return Err(format!("{NO_ID} can't be an id; it marks rows that are gone"));
        }
        vector(rows.vector(i), largest).map_err(|why| format!("row {id}: {why}"))?;
    }
    Ok(())
}

fn labels(rows: &Batch<'_>, schema: &Schema) -> std::result::Result<(), String> {
    if schema.labels.is_empty() {
        return Ok(());
    }
    if rows.label_rows.len() != rows.ids.len() {
        return Err(format!("{} ids came with {} label rows", rows.ids.len(), rows.label_rows.len()));
    }
    if let Some(row) = rows.label_rows.iter().find(|row| **row >= rows.labels.rows()) {
        return Err(format!("label row {row} is past the end of a table of {}", rows.labels.rows()));
    }
    for (name, kind) in &schema.labels {
        if let Some(column) = rows.labels.column(name)
            && column.kind() != *kind
        {
            return Err(format!(
                "label `{name}` is a {}, the schema says {}",
                column.kind().name(),
                kind.name()
            ));
        }
    }
    Ok(())
}

fn vector(values: &[f32], largest: f32) -> std::result::Result<(), String> {
    // One pass without branches for what is nearly always true; NaN fails the comparison too.
    if values.iter().fold(true, |fine, x| fine & (x.abs() <= largest)) {
        return Ok(());
    }
    let found = values.iter().enumerate().find(|(_, x)| x.is_nan() || x.abs() > largest);
    let (at, value) = found.unwrap_or((0, &f32::NAN));
    Err(if value.is_finite() {
        format!("dimension {at} is {value}, and the storage ends at {largest}; use storage f32")
    } else {
        format!("dimension {at} is {value}; vectors must be finite numbers")
    })
}

/// Refuses queries that don't fit the collection.
pub(crate) fn queries(queries: &Queries, schema: &Schema, largest: f32) -> Result<()> {
    let fail =
        |what| Err(EngineError::Configuration { what, help: "check the data set's queries".to_owned() });
    if queries.stride() != schema.dim {
        return fail(format!(
            "queries have {} dimensions, the collection has {}",
            queries.stride(),
            schema.dim
        ));
    }
    for row in 0..queries.rows() {
        if let Err(why) = vector(queries.row(row), largest) {
            return fail(format!("query {row}: {why}"));
        }
    }
    Ok(())
}

/// Refuses settings of a variant that only Postgres has.
pub(crate) fn not_of_postgres(engine: &str, variant: &Variant) -> Result<()> {
    let search = &variant.search;
    let asked = if matches!(variant.index, Index::Ivfflat(_) | Index::Diskann(_)) {
        format!("index {}", variant.index.name())
    } else if variant.storage == Storage::Sparsevec {
        "storage sparsevec".to_owned()
    } else if variant.index.quantize().is_some() {
        "`quantize`".to_owned()
    } else if variant.index.ops().is_some() {
        "`ops`".to_owned()
    } else if search.iterative_scan.is_some() || search.max_scan_tuples.is_some() {
        "an iterative scan".to_owned()
    } else if !search.set.is_empty() {
        "`search.set`".to_owned()
    } else if variant.postgres.is_some() {
        "`postgres`".to_owned()
    } else {
        return Ok(());
    };
    Err(EngineError::Unsupported {
        engine: engine.to_owned(),
        what: asked,
        help: "only the engine postgres has it".to_owned(),
    })
}

/// Refuses every setting of a variant that asks for an index: for engines that have none to configure.
pub(crate) fn plain_variant(engine: &str, variant: &Variant) -> Result<()> {
    not_of_postgres(engine, variant)?;
    let asked = if variant.index != Index::None {
        "an index"
    } else if variant.storage != Storage::F32 {
        "another storage than f32"
    } else if variant.rerank.is_some() {
        "rerank"
    } else if variant.search != SearchParams::default() {
        "search parameters"
    } else {
        return Ok(());
    };
    Err(EngineError::Unsupported {
        engine: engine.to_owned(),
        what: asked.to_owned(),
        help: format!(
            "it always compares whole f32 rows: leave index, storage, rerank and search out of the variants of {engine}"
        ),
    })
}
