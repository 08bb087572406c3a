//! Answers of a search, read straight from the rows that came.

use std::collections::HashMap;

use annvil_core::engine::{EngineError, Result};
use annvil_core::label::{Column as LabelColumn, LabelValue, Labels};
use annvil_core::operation::{OpError, Reply};
use annvil_core::vector::RowId;
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Column, Row};

use super::operators::Operators;
use super::rows::from_bigint;

/// What a statement answers in a column, as it comes over the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Text,
}

impl Kind {
    fn of(column: &Column) -> Option<Self> {
        Some(match *column.type_() {
            Type::INT2 => Self::Int2,
            Type::INT4 => Self::Int4,
            Type::INT8 => Self::Int8,
            Type::FLOAT4 => Self::Float4,
            Type::FLOAT8 => Self::Float8,
            Type::TEXT | Type::VARCHAR => Self::Text,
            _ => return None,
        })
    }

    fn integer(self, bytes: &[u8]) -> Option<i64> {
        Some(match self {
            Self::Int2 => i16::from_be_bytes(bytes.try_into().ok()?).into(),
            Self::Int4 => i32::from_be_bytes(bytes.try_into().ok()?).into(),
            Self::Int8 => i64::from_be_bytes(bytes.try_into().ok()?),
            Self::Float4 | Self::Float8 | Self::Text => return None,
        })
    }

    fn number(self, bytes: &[u8]) -> Option<f64> {
        match self {
            Self::Float4 => Some(f32::from_be_bytes(bytes.try_into().ok()?).into()),
            Self::Float8 => Some(f64::from_be_bytes(bytes.try_into().ok()?)),
            _ => self.integer(bytes).map(|whole| whole as f64),
        }
    }
}

/// A value as it came.
struct Cell<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Cell<'a> {
    fn from_sql(
        _: &Type,
        raw: &'a [u8],
    ) -> std::result::Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn cell(row: &Row, at: usize) -> std::result::Result<&[u8], OpError> {
    row.try_get::<_, Cell<'_>>(at)
        .map(|cell| cell.0)
        .map_err(|_| OpError::Wrong(format!("column {} of the answer is NULL or not there", at + 1)))
}

/// Columns of an answer: an id, and a distance where there is one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns {
    id: Kind,
    score: Option<Kind>,
}

impl Columns {
    /// Reads what the columns are. `scored` says whether a second one of numbers is the distance.
    pub(super) fn of(columns: &[Column], scored: bool) -> std::result::Result<Self, OpError> {
        let id = columns
            .first()
            .and_then(|column| Kind::of(column).filter(|kind| !matches!(kind, Kind::Float4 | Kind::Float8)));
        let id = id.ok_or_else(|| {
            let what = columns.first().map_or("nothing".to_owned(), |column| format!("`{}` of type {}", column.name(), column.type_()));
            OpError::Wrong(format!("the first column of the answer is {what}; it has to be the id: an integer, or a text with `id_label`"))
        })?;
        let score = columns.get(1).filter(|_| scored).and_then(Kind::of).filter(|kind| *kind != Kind::Text);
        Ok(Self { id, score })
    }
}

/// Which row an id of the user's table is.
#[derive(Debug)]
pub(super) enum Ids {
    /// Ids are the numbers of the rows.
    Rows,
    /// By a label of numbers.
    Ints(HashMap<i64, RowId>),
    /// By a label of texts.
    Texts(HashMap<String, RowId>),
}

impl Ids {
    /// By the label that holds them, if there is one.
    pub(super) fn by(label: Option<&str>, labels: &Labels) -> Result<Self> {
        let Some(name) = label else { return Ok(Self::Rows) };
        let column = labels.column(name);
        let values = column
            .into_iter()
            .flat_map(|column| (0..column.rows()).filter_map(|row| Some((column.value(row)?, row as RowId))));
        let twice = |value: String| EngineError::Configuration {
            what: format!(
                "two rows have the value {value} in `id_label: {name}`, so an answer may be either"
            ),
            help: "name a label in which each value stands once".to_owned(),
        };
        match column {
            Some(LabelColumn::Int(_)) => {
                let mut ids = HashMap::new();
                for (value, row) in values {
                    if let LabelValue::Int(value) = value
                        && ids.insert(value, row).is_some()
                    {
                        return Err(twice(value.to_string()));
                    }
                }
                Ok(Self::Ints(ids))
            }
            Some(LabelColumn::Text { .. }) => {
                let mut ids = HashMap::new();
                for (value, row) in values {
                    if let LabelValue::Text(value) = value
                        && ids.insert(value.clone(), row).is_some()
                    {
                        return Err(twice(format!("{value:?}")));
                    }
                }
                Ok(Self::Texts(ids))
            }
            _ => Err(EngineError::Configuration {
                what: format!("`id_label: {name}` is no label of numbers or texts of this data set"),
                help: "name the label whose values `sql` answers as its first column".to_owned(),
            }),
        }
    }

    /// `place` is how many answers came before. An id that no row of the data set has is a wrong answer among others, not a call
    /// that failed: it becomes a number that no row has, another one at each place.
    fn row(&self, kind: Kind, bytes: &[u8], place: usize) -> std::result::Result<RowId, OpError> {
        let whole =
            || kind.integer(bytes).ok_or_else(|| OpError::Wrong("the answer's id is no number".to_owned()));
        let unknown = RowId::MAX - place as RowId;
        match self {
            Self::Rows => whole().map(from_bigint),
            Self::Ints(ids) => {
                let id = whole()?;
                Ok(ids.get(&id).copied().unwrap_or(unknown))
            }
            Self::Texts(ids) => {
                let text = match kind.integer(bytes) {
                    Some(whole) => whole.to_string(),
                    None => String::from_utf8_lossy(bytes).into_owned(),
                };
                Ok(ids.get(&text).copied().unwrap_or(unknown))
            }
        }
    }
}

/// Appends a row to an answer.
#[inline]
pub(super) fn take(
    row: &Row,
    columns: Columns,
    ids: &Ids,
    operators: Operators,
    out: &mut Reply,
) -> std::result::Result<(), OpError> {
    out.ids.push(ids.row(columns.id, cell(row, 0)?, out.ids.len())?);
    if let Some(kind) = columns.score {
        out.scores.push(operators.distance(number(row, 1, kind)?));
    }
    Ok(())
}

fn number(row: &Row, at: usize, kind: Kind) -> std::result::Result<f64, OpError> {
    kind.number(cell(row, at)?)
        .ok_or_else(|| OpError::Wrong(format!("column {} of the answer is no number", at + 1)))
}

/// The only value of a row, a double.
pub(super) fn double(row: &Row) -> std::result::Result<f64, OpError> {
    number(row, 0, Kind::Float8)
}

/// The bytes of a column.
pub(super) fn bytes(row: &Row, at: usize) -> std::result::Result<&[u8], OpError> {
    cell(row, at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use annvil_core::label::LabelType;
    use std::collections::BTreeMap;

    fn labels(values: [i64; 3]) -> Labels {
        let mut column = LabelColumn::new(LabelType::Int);
        for value in values {
            column.push(Some(LabelValue::Int(value))).unwrap();
        }
        Labels::new(BTreeMap::from([("key".to_owned(), column)])).unwrap()
    }

    #[test]
    fn an_unknown_id_is_a_wrong_answer_and_no_row_twice() {
        let ids = Ids::by(Some("key"), &labels([7, 8, 9])).unwrap();
        let row = |id: i64, place| ids.row(Kind::Int8, &id.to_be_bytes(), place).unwrap();
        assert_eq!([row(9, 0), row(70, 1), row(7, 2), row(70, 3)], [2, RowId::MAX - 1, 0, RowId::MAX - 3]);
    }

    #[test]
    fn ids_that_are_not_apart_are_refused() {
        let error = Ids::by(Some("key"), &labels([7, 8, 7])).unwrap_err().to_string();
        assert!(error.contains("two rows have the value 7"), "{error}");
    }
}
