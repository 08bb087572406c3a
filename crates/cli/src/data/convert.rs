//! `annvil data convert`: a set, or a part of it, in another format.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use annvil_core::units::count;
use annvil_core::vector::Element;
use annvil_data::DataError;
use annvil_data::bundle::Bundle;
use annvil_data::cast::Rounding;
use annvil_data::convert::{self, Converted, Options, Part};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::bar;
use super::set::SetFlags;
use crate::{interrupt, out};

/// Flags of `annvil data convert`.
#[derive(Debug, Clone, Args)]
pub struct ConvertFlags {
    #[command(flatten)]
    set: SetFlags,
    /// What to write. A known extension is a file of that format: .npy, .fvecs, .bvecs, .ivecs, .fbin, .u8bin, .i8bin,
    /// .ibin, .csr, .hdf5, .parquet, .jsonl, .csv, .tsv. Any other name is a folder in Annvil's own format, which holds
    /// everything.
    out: PathBuf,
    /// What a file of one part is to hold.
    #[arg(long, value_enum)]
    part: Option<PartName>,
    #[command(flatten)]
    how: TargetFlags,
}

/// How a set is written; also those of `annvil data slice`.
#[derive(Debug, Clone, Args)]
pub struct TargetFlags {
    /// Convert the base to this element type, and say what was rounded.
    #[arg(long, value_enum)]
    element: Option<ElementName>,
    /// Layout of a folder.
    #[arg(long, value_enum, default_value = "annvil")]
    format: Layout,
    /// The licence, if the source does not say it.
    #[arg(long, value_name = "TEXT")]
    licence: Option<String>,
    /// Answer as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PartName {
    Base,
    Queries,
    Truth,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ElementName {
    F32,
    F16,
    U8,
    I8,
    B1,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Layout {
    /// Annvil's own: a manifest and arrays that are mapped.
    Annvil,
    /// `vectors.npy`, `payloads.jsonl` and `tests.jsonl`.
    Qdrant,
}

/// Converts a set.
pub fn convert(flags: &ConvertFlags) -> anyhow::Result<ExitCode> {
    let began = Instant::now();
    let source = annvil_data::bundle(&flags.set.spec())?;
    let part = flags.part.map(|part| match part {
        PartName::Base => Part::Base,
        PartName::Queries => Part::Queries,
        PartName::Truth => Part::Truth,
    });
    let file = Some(flags.set.set.clone());
    let options =
        Options { part, metric: flags.set.metric, file, ..flags.how.options(&name(&flags.set.set)) };
    write(source, &flags.out, &options, &flags.how, began, vec![])
}

impl TargetFlags {
    /// `source`: what the manifest says of where the set comes from.
    pub fn options(&self, source: &str) -> Options {
        let element = self.element.map(|element| match element {
            ElementName::F32 => Element::F32,
            ElementName::F16 => Element::F16,
            ElementName::U8 => Element::U8,
            ElementName::I8 => Element::I8,
            ElementName::B1 => Element::B1,
        });
        Options {
            element,
            qdrant: self.format == Layout::Qdrant,
            licence: self.licence.clone(),
            source: Some(source.to_owned()),
            ..Options::default()
        }
    }
}

/// The last part of a path: manifests travel, and the folders of this machine say nothing elsewhere.
pub fn name(path: &str) -> String {
    Path::new(path).file_name().map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Writes a set and says what was written. `left_out`: what was lost before.
pub fn write(
    source: Bundle,
    path: &Path,
    options: &Options,
    flags: &TargetFlags,
    began: Instant,
    mut left_out: Vec<String>,
) -> anyhow::Result<ExitCode> {
    let stopped = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&stopped);
    interrupt::at_first(true, move || stop.store(true, Ordering::Relaxed))?;
    let bar = bar::bar("rows", flags.json);
    let mut report = |done: u64, total: Option<u64>| {
        total.inspect(|total| bar.set_length(*total));
        bar.set_position(done);
        !stopped.load(Ordering::Relaxed)
    };
    let converted = convert::convert(source, path, options, &mut report);
    bar.finish_and_clear();
    let mut converted = match converted {
        Err(DataError::Stopped) => {
            out::say("stopped; nothing is left");
            return Ok(ExitCode::from(130));
        }
        converted => converted?,
    };
    left_out.append(&mut converted.left_out);
    converted.left_out = left_out;
    let seconds = began.elapsed().as_secs_f64();
    if flags.json {
        let mut answer = serde_json::to_value(&converted)?;
        answer["seconds"] = json!(seconds);
        out::json(&answer)?;
    } else {
        out::print(&shown(&converted, seconds))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn shown(converted: &Converted, seconds: f64) -> String {
    let element = converted.element.map_or_else(String::new, |element| format!(" {element}"));
    let mut lines = vec![format!(
        "{} × {}{element}, written to {} in {seconds:.1} s: {}",
        count(converted.rows as u64),
        converted.dim,
        converted.path.display(),
        converted.parts.join(", "),
    )];
    lines.extend(converted.rounding.as_ref().map(rounded));
    lines.extend(converted.left_out.iter().map(|line| format!("left out: {line}")));
    lines.iter().map(|line| format!("  {line}\n")).collect::<Vec<_>>().concat()
}

fn rounded(rounding: &Rounding) -> String {
    let Rounding { values, changed, vanished, largest } = rounding;
    if *changed == 0 {
        return format!("all {} values are what they were", count(*values));
    }
    let share = 100.0 * *changed as f64 / (*values).max(1) as f64;
    let mut text = format!(
        "{} of {} values ({share:.1} %) were rounded, by {largest:.3e} at most",
        count(*changed),
        count(*values)
    );
    if 2 * vanished > *values {
        text.push_str("; most became 0: scale the vectors before they are converted");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_lost_is_said() {
        let exact = Rounding { values: 1200, ..Rounding::default() };
        assert_eq!(rounded(&exact), "all 1,200 values are what they were");
        let most = Rounding { values: 1000, changed: 900, vanished: 600, largest: 0.49 };
        assert_eq!(
            rounded(&most),
            "900 of 1,000 values (90.0 %) were rounded, by 4.900e-1 at most; most became 0: scale the vectors before they are converted"
        );
        assert_eq!(name("a/b/c.npy"), "c.npy");
    }
}
