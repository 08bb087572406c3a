//! Scenarios by path or by name: those that are shipped travel inside the binary.

use std::fs;
use std::path::Path;

use annvil_conduct::RunError;

/// Name and text of each shipped scenario.
pub const SHIPPED: [(&str, &str); 3] = [
    ("quick", include_str!("../../../scenarios/quick.yaml")),
    ("embedded-store", include_str!("../../../scenarios/embedded-store.yaml")),
    ("index-ladder", include_str!("../../../scenarios/index-ladder.yaml")),
];

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
                Some((_, text)) if cause.kind() == std::io::ErrorKind::NotFound => {
                    Ok((given.to_owned(), (*text).to_owned()))
                }
                _ => Err(RunError::Unreadable { path: path.to_owned(), cause }),
            }
        }
    }
}
