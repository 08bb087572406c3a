//! File formats, one module each: how a path is opened, and which format it has.

pub mod bin;
pub mod csr;
pub mod folder;
pub mod hdf5;
pub mod native;
pub mod npy;
pub mod parquet;
pub mod qdrant;
pub(crate) mod raw;
pub mod sniff;
pub mod table;
pub mod vecs;

use std::fmt;
use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

use annvil_core::dataset::Neighbours;
use annvil_core::vector::{Element, RowId, Vectors};

use crate::bundle::Bundle;
use crate::error::{DataError, FormatError};
use crate::format::Kept;
use crate::map::{self, Bytes};
use crate::rows::Rows;

/// A format, as the name of a file tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// NumPy's arrays.
    Npy,
    /// Rows of 32-bit floats, of the `TexMex` corpus.
    Fvecs,
    /// Rows of bytes, of the `TexMex` corpus.
    Bvecs,
    /// Rows of 32-bit integers, of the `TexMex` corpus.
    Ivecs,
    /// big-ann's 32-bit floats.
    Fbin,
    /// big-ann's unsigned bytes.
    U8bin,
    /// big-ann's signed bytes.
    I8bin,
    /// big-ann's answers.
    Ibin,
    /// big-ann's sparse rows.
    Csr,
    /// The containers of ann-benchmarks.
    Hdf5,
    /// Columns, as `VectorDBBench` and Hugging Face keep them.
    Parquet,
    /// One JSON object or list a line.
    Jsonl,
    /// Comma-separated values with a head line.
    Csv,
}

impl Format {
    /// All formats with the ends of their files' names.
    pub const ALL: [(Self, &'static [&'static str]); 13] = [
        (Self::Npy, &["npy"]),
        (Self::Fvecs, &["fvecs"]),
        (Self::Bvecs, &["bvecs"]),
        (Self::Ivecs, &["ivecs"]),
        (Self::Fbin, &["fbin"]),
        (Self::U8bin, &["u8bin"]),
        (Self::I8bin, &["i8bin"]),
        (Self::Ibin, &["ibin"]),
        (Self::Csr, &["csr"]),
        (Self::Hdf5, &["hdf5", "h5"]),
        (Self::Parquet, &["parquet"]),
        (Self::Jsonl, &["jsonl", "ndjson", "json"]),
        (Self::Csv, &["csv", "tsv"]),
    ];

    /// The format of a name. The last part that is an extension counts, so `base.1B.u8bin.crop_nb_10000000` is `.u8bin`.
    pub fn of_name(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        name.rsplit('.').take(name.matches('.').count()).find_map(|part| {
            let part = part.to_ascii_lowercase();
            Self::ALL.into_iter().find(|(_, ends)| ends.contains(&part.as_str())).map(|(format, _)| format)
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = Self::ALL.iter().find(|(format, _)| format == self).map_or("", |(_, ends)| ends[0]);
        write!(f, ".{end}")
    }
}

/// Opens whatever is at a path: a file of any format, or a folder that holds a set.
pub fn open(path: &Path) -> Result<Bundle, DataError> {
    if path.is_dir() { folder::open(path) } else { file(path) }
}

fn file(path: &Path) -> Result<Bundle, DataError> {
    let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    match format(path)? {
        Format::Hdf5 => hdf5::open(path),
        Format::Parquet => parquet::open(path),
        Format::Jsonl | Format::Csv => table::open(path),
        _ => Ok(Bundle::of(name, vectors(path)?)),
    }
}

/// Opens the vectors of a file: its base, where it holds more.
pub fn vectors(path: &Path) -> Result<Rows, DataError> {
    let format = format(path)?;
    if matches!(format, Format::Hdf5 | Format::Parquet | Format::Jsonl | Format::Csv) {
        return Ok(file(path)?.base);
    }
    let bytes = mapped(path)?;
    array(format, &bytes)
        .map_err(|problem| sniff::explained(problem, format, bytes.bytes()).in_file(&shown(path)))
}

/// Vectors in formats that hold nothing else.
pub(crate) fn array(format: Format, bytes: &Bytes) -> Result<Rows, FormatError> {
    match format {
        Format::Npy => npy::vectors(bytes),
        Format::Fvecs => vecs::floats(bytes).map(Rows::Ready),
        Format::Bvecs => vecs::bytes(bytes).map(Rows::Ready),
        Format::Fbin => bin::vectors(bytes, Element::F32).map(Rows::Ready),
        Format::U8bin => bin::vectors(bytes, Element::U8).map(Rows::Ready),
        Format::I8bin => bin::vectors(bytes, Element::I8).map(Rows::Ready),
        Format::Csr => csr::vectors(bytes).map(Rows::Ready),
        other => Err(FormatError::new(
            format!("{other} files hold no vectors here"),
            "give vectors as .npy, .fvecs, .bvecs, .fbin, .u8bin, .i8bin, .csr, .hdf5, .parquet, .jsonl or .csv",
        )),
    }
}

/// Reads exact answers from a file of row numbers. At most `limit` are kept.
pub fn ids(path: &Path, limit: Option<usize>) -> Result<Kept<Neighbours>, DataError> {
    // big-ann's files of answers have no extension.
    let format = Format::of_name(path).unwrap_or(Format::Ibin);
    let bytes = mapped(path)?;
    answers(format, bytes.bytes(), limit)
        .map_err(|problem| sniff::explained(problem, format, bytes.bytes()).in_file(&shown(path)))
}

pub(crate) fn answers(
    format: Format,
    bytes: &[u8],
    limit: Option<usize>,
) -> Result<Kept<Neighbours>, FormatError> {
    match format {
        Format::Npy => npy::ids(bytes, limit),
        Format::Ivecs => vecs::ids(bytes, limit),
        Format::Ibin => bin::ids(bytes, limit),
        other => Err(FormatError::new(
            format!("{other} files are not read as answers"),
            "give answers as .ivecs, .npy or .ibin",
        )),
    }
}

/// The format of a file by its name, or by what it looks like.
pub(crate) fn format(path: &Path) -> Result<Format, DataError> {
    if let Some(format) = Format::of_name(path) {
        return Ok(format);
    }
    let bytes = mapped(path)?;
    sniff::format(bytes.bytes()).ok_or_else(|| {
        let looks = sniff::looks_like(bytes.bytes())
            .map_or_else(String::new, |what| format!("; it looks like {what}"));
        let message = format!("the name does not say which format the file has{looks}");
        FormatError::new(
            message,
            "give it the extension of its format, such as .npy, .fvecs, .hdf5 or .parquet",
        )
        .in_file(&shown(path))
    })
}

pub(crate) fn mapped(path: &Path) -> Result<Bytes, DataError> {
    map::map(path).map_err(|source| DataError::Read { file: shown(path), source })
}

pub(crate) fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Writes dense rows one after the other, as they lie in memory.
pub(crate) fn write_rows(out: &mut impl Write, vectors: &Vectors, rows: Range<usize>) -> io::Result<()> {
    match vectors {
        Vectors::F32(m) => {
            rows.into_iter().try_for_each(|row| out.write_all(bytemuck::cast_slice(m.row(row))))
        }
        Vectors::F16(m) => {
            rows.into_iter().try_for_each(|row| out.write_all(bytemuck::cast_slice(m.row(row))))
        }
        Vectors::U8(m) => rows.into_iter().try_for_each(|row| out.write_all(m.row(row))),
        Vectors::I8(m) => {
            rows.into_iter().try_for_each(|row| out.write_all(bytemuck::cast_slice(m.row(row))))
        }
        Vectors::Bits { packed, .. } => rows.into_iter().try_for_each(|row| out.write_all(packed.row(row))),
        Vectors::Sparse(_) => Err(cannot_hold("dense files", Element::Sparse)),
    }
}

/// Row numbers of the longest answer, at least 1: the width of a matrix of answers.
pub(crate) fn longest(truth: &Neighbours) -> usize {
    truth.ids.iter().map(Vec::len).max().unwrap_or(0).max(1)
}

/// Writes an answer as `width` 32-bit row numbers, −1 behind its end.
pub(crate) fn write_short_ids(out: &mut impl Write, ids: &[RowId], width: usize) -> io::Result<()> {
    for at in 0..width {
        let id = match ids.get(at) {
            None => -1,
            Some(id) => i32::try_from(*id).map_err(|_| io::Error::other("row numbers beyond 31 bits"))?,
        };
        out.write_all(&id.to_le_bytes())?;
    }
    Ok(())
}

pub(crate) fn cannot_hold(what: &str, element: Element) -> io::Error {
    io::Error::other(format!(
        "{what} can't hold {element} values; convert them with `--element`, or choose another format"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_format() {
        for (name, format) in [
            ("a/base.fvecs", Some(Format::Fvecs)),
            ("base.f16.npy", Some(Format::Npy)),
            ("base.1B.u8bin.crop_nb_10000000", Some(Format::U8bin)),
            ("glove.HDF5", Some(Format::Hdf5)),
            ("csv", None),
            ("deep-10M", None),
        ] {
            assert_eq!(Format::of_name(Path::new(name)), format, "{name}");
        }
    }
}
