//! Reading a record that may come from another version of Annvil, or be no record at all.

use annvil_core::record::{RunRecord, SCHEMA};
use serde::Deserialize;
use thiserror::Error;

/// Why a text is not a record that can be shown.
#[derive(Debug, Error)]
pub enum ReadError {
    /// It is not JSON.
    #[error("this is not a run record: {cause}\n  {}", help(cause))]
    NotJson {
        /// What the parser said, with line and column.
        cause: serde_json::Error,
    },
    /// It is JSON, but nothing says that it is a record.
    #[error(
        "this is JSON, but not a run record: it has no whole number `schema`\n  Give the run.json of a run's folder."
    )]
    NoRecord,
    /// A later Annvil wrote it.
    #[error(
        "written by a newer Annvil (schema {found}; this one reads up to {SCHEMA})\n  Update Annvil, or read the report.html or summary.md that lie beside it."
    )]
    Newer {
        /// Its schema.
        found: u64,
    },
    /// An earlier Annvil wrote it.
    #[error(
        "written by an older Annvil (schema {found}; this one reads {SCHEMA})\n  Read the report.html or summary.md that lie beside it, or run its plan again."
    )]
    Older {
        /// Its schema.
        found: u64,
    },
    /// It has the right schema, but not its shape.
    #[error(
        "this run record is damaged: {cause}\n  It says schema {SCHEMA} but does not have its shape. Was it edited? Take another copy, or run its plan again."
    )]
    Malformed {
        /// What is wrong with it, with line and column.
        cause: serde_json::Error,
    },
}

fn help(cause: &serde_json::Error) -> &'static str {
    if cause.is_eof() {
        "It ends too early: the copy is not complete, or the disk was full. Take another copy."
    } else {
        "Give the run.json of a run's folder."
    }
}

/// The one thing that every version of a record has.
#[derive(Deserialize)]
struct Head {
    schema: Option<serde_json::Value>,
}

/// Reads the text of a `run.json`. What is newer, older or no record is refused in words.
///
/// ```
/// let error = annvil_report::read(r#"{"schema": 7}"#).unwrap_err();
/// assert!(error.to_string().starts_with("written by a newer Annvil (schema 7;"));
/// ```
pub fn read(json: &str) -> Result<RunRecord, ReadError> {
    let head: Head = serde_json::from_str(json).map_err(|cause| match cause.classify() {
        // Some other JSON, such as a list or a text.
        serde_json::error::Category::Data => ReadError::NoRecord,
        _ => ReadError::NotJson { cause },
    })?;
    let found = head.schema.as_ref().and_then(serde_json::Value::as_u64).ok_or(ReadError::NoRecord)?;
    match found.cmp(&u64::from(SCHEMA)) {
        std::cmp::Ordering::Greater => Err(ReadError::Newer { found }),
        std::cmp::Ordering::Less => Err(ReadError::Older { found }),
        std::cmp::Ordering::Equal => {
            serde_json::from_str(json).map_err(|cause| ReadError::Malformed { cause })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_record_is_refused_in_words() {
        for (text, part) in [
            ("", "ends too early"),
            ("{\"schema\": 2, \"id\": \"x", "ends too early"),
            ("schema: 1", "Give the run.json"),
            ("[1, 2]", "not a run record"),
            ("{}", "no whole number `schema`"),
            ("{\"schema\": \"2\"}", "no whole number `schema`"),
            ("{\"schema\": 7}", "written by a newer Annvil (schema 7; this one reads up to 2)"),
            ("{\"schema\": 1}", "written by an older Annvil (schema 1; this one reads 2)"),
            ("{\"schema\": 2}", "damaged: missing field `id`"),
        ] {
            let message = read(text).unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
