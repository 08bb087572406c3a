//! Rows on their way to the server, in binary form: tuples of COPY and parameters of an upsert.

use annvil_core::label::Column;
use annvil_core::operation::Batch;
use bytes::{BufMut, Bytes, BytesMut};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::columns::LabelColumn;
use super::design::Design;

/// A parameter in binary form already; `None` is NULL.
#[derive(Debug, Clone)]
pub(super) struct Raw(pub(super) Option<Bytes>);

impl ToSql for Raw {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let Some(bytes) = &self.0 else { return Ok(IsNull::Yes) };
        out.extend_from_slice(bytes);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// Appends a value; false for NULL, and then nothing was appended.
type Writer<'a> = dyn Fn(&mut BytesMut) -> bool + 'a;

/// Ids are `u64` here and `bigint` there; the same 64 bits.
pub(super) const fn to_bigint(id: u64) -> i64 {
    id.cast_signed()
}

/// See [`to_bigint`].
pub(super) const fn from_bigint(id: i64) -> u64 {
    id.cast_unsigned()
}

impl Design {
    /// The statement that copies rows in.
    pub(super) fn copy(&self) -> String {
        format!("COPY {} ({}) FROM STDIN (FORMAT binary)", self.table(), self.names().join(", "))
    }

    /// Columns in the order of [`Design::put_row`] and [`Design::values`].
    pub(super) fn names(&self) -> Vec<&str> {
        let labels = self.columns.iter().map(|column| column.column.as_str());
        ["id", "embedding", "body"].into_iter().chain(labels).collect()
    }

    /// Types in the order of [`Design::values`].
    pub(super) fn types(&self) -> Vec<Type> {
        let labels = self.columns.iter().map(LabelColumn::parameter);
        [Type::INT8, self.parameter.clone(), Type::TEXT].into_iter().chain(labels).collect()
    }

    /// Refuses what the server can't hold; what every engine refuses was refused before.
    pub(super) fn check_rows(&self, batch: &Batch<'_>) -> Result<(), String> {
        for (text, id) in batch.texts.iter().zip(batch.ids) {
            if text.contains('\0') {
                return Err(format!("row {id}: the text holds a NUL, which PostgreSQL has not"));
            }
        }
        for column in self.columns.iter() {
            let Some(values) = batch.labels.column(&column.label) else { continue };
            // Of these rows only: a dictionary holds the values of all, and this may stand within a timed call.
            if let Some(text) = batch.label_rows.iter().find_map(|row| with_nul(values, *row)) {
                return Err(format!(
                    "the label `{}` has the value {text:?} with a NUL, which PostgreSQL has not",
                    column.label
                ));
            }
        }
        Ok(())
    }

    /// Appends the `i`-th row as one tuple of a binary COPY.
    pub(super) fn put_row(&self, out: &mut BytesMut, batch: &Batch<'_>, i: usize) {
        self.note(&self.longest_row, batch.vector(i));
        out.put_u16(3 + self.columns.iter().count() as u16);
        self.each(batch, i, &mut |write| {
            let start = out.len();
            out.put_i32(-1);
            if write(out) {
                let length = (out.len() - start - 4) as u32;
                out[start..start + 4].copy_from_slice(&length.to_be_bytes());
            }
        });
    }

    /// The `i`-th row as parameters.
    pub(super) fn values(&self, batch: &Batch<'_>, i: usize) -> Vec<Raw> {
        self.note(&self.longest_row, batch.vector(i));
        let (mut values, mut out) = (Vec::with_capacity(3 + self.columns.iter().count()), BytesMut::new());
        self.each(batch, i, &mut |write| {
            let there = write(&mut out);
            let bytes = out.split().freeze();
            values.push(Raw(there.then_some(bytes)));
        });
        values
    }

    /// Hands out a writer for every column, which says whether there is a value.
    fn each(&self, batch: &Batch<'_>, i: usize, take: &mut dyn FnMut(&Writer<'_>)) {
        take(&|out| {
            out.put_i64(to_bigint(batch.ids[i]));
            true
        });
        take(&|out| {
            self.codec.encode(batch.vector(i), out);
            true
        });
        take(&|out| batch.texts.get(i).is_some_and(|text| put_text(text, out)));
        for column in self.columns.iter() {
            take(&|out| {
                let found = batch.labels.column(&column.label).zip(batch.label_rows.get(i));
                found.is_some_and(|(column, row)| put_label(column, *row, out))
            });
        }
    }
}

/// A text of a row that the server can't hold.
fn with_nul(column: &Column, row: usize) -> Option<&str> {
    let (dictionary, codes) = match column {
        Column::Text { dictionary, codes } => (dictionary, codes.get(row)?.as_slice()),
        Column::TextList { dictionary, offsets, codes, .. } => {
            (dictionary, codes.get(*offsets.get(row)? as usize..*offsets.get(row + 1)? as usize)?)
        }
        Column::Int(_) | Column::Float(_) | Column::Bool(_) => return None,
    };
    codes.iter().map(|code| dictionary.text(*code)).find(|text| text.contains('\0'))
}

fn put_text(text: &str, out: &mut BytesMut) -> bool {
    out.extend_from_slice(text.as_bytes());
    true
}

fn put_label(column: &Column, row: usize, out: &mut BytesMut) -> bool {
    match column {
        Column::Text { dictionary, codes } => {
            codes[row].is_some_and(|code| put_text(dictionary.text(code), out))
        }
        Column::Int(values) => values[row].map(|x| out.put_i64(x)).is_some(),
        Column::Float(values) => values[row].map(|x| out.put_f64(x)).is_some(),
        Column::Bool(values) => values[row].map(|x| out.put_u8(u8::from(x))).is_some(),
        Column::TextList { dictionary, offsets, codes, present } => {
            if present[row] {
                let codes = &codes[offsets[row] as usize..offsets[row + 1] as usize];
                put_list(codes.iter().map(|code| dictionary.text(*code)), out);
            }
            present[row]
        }
    }
}

/// An array of texts: dimensions, whether there are NULLs, the element type, then length and lower bound of the one
/// dimension; an empty array has none.
fn put_list<'a>(members: impl ExactSizeIterator<Item = &'a str>, out: &mut BytesMut) {
    let count = members.len();
    out.put_i32(i32::from(count > 0));
    out.put_i32(0);
    out.put_u32(Type::TEXT.oid());
    if count > 0 {
        out.put_u32(count as u32);
        out.put_i32(1);
    }
    for member in members {
        out.put_u32(member.len() as u32);
        out.extend_from_slice(member.as_bytes());
    }
}
