//! Exact answers in files: each is written beside its place and takes its name when it is whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use annvil_core::dataset::Neighbours;
use annvil_data::formats::{Format, bin, npy, vecs};
use anyhow::bail;
use serde_json::json;

use super::Answered;

/// What `.npy` becomes for the distances beside row numbers.
const DISTANCES: &str = "distances.npy";

/// The format of a file for answers, which must not exist; of several kinds of answers only one line each keeps them
/// apart.
pub(super) fn format(path: &Path, plain: bool) -> anyhow::Result<Format> {
    for path in [path, &path.with_extension(DISTANCES)] {
        if path.exists() {
            bail!("{} exists\n  Choose another name, or remove it.", path.display());
        }
    }
    match Format::of_name(path) {
        Some(format @ Format::Jsonl) => Ok(format),
        Some(format @ (Format::Ivecs | Format::Ibin | Format::Npy)) if plain => Ok(format),
        Some(Format::Ivecs | Format::Ibin | Format::Npy) => bail!(
            "answers under several filters, or at several checkpoints, don't fit into {}\n  Write them as .jsonl, one answer a line.",
            path.display()
        ),
        _ => bail!("{} has no format for answers\n  Write .ivecs, .ibin, .npy or .jsonl.", path.display()),
    }
}

pub(super) fn write(path: &Path, format: Format, answered: &[Answered]) -> io::Result<()> {
    match (format, answered) {
        (Format::Ivecs, [one]) => whole(path, |out| vecs::write_ids(&ids(one), out)),
        (Format::Ibin, [one]) => whole(path, |out| bin::write_ids(&ids(one), out)),
        (Format::Npy, [one]) => {
            let distances: Vec<Vec<f64>> =
                one.answers.iter().map(|answer| answer.exact.distances.clone()).collect();
            whole(path, |out| npy::write_ids(&ids(one), out))?;
            whole(&path.with_extension(DISTANCES), |out| npy::write_distances(&distances, out))
        }
        _ => whole(path, |out| lines(answered, out)),
    }
}

fn ids(one: &Answered) -> Neighbours {
    Neighbours { ids: one.answers.iter().map(|answer| answer.exact.ids.clone()).collect() }
}

fn lines(answered: &[Answered], out: &mut dyn Write) -> io::Result<()> {
    for one in answered {
        for answer in &one.answers {
            let exact = &answer.exact;
            let mut line = json!({
                "query": answer.query, "matches": exact.matches, "ids": exact.ids, "distances": exact.distances,
            });
            if let Some(step) = one.step {
                line["step"] = step.into();
            }
            if let Some(filter) = &answer.filter {
                line["filter"] = filter.to_string().into();
            }
            serde_json::to_writer(&mut *out, &line)?;
            out.write_all(b"\n")?;
        }
    }
    Ok(())
}

fn whole(path: &Path, write: impl FnOnce(&mut BufWriter<&mut File>) -> io::Result<()>) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut scratch = tempfile::Builder::new()
        .prefix(".")
        // As any file that a program writes; the mask of the user applies.
        .permissions(fs::Permissions::from_mode(0o666))
        .tempfile_in(folder)?;
    let mut out = BufWriter::new(scratch.as_file_mut());
    write(&mut out)?;
    out.flush()?;
    drop(out);
    scratch.persist(path)?;
    Ok(())
}
