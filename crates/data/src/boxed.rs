//! The data set that travels inside the binary, so that an installed Annvil works without a network.

use annvil_core::dataset::DataSpec;
use annvil_core::metric::Metric;

use crate::bundle::{Bundle, FilteredAnswer};
use crate::error::{DataError, FormatError};
use crate::format::Kept;
use crate::formats::{self, Format, vecs};
use crate::rows::Rows;
use crate::{filtered, jsonl, map};

/// Names of the sets in the box.
pub const NAMES: [&str; 1] = [WORDNET];

const WORDNET: &str = "wordnet-10k";

/// The name of a file of the set, and its bytes.
macro_rules! wordnet {
    ($file:literal) => {
        (
            concat!("wordnet-10k/", $file),
            &include_bytes!(concat!("../../../datasets/wordnet-10k/", $file))[..],
        )
    };
}

/// Licence and copyright of the texts in the box, as their licence asks to be passed on.
pub const NOTICE: &str = include_str!("../../../datasets/wordnet-10k/NOTICE.wordnet");

/// A whole set from the box, as a spec.
pub fn wordnet_10k() -> DataSpec {
    DataSpec::named(WORDNET)
}

/// The set in the box. Whoever asks has looked at [`NAMES`].
pub(crate) fn bundle(name: &str) -> Result<Bundle, DataError> {
    Ok(Bundle {
        queries: Some(array(wordnet!("query.fvecs"), Format::Fvecs)?),
        truth: Some(part(wordnet!("groundtruth.ivecs"), vecs::ids)?),
        labels: Some(part(wordnet!("labels.jsonl"), jsonl::labels)?),
        texts: Some(part(wordnet!("text.jsonl"), jsonl::texts)?),
        filtered: filtered_answers()?,
        metric: Some(Metric::Cosine),
        licence: Some(
            "texts: WordNet 3.0 licence, Princeton University; vectors: all-MiniLM-L6-v2 (Apache-2.0)"
                .to_owned(),
        ),
        ..Bundle::of(name, array(wordnet!("base.f16.npy"), Format::Npy)?)
    })
}

type Boxed = (&'static str, &'static [u8]);

fn array((file, bytes): Boxed, format: Format) -> Result<Rows, DataError> {
    formats::array(format, &map::still(bytes)).map_err(|problem| problem.in_file(file))
}

fn part<T>(
    (file, bytes): Boxed,
    read: impl Fn(&[u8], Option<usize>) -> Result<Kept<T>, FormatError>,
) -> Result<Kept<T>, DataError> {
    read(bytes, None).map_err(|problem| problem.in_file(file))
}

/// The 600 filtered queries of `wordnet-10k`.
///
/// Like all shipped answers they are a check: they were computed from the vectors before these were rounded to 16 bits.
pub fn filtered_answers() -> Result<Vec<FilteredAnswer>, DataError> {
    const FILE: &str = "wordnet-10k/filtered.jsonl";
    filtered::read(include_bytes!("../../../datasets/wordnet-10k/filtered.jsonl"))
        .map_err(|problem| problem.in_file(FILE))
}
