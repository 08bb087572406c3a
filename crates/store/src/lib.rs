//! Where runs are kept: a folder a run, its record written anew after every phase, never half.
//!
//! ```
//! use annvil_store::RunFolder;
//!
//! let place = std::env::temp_dir().join(format!("annvil-doc-{}", std::process::id()));
//! let folder = RunFolder::create(&place, "2026-11-21T10-04-12", "quick", "3f9a81c0")?;
//! assert!(folder.id().ends_with("-quick-3f9a"));
//! folder.write("summary.md", b"# quick\n")?;
//! # std::fs::remove_dir_all(&place)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod folder;

pub use folder::{RunFolder, StoreError};
