//! Label columns as bytes: dictionaries once, codes and numbers packed.

use std::collections::BTreeMap;

use annvil_core::label::{Column, Dictionary, LabelType, Labels};

use crate::snapshot::wire::{Reader, Writer};

const TYPES: [LabelType; 5] =
    [LabelType::Text, LabelType::Int, LabelType::Float, LabelType::Bool, LabelType::TextList];

/// Writes all columns with their names and types.
pub(super) fn write(labels: &Labels, out: &mut Writer) {
    out.varint(labels.columns().count() as u64);
    for (name, column) in labels.columns() {
        out.bytes(name.as_bytes());
        out.bytes.push(TYPES.iter().position(|kind| *kind == column.kind()).unwrap_or_default() as u8);
        write_column(column, out);
    }
}

fn write_column(column: &Column, out: &mut Writer) {
    match column {
        Column::Text { dictionary, codes } => {
            write_dictionary(dictionary, out);
            out.packed(codes.iter().map(|code| code.map_or(0, |code| u64::from(code) + 1)));
        }
        Column::Int(values) => {
            write_present(values, out);
            // The sign bit turned over puts negative numbers below positive ones, so that differences stay small.
            // Missing values repeat their neighbours' place in the range: the first value there is, or zero.
            let filler = values.iter().flatten().next().copied().unwrap_or_default();
            out.packed(values.iter().map(|value| value.unwrap_or(filler).cast_unsigned() ^ (1 << 63)));
        }
        Column::Float(values) => {
            write_present(values, out);
            out.packed(values.iter().map(|value| value.unwrap_or_default().to_bits()));
        }
        Column::Bool(values) => out.packed(values.iter().map(|value| value.map_or(2, u64::from))),
        Column::TextList { dictionary, offsets, codes, present } => {
            write_dictionary(dictionary, out);
            let lengths = offsets.windows(2).map(|pair| u64::from(pair[1] - pair[0]));
            out.packed(lengths.zip(present).map(|(length, present)| if *present { length + 1 } else { 0 }));
            out.varint(codes.len() as u64);
            out.packed(codes.iter().map(|code| u64::from(*code)));
        }
    }
}

fn write_present<T>(values: &[Option<T>], out: &mut Writer) {
    out.packed(values.iter().map(|value| u64::from(value.is_some())));
}

fn write_dictionary(dictionary: &Dictionary, out: &mut Writer) {
    let texts = dictionary.texts();
    out.varint(texts.len() as u64);
    out.packed(texts.iter().map(|text| text.len() as u64));
    for text in texts {
        out.bytes.extend_from_slice(text.as_bytes());
    }
}

/// Reads what [`write`] wrote for a table of `rows` rows.
pub(super) fn read(reader: &mut Reader<'_>, rows: usize) -> Option<Labels> {
    let columns = reader.count()?;
    let mut read = BTreeMap::new();
    for _ in 0..columns {
        let name = std::str::from_utf8(reader.bytes()?).ok()?.to_owned();
        let kind = *TYPES.get(usize::from(reader.byte()?))?;
        read.insert(name, read_column(reader, kind, rows)?);
    }
    if read.is_empty() { Some(Labels::empty(rows)) } else { Labels::new(read) }
}

fn read_column(reader: &mut Reader<'_>, kind: LabelType, rows: usize) -> Option<Column> {
    Some(match kind {
        LabelType::Text => {
            let dictionary = read_dictionary(reader)?;
            let codes = reader.packed(rows)?;
            // One more than the code, so that 0 is left for rows without the label.
            let known = codes.iter().all(|code| *code <= dictionary.texts().len() as u64);
            let codes = codes.into_iter().map(|code| code.checked_sub(1).map(|code| code as u32)).collect();
            known.then_some(Column::Text { dictionary, codes })?
        }
        LabelType::Int => {
            let (present, values) = (reader.packed(rows)?, reader.packed(rows)?);
            let whole = |x: u64| (x ^ (1 << 63)).cast_signed();
            Column::Int(present.into_iter().zip(values).map(|(is, x)| (is == 1).then(|| whole(x))).collect())
        }
        LabelType::Float => {
            let (present, values) = (reader.packed(rows)?, reader.packed(rows)?);
            Column::Float(
                present.into_iter().zip(values).map(|(is, x)| (is == 1).then(|| f64::from_bits(x))).collect(),
            )
        }
        LabelType::Bool => {
            Column::Bool(reader.packed(rows)?.into_iter().map(|x| (x < 2).then_some(x == 1)).collect())
        }
        LabelType::TextList => {
            let dictionary = read_dictionary(reader)?;
            let lengths = reader.packed(rows)?;
            let count = reader.count()?;
            let codes: Vec<u32> = reader.packed(count)?.into_iter().map(|code| code as u32).collect();
            let known = codes.iter().all(|code| (*code as usize) < dictionary.texts().len());
            let mut offsets = vec![0];
            let mut end = 0_u32;
            for length in &lengths {
                end = end.checked_add(u32::try_from(length.saturating_sub(1)).ok()?)?;
                offsets.push(end);
            }
            let present = lengths.iter().map(|length| *length > 0).collect();
            (known && end as usize == count).then_some(Column::TextList {
                dictionary,
                offsets,
                codes,
                present,
            })?
        }
    })
}

fn read_dictionary(reader: &mut Reader<'_>) -> Option<Dictionary> {
    let count = reader.count()?;
    let lengths = reader.packed(count)?;
    let mut dictionary = Dictionary::default();
    for (code, length) in lengths.into_iter().enumerate() {
        let text = std::str::from_utf8(reader.take(usize::try_from(length).ok()?)?).ok()?;
        // A text that is there twice would shift all codes behind it.
        (dictionary.enter(text) as usize == code).then_some(())?;
    }
    Some(dictionary)
}

/// Bytes in memory, about: a text is there twice, in the list and as the key of the hash table.
pub(super) fn bytes(labels: &Labels) -> usize {
    let dictionary = |dictionary: &Dictionary| -> usize {
        dictionary.texts().iter().map(|text| 2 * (size_of::<String>() + text.len()) + size_of::<u64>()).sum()
    };
    let column = |column: &Column| match column {
        Column::Text { dictionary: texts, codes } => dictionary(texts) + size_of_val(codes.as_slice()),
        Column::Int(values) => size_of_val(values.as_slice()),
        Column::Float(values) => size_of_val(values.as_slice()),
        Column::Bool(values) => size_of_val(values.as_slice()),
        Column::TextList { dictionary: texts, offsets, codes, present } => {
            dictionary(texts)
                + size_of_val(offsets.as_slice())
                + size_of_val(codes.as_slice())
                + present.len()
        }
    };
    labels.columns().map(|(_, values)| column(values)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use annvil_core::label::LabelValue;

    #[test]
    fn every_type_comes_back_with_gaps() {
        let mut columns: BTreeMap<String, Column> =
            TYPES.iter().map(|kind| (kind.name().to_owned(), Column::new(*kind))).collect();
        for row in 0..50_i64 {
            for (name, column) in &mut columns {
                let value = match name.as_str() {
                    "text" => LabelValue::Text(format!("wörd {}", row % 7)),
                    "whole number" => LabelValue::Int(if row % 2 == 0 { i64::MIN + row } else { row }),
                    "number" => LabelValue::Float(-0.5 * row as f64),
                    "boolean" => LabelValue::Bool(row % 3 == 0),
                    _ => LabelValue::TextList((0..row % 4).map(|i| format!("item {i}")).collect()),
                };
                column.push((row % 5 != 4).then_some(value)).unwrap();
            }
        }
        let table = Labels::new(columns).unwrap();
        let mut writer = Writer::default();
        write(&table, &mut writer);
        assert_eq!(read(&mut Reader::new(&writer.bytes), 50), Some(table));
        for length in (0..writer.bytes.len()).step_by(7) {
            assert_eq!(read(&mut Reader::new(&writer.bytes[..length]), 50), None);
        }
        assert_eq!(read(&mut Reader::new(&[0]), 3), Some(Labels::empty(3)));
    }
}
