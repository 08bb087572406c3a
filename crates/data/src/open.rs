//! From the `data:` of a scenario to a data set in memory.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use annvil_core::dataset::{DataFiles, DataSpec, Dataset, Neighbours};
use annvil_core::label::Labels;
use annvil_core::vector::Vectors;

use crate::error::{DataError, FormatError};
use crate::format::Kept;
use crate::set::{Part, Parts};
use crate::{boxed, jsonl, npy, vecs};

/// Opens a data set and checks it as a whole.
///
/// Files are read into memory once, and whatever is beyond the limits of the spec is dropped. With `rows` below the
/// rows of the base, shipped answers are dropped too: they would be wrong.
pub fn open(spec: &DataSpec) -> Result<Arc<dyn Dataset>, DataError> {
    let parts = match spec {
        DataSpec::Named { name, rows, queries_limit } => boxed::parts(name, *rows, *queries_limit)?,
        DataSpec::Files(files) => from_files(files)?,
    };
    Ok(Arc::new(parts.assemble()?))
}

fn from_files(files: &DataFiles) -> Result<Parts, DataError> {
    let (rows, queries_limit) = (files.rows, files.queries_limit);
    Ok(Parts {
        name: files.base.file_stem().unwrap_or(files.base.as_os_str()).to_string_lossy().into_owned(),
        metric: files.metric,
        licence: None,
        base: part(Source::File(&files.base), rows, vectors)?,
        queries: part(Source::File(&files.queries), queries_limit, vectors)?,
        truth: files.truth.as_deref().map(|path| part(Source::File(path), queries_limit, ids)).transpose()?,
        labels: files.labels.as_deref().map(|path| part(Source::File(path), rows, labels)).transpose()?,
        texts: files.texts.as_deref().map(|path| part(Source::File(path), rows, texts)).transpose()?,
        rows,
        queries_limit,
    })
}

/// Where bytes come from.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    File(&'a Path),
    Boxed { name: &'a str, bytes: &'a [u8] },
}

/// Bytes to content, by the extension of the name.
pub(crate) type Read<T> = fn(&str, &[u8], Option<usize>) -> Result<Kept<T>, FormatError>;

pub(crate) fn part<T>(source: Source<'_>, limit: Option<usize>, read: Read<T>) -> Result<Part<T>, DataError> {
    let (file, kept) = match source {
        Source::Boxed { name, bytes } => (name.to_owned(), read(extension(Path::new(name)), bytes, limit)),
        Source::File(path) => {
            let file = path.display().to_string();
            match fs::read(path) {
                Ok(bytes) => (file, read(extension(path), &bytes, limit)),
                Err(source) => return Err(DataError::Read { file, source }),
            }
        }
    };
    let kept = kept.map_err(|problem| problem.in_file(&file))?;
    Ok(Part { file, kept })
}

fn extension(path: &Path) -> &str {
    path.extension().and_then(|extension| extension.to_str()).unwrap_or("")
}

fn unknown(extension: &str, help: &str) -> FormatError {
    FormatError::new(format!("files with the extension `{extension}` are not read here"), help)
}

pub(crate) fn vectors(
    extension: &str,
    bytes: &[u8],
    limit: Option<usize>,
) -> Result<Kept<Vectors>, FormatError> {
    match extension {
        "npy" => npy::vectors(bytes, limit),
        "fvecs" => vecs::vectors(bytes, limit),
        other => Err(unknown(other, "give vectors as .npy or .fvecs")),
    }
}

pub(crate) fn ids(
    extension: &str,
    bytes: &[u8],
    limit: Option<usize>,
) -> Result<Kept<Neighbours>, FormatError> {
    match extension {
        "npy" => npy::ids(bytes, limit),
        "ivecs" => vecs::ids(bytes, limit),
        other => Err(unknown(other, "give answers as .ivecs or .npy")),
    }
}

pub(crate) fn labels(
    extension: &str,
    bytes: &[u8],
    limit: Option<usize>,
) -> Result<Kept<Labels>, FormatError> {
    match extension {
        "jsonl" => jsonl::labels(bytes, limit),
        other => Err(unknown(other, "give labels as .jsonl, one object a row")),
    }
}

pub(crate) fn texts(
    extension: &str,
    bytes: &[u8],
    limit: Option<usize>,
) -> Result<Kept<Vec<String>>, FormatError> {
    match extension {
        "jsonl" => jsonl::texts(bytes, limit),
        other => Err(unknown(other, "give texts as .jsonl, one object with `text` a row")),
    }
}
