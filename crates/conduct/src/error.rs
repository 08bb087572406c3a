//! Why a run could not be done.

use std::path::{Path, PathBuf};

use annvil_core::document::DocumentError;
use annvil_core::engine::EngineError;
use annvil_data::DataError;
use annvil_load::LoadError;
use annvil_store::StoreError;

/// An error that ends a run or keeps it from beginning.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The scenario is wrong.
    #[error(transparent)]
    Scenario(#[from] DocumentError),
    /// A scenario file can't be read.
    #[error("cannot read the scenario {}: {cause}\n  Give a file, or the name of a shipped scenario: quick, embedded-store, index-ladder, or a shape of load such as latency, spike or mixed.", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A runbook in a file of its own can't be read.
    #[error("cannot read the runbook {}: {cause}\n  Paths in a scenario start from its own folder.", .path.display())]
    Runbook {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The data set is wrong.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Measuring failed.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The run can't be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Working files can't be written or read.
    #[error("working files at {}: {cause}", .path.display())]
    Scratch {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// The process of a variant could not be started.
    #[error("could not start a process for a variant: {0}")]
    Process(std::io::Error),
}

impl RunError {
    /// A [`RunError::Scratch`].
    pub fn scratch(path: &Path, cause: &dyn std::fmt::Display) -> Self {
        Self::Scratch { path: path.to_owned(), cause: cause.to_string() }
    }

    /// Whether it lies in what the user wrote rather than in an engine or the machine.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Scenario(_) | Self::Unreadable { .. } | Self::Runbook { .. } | Self::Data(_) => true,
            Self::Engine(error) => {
                matches!(error, EngineError::Configuration { .. } | EngineError::Unsupported { .. })
            }
            Self::Store(error) => matches!(error, StoreError::NoRun { .. }),
            Self::Load(_) | Self::Scratch { .. } | Self::Process(_) => false,
        }
    }
}
