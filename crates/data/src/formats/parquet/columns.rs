//! Labels, texts, ids and answers out of columns. They are held in memory.

use std::collections::BTreeMap;

use annvil_core::label::{Column as LabelColumn, LabelType, LabelValue, Labels};

use super::meta::{Column, Kind, Nesting};
use super::source::{Cell, Source};
use crate::error::FormatError;
use crate::format::Kept;

/// Columns whose texts are the texts of the rows, in order of preference.
const TEXTS: &[&str] = &["text", "title"];

/// What may be beside vectors: labels and texts.
pub(super) type Beside = (Option<Kept<Labels>>, Option<Kept<Vec<String>>>);

/// What beside the vectors is in the files: labels and texts. Columns of structures, of dates in 96 bits, of bytes and of
/// lists of anything but texts are left out, as is a column of whole numbers called `id`.
pub(super) fn labels_and_texts(sources: &[Source], vectors: Option<&str>) -> Result<Beside, FormatError> {
    let Some(first) = sources.first() else { return Ok((None, None)) };
    let rows = sources.iter().map(|source| source.meta.rows).sum();
    let is_text = |name: &str| {
        let column = first.meta.column(name).map(|number| first.column(number));
        column.is_some_and(|column| {
            column.nesting == Nesting::Flat && column.kind == Kind::Bytes { text: true }
        })
    };
    let text = TEXTS.iter().copied().find(|name| is_text(name));
    let mut columns = BTreeMap::new();
    for column in &first.meta.columns {
        let id = column.name == "id" && matches!(column.kind, Kind::Int { .. });
        let Some(kind) = label_type(column) else { continue };
        if !id && Some(column.name.as_str()) != text && Some(column.name.as_str()) != vectors {
            columns.insert(column.name.clone(), labels(sources, &column.name, kind)?);
        }
    }
    let texts = text.map(|name| texts(sources, name, rows)).transpose()?;
    let labels = if columns.is_empty() {
        None
    } else {
        let labels = Labels::new(columns).ok_or_else(|| {
            FormatError::new("columns of different lengths", "the file is damaged: copy it again")
        })?;
        Some(Kept { content: labels, total: rows })
    };
    Ok((labels, texts.map(|content| Kept { content, total: rows })))
}

fn label_type(column: &Column) -> Option<LabelType> {
    match (column.nesting, column.kind) {
        (Nesting::Flat, Kind::Bool) => Some(LabelType::Bool),
        (Nesting::Flat, Kind::Int { .. }) => Some(LabelType::Int),
        (Nesting::Flat, Kind::F16 | Kind::F32 | Kind::F64) => Some(LabelType::Float),
        (Nesting::Flat, Kind::Bytes { text: true }) => Some(LabelType::Text),
        (Nesting::List { .. }, Kind::Bytes { text: true }) => Some(LabelType::TextList),
        _ => None,
    }
}

/// Number of a column that must be in a file as in the first.
fn same(source: &Source, name: &str, kind: LabelType) -> Result<usize, FormatError> {
    let number = source.meta.column(name).filter(|number| label_type(source.column(*number)) == Some(kind));
    number.ok_or_else(|| {
        let message = format!("no column `{name}` of type {} as in the first file", kind.name());
        source.named(FormatError::new(message, "all files of a set must have the same columns"))
    })
}

fn labels(sources: &[Source], name: &str, kind: LabelType) -> Result<LabelColumn, FormatError> {
    let mut out = LabelColumn::new(kind);
    for source in sources {
        let column = same(source, name, kind)?;
        let about = source.column(column);
        let bad = |row: usize| {
            let message = format!("row {row}: label `{name}` is beyond 63 bits or no UTF-8");
            source.named(FormatError::new(message, "write it as another type"))
        };
        let before = out.rows();
        let mut list: Option<Option<Vec<String>>> = None;
        source
            .each(column, |starts, level, cell| {
                let row = out.rows() - before;
                if kind != LabelType::TextList {
                    let value =
                        cell.map(|cell| value(cell, about.kind).ok_or_else(|| bad(row))).transpose()?;
                    return out.push(value).map_err(|_| bad(row));
                }
                let Nesting::List { entry } = about.nesting else { return Err(bad(row)) };
                if starts && let Some(done) = list.take() {
                    out.push(done.map(LabelValue::TextList)).map_err(|_| bad(row))?;
                }
                // One below an entry is an empty list; further below, none at all.
                let there = level + 1 >= u32::from(entry);
                let texts = list.get_or_insert_with(|| there.then(Vec::new));
                if let (Some(texts), Some(cell)) = (texts, cell) {
                    texts.push(text(cell).ok_or_else(|| bad(row))?);
                }
                Ok(())
            })
            .map_err(|problem| source.named(problem))?;
        if let Some(done) = list.take() {
            out.push(done.map(LabelValue::TextList)).map_err(|_| bad(source.meta.rows))?;
        }
        rows_of(source, out.rows() - before)?;
    }
    Ok(out)
}

fn rows_of(source: &Source, found: usize) -> Result<(), FormatError> {
    if found == source.meta.rows {
        return Ok(());
    }
    let message = format!("the footer says {} rows, and a column has {found}", source.meta.rows);
    Err(source.named(FormatError::new(message, "copy the file again")))
}

fn text(cell: Cell<'_>) -> Option<String> {
    std::str::from_utf8(cell.0).ok().map(str::to_owned)
}

fn value(cell: Cell<'_>, kind: Kind) -> Option<LabelValue> {
    match kind {
        Kind::Bool => cell.0.first().map(|byte| LabelValue::Bool(*byte != 0)),
        Kind::Int { .. } => cell.int(kind).map(LabelValue::Int),
        Kind::Bytes { .. } => text(cell).map(LabelValue::Text),
        _ => cell.float(kind).map(LabelValue::Float),
    }
}

fn texts(sources: &[Source], name: &str, rows: usize) -> Result<Vec<String>, FormatError> {
    let mut out = vec![];
    // Texts of a dictionary may be repeated without end: what is kept is held against the memory that is free.
    let mut room = 0_usize;
    for source in sources {
        let column = same(source, name, LabelType::Text)?;
        let before = out.len();
        source
            .each(column, |_, _, cell| {
                let row = out.len() - before;
                let found = cell.map_or(Some(String::new()), text).ok_or_else(|| {
                    FormatError::new(format!("row {row}: `{name}` is no UTF-8"), "write it as text")
                })?;
                let bytes = found.len() + size_of::<String>();
                if bytes > room {
                    room = crate::builder::free_memory().min(1 << 28);
                }
                room = room.checked_sub(bytes).ok_or_else(|| {
                    let message = format!("the texts of {rows} rows do not fit into the memory that is free");
                    FormatError::new(message, format!("drop the column `{name}`"))
                })?;
                out.push(found);
                Ok(())
            })
            .map_err(|problem| source.named(problem))?;
        rows_of(source, out.len() - before)?;
    }
    Ok(out)
}

/// The whole numbers of a column, none missing.
pub(super) fn ints(source: &Source, column: usize) -> Result<Vec<i64>, FormatError> {
    let kind = source.column(column).kind;
    let mut out = vec![];
    source.each(column, |_, _, cell| {
        let message =
            || format!("row {}: `{}` is missing or no whole number", out.len(), source.column(column).name);
        let number = cell.and_then(|cell| cell.int(kind));
        out.push(number.ok_or_else(|| FormatError::new(message(), "every row needs its id"))?);
        Ok(())
    })?;
    rows_of(source, out.len())?;
    Ok(out)
}

/// The lists of whole numbers of a column; missing lists are empty.
pub(super) fn int_lists(source: &Source, column: usize) -> Result<Vec<Vec<i64>>, FormatError> {
    let kind = source.column(column).kind;
    let mut out: Vec<Vec<i64>> = vec![];
    source.each(column, |starts, _, cell| {
        if starts {
            out.push(vec![]);
        }
        if let (Some(list), Some(number)) = (out.last_mut(), cell.and_then(|cell| cell.int(kind))) {
            list.push(number);
        }
        Ok(())
    })?;
    rows_of(source, out.len())?;
    Ok(out)
}
