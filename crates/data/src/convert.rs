//! From any format into any other, a block at a time.
//!
//! What is written has another name until it is complete: an error, a full disk or a stop leaves nothing behind. Mapped
//! sources take no memory of their own and others that of a block; labels, texts and answers are in memory. Sparse rows are
//! mapped or collected, because the head of their file comes first.

mod container;
mod file;
mod folder;
mod pour;
mod scratch;
mod target;

use std::path::{Path, PathBuf};

use annvil_core::metric::Metric;
use annvil_core::vector::{Element, Matrix, Vectors};
use serde::Serialize;

use self::target::Target;
use crate::bundle::Bundle;
use crate::cast::Rounding;
use crate::error::{DataError, mismatch};
use crate::formats::Format;
use crate::rows::Rows;

/// Why answers are not there after values were rounded.
const ROUNDED: &str = "exact answers: they are those of the vectors before they were rounded; `annvil data truth` computes new ones";

/// Why distances are not there.
const OTHER_DISTANCES: &str = "distances of the answers: the metric or the layout defines them otherwise; `annvil data truth` computes them";

/// Told how many rows of the base are written, and of how many if that is known; says whether to go on.
pub type Report<'a> = &'a mut dyn FnMut(u64, Option<u64>) -> bool;

/// What a file of one part is to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Part {
    /// The base vectors.
    #[default]
    Base,
    /// The queries.
    Queries,
    /// The exact answers.
    Truth,
}

/// How to convert.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Which part goes into a file of one part. The base unless given; answers where the format holds nothing else.
    pub part: Option<Part>,
    /// The element type of the base; as it is unless given.
    pub element: Option<Element>,
    /// Whether a folder gets Qdrant's layout instead of Annvil's own.
    pub qdrant: bool,
    /// The metric, if the source does not say it.
    pub metric: Option<Metric>,
    /// The licence, if the source does not say it.
    pub licence: Option<String>,
    /// What was converted, for the manifest.
    pub source: Option<String>,
    /// By which name messages call the source, such as that of its file; its own name unless given.
    pub file: Option<String>,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Converted {
    /// The file or folder.
    pub path: PathBuf,
    /// Its format.
    pub format: String,
    /// Rows of its main part.
    pub rows: usize,
    /// Their dimensions; for answers the longest.
    pub dim: usize,
    /// Their element type; none for answers.
    pub element: Option<Element>,
    /// Parts written.
    pub parts: Vec<&'static str>,
    /// What was rounded, if the element type changed.
    pub rounding: Option<Rounding>,
    /// What of the source is not there, and why.
    pub left_out: Vec<String>,
}

/// Writes a set, or a part of it, to `path`, which must not exist. The format is told by the name: one of a known
/// extension is a file, and any other a folder.
pub fn convert(
    source: Bundle,
    path: &Path,
    options: &Options,
    report: Report,
) -> Result<Converted, DataError> {
    let target = Target::of(path, options)?;
    if matches!(target, Target::Native | Target::Qdrant) {
        check_folder_name(path)?;
    }
    if path.symlink_metadata().is_ok() {
        return Err(mismatch(
            format!("{} exists", path.display()),
            "choose another name, or remove it first",
        ));
    }
    match target {
        Target::Native => folder::native(source, path, options, report),
        Target::Qdrant => folder::qdrant(source, path, options, report),
        Target::File(Format::Hdf5) => container::hdf5(source, path, options, report),
        Target::File(format) => file::convert(source, path, format, options, report),
    }
}

/// A folder's name has no extension: whoever writes one means a format, which is not written then.
pub fn check_folder_name(path: &Path) -> Result<(), DataError> {
    let Some(extension) = path.extension().and_then(|extension| extension.to_str()) else { return Ok(()) };
    // `set-1.5` is a name.
    if extension.chars().all(|c| c.is_ascii_digit()) {
        return Ok(());
    }
    let ends: Vec<String> = Format::ALL.iter().map(|(_, ends)| format!(".{}", ends[0])).collect();
    Err(mismatch(
        format!("{} would be a folder, and `.{extension}` looks like a format", path.display()),
        format!("files end with one of {}; the name of a folder has no extension", ends.join(", ")),
    ))
}

/// The base, which leaves the bundle with the rest.
fn take_base(source: &mut Bundle) -> Result<Rows, DataError> {
    let none = Matrix::new(vec![], 1).map(Vectors::U8);
    let none = none.ok_or_else(|| mismatch("no rows", "please report this"))?;
    Ok(std::mem::replace(&mut source.base, Rows::Ready(none)))
}

/// How messages call the source.
fn called(source: &Bundle, options: &Options) -> String {
    options.file.clone().unwrap_or_else(|| source.name.clone())
}

/// The distances of the answers, if they are by the metric of what is written. What is left out is named.
fn take_distances(
    source: &mut Bundle,
    metric: Option<Metric>,
    left_out: &mut Vec<String>,
) -> Option<Vec<Vec<f64>>> {
    let distances = source.distances.take()?;
    if source.metric.is_some() && metric == source.metric {
        return Some(distances);
    }
    left_out.push(OTHER_DISTANCES.to_owned());
    None
}

/// Whether values are not what they were.
fn changed(rounding: Option<Rounding>) -> bool {
    rounding.is_some_and(|rounding| rounding.changed > 0)
}

/// Labels and texts must be as many as the rows.
fn check_sides(source: &Bundle, name: &str, rows: usize) -> Result<(), DataError> {
    let counts = [
        ("labels", source.labels.as_ref().map(|kept| kept.total)),
        ("texts", source.texts.as_ref().map(|kept| kept.total)),
    ];
    for (what, count) in counts {
        if let Some(count) = count.filter(|count| *count != rows) {
            let message = format!("{name} has {rows} vectors and {count} {what}");
            return Err(mismatch(message, "they belong to different sets, or a file is cut off"));
        }
    }
    Ok(())
}
