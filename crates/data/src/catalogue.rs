//! Well-known data sets: where they are, how big they are and what they are good for.
//!
//! The catalogue is the file `catalogue.yaml`, which says for every set where its facts were read. What nobody
//! publishes is not in it: an unknown licence or checksum stays unknown.

use std::sync::LazyLock;

use annvil_core::metric::Metric;
use serde::{Deserialize, Serialize};

use crate::get::{GetError, Head, Wanted};

const FILE: &str = include_str!("../catalogue.yaml");

static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| read(FILE).unwrap_or_default());

/// A data set that can be fetched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The name under which it is fetched.
    pub name: String,
    /// Base rows.
    pub rows: u64,
    /// Dimensions; unknown for sparse vectors.
    #[serde(default)]
    pub dim: Option<u32>,
    /// What a row is made of.
    pub element: Element,
    /// Queries, if known.
    #[serde(default)]
    pub queries: Option<u64>,
    /// The distance that its answers are for, or that its model is meant for.
    pub metric: Metric,
    /// Its files' format.
    pub format: Format,
    /// The licence, as its publisher says; unknown unless given.
    #[serde(default)]
    pub licence: Option<String>,
    /// Bytes to fetch, rounded, as its publisher says, if the exact sizes of the files are not known.
    #[serde(default)]
    pub about: Option<u64>,
    /// What it is good for, in a line.
    pub good_for: String,
    /// Where these facts were read.
    pub read_in: String,
    /// What is fetched.
    pub files: Vec<Part>,
}

/// Element types of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Element {
    /// 32-bit floats.
    F32,
    /// Unsigned bytes.
    U8,
    /// Signed bytes.
    I8,
    /// Pairs of a dimension and a 32-bit float.
    Sparse,
}

/// Formats of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// ann-benchmarks' HDF5.
    Hdf5,
    /// `.fvecs` and `.ivecs` of the `TexMex` corpus.
    Vecs,
    /// big-ann's `.fbin`, `.u8bin`, `.i8bin`, with its truth files.
    Bin,
    /// big-ann's sparse `.csr`.
    Csr,
    /// Parquet.
    Parquet,
    /// Qdrant's `vectors.npy`, `payloads.jsonl` and `tests.jsonl`.
    Qdrant,
}

/// A file of a set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Where it is.
    pub address: String,
    /// The name of the copy; the name in the address unless given.
    #[serde(default)]
    pub file: Option<String>,
    /// Its exact length in bytes, if known.
    #[serde(default)]
    pub size: Option<u64>,
    /// Its SHA-256, if it is published.
    #[serde(default)]
    pub sha256: Option<String>,
    /// Only the first rows of it are the base of this set: as many as the set has.
    #[serde(default)]
    pub first_rows: bool,
}

impl Part {
    /// The name of the copy.
    pub fn name(&self) -> String {
        self.file.clone().unwrap_or_else(|| self.wanted_whole().file_name())
    }

    fn wanted_whole(&self) -> Wanted {
        let Self { address, size, sha256, .. } = self.clone();
        Wanted { address, sha256, size, head: None }
    }

    /// What is to be fetched.
    pub(crate) fn wanted(&self, entry: &Entry) -> Wanted {
        let mut wanted = self.wanted_whole();
        if let (true, Some(bytes), Ok(rows)) = (self.first_rows, entry.head(), u32::try_from(entry.rows)) {
            wanted.head = Some(Head { bytes, rows });
        }
        wanted
    }
}

impl Entry {
    /// Bytes of a big-ann file of this shape: a header of two `u32`, then the rows.
    fn head(&self) -> Option<u64> {
        let width = match self.element {
            Element::F32 => 4,
            Element::U8 | Element::I8 => 1,
            Element::Sparse => return None,
        };
        self.rows.checked_mul(u64::from(self.dim?))?.checked_mul(width)?.checked_add(8)
    }

    /// Bytes to fetch: exact if all sizes are known, otherwise what its publisher says.
    pub fn bytes(&self) -> Option<u64> {
        let size = |part: &Part| if part.first_rows { self.head() } else { part.size };
        self.files.iter().map(size).sum::<Option<u64>>().or(self.about)
    }
}

/// The whole catalogue, in its order.
pub fn entries() -> &'static [Entry] {
    &ENTRIES
}

/// A set by its name. The error names the nearest one.
pub fn find(name: &str) -> Result<&'static Entry, GetError> {
    entries()
        .iter()
        .find(|entry| entry.name == name)
        .ok_or_else(|| GetError::Unknown { name: name.to_owned(), help: nearest(name) })
}

fn nearest(name: &str) -> String {
    let distance = |entry: &&Entry| strsim::osa_distance(&entry.name, name);
    match entries().iter().min_by_key(distance) {
        Some(entry) if distance(&entry) <= 4 => format!("did you mean `{}`?", entry.name),
        _ => "`annvil data list` shows all; addresses start with http://, https://, s3:// or file://"
            .to_owned(),
    }
}

fn read(text: &str) -> Result<Vec<Entry>, serde_saphyr::Error> {
    serde_saphyr::from_str(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_read_and_consistent() {
        let entries = read(FILE).unwrap();
        let mut names: Vec<_> = entries.iter().map(|entry| entry.name.as_str()).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!((names.len(), count >= 30), (count, true));
        for entry in &entries {
            let name = &entry.name;
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{name}"
            );
            assert!(!crate::boxed::NAMES.contains(&name.as_str()), "{name} is in the box");
            assert!(!entry.files.is_empty() && entry.read_in.starts_with("http"), "{name}");
            assert!(entry.good_for.len() < 120 && !entry.good_for.is_empty(), "{name}");
            assert_eq!(entry.dim.is_none(), entry.element == Element::Sparse, "{name}");
            let mut files: Vec<_> = entry.files.iter().map(Part::name).collect();
            files.sort_unstable();
            files.dedup();
            assert_eq!(files.len(), entry.files.len(), "{name}: two files of one name");
            for part in &entry.files {
                let wanted = Wanted::new(&part.address).unwrap();
                assert_eq!(wanted.file_name(), Wanted::new(&part.address).unwrap().file_name());
                assert!(part.sha256.as_ref().is_none_or(|sum| wanted.with_sha256(sum).is_ok()), "{name}");
                assert!(!part.first_rows || entry.format == Format::Bin, "{name}");
            }
        }
    }

    #[test]
    fn the_first_rows_of_a_big_file_are_counted_with_its_header() {
        let entry = find("bigann-10m").unwrap();
        let wanted = entry.files[0].wanted(entry);
        assert_eq!(wanted.head, Some(Head { bytes: 8 + 10_000_000 * 128, rows: 10_000_000 }));
        assert!(entry.bytes().unwrap() > 1_280_000_008);
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_nearest() {
        let error = find("sift-128-euclidian").unwrap_err().to_string();
        assert!(error.contains("did you mean `sift-128-euclidean`?"), "{error}");
        assert!(find("nothing like it").unwrap_err().to_string().contains("annvil data list"));
    }
}
