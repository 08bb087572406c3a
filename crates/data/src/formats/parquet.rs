//! Parquet files of `VectorDBBench` and Hugging Face: a column of lists is the vectors, other columns are labels.
//!
//! Read here without Arrow: the footer, pages of both versions, plain, dictionary and byte-stream-split encodings, packed
//! with Snappy, gzip, Zstandard or LZ4, after "Apache Parquet: file format". Vectors are decoded a page at a time, in
//! bounded memory; labels, texts and ids are held in memory. Delta encodings, Brotli and encrypted files are refused in
//! words, as is a row without a whole vector.

mod bench;
mod codec;
mod columns;
mod levels;
mod meta;
mod page;
mod source;
#[cfg(test)]
mod tests;
mod thrift;
mod vectors;
mod write;

use std::path::Path;

use self::source::Source;
use self::vectors::Reader;
use super::{Format, folder, shown};
use crate::bundle::Bundle;
use crate::error::{DataError, FormatError};
use crate::map::Bytes;
use crate::rows::Rows;

pub use self::write::{Writer, write_ids};

/// Opens a file: vectors, and labels and texts beside them.
pub fn open(path: &Path) -> Result<Bundle, DataError> {
    let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    bundle(name, Source::open(path)?.alone()).map_err(|problem| problem.in_file(&shown(path)))
}

/// Opens the Parquet files of a folder as one set.
pub fn open_folder(path: &Path) -> Result<Bundle, DataError> {
    let files = folder::files(path)?;
    bench::open(
        path,
        files.into_iter().filter(|file| Format::of_name(file) == Some(Format::Parquet)).collect(),
    )
}

/// Reads what a file holds.
pub fn read(name: String, bytes: &Bytes) -> Result<Bundle, FormatError> {
    bundle(name.clone(), Source::new(name, bytes)?.alone())
}

fn bundle(name: String, source: Source) -> Result<Bundle, FormatError> {
    let vectors = source.column(vectors::find(&source)?).name.clone();
    let sources = vec![source];
    let (labels, texts) = columns::labels_and_texts(&sources, Some(&vectors))?;
    let mut bundle = Bundle::of(name, Rows::Streamed(Box::new(Reader::open(sources)?)));
    (bundle.labels, bundle.texts) = (labels, texts);
    Ok(bundle)
}
