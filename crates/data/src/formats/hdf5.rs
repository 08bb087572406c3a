//! HDF5 files of ann-benchmarks: `train`, `test`, `neighbors` and `distances`, and the attribute `distance`.
//!
//! Read here without the HDF Group's library: files of all its versions, with matrices of 16-, 32- and 64-bit floats,
//! bytes and booleans, in one piece, compact or in chunks, as they are or packed with deflate, LZF, shuffle and a checksum.
//! What is in one piece stays where it is; chunks are unpacked as they are asked for, a row of chunks at a time. Sparse
//! sets, other filters, virtual data sets and groups with a heap of names are refused in words.

mod arrays;
mod attribute;
mod chunks;
mod container;
mod cursor;
mod filters;
mod group;
mod rows;
mod table;
#[cfg(test)]
mod tests;
mod types;
mod write;

use std::collections::BTreeMap;
use std::path::Path;

use annvil_core::metric::Metric;

use self::attribute::Value;
use self::container::Container;
use self::table::Table;
use super::{Format, mapped, shown, sniff};
use crate::bundle::Bundle;
use crate::error::{DataError, FormatError};
use crate::map::Bytes;

pub use self::write::Writer;

/// Names by which the parts of a set are known, in order of preference.
const BASE: &[&str] = &["train", "base", "database", "vectors", "embeddings", "emb", "data", "xb"];
const QUERIES: &[&str] = &["test", "query", "queries", "xq"];
const TRUTH: &[&str] = &["neighbors", "neighbours", "knns", "groundtruth", "ground_truth", "gt"];
const DISTANCES: &[&str] = &["distances", "dists"];

/// Opens a file.
pub fn open(path: &Path) -> Result<Bundle, DataError> {
    let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let bytes = mapped(path)?;
    read(name, &bytes)
        .map_err(|problem| sniff::explained(problem, Format::Hdf5, bytes.bytes()).in_file(&shown(path)))
}

/// Reads what a file holds.
pub fn read(name: String, bytes: &Bytes) -> Result<Bundle, FormatError> {
    let file = Container::open(bytes)?;
    let root = file.header(file.root)?;
    let links = group::links(&file, &root)?;
    let attributes = attribute::attributes(&file, &root)?;
    let text = |name: &str| match attributes.get(name) {
        Some(Value::Text(text)) => Some(text.to_ascii_lowercase()),
        _ => None,
    };
    if text("type").is_some_and(|kind| kind == "sparse") || links.contains_key("size_train") {
        return Err(FormatError::new(
            "a sparse set, whose rows are lists of varying length",
            "sparse sets are not read from HDF5: give them as .csr",
        ));
    }
    let metric = text("distance").and_then(|distance| metric(&distance));
    let part = |names: &[&str]| {
        let found = names.iter().find_map(|name| links.get_key_value(*name));
        found
            .map(|(name, address)| Ok((name, Table::open(&file, *address).map_err(named(name))?)))
            .transpose()
    };
    let (base, table) = part(BASE)?.ok_or_else(|| nothing(&links))?;
    let mut bundle = Bundle::of(name, rows::vectors(table).map_err(named(base))?);
    bundle.metric = metric;
    if let Some((name, table)) = part(QUERIES)? {
        bundle.queries = Some(rows::vectors(table).map_err(named(name))?);
        if let Some((name, table)) = part(TRUTH)? {
            bundle.truth = Some(rows::ids(&table).map_err(named(name))?);
        }
        if let Some((name, table)) = part(DISTANCES)? {
            let distances = rows::distances(&table).map_err(named(name))?;
            if let Some(lists) = distances.filter(|_| metric.is_some_and(same_distances)) {
                bundle.put_distances(lists);
            }
        }
    }
    Ok(bundle)
}

/// Adds the name of a data set to a problem with it.
fn named(name: &str) -> impl Fn(FormatError) -> FormatError {
    move |problem| FormatError { message: format!("`{name}`: {}", problem.message), ..problem }
}

fn nothing(links: &BTreeMap<String, u64>) -> FormatError {
    let names: Vec<&str> = links.keys().take(8).map(String::as_str).collect();
    let found = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    FormatError::new(
        format!("no base vectors: found {found}"),
        format!("name the matrix of vectors `train`, or one of {}", BASE[1..].join(", ")),
    )
}

/// Whether ann-benchmarks' distances of a metric are Annvil's: its inner product is negated, and its Hamming distance a
/// share of the dimensions.
pub(crate) fn same_distances(metric: Metric) -> bool {
    matches!(metric, Metric::Cosine | Metric::L2 | Metric::L1)
}

/// The metric by ann-benchmarks' name; `None` for a name that is not known here.
fn metric(distance: &str) -> Option<Metric> {
    match distance {
        "angular" | "cosine" => Some(Metric::Cosine),
        "euclidean" | "l2" => Some(Metric::L2),
        "dot" | "ip" | "inner_product" | "mips" | "normalized-dot" => Some(Metric::InnerProduct),
        "manhattan" | "l1" => Some(Metric::L1),
        "hamming" => Some(Metric::Hamming),
        "jaccard" => Some(Metric::Jaccard),
        _ => None,
    }
}
