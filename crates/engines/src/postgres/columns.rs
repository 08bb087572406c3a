//! Labels as columns: each under its own name and type.

use std::collections::{BTreeMap, BTreeSet};

use annvil_core::engine::{EngineError, Result};
use annvil_core::label::LabelType;
use tokio_postgres::types::Type;

use super::quote;

/// Names that are taken: the columns of every table of ours, and those of the system.
const TAKEN: [&str; 9] = ["id", "embedding", "body", "ctid", "cmin", "cmax", "xmin", "xmax", "tableoid"];

/// The column of a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LabelColumn {
    /// The label's name.
    pub(super) label: String,
    /// The column's name in quotes.
    pub(super) column: String,
    /// The label's type.
    pub(super) kind: LabelType,
}

impl LabelColumn {
    /// The column's type in SQL.
    pub(super) const fn sql_type(&self) -> &'static str {
        match self.kind {
            LabelType::Text => "text",
            LabelType::Int => "bigint",
            LabelType::Float => "double precision",
            LabelType::Bool => "boolean",
            LabelType::TextList => "text[]",
        }
    }

    /// The column's type as the client knows it.
    pub(super) const fn parameter(&self) -> Type {
        match self.kind {
            LabelType::Text => Type::TEXT,
            LabelType::Int => Type::INT8,
            LabelType::Float => Type::FLOAT8,
            LabelType::Bool => Type::BOOL,
            LabelType::TextList => Type::TEXT_ARRAY,
        }
    }
}

/// The columns of all labels, in order of the labels' names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct LabelColumns(Vec<LabelColumn>);

impl LabelColumns {
    /// Columns of a table of ours: under the labels' names, with `label_` in front of those that are taken.
    pub(super) fn new(labels: &BTreeMap<String, LabelType>) -> Result<Self> {
        let mut taken: BTreeSet<String> = TAKEN.iter().map(|name| (*name).to_owned()).collect();
        let mut columns = Vec::with_capacity(labels.len());
        for (at, (label, kind)) in labels.iter().enumerate() {
            let mut name = label.clone();
            if name.contains('\0') {
                return Err(EngineError::Configuration {
                    what: format!("the label {label:?} can't be the name of a column: it holds a NUL"),
                    help: "give it another name in the data set".to_owned(),
                });
            }
            if name.len() > 63 {
                name = quote::short(&name, &format!("_{at}"));
            }
            while name.is_empty() || taken.contains(&name) || (name != *label && labels.contains_key(&name)) {
                name = quote::short(&format!("label_{name}"), "");
            }
            taken.insert(name.clone());
            columns.push(LabelColumn { label: label.clone(), column: quote::name(&name), kind: *kind });
        }
        Ok(Self(columns))
    }

    /// Columns of somebody else's table: under the labels' own names. Lists may be of another type, such as `varchar[]`, which has no
    /// operators with ours; of `text[]` the cast leaves nothing.
    pub(super) fn existing(labels: &BTreeMap<String, LabelType>) -> Self {
        let column = |(label, kind): (&String, &LabelType)| LabelColumn {
            label: label.clone(),
            column: match kind {
                LabelType::TextList => format!("{}::text[]", quote::name(label)),
                _ => quote::name(label),
            },
            kind: *kind,
        };
        Self(labels.iter().map(column).collect())
    }

    /// The column of a label.
    pub(super) fn get(&self, label: &str) -> Option<&LabelColumn> {
        let at = self.0.binary_search_by(|column| column.label.as_str().cmp(label)).ok()?;
        self.0.get(at)
    }

    /// All columns, in order of the labels' names.
    pub(super) fn iter(&self) -> impl Iterator<Item = &LabelColumn> {
        self.0.iter()
    }

    /// Names and types of the labels.
    pub(super) fn schema(&self) -> BTreeMap<String, LabelType> {
        self.0.iter().map(|column| (column.label.clone(), column.kind)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_taken_get_a_prefix() {
        let labels = ["id", "label_id", "pos", "xmin", ""].map(|name| (name.to_owned(), LabelType::Text));
        let columns = LabelColumns::new(&BTreeMap::from(labels)).unwrap();
        let named: Vec<(&str, &str)> =
            columns.iter().map(|column| (column.label.as_str(), column.column.as_str())).collect();
        assert_eq!(
            named,
            [
                ("", "\"label_\""),
                ("id", "\"label_label_id\""),
                ("label_id", "\"label_id\""),
                ("pos", "\"pos\""),
                ("xmin", "\"label_xmin\"")
            ]
        );
    }

    #[test]
    fn long_names_stay_apart() {
        let (a, b) = (format!("{}a", "x".repeat(80)), format!("{}b", "x".repeat(80)));
        let labels = BTreeMap::from([(a.clone(), LabelType::Int), (b.clone(), LabelType::Int)]);
        let columns = LabelColumns::new(&labels).unwrap();
        assert_ne!(columns.get(&a).unwrap().column, columns.get(&b).unwrap().column);
    }
}
