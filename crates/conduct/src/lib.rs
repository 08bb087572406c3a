//! What `annvil run` does, as a library: a scenario becomes a plan, the plan's variants are built, verified and measured
//! block by block, and the record is judged.
//!
//! ```
//! use annvil_conduct::{Overrides, Run, prepare};
//!
//! let scenario = "
//! data: {name: wordnet-10k, rows: 500}
//! engine: embedded
//! variants: {flat: {baseline: true}}
//! phases: [search: {queries: 200}]
//! ";
//! let output = std::env::temp_dir().join(format!("annvil-conduct-doc-{}", std::process::id()));
//! let prepared = prepare("tiny.yaml", scenario, &Overrides::default(), 1)?;
//! let record = Run::new(prepared, &output).begin()?.measure(&mut |_: &annvil_conduct::event::Event| {})?;
//! assert_eq!(record.blocks[0].failure, None);
//! # std::fs::remove_dir_all(&output)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod aa;
pub mod ab;
pub mod address;
mod asking;
pub mod block;
mod books;
pub mod compare;
pub mod conformance;
pub mod error;
pub mod event;
pub mod gate;
pub mod inputs;
pub mod judge;
pub mod machine;
mod neighbour;
pub mod notify;
pub mod origin;
pub mod outcome;
mod pair;
mod part;
mod phases;
pub mod prepare;
pub mod process;
pub mod reports;
pub mod resources;
pub mod run;
pub mod selftest;
#[cfg(feature = "postgres")]
pub mod server_check;
pub mod shared;
pub mod trend;

pub use error::RunError;
pub use outcome::Outcome;
pub use prepare::{Overrides, Prepared, prepare};
pub use run::{Isolation, Run};
