//! `annvil data slice`: a sample of a set.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use annvil_core::units::count;
use annvil_data::convert;
use annvil_data::slice::{self, Options};
use anyhow::bail;
use clap::Args;

use super::convert::{TargetFlags, name, write};
use super::set::SetFlags;

/// Flags of `annvil data slice`.
#[derive(Debug, Clone, Args)]
pub struct SliceFlags {
    /// A set: a name from `annvil data list`, or a file or folder of any format that is read.
    set: String,
    /// What to write, as in `annvil data convert`.
    out: PathBuf,
    /// Number of rows to keep; all unless given.
    #[arg(long, value_name = "N")]
    rows: Option<usize>,
    /// Number of queries to keep; all unless given.
    #[arg(long, value_name = "N")]
    queries: Option<usize>,
    /// What is drawn depends on it.
    #[arg(long, value_name = "N", default_value_t = 42)]
    seed: u64,
    /// Keep the first rows and queries instead of drawn ones.
    #[arg(long, conflicts_with = "seed")]
    first: bool,
    #[command(flatten)]
    how: TargetFlags,
}

/// Writes a sample.
pub fn slice(flags: &SliceFlags) -> anyhow::Result<ExitCode> {
    if flags.rows.is_none() && flags.queries.is_none() {
        bail!("nothing says how much to keep\n  Add `--rows N`, `--queries N` or both.");
    }
    let began = Instant::now();
    let set = SetFlags { set: flags.set.clone(), queries: None, truth: None, labels: None, metric: None };
    let spec = set.spec();
    let options = Options { rows: flags.rows, queries: flags.queries, seed: flags.seed, first: flags.first };
    let sliced = slice::slice(|| annvil_data::bundle(&spec), &options)?;
    let made = format!("{}, {}", name(&flags.set), words(&options));
    let target = convert::Options { file: Some(flags.set.clone()), ..flags.how.options(&made) };
    write(sliced.bundle, &flags.out, &target, &flags.how, began, sliced.left_out)
}

/// What was kept, for the manifest.
fn words(options: &Options) -> String {
    let how =
        if options.first { "the first".to_owned() } else { format!("drawn with seed {},", options.seed) };
    let parts: Vec<String> = [("rows", options.rows), ("queries", options.queries)]
        .into_iter()
        .filter_map(|(what, number)| Some(format!("{} {what}", count(number? as u64))))
        .collect();
    format!("{how} {}", parts.join(" and "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_says_how_it_was_drawn() {
        let options = Options { rows: Some(1000), queries: Some(5), seed: 7, first: false };
        assert_eq!(words(&options), "drawn with seed 7, 1,000 rows and 5 queries");
        assert_eq!(words(&Options { queries: None, first: true, ..options }), "the first 1,000 rows");
    }
}
