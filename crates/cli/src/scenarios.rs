//! Scenarios by path or by name: those that are shipped travel inside the binary.

use std::fs;
use std::io::{Error, ErrorKind};
use std::path::Path;

use annvil_conduct::RunError;
use annvil_core::document::nearest;

/// Declares the shipped scenarios by the names of their files.
macro_rules! shipped {
    ($($name:literal,)*) => {
        /// Name and text of each shipped scenario.
        pub const SHIPPED: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../scenarios/", $name, ".yaml")))),*];
    };
}

shipped! {
    "quick",
    "embedded-store",
    "index-ladder",
    "latency",
    "throughput",
    "concurrency-sweep",
    "sustained",
    "peak",
    "stress",
    "spike",
    "soak",
    "migration",
    "runbook",
    "mixed",
    "limit",
    "pgvector-suite",
}

/// The name for messages and the text of a scenario. A file in the way of a shipped name is taken only if it is given
/// as a path.
pub fn find(given: &str) -> Result<(String, String), RunError> {
    if let Some((name, text)) = SHIPPED.iter().find(|(name, _)| *name == given) {
        return Ok((format!("{name}.yaml"), (*text).to_owned()));
    }
    let path = Path::new(given);
    match fs::read_to_string(path) {
        Ok(text) => Ok((given.to_owned(), text)),
        Err(cause) => {
            // `scenarios/quick.yaml` works without a checkout too.
            let shipped =
                path.file_stem().and_then(|stem| stem.to_str()).filter(|_| path.starts_with("scenarios"));
            let shipped = SHIPPED.iter().find(|(name, _)| Some(*name) == shipped);
            match shipped {
                Some((_, text)) if cause.kind() == ErrorKind::NotFound => {
                    Ok((given.to_owned(), (*text).to_owned()))
                }
                _ => Err(RunError::Unreadable { path: path.to_owned(), cause: hinted(given, cause) }),
            }
        }
    }
}

/// The cause, with the shipped name that was probably meant.
fn hinted(given: &str, cause: Error) -> Error {
    let name = given.strip_prefix("scenarios/").unwrap_or(given);
    let name = name.strip_suffix(".yaml").unwrap_or(name);
    match nearest(name, SHIPPED.iter().map(|(name, _)| *name)) {
        Some(meant) if cause.kind() == ErrorKind::NotFound => {
            Error::new(ErrorKind::NotFound, format!("{cause}; did you mean `{meant}`?"))
        }
        _ => cause,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_of_the_folder_is_shipped() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut names: Vec<String> =
            files.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
        names.retain(|name| name != "suites");
        names.sort();
        let mut shipped: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
        shipped.sort_unstable();
        assert_eq!(names, shipped);
    }

    #[test]
    fn a_shipped_name_with_a_slip_is_recognised() {
        let message = |given: &str| find(given).unwrap_err().to_string();
        for given in ["quikc", "scenarios/quikc.yaml", "quikc.yaml"] {
            let message = message(given);
            assert!(message.contains(given) && message.contains("did you mean `quick`?"), "{message}");
        }
        assert!(!message("something-else.yaml").contains("did you mean"));
        // A folder is there, so it was meant.
        assert!(!message("/").contains("did you mean"));
    }
}
