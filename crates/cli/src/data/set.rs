//! The set that a verb of `annvil data` is about: a name or path, and what is taken from elsewhere.

use std::path::PathBuf;

use annvil_core::dataset::{DataFiles, DataSpec};
use annvil_core::metric::Metric;
use anyhow::bail;
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
    /// The metric that is meant: cosine, `inner_product`, l2, l1 or hamming.
    #[arg(long, value_name = "METRIC")]
    pub metric: Option<Metric>,
}

impl SetFlags {
    /// As a scenario would name it. Whatever exists here is a path, also without a `/`.
    pub fn spec(&self) -> anyhow::Result<DataSpec> {
        let parts = [
            ("queries", self.queries.is_some()),
            ("truth", self.truth.is_some()),
            ("labels", self.labels.is_some()),
            ("metric", self.metric.is_some()),
        ];
        let path = PathBuf::from(&self.set);
        let files = match DataSpec::of_text(&self.set) {
            DataSpec::Files(files) => *files,
            _ if path.exists() => DataFiles { base: path, ..DataFiles::default() },
            named => {
                return match parts.into_iter().find(|(_, given)| *given) {
                    Some((part, _)) => bail!(
                        "`--{part}` replaces a part of a file or folder, and `{}` is a set by name\n  Give the path of a file, or leave `--{part}` out.",
                        self.set
                    ),
                    None => Ok(named),
                };
            }
        };
        Ok(DataSpec::Files(Box::new(DataFiles {
            queries: self.queries.clone(),
            truth: self.truth.clone(),
            labels: self.labels.clone(),
            metric: self.metric,
            ..files
        })))
    }
}
