//! Why a session of interleaved blocks could not be done.

use std::path::PathBuf;

use crate::compare::Refused;
use crate::error::RunError;

/// An error that ends a session or keeps it from beginning.
#[derive(Debug, thiserror::Error)]
pub enum AbError {
    /// A run could not be done.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The scenario has no such variant.
    #[error("there is no variant `{name}`\n  {help}")]
    NoVariant {
        /// As written.
        name: String,
        /// What to try.
        help: String,
    },
    /// Something was given twice that a side can have once.
    #[error("a side can have one {what}\n  Give it once; changes KEY=VALUE can be given as often as needed.")]
    Twice {
        /// What was given twice.
        what: &'static str,
    },
    /// Another binary measures what its scenario says.
    #[error(
        "a variant can't be chosen for another program\n  Leave it out, or leave only that variant in the scenario: --set \"variants={{NAME: {{…}}}}\"."
    )]
    VariantOfProgram,
    /// A side is a server, and the scenario measures something else.
    #[error(
        "side {side} is {url}, a PostgreSQL server, and the scenario's engine is `{engine}`\n  Leave the URL out, or take a scenario with `engine: postgres`."
    )]
    NoServer {
        /// The side's letter.
        side: &'static str,
        /// The URL without its password.
        url: String,
        /// The engine that is written.
        engine: String,
    },
    /// Both sides would measure the same.
    #[error(
        "both sides are the same\n  Say what differs: --a or --b with a variant, KEY=VALUE or a URL, or --b-program PATH. `annvil aa` compares a scenario with itself."
    )]
    Same,
    /// The sides can't be compared.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The other program could not be started.
    #[error("cannot start {}: {cause}\n  Give the path of an annvil binary.", .path.display())]
    NoProgram {
        /// The program.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The other program left no run.
    #[error("{} left no run that can be read: {why}", .path.display())]
    NoRun {
        /// The program.
        path: PathBuf,
        /// What it said, or what is wrong with its record.
        why: String,
    },
}

impl AbError {
    /// Whether it lies in what the user wrote.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Run(error) => error.is_usage(),
            Self::NoRun { .. } => false,
            _ => true,
        }
    }
}

impl From<annvil_store::StoreError> for AbError {
    fn from(error: annvil_store::StoreError) -> Self {
        Self::Run(error.into())
    }
}
