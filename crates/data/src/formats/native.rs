//! Annvil's own format: a folder with a manifest and arrays that are mapped as they are.
//!
//! ```text
//! my-set/
//!   annvil-data.json   name, shape, metric, licence, source; size and SHA-256 of each file; the content hash of the set
//!   base.npy           the vectors, or base.csr for sparse ones
//!   queries.npy        32-bit floats
//!   truth.npy          row numbers of the exact answers, 64-bit, −1 where an answer is shorter
//!   distances.npy      their distances by the set's metric, 64-bit floats, infinite where an answer is shorter
//!   labels.jsonl       one object a row; an `id` is a label like any other
//!   texts.jsonl        one object with `text` a row
//! ```
//! Everything in it can be read by NumPy and `jq` as well.

mod write;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use annvil_core::metric::Metric;
use annvil_core::vector::{Element, Matrix, Vectors};
use serde::{Deserialize, Serialize};

use super::{folder, ids, mapped, npy, shown, vectors};
use crate::bundle::Bundle;
use crate::error::{DataError, FormatError};
use crate::jsonl;
use crate::rows::Rows;

pub use self::write::{About, Finished, NativeWriter};

/// Name of the manifest.
pub const MANIFEST: &str = "annvil-data.json";

/// What the manifest says of the format; another number needs another reader.
const FORMAT: &str = "annvil data 1";

/// The manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `annvil data 1`.
    pub format: String,
    /// Name, for people.
    pub name: String,
    /// Number of base vectors.
    pub rows: usize,
    /// Dimensions of a vector.
    pub dim: usize,
    /// Element type of the base. Bits are packed into the bytes of `base.npy`, most significant first.
    pub element: Element,
    /// The metric that the vectors are meant for, if it is known.
    pub metric: Option<Metric>,
    /// Number of queries.
    pub queries: usize,
    /// SHA-256 over vectors, queries, labels and texts, as a run records it; there if the set has queries.
    pub content_hash: Option<String>,
    /// Licence.
    pub licence: Option<String>,
    /// Where it comes from, and how it was made.
    pub source: Option<String>,
    /// The files by what is in them.
    pub files: BTreeMap<String, FileEntry>,
}

/// A file of the folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Its name.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its content, in hexadecimal.
    pub sha256: String,
}

/// Reads the manifest of a folder, and looks whether its files are there in their sizes.
pub fn manifest(folder: &Path) -> Result<Manifest, DataError> {
    let path = folder.join(MANIFEST);
    let file = shown(&path);
    let text = fs::read(&path).map_err(|source| DataError::Read { file: file.clone(), source })?;
    let wrong = |message: String, help: &str| FormatError::new(message, help).in_file(&file);
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| {
        wrong(error.to_string(), "the manifest is damaged, or from another version of Annvil")
    })?;
    if manifest.format != FORMAT {
        let message = format!("the format is `{}`, and `{FORMAT}` is read here", manifest.format);
        return Err(wrong(message, "convert the set again with this version"));
    }
    for entry in manifest.files.values() {
        if Path::new(&entry.path).components().count() != 1 || entry.path.starts_with('.') {
            return Err(wrong(
                format!("`{}` is not a file of this folder", entry.path),
                "the manifest is damaged",
            ));
        }
        let path = folder.join(&entry.path);
        let found =
            fs::metadata(&path).map_err(|source| DataError::Read { file: shown(&path), source })?.len();
        if found != entry.bytes {
            let message = format!("the manifest says {} bytes, and there are {found}", entry.bytes);
            return Err(FormatError::new(message, "the file was cut off or changed: copy the folder again")
                .in_file(&shown(&path)));
        }
    }
    Ok(manifest)
}

/// Opens a folder with a manifest. Checksums are not computed: see [`verify`], and the content hash of the opened set.
pub fn open(folder: &Path) -> Result<Bundle, DataError> {
    let manifest = manifest(folder)?;
    let at = |part: &str| manifest.files.get(part).map(|entry| folder.join(&entry.path));
    let file = || shown(&folder.join(MANIFEST));
    let base = at("base").ok_or_else(|| {
        FormatError::new("the manifest names no `base`", "the manifest is damaged").in_file(&file())
    })?;
    let base = match (vectors(&base)?, manifest.element) {
        (Rows::Ready(Vectors::U8(packed)), Element::B1) => Rows::Ready(bits(packed, manifest.dim, &file())?),
        (rows, _) => rows,
    };
    let shape = base.shape();
    if (shape.element, shape.dim, shape.rows) != (manifest.element, manifest.dim, Some(manifest.rows)) {
        let message = format!(
            "the manifest says {} × {} {}, and the base has {} × {} {}",
            manifest.rows,
            manifest.dim,
            manifest.element,
            shape.rows.unwrap_or(0),
            shape.dim,
            shape.element
        );
        return Err(FormatError::new(message, "the folder was put together from two sets").in_file(&file()));
    }
    let mut bundle = Bundle::of(manifest.name.clone(), base);
    bundle.queries = at("queries").map(|path| vectors(&path)).transpose()?;
    bundle.truth = at("truth").map(|path| ids(&path, None)).transpose()?;
    if let Some(path) = at("distances") {
        let lists =
            npy::distances(mapped(&path)?.bytes()).map_err(|problem| problem.in_file(&shown(&path)))?;
        bundle.put_distances(lists);
    }
    bundle.labels = at("labels").map(|path| folder::lines(&path, "labels", jsonl::all_labels)).transpose()?;
    bundle.texts = at("texts").map(|path| folder::lines(&path, "texts", jsonl::texts)).transpose()?;
    bundle.metric = manifest.metric;
    bundle.licence = manifest.licence;
    Ok(bundle)
}

fn bits(packed: Matrix<u8>, dim: usize, file: &str) -> Result<Vectors, DataError> {
    if packed.stride() == dim.div_ceil(8) {
        return Ok(Vectors::Bits { packed, dim });
    }
    let message =
        format!("{dim} bits need {} bytes a row, and the base has {}", dim.div_ceil(8), packed.stride());
    Err(FormatError::new(message, "the manifest is damaged").in_file(file))
}

/// Computes the checksum of every file and compares it with the manifest's.
pub fn verify(folder: &Path) -> Result<(), DataError> {
    for entry in manifest(folder)?.files.values() {
        let path = folder.join(&entry.path);
        let found =
            write::checksum(&path).map_err(|source| DataError::Read { file: shown(&path), source })?;
        if found != entry.sha256 {
            let message = format!("the SHA-256 is {found}, and the manifest says {}", entry.sha256);
            return Err(FormatError::new(message, "the file was changed or damaged: copy the folder again")
                .in_file(&shown(&path)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
