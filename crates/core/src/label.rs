//! Typed labels of rows, stored by column: what filters select on.

use std::collections::{BTreeMap, HashMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The type of a label column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LabelType {
    /// Text.
    Text,
    /// Whole number.
    Int,
    /// Double-precision number.
    Float,
    /// True or false.
    Bool,
    /// A set of texts.
    TextList,
}

impl LabelType {
    /// How messages name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Int => "whole number",
            Self::Float => "number",
            Self::Bool => "boolean",
            Self::TextList => "list of texts",
        }
    }
}

/// One value of a label.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
pub enum LabelValue {
    /// Text.
    Text(String),
    /// Whole number.
    Int(i64),
    /// Double-precision number.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// A set of texts.
    TextList(Vec<String>),
}

/// Distinct texts, each with a small code.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dictionary {
    texts: Vec<String>,
    codes: HashMap<String, u32>,
}

impl Dictionary {
    /// The code of `text`, entering it if it is new.
    pub fn enter(&mut self, text: &str) -> u32 {
        if let Some(code) = self.codes.get(text) {
            return *code;
        }
        let code = self.texts.len() as u32;
        self.texts.push(text.to_owned());
        self.codes.insert(text.to_owned(), code);
        code
    }

    /// The code of `text`, if any row has it.
    pub fn code(&self, text: &str) -> Option<u32> {
        self.codes.get(text).copied()
    }

    /// The text behind `code`.
    pub fn text(&self, code: u32) -> &str {
        &self.texts[code as usize]
    }

    /// All texts in order of their codes.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }
}

/// One column of labels; `None` or an absent entry is a missing value.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Dictionary-coded texts.
    Text {
        /// The distinct texts.
        dictionary: Dictionary,
        /// A code per row.
        codes: Vec<Option<u32>>,
    },
    /// Whole numbers.
    Int(Vec<Option<i64>>),
    /// Double-precision numbers.
    Float(Vec<Option<f64>>),
    /// Booleans.
    Bool(Vec<Option<bool>>),
    /// Sets of dictionary-coded texts; row `i` owns `codes[offsets[i]..offsets[i + 1]]`.
    TextList {
        /// The distinct texts.
        dictionary: Dictionary,
        /// Start of each row, and the end of the last.
        offsets: Vec<u32>,
        /// The codes of all rows.
        codes: Vec<u32>,
        /// Whether the row has the label at all: an empty list is present.
        present: Vec<bool>,
    },
}

impl Column {
    /// An empty column of a type.
    pub fn new(kind: LabelType) -> Self {
        match kind {
            LabelType::Text => Self::Text { dictionary: Dictionary::default(), codes: vec![] },
            LabelType::Int => Self::Int(vec![]),
            LabelType::Float => Self::Float(vec![]),
            LabelType::Bool => Self::Bool(vec![]),
            LabelType::TextList => Self::TextList {
                dictionary: Dictionary::default(),
                offsets: vec![0],
                codes: vec![],
                present: vec![],
            },
        }
    }

    /// The column's type.
    pub fn kind(&self) -> LabelType {
        match self {
            Self::Text { .. } => LabelType::Text,
            Self::Int(_) => LabelType::Int,
            Self::Float(_) => LabelType::Float,
            Self::Bool(_) => LabelType::Bool,
            Self::TextList { .. } => LabelType::TextList,
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        match self {
            Self::Text { codes, .. } => codes.len(),
            Self::Int(v) => v.len(),
            Self::Float(v) => v.len(),
            Self::Bool(v) => v.len(),
            Self::TextList { present, .. } => present.len(),
        }
    }

    /// Appends a value. A whole number fits a number column; any other mismatch returns the value's type.
    pub fn push(&mut self, value: Option<LabelValue>) -> Result<(), LabelType> {
        match (self, value) {
            (Self::Text { codes, .. }, None) => codes.push(None),
            (Self::Text { dictionary, codes }, Some(LabelValue::Text(text))) => {
                let code = dictionary.enter(&text);
                codes.push(Some(code));
            }
            (Self::Int(v), None) => v.push(None),
            (Self::Int(v), Some(LabelValue::Int(x))) => v.push(Some(x)),
            (Self::Float(v), None) => v.push(None),
            (Self::Float(v), Some(LabelValue::Float(x))) => v.push(Some(x)),
            (Self::Float(v), Some(LabelValue::Int(x))) => v.push(Some(x as f64)),
            (Self::Bool(v), None) => v.push(None),
            (Self::Bool(v), Some(LabelValue::Bool(x))) => v.push(Some(x)),
            (Self::TextList { offsets, codes, present, .. }, None) => {
                offsets.push(codes.len() as u32);
                present.push(false);
            }
            (Self::TextList { dictionary, offsets, codes, present }, Some(LabelValue::TextList(texts))) => {
                codes.extend(texts.iter().map(|text| dictionary.enter(text)));
                offsets.push(codes.len() as u32);
                present.push(true);
            }
            (_, Some(value)) => return Err(value.kind()),
        }
        Ok(())
    }

    /// The value at `row`, if the row has one.
    pub fn value(&self, row: usize) -> Option<LabelValue> {
        match self {
            Self::Text { dictionary, codes } => {
                codes[row].map(|code| LabelValue::Text(dictionary.text(code).to_owned()))
            }
            Self::Int(v) => v[row].map(LabelValue::Int),
            Self::Float(v) => v[row].map(LabelValue::Float),
            Self::Bool(v) => v[row].map(LabelValue::Bool),
            Self::TextList { dictionary, offsets, codes, present } => present[row].then(|| {
                let codes = &codes[offsets[row] as usize..offsets[row + 1] as usize];
                LabelValue::TextList(codes.iter().map(|code| dictionary.text(*code).to_owned()).collect())
            }),
        }
    }
}

impl LabelValue {
    /// The type of the value.
    pub fn kind(&self) -> LabelType {
        match self {
            Self::Text(_) => LabelType::Text,
            Self::Int(_) => LabelType::Int,
            Self::Float(_) => LabelType::Float,
            Self::Bool(_) => LabelType::Bool,
            Self::TextList(_) => LabelType::TextList,
        }
    }
}

/// A table of labels: named columns of equal length.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Labels {
    // In order of name: a position is as good as a name and costs no search.
    columns: Vec<(String, Column)>,
    rows: usize,
}

impl Labels {
    /// A table without columns for `rows` rows.
    pub fn empty(rows: usize) -> Self {
        Self { columns: vec![], rows }
    }

    /// Builds a table; `None` if the columns differ in length.
    pub fn new(columns: BTreeMap<String, Column>) -> Option<Self> {
        let rows = columns.values().next().map_or(0, Column::rows);
        columns
            .values()
            .all(|column| column.rows() == rows)
            .then(|| Self { columns: columns.into_iter().collect(), rows })
    }

    /// An empty table with the columns of a schema, to be filled by [`Labels::push_row`].
    pub fn with_schema(schema: &BTreeMap<String, LabelType>) -> Self {
        let columns = schema.iter().map(|(name, kind)| (name.clone(), Column::new(*kind))).collect();
        Self { columns, rows: 0 }
    }

    /// Appends row `row` of `other`, which must have columns of the same types under the same names; columns that it
    /// lacks are left missing. Returns the name of a column whose type differs.
    pub fn push_row(&mut self, other: &Labels, row: usize) -> Result<(), String> {
        for (name, column) in &mut self.columns {
            let value = other.column(name).and_then(|theirs| theirs.value(row));
            column.push(value).map_err(|_| name.clone())?;
        }
        self.rows += 1;
        Ok(())
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The column called `name`.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.column_at(self.position(name)?)
    }

    /// Where the column called `name` stands among the columns: the argument of [`Labels::column_at`].
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.binary_search_by(|(column, _)| column.as_str().cmp(name)).ok()
    }

    /// The column at a position, without a search by name.
    pub fn column_at(&self, position: usize) -> Option<&Column> {
        self.columns.get(position).map(|(_, column)| column)
    }

    /// Names and columns, in order of name.
    pub fn columns(&self) -> impl Iterator<Item = (&str, &Column)> {
        self.columns.iter().map(|(name, column)| (name.as_str(), column))
    }

    /// Names and types of the columns.
    pub fn schema(&self) -> BTreeMap<String, LabelType> {
        self.columns.iter().map(|(name, column)| (name.clone(), column.kind())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_keep_what_was_pushed() {
        let mut list = Column::new(LabelType::TextList);
        list.push(Some(LabelValue::TextList(vec!["law".into(), "art".into()]))).unwrap();
        list.push(None).unwrap();
        list.push(Some(LabelValue::TextList(vec![]))).unwrap();
        assert_eq!(list.value(0), Some(LabelValue::TextList(vec!["law".into(), "art".into()])));
        assert_eq!((list.value(1), list.value(2)), (None, Some(LabelValue::TextList(vec![]))));
        assert_eq!(list.push(Some(LabelValue::Int(1))), Err(LabelType::Int));
        let mut number = Column::new(LabelType::Float);
        number.push(Some(LabelValue::Int(2))).unwrap();
        assert_eq!(number.value(0), Some(LabelValue::Float(2.0)));
    }

    #[test]
    fn a_table_has_columns_of_one_length() {
        let mut short = Column::new(LabelType::Bool);
        short.push(Some(LabelValue::Bool(true))).unwrap();
        let columns =
            BTreeMap::from([("a".to_owned(), short.clone()), ("b".to_owned(), Column::new(LabelType::Int))]);
        assert!(Labels::new(columns).is_none());
        let table = Labels::new(BTreeMap::from([("a".to_owned(), short)])).unwrap();
        let mut copy = Labels::with_schema(&table.schema());
        copy.push_row(&table, 0).unwrap();
        assert_eq!(copy, table);
    }
}
