//! Folders that hold a set: Annvil's own, Qdrant's, `VectorDBBench`'s, those of the `TexMex` corpus, or files with telling names.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Format, ids, native, qdrant, shown, sniff, vectors};
use crate::bundle::Bundle;
use crate::error::{DataError, FormatError};
use crate::format::Kept;
use crate::jsonl;

/// Names by which parts of a set are known: what a file's name has before its first point, or the last word of that after
/// a `_`. `base.fvecs` and `sift_base.fvecs` are bases, `base-10k.fvecs` is none. The first name that a file has counts.
const BASE: &[&str] = &["base", "vectors", "train", "data"];
const QUERIES: &[&str] = &["query", "queries", "test", "query-heldout"];
const TRUTH: &[&str] = &["groundtruth", "truth", "gt", "neighbors", "neighbours", "groundtruth-heldout"];

/// Opens a folder by what is in it.
pub fn open(folder: &Path) -> Result<Bundle, DataError> {
    if folder.join(native::MANIFEST).is_file() {
        return native::open(folder);
    }
    if qdrant::is_there(folder) {
        return qdrant::open(folder);
    }
    let files = files(folder)?;
    if files.iter().any(|path| Format::of_name(path) == Some(Format::Parquet)) {
        return super::parquet::open_folder(folder);
    }
    let base = part(&files, BASE, Format::is_array).ok_or_else(|| nothing(folder, &files))?;
    let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
    let mut bundle = Bundle::of(name, vectors(base)?);
    if let Some(path) = part(&files, QUERIES, Format::is_array) {
        bundle.queries = Some(vectors(path)?);
        if let Some(path) = part(&files, TRUTH, Format::is_ids) {
            bundle.truth = Some(ids(path, None)?);
        }
    }
    if let Some(path) = part(&files, &["labels"], |format| format == Format::Jsonl) {
        bundle.labels = Some(lines(path, "labels", jsonl::labels)?);
    }
    if let Some(path) = part(&files, &["text", "texts"], |format| format == Format::Jsonl) {
        bundle.texts = Some(lines(path, "texts", jsonl::texts)?);
    }
    Ok(bundle)
}

/// Reads labels or texts, `what`, of rows. Only from `.jsonl`; the error says what another file looks like.
pub(crate) fn lines<T>(
    path: &Path,
    what: &str,
    read: impl Fn(&[u8], Option<usize>) -> Result<Kept<T>, FormatError>,
) -> Result<Kept<T>, DataError> {
    let bytes = super::mapped(path)?;
    let read = if Format::of_name(path) == Some(Format::Jsonl) {
        read(bytes.bytes(), None)
    } else {
        let message = format!("{what} are not read from such a file");
        Err(FormatError::new(message, format!("give {what} as .jsonl, one object a row")))
    };
    read.map_err(|problem| sniff::explained(problem, Format::Jsonl, bytes.bytes()).in_file(&shown(path)))
}

impl Format {
    fn is_array(self) -> bool {
        matches!(
            self,
            Self::Npy | Self::Fvecs | Self::Bvecs | Self::Fbin | Self::U8bin | Self::I8bin | Self::Csr
        )
    }

    fn is_ids(self) -> bool {
        matches!(self, Self::Npy | Self::Ivecs | Self::Ibin)
    }
}

/// The files of a folder, in order of their names.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let failed = |source| DataError::Read { file: shown(folder), source };
    let mut files = vec![];
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn part<'a>(files: &'a [PathBuf], names: &[&str], fits: impl Fn(Format) -> bool) -> Option<&'a Path> {
    names.iter().find_map(|name| {
        files.iter().map(PathBuf::as_path).find(|path| {
            let file = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
            let stem = file.split('.').next().unwrap_or("");
            let word = stem.rsplit_once('_').map_or(stem, |(_, last)| last);
            (stem == *name || word == *name) && Format::of_name(path).is_some_and(&fits)
        })
    })
}

fn nothing(folder: &Path, files: &[PathBuf]) -> DataError {
    let names: Vec<String> = files
        .iter()
        .take(5)
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .collect();
    let found = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    FormatError::new(
        format!("the folder holds no set that is known here: found {found}"),
        format!(
            "there should be {}, or vectors named base.npy, base.fvecs, …; or name the files: {{base: …, queries: …, metric: …}}",
            native::MANIFEST
        ),
    )
    .in_file(&shown(folder))
}
