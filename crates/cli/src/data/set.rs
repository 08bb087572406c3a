//! The set that a verb of `annvil data` is about: a name or path, and what is taken from elsewhere.

use std::path::PathBuf;

use annvil_core::dataset::{DataFiles, DataSpec};
use annvil_core::metric::Metric;
use clap::Args;

/// A set and what replaces parts of it.
#[derive(Debug, Clone, Args)]
pub struct SetFlags {
    /// A set: a name from `annvil data list`, or a file or folder of any format that is read.
    pub set: String,
    /// Take the queries from this file.
    #[arg(long, value_name = "FILE")]
    pub queries: Option<PathBuf>,
    /// Take the exact answers from this file.
    #[arg(long, value_name = "FILE")]
    pub truth: Option<PathBuf>,
    /// Take labels of the rows from this file, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// The metric that is meant: cosine, `inner_product`, l2, l1, hamming or jaccard.
    #[arg(long, value_name = "METRIC")]
    pub metric: Option<Metric>,
}

impl SetFlags {
    /// As a scenario would name it. Whatever exists here is a path, also without a `/`.
    pub fn spec(&self) -> DataSpec {
        let path = PathBuf::from(&self.set);
        let files = match DataSpec::of_text(&self.set) {
            DataSpec::Files(files) => *files,
            named => {
                let by_name = !path.exists();
                let whole = [&self.queries, &self.truth, &self.labels].iter().all(|part| part.is_none());
                if by_name && whole && self.metric.is_none() {
                    return named;
                }
                DataFiles { base: path, by_name, ..DataFiles::default() }
            }
        };
        DataSpec::Files(Box::new(DataFiles {
            queries: self.queries.clone(),
            truth: self.truth.clone(),
            labels: self.labels.clone(),
            metric: self.metric,
            ..files
        }))
    }
}
