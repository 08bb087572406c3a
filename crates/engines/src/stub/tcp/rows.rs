//! Rows of an upsert as bytes: ids, vectors, labels with their types, texts.

use annvil_core::label::{Column, LabelType, LabelValue, Labels};
use annvil_core::operation::Batch;
use annvil_core::vector::RowId;

use super::wire::{read_floats, read_ids, write_floats, write_ids};
use crate::snapshot::wire::{Reader, Writer};

/// The types of labels by their number.
const TYPES: [LabelType; 5] =
    [LabelType::Text, LabelType::Int, LabelType::Float, LabelType::Bool, LabelType::TextList];

/// Rows that came. Whether they fit the collection is for the collection to say.
pub(super) struct Rows {
    ids: Vec<RowId>,
    dim: usize,
    vectors: Vec<f32>,
    labels: Labels,
    labelled: Vec<usize>,
    texts: Vec<String>,
}

/// Why rows can't be sent.
pub(super) fn fault(rows: &Batch<'_>) -> Option<String> {
    let past = rows.label_rows.iter().find(|row| **row >= rows.labels.rows())?;
    Some(format!("label row {past} is past the end of a table of {}", rows.labels.rows()))
}

/// Writes rows.
pub(super) fn write(rows: &Batch<'_>, to: &mut Writer) {
    write_ids(rows.ids, to);
    to.varint(rows.dim as u64);
    write_floats(rows.vectors, to);
    // One row of labels an id or none at all: other counts are refused at the other end for what they are.
    let labelled = rows.label_rows.len() == rows.ids.len();
    to.bytes.push(u8::from(labelled));
    if labelled {
        to.varint(rows.labels.columns().count() as u64);
        for (name, column) in rows.labels.columns() {
            to.bytes(name.as_bytes());
            let kind = TYPES.iter().position(|kind| *kind == column.kind());
            to.bytes.push(kind.unwrap_or(TYPES.len()) as u8);
            rows.label_rows.iter().for_each(|row| write_value(column.value(*row), to));
        }
    }
    to.varint(rows.texts.len() as u64);
    rows.texts.iter().for_each(|text| to.bytes(text.as_bytes()));
}

fn write_value(value: Option<LabelValue>, to: &mut Writer) {
    to.bytes.push(u8::from(value.is_some()));
    match value {
        None => {}
        Some(LabelValue::Text(text)) => to.bytes(text.as_bytes()),
        Some(LabelValue::Int(number)) => to.bytes.extend_from_slice(&number.to_le_bytes()),
        Some(LabelValue::Float(number)) => to.bytes.extend_from_slice(&number.to_le_bytes()),
        Some(LabelValue::Bool(flag)) => to.bytes.push(u8::from(flag)),
        Some(LabelValue::TextList(texts)) => {
            to.varint(texts.len() as u64);
            for text in texts {
                to.bytes(text.as_bytes());
            }
        }
    }
}

impl Rows {
    /// Hands the rows to `then`.
    pub(super) fn with<R>(&self, then: impl FnOnce(Batch<'_>) -> R) -> R {
        let texts: Vec<&str> = self.texts.iter().map(String::as_str).collect();
        then(Batch {
            ids: &self.ids,
            dim: self.dim,
            vectors: &self.vectors,
            labels: &self.labels,
            label_rows: &self.labelled,
            texts: &texts,
        })
    }

    /// Reads rows.
    pub(super) fn read(from: &mut Reader<'_>) -> Option<Self> {
        let ids = read_ids(from)?;
        let dim = usize::try_from(from.varint()?).ok()?;
        let mut vectors = Vec::new();
        read_floats(from, &mut vectors)?;
        let (labels, count) = match from.byte()? {
            0 => (Labels::empty(0), 0),
            _ => (read_labels(ids.len(), from)?, ids.len()),
        };
        let texts = read_texts(from)?;
        Some(Self { ids, dim, vectors, labels, labelled: (0..count).collect(), texts })
    }
}

fn read_labels(rows: usize, from: &mut Reader<'_>) -> Option<Labels> {
    let columns = (0..from.count()?)
        .map(|_| {
            let name = read_text(from)?;
            let kind = *TYPES.get(usize::from(from.byte()?))?;
            let mut column = Column::new(kind);
            for _ in 0..rows {
                let value = if from.byte()? == 0 { None } else { Some(read_value(kind, from)?) };
                column.push(value).ok()?;
            }
            Some((name, column))
        })
        .collect::<Option<std::collections::BTreeMap<String, Column>>>()?;
    if columns.is_empty() { Some(Labels::empty(rows)) } else { Labels::new(columns) }
}

fn read_value(kind: LabelType, from: &mut Reader<'_>) -> Option<LabelValue> {
    Some(match kind {
        LabelType::Text => LabelValue::Text(read_text(from)?),
        LabelType::Int => LabelValue::Int(i64::from_le_bytes(from.take(8)?.try_into().ok()?)),
        LabelType::Float => LabelValue::Float(f64::from_le_bytes(from.take(8)?.try_into().ok()?)),
        LabelType::Bool => LabelValue::Bool(from.byte()? != 0),
        LabelType::TextList => LabelValue::TextList(read_texts(from)?),
    })
}

fn read_texts(from: &mut Reader<'_>) -> Option<Vec<String>> {
    (0..from.count()?).map(|_| read_text(from)).collect()
}

fn read_text(from: &mut Reader<'_>) -> Option<String> {
    String::from_utf8(from.bytes()?.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn table() -> Labels {
        let values = [
            LabelValue::Text("été".to_owned()),
            LabelValue::Int(-5),
            LabelValue::Float(0.25),
            LabelValue::Bool(true),
            LabelValue::TextList(vec!["law".to_owned(), "art".to_owned()]),
        ];
        let columns: BTreeMap<String, Column> = values
            .into_iter()
            .map(|value| {
                let mut column = Column::new(value.kind());
                column.push(Some(value.clone())).unwrap();
                column.push(None).unwrap();
                column.push(Some(value.clone())).unwrap();
                (value.kind().name().to_owned(), column)
            })
            .collect();
        Labels::new(columns).unwrap()
    }

    #[test]
    fn rows_arrive_as_they_were_sent() {
        let labels = table();
        let all = Batch {
            ids: &[7, RowId::MAX - 1],
            dim: 2,
            vectors: &[0.5, -1.0, f32::NAN, 2.0],
            labels: &labels,
            label_rows: &[2, 1],
            texts: &["one", ""],
        };
        assert_eq!(fault(&all), None);
        let mut writer = Writer::default();
        write(&all, &mut writer);
        let read = Rows::read(&mut Reader::new(&writer.bytes)).unwrap();
        read.with(|read| {
            assert_eq!((read.ids, read.dim, read.texts), (all.ids, all.dim, all.texts));
            assert_eq!(format!("{:?}", read.vectors), format!("{:?}", all.vectors));
            for (name, column) in labels.columns() {
                let theirs = read.labels.column(name).unwrap();
                assert_eq!((theirs.value(0), theirs.value(1)), (column.value(2), None));
            }
        });
        for length in 0..writer.bytes.len() {
            assert!(Rows::read(&mut Reader::new(&writer.bytes[..length])).is_none());
        }
    }

    #[test]
    fn wrong_counts_travel_or_are_named() {
        let labels = table();
        let few =
            Batch { ids: &[1, 2], dim: 3, vectors: &[1.0], labels: &labels, label_rows: &[0], texts: &[] };
        let mut writer = Writer::default();
        write(&few, &mut writer);
        Rows::read(&mut Reader::new(&writer.bytes)).unwrap().with(|read| {
            assert_eq!((read.ids.len(), read.dim, read.vectors.len(), read.label_rows.len()), (2, 3, 1, 0));
        });
        let past = Batch { label_rows: &[0, 3], ..few };
        assert_eq!(fault(&past).unwrap(), "label row 3 is past the end of a table of 3");
    }
}
