//! Columns that become labels: their types, and their values as they are read.

use std::collections::{BTreeMap, HashSet};

use annvil_core::engine::Result;
use annvil_core::label::{Column, LabelType, LabelValue, Labels};
use tokio_postgres::{Error, Row};

use super::relation::{ColumnFacts, Relation, wrong};

/// Columns that become labels, and what was read of them. The first is the one that tells rows apart.
pub(super) struct LabelRows {
    columns: Vec<(ColumnFacts, LabelType)>,
    read: Vec<Column>,
}

/// The columns of the id and of these labels.
pub(super) fn columns(table: &Relation, id: &ColumnFacts, names: &[String]) -> Result<LabelRows> {
    let kind = match kind(id) {
        Some(LabelType::Int) => LabelType::Int,
        Some(LabelType::Text) => LabelType::Text,
        _ => {
            return Err(wrong(
                format!(
                    "the column `{}` of {} is of the type {}, by which rows are not told apart here",
                    id.name, table.shown, id.written
                ),
                "name a column of whole numbers or texts with --id",
            ));
        }
    };
    let mut columns = vec![(id.clone(), kind)];
    for name in names {
        let column = table.column(name)?;
        if columns.iter().any(|(known, _)| known.name == *name) {
            continue;
        }
        if column.kind == "citext" {
            return Err(wrong(
                format!(
                    "the column `{name}` of {} is of the type citext, by which the server finds `A` where `a` is asked for: a filter \
                     would have two meanings",
                    table.shown
                ),
                "leave it out, or make a column of the type text of it",
            ));
        }
        let kind = self::kind(column).ok_or_else(|| {
            wrong(
                format!(
                    "the column `{name}` of {} is of the type {}, which is no label",
                    table.shown, column.written
                ),
                "labels are texts, numbers, booleans, lists of texts, dates and UUIDs",
            )
        })?;
        columns.push((column.clone(), kind));
    }
    let read = columns.iter().map(|(_, kind)| Column::new(*kind)).collect();
    Ok(LabelRows { columns, read })
}

/// The label that a column becomes.
fn kind(column: &ColumnFacts) -> Option<LabelType> {
    Some(match column.kind.as_str() {
        "int2" | "int4" | "int8" | "oid" => LabelType::Int,
        "float4" | "float8" | "numeric" => LabelType::Float,
        "bool" => LabelType::Bool,
        "text" | "varchar" | "bpchar" | "name" | "uuid" | "date" | "timestamp" | "timestamptz" => {
            LabelType::Text
        }
        "_text" | "_varchar" => LabelType::TextList,
        _ => return None,
    })
}

impl LabelRows {
    /// The columns as SQL, each as the type that its label is read by.
    pub(super) fn selected(&self) -> Vec<String> {
        let cast = |kind: &LabelType| match kind {
            LabelType::Text => "text",
            LabelType::Int => "bigint",
            LabelType::Float => "double precision",
            LabelType::Bool => "boolean",
            LabelType::TextList => "text[]",
        };
        self.columns.iter().map(|(column, kind)| format!("{}::{}", column.quoted, cast(kind))).collect()
    }

    /// Takes the labels of a row, which stand in its fields from `first` on.
    pub(super) fn push(&mut self, row: &Row, first: usize) -> std::result::Result<(), Error> {
        for (at, column) in (first..).zip(&mut self.read) {
            let value = match column.kind() {
                LabelType::Text => {
                    row.try_get::<_, Option<&str>>(at)?.map(|text| LabelValue::Text(text.to_owned()))
                }
                LabelType::Int => row.try_get::<_, Option<i64>>(at)?.map(LabelValue::Int),
                LabelType::Float => row.try_get::<_, Option<f64>>(at)?.map(LabelValue::Float),
                LabelType::Bool => row.try_get::<_, Option<bool>>(at)?.map(LabelValue::Bool),
                LabelType::TextList => row
                    .try_get::<_, Option<Vec<Option<String>>>>(at)?
                    // A NULL in a list contains nothing.
                    .map(|texts| LabelValue::TextList(texts.into_iter().flatten().collect())),
            };
            // The value was read as the column's own type.
            let _ = column.push(value);
        }
        Ok(())
    }

    /// The last row's id, for messages.
    pub(super) fn last_id(&self) -> String {
        let last = self.read.first().and_then(|ids| ids.value(ids.rows().checked_sub(1)?));
        match last {
            Some(LabelValue::Int(id)) => id.to_string(),
            Some(LabelValue::Text(id)) => id,
            _ => "NULL".to_owned(),
        }
    }

    /// Names and types, in the order in which they were asked for.
    pub(super) fn named(&self) -> Vec<(String, LabelType)> {
        self.columns.iter().map(|(column, kind)| (column.name.clone(), *kind)).collect()
    }

    /// Refuses ids that don't tell rows apart.
    pub(super) fn check_ids(&self, table: &Relation) -> Result<()> {
        let (distinct, there, rows) = match &self.read[0] {
            Column::Int(ids) => {
                let there: Vec<i64> = ids.iter().flatten().copied().collect();
                (there.iter().collect::<HashSet<_>>().len(), there.len(), ids.len())
            }
            Column::Text { dictionary, codes } => {
                (dictionary.texts().len(), codes.iter().flatten().count(), codes.len())
            }
            other => (other.rows(), other.rows(), other.rows()),
        };
        let name = &self.columns[0].0.name;
        if there < rows {
            return Err(wrong(
                format!("{} rows of {} have no `{name}`", rows - there, table.shown),
                "name a column that every row has with --id",
            ));
        }
        if distinct < rows {
            return Err(wrong(
                format!(
                    "`{name}` does not tell the rows of {} apart: {rows} rows have {distinct} values",
                    table.shown
                ),
                "name a column in which each value stands once with --id",
            ));
        }
        Ok(())
    }

    /// All labels as a table.
    pub(super) fn take(&mut self) -> Labels {
        let names = self.columns.iter().map(|(column, _)| column.name.clone());
        let columns: BTreeMap<String, Column> = names.zip(std::mem::take(&mut self.read)).collect();
        // Every row gave each column one value.
        Labels::new(columns).unwrap_or_default()
    }
}
