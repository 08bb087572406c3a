//! The scenario to begin with.

use std::path::{Component, Path, PathBuf};

use annvil_core::dataset::DataSpec;
use annvil_data::bundle;
use anyhow::Context;

use super::Engine;

const EMBEDDED: &str = include_str!("files/scenario-embedded.yaml");
const POSTGRES: &str = include_str!("files/scenario-postgres.yaml");
const GATE: &str = include_str!("files/gate.yaml");

/// The set that is in the box.
const BOXED: &str = "data: {name: wordnet-10k}";

/// The scenario for an engine and the data that is given, as it will lie in `folder`.
pub(super) fn text(engine: Engine, data: Option<&str>, folder: &Path) -> anyhow::Result<String> {
    let template = match engine {
        Engine::Embedded => EMBEDDED,
        Engine::Postgres => POSTGRES,
    };
    let data = data.map_or_else(|| Ok(BOXED.to_owned()), |given| self::data(given, folder))?;
    Ok(template.replace("{data}", &data).replace("{gate}", GATE.trim_end()))
}

/// The key `data:`. A file is looked at: whether it says by which metric its vectors are meant to be compared.
fn data(given: &str, folder: &Path) -> anyhow::Result<String> {
    let path = Path::new(given);
    if !path.exists() {
        let spec = DataSpec::of_text(given);
        bundle(&spec).with_context(|| format!("cannot take {given} as data"))?;
        return Ok(match spec {
            DataSpec::Named { .. } => format!("data: {{name: {}}}", quoted(given)),
            _ => format!("data: {}", quoted(given)),
        });
    }
    let bundle = bundle(&DataSpec::path(path)).with_context(|| format!("cannot take {given} as data"))?;
    let written = quoted(&seen_from(path, folder).to_string_lossy());
    Ok(match bundle.metric {
        Some(_) => format!("data: {{path: {written}}}"),
        None => format!(
            "# The file does not say by which metric its vectors are compared: cosine, inner_product, l2, l1, hamming or jaccard.\n\
data: {{path: {written}, metric: cosine}}"
        ),
    })
}

/// A path from here as one from `folder`, where that is a matter of names alone; else the whole path.
fn seen_from(path: &Path, folder: &Path) -> PathBuf {
    let down =
        |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if path.is_absolute() {
        return path.to_owned();
    }
    if !down(folder) {
        return std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    }
    let folder: PathBuf = folder.components().filter(|part| *part != Component::CurDir).collect();
    let path: PathBuf = path.components().filter(|part| *part != Component::CurDir).collect();
    match path.strip_prefix(&folder) {
        Ok(below) => below.to_owned(),
        Err(_) => folder.components().map(|_| Component::ParentDir).collect::<PathBuf>().join(path),
    }
}

/// A text that YAML reads as it is.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_start_from_the_scenarios_folder() {
        let cases = [
            ("a.npy", ".", "a.npy"),
            ("./sets/a.npy", ".", "sets/a.npy"),
            ("bench/a.npy", "bench", "a.npy"),
            ("sets/a.npy", "ci/bench", "../../sets/a.npy"),
            ("/sets/a.npy", "bench", "/sets/a.npy"),
        ];
        for (path, folder, seen) in cases {
            assert_eq!(
                seen_from(Path::new(path), Path::new(folder)),
                Path::new(seen),
                "{path} from {folder}"
            );
        }
    }

    #[test]
    fn names_with_quotes_are_read_back() {
        assert_eq!(quoted("it's #1"), "'it''s #1'");
    }
}
