//! Folders of `VectorDBBench`: base, queries, neighbours and labels in files of their own, tied together by ids.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use annvil_core::dataset::Neighbours;
use annvil_core::filter::Filter;
use annvil_core::label::Labels;
use annvil_core::vector::RowId;

use super::columns::{int_lists, ints, labels_and_texts};
use super::meta::{Kind, Nesting};
use super::source::Source;
use super::vectors::{Reader, find};
use crate::bundle::{Bundle, FilteredAnswer};
use crate::error::{DataError, FormatError};
use crate::format::{Kept, neighbours};
use crate::rows::Rows;

/// Opens the Parquet files of a folder as one set.
///
/// The base is `train…`, or else `shuffle_train…`, `base…` or `vectors…`, or else every file that is nothing else; its
/// parts are taken in the order of their names, numbers by their values. Queries are `test…` or `queries…`, answers
/// `neighbors…`, labels `scalar_labels…`. Ids need not be in order: row numbers are places in the files.
pub(super) fn open(folder: &Path, files: Vec<PathBuf>) -> Result<Bundle, DataError> {
    let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
    let mut files: Vec<(String, PathBuf)> = files
        .into_iter()
        .map(|path| (path.file_stem().unwrap_or_default().to_string_lossy().to_ascii_lowercase(), path))
        .collect();
    files.sort_by_key(|(stem, _)| natural(stem));
    let starting = |start: &str| -> Vec<&PathBuf> {
        files.iter().filter(|(stem, _)| stem.starts_with(start)).map(|(_, path)| path).collect()
    };
    let first = |starts: &[&str]| starts.iter().map(|start| starting(start)).find(|found| !found.is_empty());
    let others = ["test", "queries", "query", "neighbors", "neighbours", "scalar_labels"];
    let base = first(&["train", "shuffle_train", "base", "vectors"]).unwrap_or_else(|| {
        let part = |stem: &str| !others.iter().any(|other| stem.starts_with(other));
        files.iter().filter(|(stem, _)| part(stem)).map(|(_, path)| path).collect()
    });
    let sources = base.iter().map(|path| Source::open(path)).collect::<Result<Vec<_>, _>>()?;
    let shown = folder.display().to_string();
    let here = |problem: FormatError| problem.in_file(&shown);
    let Some(front) = sources.first() else {
        return Err(here(FormatError::new(
            "no file with base vectors",
            "name it train.parquet, or train-00.parquet and so on",
        )));
    };
    let vectors = find(front).map_err(|problem| problem.in_file(&front.file))?;
    let vectors = front.column(vectors).name.clone();
    let (labels, texts) = labels_and_texts(&sources, Some(&vectors)).map_err(here)?;

    let answers = files.iter().find(|(stem, _)| matches!(stem.as_str(), "neighbors" | "neighbours"));
    let scalar = starting("scalar_labels");
    let filtered = starting("neighbors_labels_");
    let ids = if answers.is_some() || !scalar.is_empty() || !filtered.is_empty() {
        Ids::read(&sources).map_err(here)?
    } else {
        Ids::InOrder(0)
    };
    let mut bundle = Bundle::of(name, Rows::Streamed(Box::new(Reader::open(sources).map_err(here)?)));
    (bundle.labels, bundle.texts) = (labels, texts);
    if let [path, ..] = scalar[..] {
        let source = Source::open(path)?;
        let found =
            scalar_labels(source, &ids).map_err(|problem| problem.in_file(&path.display().to_string()))?;
        bundle.labels = Some(found);
    }
    if let Some(queries) = first(&["test", "queries", "query"]) {
        let queries = queries.iter().map(|path| Source::open(path)).collect::<Result<Vec<_>, _>>()?;
        let query_ids = Ids::read(&queries).map_err(here)?;
        bundle.queries = Some(Rows::Streamed(Box::new(Reader::open(queries).map_err(here)?)));
        let lists = |path: &Path| -> Result<Neighbours, DataError> {
            let source = Source::open(path)?;
            truth(&source, &ids, &query_ids).map_err(|problem| problem.in_file(&source.file))
        };
        if let Some((_, path)) = answers {
            let content = lists(path)?;
            let total = content.ids.len();
            bundle.truth = Some(Kept { content, total });
        }
        for path in filtered {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let label = stem.trim_start_matches("neighbors_labels_");
            if let Ok(filter) = format!("labels = '{label}'").parse::<Filter>() {
                let found = lists(path)?.ids.into_iter().enumerate();
                bundle.filtered.extend(found.map(|(query, ids)| FilteredAnswer {
                    query,
                    filter: filter.clone(),
                    ids,
                }));
            }
        }
    }
    Ok(bundle)
}

/// A name cut into texts and numbers, so that part 10 comes after part 9.
fn natural(stem: &str) -> Vec<(String, u64)> {
    let mut parts = vec![];
    let mut rest = stem;
    while !rest.is_empty() {
        let text = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (text, after) = rest.split_at(text);
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (digits, after) = after.split_at(digits);
        parts.push((text.to_owned(), digits.parse().unwrap_or(0)));
        rest = after;
    }
    parts
}

/// The rows that ids stand for.
enum Ids {
    /// Row `i` of as many has id `i`, or none has an id.
    InOrder(usize),
    Listed(BTreeMap<i64, RowId>),
}

impl Ids {
    fn read(sources: &[Source]) -> Result<Self, FormatError> {
        let rows = sources.iter().map(|source| source.meta.rows).sum();
        let mut all: Vec<i64> = vec![];
        for source in sources {
            let Some(column) = source.meta.column("id") else { return Ok(Self::InOrder(rows)) };
            if !matches!(
                (source.column(column).kind, source.column(column).nesting),
                (Kind::Int { .. }, Nesting::Flat)
            ) {
                return Ok(Self::InOrder(rows));
            }
            all.extend(ints(source, column).map_err(|problem| source.named(problem))?);
        }
        if all.iter().enumerate().all(|(row, id)| *id == (row as u64).cast_signed()) {
            return Ok(Self::InOrder(rows));
        }
        let listed: BTreeMap<i64, RowId> = all.iter().zip(0..).map(|(id, row)| (*id, row)).collect();
        if listed.len() < all.len() {
            let message = format!("{} ids are there more than once", all.len() - listed.len());
            return Err(FormatError::new(message, "every row needs an id of its own"));
        }
        Ok(Self::Listed(listed))
    }

    fn row(&self, id: i64) -> Option<RowId> {
        match self {
            Self::InOrder(rows) => RowId::try_from(id).ok().filter(|id| *id < *rows as u64),
            Self::Listed(rows) => rows.get(&id).copied(),
        }
    }
}

/// Answers as row numbers, in the order of the queries.
fn truth(source: &Source, base: &Ids, queries: &Ids) -> Result<Neighbours, FormatError> {
    let columns = &source.meta.columns;
    let named = source.meta.column("neighbors_id").or_else(|| source.meta.column("neighbors"));
    let list = |column: &super::meta::Column| {
        matches!((column.nesting, column.kind), (Nesting::List { .. }, Kind::Int { .. }))
    };
    let column =
        named.filter(|number| list(source.column(*number))).or_else(|| columns.iter().position(list));
    let column = column.ok_or_else(|| {
        FormatError::new(
            "no column of lists of whole numbers",
            "answers are read from a column `neighbors_id`",
        )
    })?;
    let mut rows = vec![];
    for (query, list) in int_lists(source, column)?.into_iter().enumerate() {
        let mapped = list.into_iter().map(|id| match base.row(id) {
            Some(row) => Ok(row.cast_signed()),
            None if id == -1 => Ok(-1),
            None => Err(FormatError::new(
                format!("row {query}: neighbour {id} is no id of the base"),
                "the files belong to different sets, or parts of the base are missing",
            )),
        });
        rows.push(mapped.collect::<Result<Vec<i64>, _>>()?);
    }
    let mut answers = neighbours(rows.iter().map(Vec::as_slice))?;
    // Lists may be in another order than the queries, told by the ids of the queries.
    let places = match Ids::read(std::slice::from_ref(source))? {
        Ids::Listed(ids) if ids.len() == answers.ids.len() => {
            let places: Option<Vec<_>> =
                ids.iter().map(|(id, row)| Some((queries.row(*id)?, *row))).collect();
            places
        }
        Ids::InOrder(_) if matches!(queries, Ids::Listed(_)) => {
            let count = answers.ids.len() as u64;
            (0..count).map(|row| Some((queries.row(row.cast_signed())?, row))).collect()
        }
        _ => None,
    };
    if let Some(mut places) = places {
        places.sort_unstable();
        answers.ids = places.iter().map(|(_, row)| std::mem::take(&mut answers.ids[*row as usize])).collect();
    }
    Ok(answers)
}

/// Labels in a file of their own, put into the order of the base by their ids.
fn scalar_labels(source: Source, base: &Ids) -> Result<Kept<Labels>, FormatError> {
    let rows = source.meta.rows;
    let ids = source.meta.column("id").map(|column| ints(&source, column)).transpose()?;
    let nothing = || FormatError::new("no column of labels", "labels are numbers, booleans or texts");
    let found = labels_and_texts(&[source], None)?.0.ok_or_else(nothing)?.content;
    let ids = ids.unwrap_or_else(|| (0..found.rows() as u64).map(u64::cast_signed).collect());
    let mut order: Vec<(RowId, usize)> = vec![];
    for (at, id) in ids.iter().enumerate() {
        let row = base.row(*id).ok_or_else(|| {
            FormatError::new(
                format!("row {at}: id {id} is no id of the base"),
                "the files belong to different sets",
            )
        })?;
        order.push((row, at));
    }
    order.sort_unstable();
    if let Some(row) = order.iter().zip(0..).position(|((row, _), expected)| *row != expected) {
        return Err(FormatError::new(
            format!("no labels, or more than one, for row {row}"),
            "every row needs its labels",
        ));
    }
    let mut content = Labels::with_schema(&found.schema());
    for (_, at) in order {
        let pushed = content.push_row(&found, at);
        debug_assert!(pushed.is_ok(), "its own columns have its own types");
    }
    Ok(Kept { content, total: rows })
}
